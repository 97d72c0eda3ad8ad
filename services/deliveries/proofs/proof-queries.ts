/** How proofs are written, read and forgotten. */
import type { Proof, ProofKind } from '../../../contracts/api/proofs.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import type { DeliveryId, DriverId, ProofId } from '../../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../../platform/database.ts';

export interface ProofRow {
  readonly id: ProofId;
  readonly delivery: DeliveryId;
  readonly kind: ProofKind;
  readonly place: Proof['place'];
  readonly driver: DriverId;
  /** Zone ms. */
  readonly at_ms: number;
  readonly arrived: boolean;
  readonly passed: boolean;
  readonly file: string | null;
  readonly file_type: string | null;
}

/** Throws `resource.conflict` when the delivery has `max` of them already. */
export async function insertProof(trx: Transaction, row: ProofRow, max: number): Promise<void> {
  await trx('deliveries').where({ id: row.delivery }).forNoKeyUpdate().select('id');
  const [count] = await trx('proofs')
    .where({ delivery: row.delivery })
    .count<{ n: number }[]>('* as n');
  if ((count?.n ?? 0) >= max) {
    throw new WaggleError('resource.conflict', `a delivery has at most ${max} proofs`);
  }
  await trx('proofs').insert(row);
}

export async function proofsOf(
  db: Queryable,
  delivery: string,
  limit: number,
): Promise<ProofRow[]> {
  return db('proofs').where({ delivery }).orderBy('id').limit(limit);
}

/** What needs to be shown only once and has been. */
export async function shownOnce(
  db: Queryable,
  delivery: string,
  kind: ProofKind,
): Promise<ProofRow | undefined> {
  return db('proofs').where({ delivery, kind, passed: true }).first();
}

/** Counts a try; the count with this one, or undefined when there are none left. */
export async function countPinTry(
  db: Queryable,
  id: string,
  max: number,
): Promise<number | undefined> {
  const { rows } = await db.raw<{ rows: { pin_tries: number }[] }>(
    `UPDATE deliveries SET pin_tries = pin_tries + 1 WHERE id = ? AND pin_tries < ?
     RETURNING pin_tries`,
    [id, max],
  );
  return rows[0]?.pin_tries;
}

/** False when there is no such delivery. */
export async function resetPinTries(db: Queryable, id: string): Promise<boolean> {
  return (await db('deliveries').where({ id }).update({ pin_tries: 0 })) === 1;
}

/** The delivery that the proof belongs to; undefined for a file that is nobody's. */
export async function markArrived(
  trx: Transaction,
  id: string,
  file: string,
): Promise<DeliveryId | undefined> {
  const rows: { delivery: DeliveryId }[] = await trx('proofs')
    .where({ id, file })
    .update({ arrived: true })
    .returning('delivery');
  return rows[0]?.delivery;
}

/** Takes the oldest proofs from before a time out; how many. Their files are deleted next. */
export async function dropOldProofs(
  trx: Transaction,
  beforeMs: number,
  limit: number,
): Promise<number> {
  const rows: { file: string | null }[] = await trx('proofs')
    .whereIn(
      'id',
      trx('proofs').select('id').where('at_ms', '<', beforeMs).orderBy('at_ms').limit(limit),
    )
    .delete()
    .returning('file');
  await doom(trx, rows);
  return rows.length;
}

/** Takes everything out that was shown for these deliveries. */
export async function dropProofsOf(
  trx: Transaction,
  deliveries: readonly DeliveryId[],
): Promise<void> {
  const rows: { file: string | null }[] = await trx('proofs')
    .whereRaw('delivery = ANY(?)', [[...deliveries]])
    .delete()
    .returning('file');
  await doom(trx, rows);
}

async function doom(
  trx: Transaction,
  rows: readonly { readonly file: string | null }[],
): Promise<void> {
  const files = rows.flatMap(({ file }) => (file === null ? [] : [{ file }]));
  if (files.length > 0) await trx('doomed_files').insert(files).onConflict('file').ignore();
}

export async function doomedFiles(db: Queryable, limit: number): Promise<string[]> {
  return db('doomed_files').limit(limit).pluck('file');
}

export async function forgetFiles(db: Queryable, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  await db('doomed_files')
    .whereRaw('file = ANY(?)', [[...files]])
    .delete();
}
