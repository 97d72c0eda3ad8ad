/**
 * What inventory asks of its tables. Locks are always taken in one order: reservations by order, then
 * stock by product and variant; so transactions wait for each other and never in a circle.
 */
import type { Queryable, Transaction } from '../../platform/database.ts';
import type { Reservation, StockRecord } from './ledger.ts';

const STOCK = ['product', 'variant', 'vendor', 'available', 'reserved', 'low_mark', 'level'];
const STOCK_COLUMNS = [...STOCK, 'version'];
const RESERVATION_COLUMNS = [
  ...['order', 'vendor', 'state', 'lines', 'shortages', 'expires_ms', 'expired'],
];

/**
 * The reservations of these orders, locked; an order that has none gets a row, so that whoever asks
 * for the same order elsewhere waits.
 */
export async function lockReservations(
  trx: Transaction,
  orders: readonly string[],
): Promise<Reservation[]> {
  const sorted = [...new Set(orders)].sort();
  await trx.raw(
    `INSERT INTO reservations ("order", state) SELECT unnest(?::text[]), 'new'
     ON CONFLICT DO NOTHING`,
    [sorted],
  );
  return trx('reservations')
    .select(RESERVATION_COLUMNS)
    .whereRaw('"order" = ANY(?)', [sorted])
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

export async function updateStock(
  trx: Transaction,
  records: readonly StockRecord[],
): Promise<void> {
  if (records.length === 0) return;
  await trx.raw(
    `UPDATE stock s SET available = n.available, reserved = n.reserved, level = n.level,
            version = n.version
       FROM jsonb_to_recordset(?::jsonb) AS n (product text, variant text, available integer,
            reserved integer, level text, version bigint)
      WHERE s.product = n.product AND s.variant = n.variant`,
    [JSON.stringify(records)],
  );
}

export async function updateReservations(
  trx: Transaction,
  reservations: readonly Reservation[],
): Promise<void> {
  if (reservations.length === 0) return;
  await trx.raw(
    `UPDATE reservations r SET vendor = n.vendor, state = n.state, lines = n.lines,
            shortages = n.shortages, expires_ms = n.expires_ms, expired = n.expired,
            changed_at = now()
       FROM jsonb_to_recordset(?::jsonb) AS n ("order" text, vendor text, state text, lines jsonb,
            shortages jsonb, expires_ms bigint, expired boolean)
      WHERE r."order" = n."order"`,
    [JSON.stringify(reservations)],
  );
}

/** Forgets reservations long ended, a bounded number at once. */
export async function purgeReservations(
  db: Queryable,
  keptDays: number,
  limit: number,
): Promise<void> {
  await db.raw(
    `DELETE FROM reservations WHERE ctid IN (
       SELECT ctid FROM reservations
        WHERE state <> 'reserved' AND changed_at < now() - ? * interval '1 day' LIMIT ?)`,
    [keptDays, limit],
  );
}
