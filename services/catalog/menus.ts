/**
 * Menus as wholes: reading one cheaply, whose it is, and the first row of a vendor's menu. Never what
 * is in them.
 */
import type { Menu, MenuVersion } from '../../contracts/api/catalog.ts';
import type { Vendor } from '../../contracts/api/vendors.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { AccountId, VendorId } from '../../contracts/ids.ts';
import { CATALOG_STREAM, type MenuChanged } from '../../contracts/messages/catalog.ts';
import type { VendorChanged } from '../../contracts/messages/vendors.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { enqueue, type OutboxEntry } from '../../platform/outbox.ts';
import { type Call, seesAll } from '../../platform/service.ts';
import type { MenuMemory } from './menu-memory.ts';
import * as queries from './queries.ts';
import type { MenuRow } from './rows.ts';
import { sellableMenu } from './rules.ts';

export interface CatalogDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly kept: MenuMemory;
  readonly wakeRelay: () => void;
}

/** The menu that customers see: one query while it is what it was, else two. */
export async function menu(deps: CatalogDeps, vendor: string, call: Call): Promise<Menu> {
  const row = await menuRow(deps, vendor, call);
  if (!row.approved && !isOwn(row, call)) throw new WaggleError('resource.not_found');
  const known = deps.kept.get(vendor, row.version);
  if (known !== undefined) return known;
  const whole = await queries.wholeMenu(deps.database.knex, vendor);
  if (whole === undefined) throw new WaggleError('resource.not_found');
  const read = sellableMenu(whole.menu, whole.parts);
  deps.kept.put(read);
  return read;
}

/** Whether a menu that was read before is still the newest. */
export async function menuVersion(
  deps: CatalogDeps,
  vendor: string,
  call: Call,
): Promise<MenuVersion> {
  const { version } = await menuRow(deps, vendor, call);
  return { vendor, version };
}

/** The row of a menu the caller may change. A foreign one looks as if it did not exist. */
export async function ownMenu(deps: CatalogDeps, vendor: string, call: Call): Promise<MenuRow> {
  const row = await menuRow(deps, vendor, call);
  if (!isOwn(row, call)) throw new WaggleError('resource.not_found');
  return row;
}

/** Vendors and keys of its account, ops, and other parts of Waggle. */
function isOwn(row: MenuRow, { caller }: Call): boolean {
  if (seesAll(caller)) return true;
  const isKeeper =
    caller.kind === 'api_key' || (caller.kind === 'user' && caller.role === 'vendor');
  return isKeeper && caller.account === row.account;
}

/**
 * The row of a vendor's menu. Its news come by stream; whoever asks sooner gets it by a call. Throws
 * `resource.not_found` for no vendor.
 */
async function menuRow(deps: CatalogDeps, vendor: string, call: Call): Promise<MenuRow> {
  const known = await queries.menuOf(deps.database.knex, vendor);
  if (known !== undefined) return known;
  const found = await call.call<Vendor>('vendors.get', { id: vendor }, { kind: 'system' });
  const currency = currencyOf(await deps.door(), found);
  if (currency === undefined) throw new WaggleError('zone.none_here');
  await queries.addMenus(deps.database.knex, [newMenu(found, currency, 0)]);
  const made = await queries.menuOf(deps.database.knex, vendor);
  if (made === undefined) throw new WaggleError('resource.not_found');
  return made;
}

/**
 * A vendor that is new gets an empty menu; currency and time zone follow the vendor. One whose
 * currency nobody knows yet gets its menu when it is first asked for.
 */
export async function followVendors(
  deps: CatalogDeps,
  trx: Transaction,
  entries: readonly EventEntry<VendorChanged>[],
): Promise<void> {
  const newest = new Map(entries.map(({ event }) => [event.vendor.id, event]));
  const door = await deps.door();
  const menus = [...newest.values()].flatMap(({ vendor, version }) => {
    const currency = currencyOf(door, vendor);
    return currency === undefined ? [] : [newMenu(vendor, currency, version)];
  });
  if (menus.length === 0) return;
  await queries.addMenus(trx, menus);
  const before = await queries.lockMenus(
    trx,
    menus.map(({ vendor }) => vendor),
  );
  const byVendor = new Map(menus.map((menu) => [menu.vendor, menu]));
  const after = before.flatMap((row) => {
    const menu = byVendor.get(row.vendor);
    if (menu === undefined || menu.vendor_version <= row.vendor_version) return [];
    const isOther = menu.currency !== row.currency || menu.time_zone !== row.time_zone;
    return [{ isOther, row: { ...menu, version: row.version + (isOther ? 1 : 0) } }];
  });
  await queries.updateMenus(
    trx,
    after.map(({ row }) => row),
  );
  await enqueue(
    trx,
    after.filter(({ isOther }) => isOther).map(({ row }) => sameProducts(row)),
  );
}

/** News of a menu whose products are what they were. */
function sameProducts({ vendor, currency, version }: MenuRow): OutboxEntry {
  const same = { changed: [], removed: [] };
  const payload: MenuChanged = { type: 'menu.changed', vendor, currency, version, ...same };
  return { key: vendor, topic: CATALOG_STREAM, payload };
}

function newMenu(vendor: Vendor, currency: string, vendorVersion: number): queries.NewMenu {
  return {
    vendor: vendor.id as VendorId,
    account: vendor.account as AccountId,
    currency,
    time_zone: vendor.timeZone,
    approved: vendor.state === 'approved',
    vendor_version: vendorVersion,
  };
}

/** The vendor's own word; else that of the market it lies in. */
function currencyOf(door: Door, vendor: Vendor): string | undefined {
  return vendor.currency ?? door.zoneAt(vendor.place.lat, vendor.place.lon)?.currency;
}
