/**
 * Forgets customers who left: notes, comments and numbers go, doors become the middle of their
 * neighbourhood, in the order and in what its saga asked for. An order under way keeps what it needs
 * until its saga is done. Ids and amounts stay.
 */
import { USER_STREAM, type UserEvent } from '../../../contracts/messages/users.ts';
import type { Database, Transaction } from '../../../platform/database.ts';
import type { EventEntry } from '../../../platform/event-stream.ts';
import { startPump } from '../../../platform/pump.ts';
import type { ServiceContext } from '../../../platform/service-context.ts';
import { type Part, startFollowing } from '../../../platform/service-streams.ts';

const AT_ONCE = 500;
const LOOK_MS = 60_000;
/** Nothing of a person comes so long after they left. */
const REMEMBERED_DAYS = 30;

/** Remembers who is to be forgotten. */
export async function followUsers(
  trx: Transaction,
  entries: readonly EventEntry<UserEvent>[],
): Promise<void> {
  const customers = entries.flatMap(({ event }) =>
    event.type === 'user.deleted' ? [event.user] : [],
  );
  if (customers.length === 0) return;
  await trx.raw('INSERT INTO erasures (customer) SELECT unnest(?::text[]) ON CONFLICT DO NOTHING', [
    customers,
  ]);
}

/** Two digits of a degree, in degrees × 10⁷: about a kilometre. */
const KEPT_E7 = 100_000;

/** One round of forgetting, bounded; true: there may be more. */
export async function erase(database: Database): Promise<boolean> {
  return database.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(
      `SELECT o.id FROM erasures e
         JOIN orders o ON o.customer = e.customer AND NOT o.erased
         JOIN sagas s ON s.order_id = o.id
        WHERE s.step = 'done'
        ORDER BY o.id LIMIT ? FOR NO KEY UPDATE OF o`,
      [AT_ONCE],
    );
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) await forget(trx, ids);
    await trx.raw(
      `DELETE FROM erasures e WHERE asked_at < now() - ? * interval '1 day'
         AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer = e.customer AND NOT o.erased)`,
      [REMEMBERED_DAYS],
    );
    return ids.length === AT_ONCE;
  });
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
                       FROM jsonb_array_elements(o.items) item),
            terms = jsonb_set(jsonb_set(o.terms #- '{wanted,dropoffNote}' #- '{ticket,note}',
              '{wanted,dropoff}', jsonb_build_object('lat', b.lat / 1e7, 'lon', b.lon / 1e7)),
              '{ticket,lines}', (SELECT COALESCE(jsonb_agg(line - 'note'), '[]')
                                   FROM jsonb_array_elements(o.terms #> '{ticket,lines}') line))
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

/** Follows who leaves, and forgets them. */
export function startErasing(context: ServiceContext, database: Database): Part {
  const following = startFollowing<UserEvent>(context, {
    ...{ database, stream: USER_STREAM, consumer: 'orders', handler: followUsers },
  });
  const erasing = startPump({
    work: () => erase(database),
    pollMs: LOOK_MS,
    backOffMs: [1_000, LOOK_MS],
    onError: (err) => context.log.warn({ err }, 'people could not be forgotten; trying again'),
  });
  return {
    async stop() {
      await Promise.all([following.stop(), erasing.stop()]);
    },
  };
}
