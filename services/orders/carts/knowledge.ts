/**
 * What orders remembers of others for seconds: menus, terms of vendors, price policies. Dropped by
 * news of a change; whoever would be refused because of it asks anew first, so that nothing is ever
 * refused for what was true a moment ago.
 */
import type { Menu, MenuVersion } from '../../../contracts/api/catalog.ts';
import type { PricePolicy } from '../../../contracts/api/price-policy.ts';
import type { ZoneIntake } from '../../../contracts/api/quotes.ts';
import type { VendorTerms } from '../../../contracts/api/vendor-terms.ts';
import { CATALOG_STREAM, type MenuChanged } from '../../../contracts/messages/catalog.ts';
import { VENDOR_STREAM, type VendorChanged } from '../../../contracts/messages/vendors.ts';
import type { Call } from '../../../platform/service.ts';
import { indexMenu, type MenuIndex } from './cart.ts';
import { FreshCache } from './fresh-cache.ts';

/** Host ms; at most so long an order may be placed on what has just changed. */
const MENU_KEPT_MS = 5_000;
const TERMS_KEPT_MS = 2_000;
const POLICY_KEPT_MS = 5_000;
const INTAKE_KEPT_MS = 2_000;
/** A menu of the largest kind takes about a megabyte. */
const MENUS_MAX = 500;
const TERMS_MAX = 20_000;
const POLICIES_MAX = 1_000;
const ZONES_MAX = 10_000;

/** Where news of what is remembered come from. */
export const HEARD = [CATALOG_STREAM, VENDOR_STREAM] as const;

const SYSTEM = { kind: 'system' } as const;

export interface Knowledge {
  menu(vendor: string, call: Call, sinceMs: number): Promise<MenuIndex>;
  /** The terms of now, without a drop-off. */
  terms(vendor: string, nowMs: number, call: Call, sinceMs: number): Promise<VendorTerms>;
  policy(market: string, sinceMs: number): Promise<PricePolicy>;
  /** Whether ops has paused the intake of a zone: what quotes of deliveries are refused for. */
  paused(zone: string, nowMs: number, call: Call, sinceMs: number): Promise<boolean>;
  /** News of others; what they are of no concern to is passed over. */
  hear(event: unknown): void;
  forgetPolicy(market: string): void;
  forgetAll(): void;
  /** A `sinceMs` that lets nothing remembered pass. */
  nowMs(): number;
}

export function createKnowledge(readPolicy: (market: string) => Promise<PricePolicy>): Knowledge {
  const menus = new FreshCache<MenuIndex>({ keptMs: MENU_KEPT_MS, entriesMax: MENUS_MAX });
  const terms = new FreshCache<VendorTerms>({ keptMs: TERMS_KEPT_MS, entriesMax: TERMS_MAX });
  const policies = new FreshCache<PricePolicy>({
    keptMs: POLICY_KEPT_MS,
    entriesMax: POLICIES_MAX,
  });
  const intakes = new FreshCache<boolean>({ keptMs: INTAKE_KEPT_MS, entriesMax: ZONES_MAX });
  return {
    menu: (vendor, call, sinceMs) =>
      menus.get(vendor, (before) => readMenu(vendor, call, before), sinceMs),
    terms: (vendor, nowMs, call, sinceMs) =>
      terms.get(vendor, () => readTerms(vendor, nowMs, call), sinceMs),
    policy: (market, sinceMs) => policies.get(market, () => readPolicy(market), sinceMs),
    paused: (zone, nowMs, call, sinceMs) =>
      intakes.get(zone, () => readPaused(zone, nowMs, call), sinceMs),
    hear(event) {
      const { type, vendor } = event as
        | MenuChanged
        | VendorChanged
        | { type?: never; vendor?: never };
      if (type === 'menu.changed') menus.drop(vendor);
      else if (type === 'vendor.changed') terms.drop(vendor.id);
    },
    forgetPolicy: (market) => policies.drop(market),
    forgetAll() {
      menus.clear();
      terms.clear();
      policies.clear();
      intakes.clear();
    },
    nowMs: () => menus.nowMs(),
  };
}

/** A menu may be large, and whoever sends nonsense makes us look again: its version is asked first. */
async function readMenu(
  vendor: string,
  call: Call,
  before: MenuIndex | undefined,
): Promise<MenuIndex> {
  if (before !== undefined) {
    const newest = await call.call<MenuVersion>('catalog.menuVersion', { vendor }, SYSTEM);
    if (newest.version === before.version) return before;
  }
  return indexMenu(await call.call<Menu>('catalog.menu', { vendor }, SYSTEM));
}

/**
 * A hint, so that nobody pays for what the engine would refuse: with deliveries away, orders are
 * taken, and the zone itself decides.
 */
async function readPaused(zone: string, atMs: number, call: Call): Promise<boolean> {
  try {
    return (await call.call<ZoneIntake>('deliveries.zoneIntake', { zone, atMs }, SYSTEM)).paused;
  } catch {
    return false;
  }
}

/** Terms at any time, from the source. */
export function readTerms(vendor: string, atMs: number, call: Call): Promise<VendorTerms> {
  return call.call<VendorTerms>('vendors.terms', { vendor, atMs }, SYSTEM);
}
