/**
 * What inventory asks of its tables. Locks are always taken in one order: orders by name, then their
 * reservations, then stock by product and variant; so nobody waits in a circle.
 */
import type { AdjustReason } from '../../contracts/api/inventory.ts';
import type { AdjustmentId, ProductId, VariantId, VendorId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import type { Level, Reservation, StockRecord } from './ledger.ts';

export interface AdjustmentRow {
  readonly id: AdjustmentId;
  readonly product: ProductId;
  readonly variant: VariantId | '';
  readonly vendor: VendorId;
  readonly delta: number;
  /** Afterwards. */
  readonly available: number;
  readonly reason: AdjustReason;
  readonly note: string | null;
  /** A person, or a key. */
  readonly actor: string;
  /** Zone ms. */
  readonly at_ms: number;
}

/** First key of the advisory locks of orders. */
const ORDER_LOCKS = 0x57414949;

const STOCK = ['product', 'variant', 'vendor', 'available', 'reserved', 'low_mark', 'level'];
const STOCK_COLUMNS = [...STOCK, 'version'];
const RESERVATION_COLUMNS = [
  ...['order', 'vendor', 'state', 'lines', 'shortages', 'expires_ms', 'expired'],
];

/**
 * The reservations of these orders, locked. An order that has none yet is locked by its name, so that
 * whoever asks for the same order elsewhere waits; a row that is only there to be locked would be
 * written twice.
 */
export async function lockReservations(
  trx: Transaction,
  orders: readonly string[],
): Promise<Reservation[]> {
  const asked = [...new Set(orders)];
  await trx.raw(
    `SELECT pg_advisory_xact_lock(?, name) FROM
       (SELECT DISTINCT hashtext(id) AS name FROM unnest(?::text[]) id ORDER BY name) names`,
    [ORDER_LOCKS, asked],
  );
  return trx('reservations')
    .select(RESERVATION_COLUMNS)
    .whereRaw('"order" = ANY(?)', [asked])
    .orderByRaw('"order" COLLATE "C"')
    .forUpdate();
}

/** Reservations whose time is over, locked; those that somebody is at work on are left to them. */
export async function lockDue(
  trx: Transaction,
  nowMs: number,
  limit: number,
): Promise<Reservation[]> {
  return trx('reservations')
    .select(RESERVATION_COLUMNS)
    .where({ state: 'reserved' })
    .where('expires_ms', '<=', nowMs)
    .orderBy('expires_ms')
    .limit(limit)
    .forUpdate()
    .skipLocked();
}

/** All stock records of these products, locked. */
export async function lockStock(
  trx: Transaction,
  products: readonly string[],
): Promise<StockRecord[]> {
  if (products.length === 0) return [];
  return trx('stock')
    .select(STOCK_COLUMNS)
    .whereRaw('product = ANY(?)', [[...new Set(products)]])
    .orderByRaw('product COLLATE "C", variant COLLATE "C"')
    .forUpdate();
}

/**
 * Makes records that are not there yet, empty; the keys of those that are new. Their versions begin at
 * the time, so that they grow also for what was counted before, removed, and is counted again: who
 * hears of levels takes the highest version for the newest.
 */
export async function addStock(
  trx: Transaction,
  vendor: string,
  keys: readonly { readonly product: string; readonly variant: string }[],
): Promise<{ readonly product: string; readonly variant: string }[]> {
  const { rows } = await trx.raw<{ rows: { product: string; variant: string }[] }>(
    `INSERT INTO stock (product, variant, vendor, available, level, version)
     SELECT product, variant, ?, 0, 'out', (extract(epoch FROM clock_timestamp()) * 1000)::bigint
       FROM json_to_recordset(?::json) AS n (product text, variant text)
      ORDER BY product COLLATE "C", variant COLLATE "C"
     ON CONFLICT DO NOTHING RETURNING product, variant`,
    [vendor, JSON.stringify(keys)],
  );
  return rows;
}

/** Removes records that are locked. */
export async function removeStock(
  trx: Transaction,
  records: readonly Pick<StockRecord, 'product' | 'variant'>[],
): Promise<void> {
  if (records.length === 0) return;
  await trx.raw(
    `DELETE FROM stock s USING json_to_recordset(?::json) AS n (product text, variant text)
      WHERE s.product = n.product AND s.variant = n.variant`,
    [JSON.stringify(records)],
  );
}

export async function insertAdjustments(
  trx: Transaction,
  rows: readonly AdjustmentRow[],
): Promise<void> {
  if (rows.length > 0) await trx('adjustments').insert([...rows]);
}

/** Newest first. */
export async function listAdjustments(
  db: Queryable,
  filter: {
    readonly vendor: string;
    readonly product: string | undefined;
    readonly before: string | undefined;
  },
  limit: number,
): Promise<AdjustmentRow[]> {
  const query = db('adjustments')
    .where({ vendor: filter.vendor })
    .orderBy('id', 'desc')
    .limit(limit);
  if (filter.product !== undefined) query.where({ product: filter.product });
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

export async function listStock(
  db: Queryable,
  filter: {
    readonly vendor: string;
    readonly level: Level | undefined;
    readonly after: { readonly product: string; readonly variant: string } | undefined;
  },
  limit: number,
): Promise<StockRecord[]> {
  const query = db('stock')
    .select(STOCK_COLUMNS)
    .where({ vendor: filter.vendor })
    .orderBy(['product', 'variant'])
    .limit(limit);
  if (filter.level !== undefined) query.where({ level: filter.level });
  if (filter.after !== undefined) {
    query.whereRaw('(product, variant) > (?, ?)', [filter.after.product, filter.after.variant]);
  }
  return query;
}

/** What is low or out. */
export async function scarceStock(
  db: Queryable,
  vendor: string,
  limit: number,
): Promise<StockRecord[]> {
  return db('stock')
    .select(STOCK_COLUMNS)
    .where({ vendor })
    .whereNot({ level: 'in' })
    .orderBy(['product', 'variant'])
    .limit(limit);
}

export async function updateStock(
  trx: Transaction,
  records: readonly StockRecord[],
): Promise<void> {
  if (records.length === 0) return;
  await trx.raw(
    `UPDATE stock s SET available = n.available, reserved = n.reserved, low_mark = n.low_mark,
            level = n.level, version = n.version
       FROM json_to_recordset(?::json) AS n (product text, variant text, available integer,
            reserved integer, low_mark integer, level text, version bigint)
      WHERE s.product = n.product AND s.variant = n.variant`,
    [JSON.stringify(records)],
  );
}

/** Writes reservations of locked orders: those in `known` are changed, the others are made. */
export async function putReservations(
  trx: Transaction,
  reservations: readonly Reservation[],
  known: readonly Reservation[],
): Promise<void> {
  if (reservations.length === 0) return;
  const before = new Set(known.map(({ order }) => order));
  await trx.raw(
    `WITH made AS (
       INSERT INTO reservations ("order", vendor, state, lines, shortages, expires_ms, expired)
       SELECT "order", vendor, state, lines, shortages, expires_ms, expired
         FROM json_populate_recordset(NULL::reservations, ?::json))
     UPDATE reservations r SET state = n.state, lines = n.lines, expired = n.expired
       FROM json_populate_recordset(NULL::reservations, ?::json) AS n
      WHERE r."order" = n."order"`,
    [
      JSON.stringify(reservations.filter(({ order }) => !before.has(order))),
      JSON.stringify(reservations.filter(({ order }) => before.has(order))),
    ],
  );
}

/** Forgets ended reservations of orders older than `before` (ids sort by time), so many at once. */
export async function purgeReservations(
  db: Queryable,
  before: string,
  limit: number,
): Promise<void> {
  await db.raw(
    `DELETE FROM reservations WHERE "order" IN (
       SELECT "order" FROM reservations
        WHERE "order" < ? AND state <> 'reserved' ORDER BY "order" LIMIT ?)`,
    [before, limit],
  );
}
