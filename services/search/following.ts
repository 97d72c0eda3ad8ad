/**
 * What others tell becomes what can be found: vendors, menus, stock. Pure reading of messages, then one
 * set-based write per batch. Every message says a whole state with its version, so that told twice, or
 * in another order, it comes to the same.
 */
import type { Vendor } from '../../contracts/api/vendors.ts';
import { pointE7 } from '../../contracts/geo.ts';
import type { CatalogEvent, MenuChanged } from '../../contracts/messages/catalog.ts';
import type { InventoryEvent, StockLevel } from '../../contracts/messages/inventory.ts';
import type { VendorEvent } from '../../contracts/messages/vendors.ts';
import type { Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { reachOf } from './reach.ts';
import type { TurnsOf } from './turns.ts';
import { NAME_WORDS_MAX, OTHER_WORDS_MAX, wordsOf } from './words.ts';
import * as writing from './writing.ts';

/** A pause without an end. */
const FOREVER_MS = Number.MAX_SAFE_INTEGER;

/** Takes in vendors; `nowMs` is zone time. */
export async function followVendors(
  trx: Transaction,
  entries: readonly EventEntry<VendorEvent>[],
  { turnsOf, nowMs }: { readonly turnsOf: TurnsOf; readonly nowMs: number },
): Promise<void> {
  const newest = new Map<string, VendorEvent>();
  for (const { event } of entries) {
    const before = newest.get(event.vendor.id)?.version ?? Number.NEGATIVE_INFINITY;
    if (event.version > before) newest.set(event.vendor.id, event);
  }
  const told = [...newest.values()];
  await writing.writeVendors(
    trx,
    told.map(({ vendor, version }) => vendorRow(vendor, version, turnsOf, nowMs)),
    told.map(({ vendor, version }) => vendorDocument(vendor, version)),
  );
}

/** Takes in products; those removed stay for a while, so that an older message finds them gone. */
export async function followMenus(
  trx: Transaction,
  entries: readonly EventEntry<CatalogEvent>[],
): Promise<void> {
  const newest = new Map<string, writing.DocumentRow>();
  for (const { event } of entries) {
    for (const row of productDocuments(event)) {
      const before = newest.get(row.id)?.version ?? Number.NEGATIVE_INFINITY;
      if (row.version > before) newest.set(row.id, row);
    }
  }
  await writing.writeProducts(trx, [...newest.values()]);
}

/** Answers to orders go the same way, and say nothing of what can be found. */
export function isLevel(event: InventoryEvent): event is StockLevel {
  return event.type === 'stock.level';
}

/** Takes in stock: only whether there is any is of interest here. */
export async function followStock(
  trx: Transaction,
  entries: readonly EventEntry<InventoryEvent>[],
): Promise<void> {
  const newest = new Map<string, StockLevel>();
  for (const { event } of entries) {
    if (!isLevel(event)) continue;
    const key = `${event.product} ${event.variant ?? ''}`;
    if (event.version > (newest.get(key)?.version ?? -1)) newest.set(key, event);
  }
  await writing.writeStock(
    trx,
    [...newest.values()].map(({ product, variant, level, version }) => ({
      product,
      variant: variant ?? '',
      version,
      is_out: level === 'out',
    })),
  );
}

function vendorRow(
  vendor: Vendor,
  version: number,
  turnsOf: TurnsOf,
  nowMs: number,
): writing.VendorRow {
  const { timeZone, hours, specialDays, pause } = vendor;
  const place = pointE7(vendor.place.lat, vendor.place.lon);
  const reach = reachOf(vendor.area, place);
  const schedule = { timeZone, hours, specialDays };
  const { turns, untilMs } = turnsOf(schedule, nowMs);
  return {
    id: vendor.id,
    version,
    name: vendor.name,
    kind: vendor.kind,
    cuisines: vendor.cuisines,
    price_band: vendor.priceBand,
    lat_e7: place.latE7,
    lon_e7: place.lonE7,
    prepare_seconds: vendor.prepareSeconds,
    listed: vendor.state === 'approved',
    paused_until_ms: pause === null ? null : pausedUntilMs(pause.until),
    schedule,
    turns,
    turns_until_ms: untilMs,
    reach_meters: reach.reachMeters,
    reach_edges: reach.reachEdges,
    south_e7: reach.southE7,
    west_e7: reach.westE7,
    north_e7: reach.northE7,
    east_e7: reach.eastE7,
    rating_centi: Math.round((vendor.rating.average ?? 0) * 100),
    ratings: vendor.rating.count,
  };
}

function pausedUntilMs(until: string | null): number {
  return until === null ? FOREVER_MS : Date.parse(until);
}

function vendorDocument(vendor: Vendor, version: number): writing.DocumentRow {
  const { id, name, kind, cuisines, tags } = vendor;
  return {
    ...{ id, type: 'vendor', vendor: id, version, name, listed: true },
    ...readWords(name, [...cuisines, ...tags, kind].join(' ')),
    ...{ category: null, price_minor: null, currency: null, image_url: null, age_min: null },
  };
}

function productDocuments(menu: MenuChanged): writing.DocumentRow[] {
  const { vendor, currency, version } = menu;
  const changed = menu.changed.map(
    (product): writing.DocumentRow => ({
      ...{ id: product.id, type: 'product', vendor, version, currency },
      ...{ name: product.name, listed: product.active, category: product.category },
      ...readWords(product.name, product.category ?? ''),
      price_minor: product.priceMinor,
      image_url: product.imageUrl,
      age_min: product.ageMin,
    }),
  );
  const removed = menu.removed.map(
    (id): writing.DocumentRow => ({
      ...{ id, type: 'product', vendor, version, currency, name: '', listed: false },
      ...{ words: [], other_words: [], category: null, price_minor: null },
      ...{ image_url: null, age_min: null },
    }),
  );
  return [...changed, ...removed];
}

/** Words of the name, and what else is said with words that are not in the name. */
function readWords(name: string, other: string): { words: string[]; other_words: string[] } {
  const words = wordsOf(name, NAME_WORDS_MAX);
  return {
    words,
    other_words: wordsOf(other, OTHER_WORDS_MAX).filter((word) => !words.includes(word)),
  };
}
