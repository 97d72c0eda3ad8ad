/** How earnings, counts and stars are read. */
import type { DeliveryId, DriverId, EarningId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { COUNTS, type Count, type DutyRow } from './work-fold.ts';

export type CurrentDuty = DutyRow;

export interface EarningRow {
  readonly id: EarningId;
  readonly driver: DriverId;
  readonly kind: 'delivery' | 'tip' | 'adjustment';
  readonly delivery: DeliveryId | null;
  readonly amount_minor: number;
  readonly currency: string;
  readonly at_ms: number;
  readonly day: string;
  readonly reason: string | null;
}

/** Days of one driver, both ends included. */
export interface DriverSpan {
  readonly driver: DriverId;
  readonly from: string;
  readonly to: string;
}

/** The newest first. */
export async function listEarnings(
  db: Queryable,
  { driver, from, to, before }: DriverSpan & { readonly before: string | undefined },
  limit: number,
): Promise<EarningRow[]> {
  const query = db('earnings')
    .where({ driver })
    .whereBetween('day', [from, to])
    .orderBy('id', 'desc')
    .limit(limit);
  if (before !== undefined) query.where('id', '<', before);
  return query;
}

export async function insertEarning(
  trx: Transaction,
  row: EarningRow & { readonly actor: string },
): Promise<void> {
  await trx('earnings').insert(row);
}

export interface DaySum {
  readonly day: string;
  readonly currency: string;
  readonly kind: EarningRow['kind'];
  readonly amount: number;
  readonly count: number;
}

export async function sumEarnings(
  db: Queryable,
  { driver, from, to }: DriverSpan,
): Promise<DaySum[]> {
  const { rows } = await db.raw<{ rows: DaySum[] }>(
    `SELECT day, currency, kind, sum(amount_minor)::bigint AS amount, count(*)::int AS count
       FROM earnings WHERE driver = ? AND day BETWEEN ? AND ? GROUP BY day, currency, kind`,
    [driver, from, to],
  );
  return rows;
}

export type DayCounts = { readonly day: string } & Readonly<Record<Count, number>>;

export async function daysOf(
  db: Queryable,
  { driver, from, to }: DriverSpan,
): Promise<DayCounts[]> {
  return db('days')
    .select('day', ...COUNTS)
    .where({ driver })
    .whereBetween('day', [from, to])
    .orderBy('day');
}

/** Of all time; the mean to two places. */
export async function ratingOf(
  db: Queryable,
  driver: DriverId,
): Promise<{ count: number; mean: number | null }> {
  const { rows } = await db.raw<{ rows: { count: number; mean: number | null }[] }>(
    `SELECT count(*)::int AS count, round(avg(stars), 2)::float8 AS mean
       FROM ratings WHERE driver = ?`,
    [driver],
  );
  return rows[0] ?? { count: 0, mean: null };
}
