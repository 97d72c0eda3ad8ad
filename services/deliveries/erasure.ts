/**
 * What deliveries forgets of people who left: notes and proofs go, doors become the middle of their
 * neighbourhood, in the record and in the command that asked for it. A delivery under way keeps what
 * it needs and forgets it once it has ended. Ids stay.
 */
import { placeOf } from '../../dispatch/geometry.ts';
import type { Transaction } from '../../platform/database.ts';
import type { Forgetting } from '../../platform/erasure.ts';
import { dropProofsOf } from './proofs/proof-queries.ts';
import type { DeliveryRow } from './rows.ts';

export const FORGETTING: Forgetting = { table: 'deliveries', forget: forgetDeliveries };

/** Places are kept to two digits of a degree: about a kilometre. */
const KEPT_DIGITS = 2;

type Kept = Pick<DeliveryRow, 'id' | 'request'>;

async function forgetDeliveries(
  trx: Transaction,
  people: readonly string[],
  max: number,
): Promise<number> {
  const { rows } = await trx.raw<{ rows: Kept[] }>(
    `SELECT id, request FROM deliveries
      WHERE customer = ANY(?) AND NOT erased AND ended_ms IS NOT NULL
      ORDER BY id LIMIT ? FOR NO KEY UPDATE`,
    [[...people], max],
  );
  if (rows.length === 0) return 0;
  await blur(trx, rows);
  await dropProofsOf(
    trx,
    rows.map(({ id }) => id),
  );
  return rows.length;
}

async function blur(trx: Transaction, rows: readonly Kept[]): Promise<void> {
  const blurred = JSON.stringify(
    rows.map(({ id, request }) => ({ id, dropoff: blurredPlace(request.dropoff) })),
  );
  const news = 'jsonb_to_recordset(?::jsonb) AS n (id text, dropoff jsonb)';
  await trx.raw(
    `UPDATE deliveries d SET erased = true, dropoff_note = NULL,
            request = jsonb_set(d.request, '{dropoff}', n.dropoff)
       FROM ${news} WHERE d.id = n.id`,
    [blurred],
  );
  await trx.raw(
    `UPDATE commands c SET command = jsonb_set(c.command, '{request,dropoff}', n.dropoff)
       FROM ${news} WHERE c.delivery = n.id AND c.number = 1`,
    [blurred],
  );
}

/** The same place, as far as a kilometre tells. */
export function blurredPlace({ latE7, lonE7 }: { readonly latE7: number; readonly lonE7: number }) {
  const round = (e7: number): number => Number((e7 / 1e7).toFixed(KEPT_DIGITS));
  return placeOf(round(latE7), round(lonE7));
}
