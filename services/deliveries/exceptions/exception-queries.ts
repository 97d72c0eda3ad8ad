/** How exceptions are written by the projector, read for people, changed by ops, and forgotten. */
import type { DeliveryId, DriverId } from '../../../contracts/ids.ts';
import type { DeliveryState } from '../../../contracts/states.ts';
import type { Queryable, Transaction } from '../../../platform/database.ts';
import type { DeliveryRow } from '../rows.ts';
import type { ExceptionState } from './exception-fold.ts';

/** Columns that the log decides. */
const PROJECTED = [
  ...(['id', 'delivery', 'zone', 'problem', 'driver', 'since_ms', 'door_ms', 'late_ms'] as const),
  ...(['told_ms', 'wait_until_ms', 'attempts', 'closed_ms', 'closed_by'] as const),
] as const;

/** The open exceptions of these deliveries. */
export async function openExceptions(
  trx: Transaction,
  deliveries: readonly DeliveryId[],
): Promise<ExceptionState[]> {
  if (deliveries.length === 0) return [];
  return trx('exceptions')
    .select(...PROJECTED)
    .whereRaw('delivery = ANY(?)', [[...deliveries]])
    .whereNull('closed_ms')
    .forNoKeyUpdate();
}

/** Writes the projected columns. What ops has resolved stays resolved. */
export async function writeExceptions(
  trx: Transaction,
  states: readonly ExceptionState[],
): Promise<void> {
  if (states.length === 0) return;
  // Closed ones first: only then may the same problem be open again.
  await trx.raw(
    `INSERT INTO exceptions AS e (id, delivery, zone, problem, driver, since_ms, door_ms, late_ms,
        told_ms, wait_until_ms, attempts, closed_ms, closed_by)
     SELECT id, delivery, zone, problem, driver, since_ms, door_ms, late_ms, told_ms,
            wait_until_ms, attempts, closed_ms, closed_by
       FROM jsonb_to_recordset(?::jsonb) AS n (id text, delivery text, zone text, problem text,
            driver text, since_ms bigint, door_ms bigint, late_ms bigint, told_ms bigint,
            wait_until_ms bigint, attempts integer, closed_ms bigint, closed_by text)
      ORDER BY closed_ms IS NULL, since_ms
     ON CONFLICT (id) DO UPDATE SET door_ms = excluded.door_ms, late_ms = excluded.late_ms,
        told_ms = excluded.told_ms, wait_until_ms = excluded.wait_until_ms,
        attempts = excluded.attempts, closed_ms = excluded.closed_ms,
        closed_by = excluded.closed_by
      WHERE e.closed_by IS DISTINCT FROM 'ops'`,
    [JSON.stringify(states)],
  );
}

/** After a roll-back: these are all that the log knows of. A missing proof is not the log's to know. */
export async function replaceExceptions(
  trx: Transaction,
  deliveries: readonly DeliveryId[],
  states: readonly ExceptionState[],
): Promise<void> {
  await trx.raw(
    'DELETE FROM exceptions WHERE delivery = ANY(?) AND id <> ALL(?) AND problem <> ?',
    [[...deliveries], states.map(({ id }) => id), 'proof_missing'],
  );
  await writeExceptions(trx, states);
}

/** An exception with what ops did about it and the delivery it is about. */
export interface ExceptionRow extends ExceptionState {
  readonly owner: string | null;
  readonly snoozed_until_ms: number | null;
  readonly note: string | null;
  readonly state: DeliveryState;
  /** Who carries the delivery now. */
  readonly carrier: DriverId | null;
  readonly promise_ms: number | null;
  readonly request: DeliveryRow['request'];
}

export interface ExceptionFilter {
  readonly zone?: string | undefined;
  readonly problem?: string | undefined;
  /** A user, or null: nobody's. */
  readonly owner?: string | null | undefined;
  readonly open?: boolean | undefined;
  /** Asleep at `nowMs`, or awake. */
  readonly snoozed?: boolean | undefined;
  readonly nowMs: number;
  /** The last one seen. */
  readonly after?: { readonly lateMs: number; readonly id: string } | undefined;
}

function withDelivery(db: Queryable) {
  return db('exceptions AS e')
    .join('deliveries AS d', 'd.id', 'e.delivery')
    .select('e.*', 'd.state', 'd.driver AS carrier', 'd.promise_ms', 'd.request');
}

/** The latest first; equals by id. */
export async function listExceptions(
  db: Queryable,
  filter: ExceptionFilter,
  limit: number,
): Promise<ExceptionRow[]> {
  const { zone, problem, owner, open, snoozed, nowMs, after } = filter;
  const query = withDelivery(db)
    .orderBy([{ column: 'e.late_ms', order: 'desc' }, { column: 'e.id' }])
    .limit(limit);
  if (zone !== undefined) query.where('e.zone', zone);
  if (problem !== undefined) query.where('e.problem', problem);
  if (owner !== undefined) query.where('e.owner', owner);
  if (open === true) query.whereNull('e.closed_ms');
  if (open === false) query.whereNotNull('e.closed_ms');
  if (snoozed === true) query.where('e.snoozed_until_ms', '>', nowMs);
  if (snoozed === false) query.whereRaw('coalesce(e.snoozed_until_ms, 0) <= ?', [nowMs]);
  if (after !== undefined) {
    query.whereRaw('(e.late_ms < ? OR (e.late_ms = ? AND e.id > ?))', [
      ...[after.lateMs, after.lateMs, after.id],
    ]);
  }
  return query as unknown as Promise<ExceptionRow[]>;
}

/** One exception, locked for the rest of the transaction. */
export async function lockException(
  trx: Transaction,
  id: string,
): Promise<ExceptionRow | undefined> {
  const [row] = await withDelivery(trx).where('e.id', id).forUpdate('e');
  return row as unknown as ExceptionRow | undefined;
}

export type OpsColumns = Pick<
  ExceptionRow,
  'owner' | 'snoozed_until_ms' | 'note' | 'closed_ms' | 'closed_by'
>;

export async function changeException(
  trx: Transaction,
  id: string,
  change: Partial<OpsColumns>,
): Promise<void> {
  await trx('exceptions').where({ id }).update(change);
}

export interface OpenCount {
  readonly problem: string;
  readonly owned: 'yes' | 'no';
  readonly count: number;
}

export async function countOpen(db: Queryable): Promise<OpenCount[]> {
  const { rows } = await db.raw<{ rows: OpenCount[] }>(
    `SELECT problem, CASE WHEN owner IS NULL THEN 'no' ELSE 'yes' END AS owned, count(*)::int AS count
       FROM exceptions WHERE closed_ms IS NULL GROUP BY 1, 2`,
  );
  return rows;
}

/** Forgets closed ones that are older than `beforeMs` or more than `kept`; true when more may be left. */
export async function forgetExceptions(
  db: Queryable,
  { beforeMs, kept, atOnce }: { beforeMs: number; kept: number; atOnce: number },
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `DELETE FROM exceptions WHERE id IN (
       (SELECT id FROM exceptions WHERE closed_ms < ? ORDER BY closed_ms LIMIT ?)
       UNION
       (SELECT id FROM exceptions WHERE closed_ms IS NOT NULL ORDER BY closed_ms DESC OFFSET ? LIMIT ?))`,
    [beforeMs, atOnce, kept, atOnce],
  );
  return rowCount >= atOnce;
}
