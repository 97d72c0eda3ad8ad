/**
 * A delivery that was handed over without what it asked for: a physical fact is never refused, so it
 * stands, and ops find it in their queue as `proof_missing`. A proof that comes later clears it.
 */
import { type DeliveryId, derivedId, hash32 } from '../../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../../platform/database.ts';
import { type ExceptionState, lateMsOf } from '../exceptions/exception-fold.ts';
import { writeExceptions } from '../exceptions/exception-queries.ts';
import type { DeliveryRow } from '../rows.ts';
import { missingOf, type Shown } from './proof-needs.ts';

export const PROOF_MISSING = 'proof_missing';

interface ShownRow extends Shown {
  readonly delivery: DeliveryId;
}

/** Marks those of a batch that were delivered without their proof; one query for all, or none. */
export async function markMissing(trx: Transaction, rows: readonly DeliveryRow[]): Promise<void> {
  const asked = rows.filter((row) => row.state === 'delivered' && row.proof !== null);
  if (asked.length === 0) return;
  const shown = await shownFor(
    trx,
    asked.map(({ id }) => id),
  );
  const lacking = asked.filter((row) => missingOf(row.proof, shown.get(row.id) ?? []).length > 0);
  await writeExceptions(trx, lacking.map(exceptionOf));
}

/** Clears the mark when nothing is missing any more. */
export async function clearWhenShown(
  trx: Transaction,
  row: DeliveryRow,
  nowMs: number,
): Promise<void> {
  const shown = await shownFor(trx, [row.id]);
  if (missingOf(row.proof, shown.get(row.id) ?? []).length > 0) return;
  await trx('exceptions')
    .where({ delivery: row.id, problem: PROOF_MISSING })
    .whereNull('closed_ms')
    .update({ closed_ms: nowMs, closed_by: 'cleared' });
}

async function shownFor(
  db: Queryable,
  deliveries: readonly DeliveryId[],
): Promise<Map<DeliveryId, Shown[]>> {
  const rows: ShownRow[] = await db('proofs')
    .select('delivery', 'kind', 'arrived', 'passed')
    .where({ place: 'dropoff' })
    .whereRaw('delivery = ANY(?)', [[...deliveries]]);
  const shown = new Map<DeliveryId, Shown[]>();
  for (const row of rows) {
    const list = shown.get(row.delivery);
    if (list === undefined) shown.set(row.delivery, [row]);
    else list.push(row);
  }
  return shown;
}

/** One per delivery, the same however often the log is read. */
function exceptionOf(row: DeliveryRow): ExceptionState {
  const { placed_ms } = row;
  const atMs = row.delivered_ms ?? placed_ms;
  const zoneHash = hash32(`${row.id} ${PROOF_MISSING}`);
  return {
    id: derivedId('exception', { atMs: placed_ms, zoneHash, counter: 0 }),
    ...{ delivery: row.id, zone: row.zone, problem: PROOF_MISSING, driver: row.driver },
    ...{ since_ms: atMs, door_ms: atMs, late_ms: lateMsOf(row, atMs), told_ms: atMs },
    ...{ wait_until_ms: null, attempts: 0, closed_ms: null, closed_by: null },
  };
}
