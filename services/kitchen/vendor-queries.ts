/** What the kitchen asks of its table of vendors, and of what is taken in their windows. */
import type { PrepareCapacity } from '../../contracts/api/vendors.ts';
import type { AccountId, VendorId } from '../../contracts/ids.ts';
import type { VendorChanged } from '../../contracts/messages/vendors.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import type { VendorSettings } from './answering.ts';
import type { Capacity } from './capacity.ts';

/** A vendor as the kitchen knows it. */
export interface KitchenVendor extends VendorSettings {
  readonly id: VendorId;
  readonly account: AccountId;
  readonly prepareMs: number;
  /** What `vendors` was told last. */
  readonly throttledUntilMs: number | null;
  readonly throttleVersion: number;
}

interface VendorRow {
  readonly id: VendorId;
  readonly account: AccountId;
  readonly auto_accept: boolean;
  readonly prepare_seconds: number;
  readonly capacity_tickets: number | null;
  readonly capacity_window_ms: number | null;
  readonly capacity_windows: PrepareCapacity['windows'] | null;
  readonly time_zone: string;
  readonly throttled_until_ms: number | null;
  readonly throttle_version: number;
}

function vendorOf(row: VendorRow): KitchenVendor {
  return {
    id: row.id,
    account: row.account,
    autoAccept: row.auto_accept,
    capacity: capacityOf(row),
    prepareMs: row.prepare_seconds * 1_000,
    throttledUntilMs: row.throttled_until_ms,
    throttleVersion: row.throttle_version,
  };
}

function capacityOf(row: VendorRow): Capacity | null {
  const { capacity_tickets: tickets, capacity_window_ms: windowMs } = row;
  if (tickets === null || windowMs === null) return null;
  const windows = row.capacity_windows ?? [];
  if (windows.length === 0) return { tickets, windowMs };
  const rates = windows.map(({ windowSeconds, ...rate }) => ({
    ...rate,
    windowMs: windowSeconds * 1_000,
  }));
  return { tickets, windowMs, timed: { timeZone: row.time_zone, rates } };
}

/**
 * Vendors, as far as they are known. Those with a capacity are locked, in one order for everybody:
 * what is counted in their windows stands until the end of the transaction.
 */
export async function lockVendors(
  trx: Transaction,
  ids: readonly VendorId[],
): Promise<Map<VendorId, KitchenVendor>> {
  if (ids.length === 0) return new Map();
  const unique = [...new Set(ids)];
  await trx('vendors')
    .whereRaw('id = ANY(?)', [unique])
    .whereNotNull('capacity_tickets')
    .orderBy('id')
    .forUpdate()
    .select('id');
  const rows: VendorRow[] = await trx('vendors').whereRaw('id = ANY(?)', [unique]);
  return new Map(rows.map((row) => [row.id, vendorOf(row)]));
}

/** The account of a vendor, if it is known. */
export async function accountOf(db: Queryable, vendor: string): Promise<AccountId | undefined> {
  const row: { account: AccountId } | undefined = await db('vendors')
    .where({ id: vendor })
    .first('account');
  return row?.account;
}

export interface SlotCount {
  readonly vendor: VendorId;
  readonly slotMs: number;
  readonly count: number;
}

/** Tickets in the windows of these vendors that begin at `fromMs` or later. */
export async function slotCounts(
  trx: Transaction,
  vendors: readonly VendorId[],
  fromMs: number,
): Promise<SlotCount[]> {
  if (vendors.length === 0) return [];
  const { rows } = await trx.raw<{ rows: SlotCount[] }>(
    `SELECT vendor, slot_ms AS "slotMs", count(*)::integer AS count FROM tickets
      WHERE vendor = ANY(?) AND slot_ms >= ? AND state IN ('accepted', 'started', 'ready')
      GROUP BY vendor, slot_ms`,
    [[...vendors], fromMs],
  );
  return rows;
}

export interface Throttling {
  readonly id: VendorId;
  readonly throttled_until_ms: number | null;
  readonly throttle_version: number;
}

/** Remembers what was told of locked vendors. */
export async function saveThrottling(
  trx: Transaction,
  throttling: readonly Throttling[],
): Promise<void> {
  if (throttling.length === 0) return;
  await trx.raw(
    `UPDATE vendors v SET throttled_until_ms = n.throttled_until_ms,
            throttle_version = n.throttle_version
       FROM jsonb_to_recordset(?::jsonb)
            AS n (id text, throttled_until_ms bigint, throttle_version bigint)
      WHERE v.id = n.id`,
    [JSON.stringify(throttling)],
  );
}

/** Takes over what is newer than what is known; each vendor once. */
export async function putVendors(
  trx: Transaction,
  vendors: readonly VendorChanged[],
): Promise<void> {
  const rows = vendors
    .map(({ vendor, version }) => ({
      ...{ id: vendor.id, version, account: vendor.account, auto_accept: vendor.autoAccept },
      ...{ prepare_seconds: vendor.prepareSeconds, time_zone: vendor.timeZone },
      capacity_tickets: vendor.capacity?.tickets ?? null,
      capacity_window_ms: vendor.capacity === null ? null : vendor.capacity.windowSeconds * 1_000,
      capacity_windows: vendor.capacity?.windows ?? null,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const names = `id, version, account, auto_accept, prepare_seconds, time_zone,
    capacity_tickets, capacity_window_ms, capacity_windows`;
  await trx.raw(
    `INSERT INTO vendors AS v (${names})
     SELECT ${names} FROM jsonb_to_recordset(?::jsonb)
         AS n (id text, version bigint, account text, auto_accept boolean, prepare_seconds integer,
               time_zone text, capacity_tickets integer, capacity_window_ms bigint,
               capacity_windows jsonb)
     ON CONFLICT (id) DO UPDATE SET version = excluded.version, account = excluded.account,
        auto_accept = excluded.auto_accept, prepare_seconds = excluded.prepare_seconds,
        time_zone = excluded.time_zone, capacity_tickets = excluded.capacity_tickets,
        capacity_window_ms = excluded.capacity_window_ms,
        capacity_windows = excluded.capacity_windows
      WHERE v.version < excluded.version`,
    [JSON.stringify(rows)],
  );
}
