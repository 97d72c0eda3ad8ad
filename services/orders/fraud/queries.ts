/** What the rules know of orders: facts for a whole batch in one query; and the blocked list. */
import type { Queryable } from '../../../platform/database.ts';
import type { BlockedKind, FraudFacts } from './rules.ts';

const HOUR_MS = 3_600_000;
/** E7 degrees: about 50 km are near. A doorstep (20 m) is what the index `orders_doorstep` says. */
const NEAR_E7 = 4_500_000;

/** How many earlier orders are looked at, the newest first; 0: none. */
export interface LookBack {
  readonly ofCustomer: number;
  readonly toAddress: number;
}

type FactsRow = FraudFacts & { readonly order: string };

/** Facts about orders that are written already. */
export async function factsOf(
  db: Queryable,
  orders: readonly string[],
  { ofCustomer, toAddress }: LookBack,
): Promise<ReadonlyMap<string, FraudFacts>> {
  if (orders.length === 0) return new Map();
  const { rows } = await db.raw<{ rows: FactsRow[] }>(
    `SELECT n.id AS "order", n.total_minor AS "amountMinor",
            c.recent AS "ordersByCustomer", c.earlier AS "earlierOrders",
            c.near AS "nearEarlier", round(c.usual) AS "usualMinor",
            a.recent AS "ordersToAddress", a.customers AS "customersAtAddress",
            ARRAY(SELECT kind FROM blocked WHERE (kind, value) IN (('customer', n.customer),
              ('address', n.dropoff_cell::text), ('phone', n.phone))) AS blocked
       FROM orders n
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE p.placed_ms > n.placed_ms - :hour) AS recent,
               count(*) AS earlier, avg(p.total_minor) AS usual,
               bool_or(abs(p.dropoff_lat_e7 - n.dropoff_lat_e7) < :near
                   AND abs(p.dropoff_lon_e7::bigint - n.dropoff_lon_e7) < :near) AS near
          FROM (SELECT placed_ms, total_minor, dropoff_lat_e7, dropoff_lon_e7 FROM orders p
                 WHERE p.customer = n.customer AND p.id < n.id
                 ORDER BY p.id DESC LIMIT :ofCustomer) p) c
      CROSS JOIN LATERAL (
        SELECT count(*) AS recent, count(DISTINCT p.customer) AS customers
          FROM (SELECT placed_ms, customer FROM orders p
                 WHERE p.dropoff_lat_e7 / 2000 = n.dropoff_lat_e7 / 2000
                   AND p.dropoff_lon_e7 / 2000 = n.dropoff_lon_e7 / 2000 AND p.id < n.id
                 ORDER BY p.id DESC LIMIT :toAddress) p
         WHERE p.placed_ms > n.placed_ms - :hour) a
      WHERE n.id = ANY(:orders)`,
    { orders: [...orders], hour: HOUR_MS, near: NEAR_E7, ofCustomer, toAddress },
  );
  return new Map(rows.map(({ order, ...facts }) => [order, facts]));
}

export interface BlockedRow {
  readonly kind: BlockedKind;
  readonly value: string;
  readonly reason: string;
  readonly set_by: string;
  readonly set_ms: number;
}

/** Blocks, or says anew why. */
export async function block(db: Queryable, row: BlockedRow): Promise<void> {
  await db('blocked').insert(row).onConflict(['kind', 'value']).merge();
}

export async function unblock(db: Queryable, kind: string, value: string): Promise<boolean> {
  return (await db('blocked').where({ kind, value }).delete()) > 0;
}

/** By kind and value; `after` is the last one seen. */
export async function listBlocked(
  db: Queryable,
  after: readonly [kind: string, value: string] | undefined,
  limit: number,
): Promise<BlockedRow[]> {
  const query = db('blocked').orderBy(['kind', 'value']).limit(limit);
  if (after !== undefined) query.whereRaw('(kind, value) > (?, ?)', [...after]);
  return query;
}
