/** What analytics and ratings ask of their tables; set by set. */
import { newId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { type Fact, type HourSums, NO_SUMS, type ProductSums, type Sums } from './counting.ts';

const SUM_NAMES = Object.keys(NO_SUMS) as (keyof Sums)[];
const DAY_MS = 86_400_000;
/** How long after its order a fact that is told again is known, and how long products of a day are. */
const COUNTED_DAYS = 30;
const PRODUCT_DAYS = 400;
const PURGE_BATCH = 5_000;

/** Those facts that were not counted yet; they are from now on. */
export async function countOnce(trx: Transaction, facts: readonly Fact[]): Promise<Fact[]> {
  const keys = facts
    .map(({ order, fact }) => ({ order_id: order, fact }))
    .sort((a, b) => (`${a.order_id} ${a.fact}` < `${b.order_id} ${b.fact}` ? -1 : 1));
  const { rows } = await trx.raw<{ rows: { order_id: string; fact: string }[] }>(
    `INSERT INTO counted (order_id, fact)
     SELECT order_id, fact FROM json_to_recordset(?::json) AS n (order_id text, fact text)
     ON CONFLICT DO NOTHING RETURNING order_id, fact`,
    [JSON.stringify(keys)],
  );
  const fresh = new Set(rows.map(({ order_id, fact }) => `${order_id} ${fact}`));
  return facts.filter(({ order, fact }) => fresh.has(`${order} ${fact}`));
}

export async function timeZonesOf(
  trx: Transaction,
  vendors: readonly string[],
): Promise<Map<string, string>> {
  const rows: { id: string; time_zone: string }[] = await trx('vendors')
    .whereRaw('id = ANY(?)', [[...new Set(vendors)]])
    .select('id', 'time_zone');
  return new Map(rows.map(({ id, time_zone }) => [id, time_zone]));
}

/** Adds to the sums of hours. */
export async function addHours(trx: Transaction, hours: readonly HourSums[]): Promise<void> {
  if (hours.length === 0) return;
  const record = SUM_NAMES.map((name) => `${name} bigint`).join(', ');
  const set = SUM_NAMES.map((name) => `${name} = h.${name} + excluded.${name}`).join(', ');
  await trx.raw(
    `INSERT INTO vendor_hours AS h (vendor, day, hour, ${SUM_NAMES.join(', ')})
     SELECT vendor, day, hour, ${SUM_NAMES.join(', ')}
       FROM json_to_recordset(?::json) AS n (vendor text, day integer, hour smallint, ${record})
     ON CONFLICT (vendor, day, hour) DO UPDATE SET ${set}`,
    [JSON.stringify(hours)],
  );
}

/** Adds to what was sold of products. */
export async function addProducts(
  trx: Transaction,
  products: readonly ProductSums[],
): Promise<void> {
  if (products.length === 0) return;
  await trx.raw(
    `INSERT INTO vendor_products AS p (vendor, day, product, orders, quantity)
     SELECT vendor, day, product, orders, quantity FROM json_to_recordset(?::json)
         AS n (vendor text, day integer, product text, orders integer, quantity integer)
     ON CONFLICT (vendor, day, product) DO UPDATE
        SET orders = p.orders + excluded.orders, quantity = p.quantity + excluded.quantity`,
    [JSON.stringify(products)],
  );
}

export interface DaySpan {
  readonly vendor: string;
  /** Days since 1970-01-01, both included. */
  readonly from: number;
  readonly to: number;
}

export async function hoursOf(db: Queryable, { vendor, from, to }: DaySpan): Promise<HourSums[]> {
  return db('vendor_hours')
    .where({ vendor })
    .whereBetween('day', [from, to])
    .orderBy(['day', 'hour']);
}

export type Popular = Pick<ProductSums, 'product' | 'orders' | 'quantity'>;

export async function popularOf(
  db: Queryable,
  { vendor, from, to }: DaySpan,
  limit: number,
): Promise<Popular[]> {
  const { rows } = await db.raw<{ rows: Popular[] }>(
    `SELECT product, sum(orders)::bigint AS orders, sum(quantity)::bigint AS quantity
       FROM vendor_products WHERE vendor = ? AND day BETWEEN ? AND ?
      GROUP BY product ORDER BY quantity DESC, product LIMIT ?`,
    [vendor, from, to, limit],
  );
  return rows;
}

/** Forgets what is past its time, a bounded number at once. */
export async function purgeAnalytics(knex: Queryable, today: number): Promise<void> {
  await knex.raw(
    `DELETE FROM counted WHERE ctid IN (
       SELECT ctid FROM counted WHERE order_id < ? ORDER BY order_id LIMIT ?)`,
    [newId('order', Date.now() - COUNTED_DAYS * DAY_MS), PURGE_BATCH],
  );
  await knex.raw(
    `DELETE FROM vendor_products WHERE ctid IN (
       SELECT ctid FROM vendor_products WHERE day < ? LIMIT ?)`,
    [today - PRODUCT_DAYS, PURGE_BATCH],
  );
}

export interface Rated {
  readonly order_id: string;
  readonly vendor: string;
  readonly stars: number;
  readonly at_ms: number;
}

/**
 * Takes ratings in, one per order: a newer one replaces what was. The vendors' sums follow in the
 * same statement, and wait to be told.
 */
export async function rateVendors(trx: Transaction, ratings: readonly Rated[]): Promise<void> {
  if (ratings.length === 0) return;
  const rows = [...ratings].sort((a, b) => (a.order_id < b.order_id ? -1 : 1));
  const orders = rows.map(({ order_id }) => order_id);
  // Two statements: what was there is locked before it is replaced.
  const before: Rated[] = await trx('ratings')
    .whereRaw('order_id = ANY(?)', [orders])
    .orderBy('order_id')
    .forUpdate();
  const { rows: written } = await trx.raw<{ rows: Rated[] }>(
    `INSERT INTO ratings AS r (order_id, vendor, stars, at_ms)
     SELECT order_id, vendor, stars, at_ms FROM json_to_recordset(?::json)
         AS n (order_id text, vendor text, stars smallint, at_ms bigint)
     ON CONFLICT (order_id) DO UPDATE SET stars = excluded.stars, at_ms = excluded.at_ms
      WHERE r.at_ms < excluded.at_ms
     RETURNING order_id, vendor, stars, at_ms`,
    [JSON.stringify(rows)],
  );
  const had = new Map(before.map(({ order_id, stars }) => [order_id, stars]));
  const changes = new Map<string, { id: string; sum: number; count: number }>();
  for (const { order_id, vendor, stars } of written) {
    const change = changes.get(vendor) ?? { id: vendor, sum: 0, count: 0 };
    change.sum += stars - (had.get(order_id) ?? 0);
    change.count += had.has(order_id) ? 0 : 1;
    changes.set(vendor, change);
  }
  const sorted = [...changes.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  await trx.raw(
    `UPDATE vendors v SET rating_sum = v.rating_sum + n.sum, rating_untold = true,
            rating_count = v.rating_count + n.count
       FROM json_to_recordset(?::json) AS n (id text, sum bigint, count integer)
      WHERE v.id = n.id`,
    [JSON.stringify(sorted)],
  );
}
