/** How shifts are written, read and changed. */
import { WaggleError } from '../../contracts/errors.ts';
import type { DriverId, MarketId, ShiftId, ZoneId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { exclusionViolation } from '../../platform/database-errors.ts';
import type { Attendance, ShiftState } from './shift-rules.ts';

export interface ShiftRow {
  readonly id: ShiftId;
  readonly zone: ZoneId;
  readonly market: MarketId;
  readonly time_zone: string;
  readonly day: string;
  readonly from_clock: string;
  readonly to_clock: string;
  readonly starts_ms: number;
  readonly ends_ms: number;
  readonly late_ms: number;
  readonly no_show_ms: number;
  readonly driver: DriverId | null;
  readonly state: ShiftState;
  readonly wanted_by: DriverId | null;
  readonly attendance: Attendance;
  readonly came_ms: number | null;
  readonly planned_by: string;
}

/** Turns the constraint into its error. */
async function withoutOverlap<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (exclusionViolation(error) === 'shifts_no_overlap') throw new WaggleError('shift.overlaps');
    throw error;
  }
}

/** Throws `shift.overlaps`. */
export async function insertShifts(db: Queryable, rows: readonly ShiftRow[]): Promise<void> {
  await withoutOverlap(
    db('shifts')
      .insert([...rows])
      .then(),
  );
}

export async function shiftById(db: Queryable, id: string): Promise<ShiftRow | undefined> {
  return db('shifts').where({ id }).first();
}

export async function lockShift(trx: Transaction, id: string): Promise<ShiftRow | undefined> {
  return trx('shifts').where({ id }).forUpdate().first();
}

export type ShiftChange = Partial<
  Pick<ShiftRow, 'driver' | 'state' | 'wanted_by' | 'attendance' | 'came_ms'>
>;

/** Throws `shift.overlaps`. */
export async function changeShift(
  trx: Transaction,
  id: ShiftId,
  change: ShiftChange,
): Promise<ShiftRow> {
  const [row] = await withoutOverlap(
    trx('shifts').where({ id }).update(change).returning('*').then<ShiftRow[]>(),
  );
  if (row === undefined) throw new WaggleError('resource.not_found');
  return row;
}

/** Whether a driver has a shift at that time. */
export async function isBusy(
  db: Queryable,
  driver: DriverId,
  { starts_ms, ends_ms }: Pick<ShiftRow, 'starts_ms' | 'ends_ms'>,
): Promise<boolean> {
  const found = await db('shifts')
    .where({ driver })
    .whereNot({ state: 'cancelled' })
    .where('starts_ms', '<', ends_ms)
    .where('ends_ms', '>', starts_ms)
    .first('id');
  return found !== undefined;
}

export interface ShiftFilter {
  readonly zone?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly state?: string | undefined;
  readonly attendance?: string | undefined;
  readonly driver?: string | undefined;
  /** Theirs, and those they may take from now on. */
  readonly seenBy?: { readonly driver: string; readonly nowMs: number } | undefined;
  readonly after?: string | undefined;
}

/** The earliest first; equals by id. */
export async function listShifts(
  db: Queryable,
  filter: ShiftFilter,
  limit: number,
): Promise<ShiftRow[]> {
  const { zone, from, to, state, attendance, driver, seenBy, after } = filter;
  const query = db('shifts').orderBy(['starts_ms', 'id']).limit(limit);
  if (zone !== undefined) query.where({ zone });
  if (from !== undefined) query.where('day', '>=', from);
  if (to !== undefined) query.where('day', '<=', to);
  if (state !== undefined) query.where({ state });
  if (attendance !== undefined) query.where({ attendance });
  if (driver !== undefined) query.where({ driver });
  if (seenBy !== undefined) {
    query.whereRaw(`(driver = ? OR (state IN ('open', 'offered') AND starts_ms > ?))`, [
      seenBy.driver,
      seenBy.nowMs,
    ]);
  }
  if (after !== undefined) {
    query.whereRaw('(starts_ms, id) > (SELECT starts_ms, id FROM shifts WHERE id = ?)', [after]);
  }
  return query;
}

export interface RulesRow {
  readonly market: MarketId;
  readonly swap_needs_ops: boolean;
  readonly late_ms: number;
  readonly no_show_ms: number;
}

export async function rulesOf(db: Queryable, market: string): Promise<RulesRow | undefined> {
  return db('shift_rules').where({ market }).first();
}

export async function writeRules(
  db: Queryable,
  row: RulesRow & { readonly changed_by: string },
): Promise<void> {
  await db('shift_rules').insert(row).onConflict('market').merge();
}

/** Gives up the future shifts of a driver who is gone. */
export async function freeShiftsOf(trx: Transaction, driver: string, nowMs: number): Promise<void> {
  await trx('shifts')
    .where({ driver })
    .where('starts_ms', '>', nowMs)
    .whereNot({ state: 'cancelled' })
    .update({ driver: null, state: 'open', wanted_by: null });
  await trx('shifts').where({ wanted_by: driver }).update({ wanted_by: null, state: 'offered' });
}
