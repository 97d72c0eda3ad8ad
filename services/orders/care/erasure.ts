/**
 * What orders forgets of customers who left: notes, comments and numbers go, doors become the middle
 * of their neighbourhood, in the order and in what its saga asked for; the kitchen is asked to forget
 * its ticket. An order under way keeps what it needs until its saga is done. Ids and amounts stay.
 */

import type { OrderId } from '../../../contracts/ids.ts';
import { KITCHEN_REQUESTS, type TicketForget } from '../../../contracts/messages/kitchen.ts';
import type { Transaction } from '../../../platform/database.ts';
import type { Forgetting } from '../../../platform/erasure.ts';
import { enqueue } from '../../../platform/outbox.ts';

export const FORGETTING: Forgetting = { table: 'orders', forget: forgetOrders };

/** Two digits of a degree, in degrees × 10⁷: about a kilometre. */
const KEPT_E7 = 100_000;

async function forgetOrders(
  trx: Transaction,
  people: readonly string[],
  max: number,
): Promise<number> {
  const { rows } = await trx.raw<{ rows: { id: OrderId }[] }>(
    `SELECT o.id FROM orders o JOIN sagas s ON s.order_id = o.id
      WHERE o.customer = ANY(?) AND NOT o.erased AND s.step = 'done'
      ORDER BY o.id LIMIT ? FOR NO KEY UPDATE OF o`,
    [[...people], max],
  );
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) await forget(trx, ids);
  await enqueue(
    trx,
    ids.map((order) => {
      const payload: TicketForget = { type: 'ticket.forget', order };
      return { key: order, topic: KITCHEN_REQUESTS, payload };
    }),
  );
  return ids.length;
}

async function forget(trx: Transaction, ids: readonly string[]): Promise<void> {
  await trx.raw(
    `WITH blurred AS (
       SELECT id, round(dropoff_lat_e7 / :kept::numeric) * :kept AS lat,
              round(dropoff_lon_e7 / :kept::numeric) * :kept AS lon
         FROM orders WHERE id = ANY(:ids))
     UPDATE orders o SET erased = true, phone = NULL, note = NULL, dropoff_note = NULL,
            dropoff_lat_e7 = b.lat, dropoff_lon_e7 = b.lon, dropoff_cell = 0,
            items = (SELECT COALESCE(jsonb_agg(jsonb_set(item, '{note}', 'null')), '[]')
                       FROM jsonb_array_elements(o.items::jsonb) item)::json,
            terms = jsonb_set(jsonb_set(o.terms::jsonb #- '{wanted,dropoffNote}' #- '{ticket,note}',
              '{wanted,dropoff}', jsonb_build_object('lat', b.lat / 1e7, 'lon', b.lon / 1e7)),
              '{ticket,lines}', (SELECT COALESCE(jsonb_agg(line - 'note'), '[]')
                                   FROM jsonb_array_elements(o.terms::jsonb #> '{ticket,lines}')
                                          line))::json
       FROM blurred b WHERE o.id = b.id`,
    { ids: [...ids], kept: KEPT_E7 },
  );
  // What customers wrote when they called it off.
  await trx.raw(
    `UPDATE order_events SET data = data - 'reason'
      WHERE order_id = ANY(?) AND type = 'cancel.asked' AND actor_kind = 'customer'`,
    [[...ids]],
  );
  await trx.raw('UPDATE ratings SET comment = NULL WHERE order_id = ANY(?)', [[...ids]]);
}
