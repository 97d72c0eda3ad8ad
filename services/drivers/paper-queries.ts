/** How papers, background checks and policies are written and read. */
import type { DriverPolicy, PaperKind } from '../../contracts/api/driver-papers.ts';
import type { DocumentId, DriverId, MarketId, VehicleId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import type { BackgroundState, PaperState } from './standing.ts';

export interface PaperRow {
  readonly id: DocumentId;
  readonly driver: DriverId;
  readonly kind: PaperKind;
  readonly vehicle: VehicleId | null;
  readonly number: string | null;
  readonly expires_on: string | null;
  readonly state: PaperState;
  readonly reason: string | null;
  readonly file: string;
  readonly file_type: string;
  readonly created_at: Date;
  readonly reviewed_at: Date | null;
  readonly warned_days: number | null;
}

export type NewPaper = Omit<PaperRow, 'created_at' | 'reviewed_at' | 'reason' | 'warned_days'>;

/** False when the driver has `max` already. */
export async function insertPaper(trx: Transaction, row: NewPaper, max: number): Promise<boolean> {
  await trx('drivers').where({ id: row.driver }).forUpdate().select('id');
  const [count] = await trx('papers')
    .where({ driver: row.driver })
    .count<{ n: number }[]>('* as n');
  if ((count?.n ?? 0) >= max) return false;
  await trx('papers').insert(row);
  return true;
}

export async function paperById(db: Queryable, id: string): Promise<PaperRow | undefined> {
  return db('papers').where({ id }).first();
}

export async function lockPaper(trx: Transaction, id: string): Promise<PaperRow | undefined> {
  return trx('papers').where({ id }).forUpdate().first();
}

/** Of many drivers at once, the oldest first. */
export async function papersOf(
  db: Queryable,
  drivers: readonly DriverId[],
): Promise<Map<DriverId, PaperRow[]>> {
  const rows: PaperRow[] = await db('papers')
    .whereRaw('driver = ANY(?)', [[...drivers]])
    .orderBy('id');
  const papers = new Map<DriverId, PaperRow[]>(drivers.map((driver) => [driver, []]));
  for (const row of rows) papers.get(row.driver)?.push(row);
  return papers;
}

/** The oldest first: who waits longest is reviewed first. */
export async function listPapers(
  db: Queryable,
  filter: {
    readonly state: string;
    readonly kind: string | undefined;
    readonly after: string | undefined;
  },
  limit: number,
): Promise<PaperRow[]> {
  const query = db('papers').where({ state: filter.state }).orderBy('id').limit(limit);
  if (filter.kind !== undefined) query.where({ kind: filter.kind });
  if (filter.after !== undefined) query.where('id', '>', filter.after);
  return query;
}

/** The file has come; false for a file that is nobody's. What was reviewed stays as it is. */
export async function markSubmitted(db: Queryable, id: string, file: string): Promise<boolean> {
  await db('papers').where({ id, file, state: 'waiting' }).update({ state: 'submitted' });
  return (await db('papers').where({ id, file }).first('id')) !== undefined;
}

export interface Review {
  readonly state: 'approved' | 'rejected';
  readonly reason: string | null;
  readonly expires_on: string | null;
  readonly reviewed_by: string;
}

export async function reviewPaper(
  trx: Transaction,
  id: DocumentId,
  review: Review,
): Promise<PaperRow | undefined> {
  const rows: PaperRow[] = await trx('papers')
    .where({ id })
    .update({ ...review, reviewed_at: trx.fn.now(), warned_days: null })
    .returning('*');
  return rows[0];
}

/** Takes rows out and leaves their files to be deleted. */
export async function dropPapers(
  trx: Transaction,
  where: { readonly id: string } | { readonly driver: string },
): Promise<void> {
  const rows: { file: string }[] = await trx('papers').where(where).delete().returning('file');
  if (rows.length === 0) return;
  await trx('doomed_files').insert(rows).onConflict('file').ignore();
}

export async function doomedFiles(db: Queryable, limit: number): Promise<string[]> {
  return db('doomed_files').limit(limit).pluck('file');
}

export async function forgetFiles(db: Queryable, files: readonly string[]): Promise<void> {
  await db('doomed_files')
    .whereRaw('file = ANY(?)', [[...files]])
    .delete();
}

export interface BackgroundRow {
  readonly driver: DriverId;
  readonly state: BackgroundState;
  readonly note: string | null;
  readonly at: Date;
}

export async function backgroundsOf(
  db: Queryable,
  drivers: readonly DriverId[],
): Promise<Map<DriverId, BackgroundRow>> {
  const rows: BackgroundRow[] = await db('backgrounds').whereRaw('driver = ANY(?)', [[...drivers]]);
  return new Map(rows.map((row) => [row.driver, row]));
}

export async function writeBackground(
  db: Queryable,
  row: {
    readonly driver: DriverId;
    readonly state: BackgroundState;
    readonly reference?: string;
    readonly note: string | null;
    readonly changed_by: string;
  },
): Promise<void> {
  await db('backgrounds')
    .insert({ ...row, at: db.fn.now() })
    .onConflict('driver')
    .merge();
}

export interface PolicyRow {
  readonly market: MarketId;
  readonly papers: DriverPolicy['papers'];
  readonly background_check: boolean;
}

/** Few: one per market that asks for something. */
export async function allPolicies(db: Queryable): Promise<PolicyRow[]> {
  return db('policies').orderBy('market');
}

export async function writePolicy(
  db: Queryable,
  row: PolicyRow & { readonly changed_by: string },
): Promise<void> {
  await db('policies')
    .insert({ ...row, papers: JSON.stringify(row.papers) })
    .onConflict('market')
    .merge();
}

/** Approved papers that are past their last day become expired; whose they are. */
export async function expirePapers(
  trx: Transaction,
  today: string,
  limit: number,
): Promise<{ readonly driver: DriverId }[]> {
  const { rows } = await trx.raw<{ rows: { driver: DriverId }[] }>(
    `UPDATE papers SET state = 'expired' WHERE id IN (
       SELECT id FROM papers WHERE state = 'approved' AND expires_on < ?
        ORDER BY expires_on LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING driver`,
    [today, limit],
  );
  return rows;
}

export interface WarningStep {
  readonly days: number;
  /** Papers that hold until this day or less long are due for the warning. */
  readonly until: string;
}

/** Approved papers that are due for one of the warnings and have not had it. */
export async function papersToWarn(
  trx: Transaction,
  steps: readonly WarningStep[],
  limit: number,
): Promise<PaperRow[]> {
  return trx('papers')
    .where({ state: 'approved' })
    .whereRaw(
      `EXISTS (SELECT 1 FROM jsonb_to_recordset(?::jsonb) AS n (days integer, until text)
                WHERE expires_on <= n.until AND coalesce(warned_days, 9999) > n.days)`,
      [JSON.stringify(steps)],
    )
    .orderBy('expires_on')
    .limit(limit)
    .forUpdate()
    .skipLocked();
}

export async function writeWarned(
  trx: Transaction,
  warned: readonly { readonly id: DocumentId; readonly days: number }[],
): Promise<void> {
  if (warned.length === 0) return;
  await trx.raw(
    `UPDATE papers p SET warned_days = n.days
       FROM jsonb_to_recordset(?::jsonb) AS n (id text, days integer) WHERE p.id = n.id`,
    [JSON.stringify(warned)],
  );
}
