/**
 * What orders remembers of others for seconds: menus, terms of vendors, price policies. Dropped by
 * news of a change; whoever would be refused because of it asks anew first, so that nothing is ever
 * refused for what was true a moment ago.
 */
import type { Menu } from '../../contracts/api/catalog.ts';
import type { PricePolicy } from '../../contracts/api/price-policy.ts';
import type { VendorTerms } from '../../contracts/api/vendor-terms.ts';
import type { Call } from '../../platform/service.ts';
import { indexMenu, type MenuIndex } from './cart.ts';
import { FreshCache } from './fresh-cache.ts';

/** Host ms; at most so long an order may be placed on what has just changed. */
const MENU_KEPT_MS = 5_000;
const TERMS_KEPT_MS = 2_000;
const POLICY_KEPT_MS = 5_000;
/** A menu of the largest kind takes about a megabyte. */
const MENUS_MAX = 500;
const TERMS_MAX = 20_000;
const POLICIES_MAX = 1_000;

const SYSTEM = { kind: 'system' } as const;

export interface Knowledge {
  menu(vendor: string, call: Call, sinceMs: number): Promise<MenuIndex>;
  /** The terms of now, without a drop-off. */
  terms(vendor: string, nowMs: number, call: Call, sinceMs: number): Promise<VendorTerms>;
  policy(market: string, sinceMs: number): Promise<PricePolicy>;
  forgetVendor(vendor: string): void;
  forgetMenu(vendor: string): void;
  forgetPolicy(market: string): void;
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
  return {
    menu: (vendor, call, sinceMs) => menus.get(vendor, () => readMenu(vendor, call), sinceMs),
    terms: (vendor, nowMs, call, sinceMs) =>
      terms.get(vendor, () => readTerms(vendor, nowMs, call), sinceMs),
    policy: (market, sinceMs) => policies.get(market, () => readPolicy(market), sinceMs),
    forgetVendor: (vendor) => terms.drop(vendor),
    forgetMenu: (vendor) => menus.drop(vendor),
    forgetPolicy: (market) => policies.drop(market),
    nowMs: () => menus.nowMs(),
  };
}

async function readMenu(vendor: string, call: Call): Promise<MenuIndex> {
  return indexMenu(await call.call<Menu>('catalog.menu', { vendor }, SYSTEM));
}

/** Terms at any time, from the source. */
export function readTerms(vendor: string, atMs: number, call: Call): Promise<VendorTerms> {
  return call.call<VendorTerms>('vendors.terms', { vendor, atMs }, SYSTEM);
}
