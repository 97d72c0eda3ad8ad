/**
 * What a cart is and costs now: vendor, menu, way, promotion and price policy brought together. The
 * rules are in cart.ts, vendor-rules.ts, promotion-rules.ts and pricing.ts; nothing is written here.
 */
import type { Cart, CartPrice } from '../../../contracts/api/carts.ts';
import type { VendorTerms } from '../../../contracts/api/vendor-terms.ts';
import { priceWay } from '../../../contracts/delivery-terms.ts';
import { type FieldProblem, WaggleError } from '../../../contracts/errors.ts';
import type { UserId } from '../../../contracts/ids.ts';
import type { ZoneEntry } from '../../../contracts/zone.ts';
import type { Door } from '../../../dispatch/redis/door.ts';
import type { Database } from '../../../platform/database.ts';
import type { Call } from '../../../platform/service.ts';
import { timeText } from '../../../platform/times.ts';
import { type PromotionRow, promotionByCode, usesOf } from '../promotions/promotion-queries.ts';
import { discountOf, promotionProblem } from '../promotions/promotion-rules.ts';
import { type BuyableLine, checkCart, type MenuIndex } from './cart.ts';
import { type CartTimes, timesOf } from './cart-times.ts';
import { type Knowledge, readTerms } from './knowledge.ts';
import { priceTerms } from './price-policies.ts';
import { type Price, priceCart } from './pricing.ts';
import { checkVendor } from './vendor-rules.ts';

export interface QuotingDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly knowledge: Knowledge;
}

/** One cart, with where it goes and whose it is. */
export interface QuoteAsked {
  readonly cart: Cart;
  readonly customer: UserId;
  readonly dropoff: { readonly lat: number; readonly lon: number };
  /** JSON Pointers of the cart and of the drop-off in the request. */
  readonly at: string;
  readonly dropoffField: string;
}

export interface Quoted {
  readonly vendor: VendorTerms;
  readonly zone: ZoneEntry;
  readonly menuVersion: number;
  readonly lines: readonly BuyableLine[];
  readonly price: Price;
  readonly promotion: PromotionRow | null;
  readonly ageMin: number | null;
  readonly times: CartTimes;
  readonly nowMs: number;
}

/** Quotes with what is remembered; whoever would be refused is quoted again with what is true. */
export async function quoteCart(deps: QuotingDeps, asked: QuoteAsked, call: Call): Promise<Quoted> {
  try {
    return await quoteSince(deps, asked, call, Number.NEGATIVE_INFINITY);
  } catch (error) {
    if (!(error instanceof WaggleError) || error.retryable) throw error;
    return quoteSince(deps, asked, call, deps.knowledge.nowMs());
  }
}

async function quoteSince(
  deps: QuotingDeps,
  asked: QuoteAsked,
  call: Call,
  sinceMs: number,
): Promise<Quoted> {
  const { knowledge } = deps;
  const { cart, at, dropoff, dropoffField } = asked;
  const door = await deps.door();
  const nowMs = Math.round(door.clock.zoneMs());
  let vendor = await knowledge.terms(cart.vendor, nowMs, call, sinceMs).catch(noVendor(at));
  const times = timesOf(cart, vendor.prepareSeconds, nowMs, at);
  if (times.scheduledMs !== null) vendor = await readTerms(cart.vendor, times.atMs, call);
  const zone = door.zoneAt(vendor.place.lat, vendor.place.lon);
  if (zone === undefined) throw new WaggleError('zone.none_here');
  checkVendor(vendor, { ...times, dropoff, at, dropoffField });
  const feeMinor = wayFee(zone, vendor, asked);
  const [menu, policy, paused] = await Promise.all([
    knowledge.menu(cart.vendor, call, sinceMs),
    knowledge.policy(zone.market, sinceMs),
    times.scheduledMs === null && knowledge.paused(zone.id, nowMs, call, sinceMs),
  ]);
  if (paused) throw new WaggleError('zone.intake_paused');
  if (menu.currency !== zone.currency) {
    throw new WaggleError('resource.conflict', 'the menu is not in the money of the market');
  }
  const { lines, ageMin } = checkLines(menu, cart, times, at);
  const goodsMinor = lines.reduce((sum, line) => sum + line.goodsMinor, 0);
  if (goodsMinor < vendor.minOrderMinor) {
    throw new WaggleError('order.below_minimum', undefined, [
      { field: `${at}/items`, expected: `goods for at least ${vendor.minOrderMinor}` },
    ]);
  }
  const scope = { vendor: cart.vendor, market: zone.market };
  const promotion = await findPromotion(deps, asked, { ...scope, goodsMinor, nowMs });
  const usual = priceTerms(policy, feeMinor);
  const basisPoints = vendor.fees.serviceBasisPoints ?? usual.serviceFeeBasisPoints;
  const price = priceCart(
    lines,
    { ...usual, serviceFeeBasisPoints: basisPoints },
    { discount: promotion && discountOf(promotion), tipMinor: cart.tipMinor ?? 0 },
  );
  checkExpected(cart, price, at);
  const menuVersion = menu.version;
  return { vendor, zone, menuVersion, lines, price, promotion, ageMin, times, nowMs };
}

function noVendor(at: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof WaggleError && error.code === 'resource.not_found') {
      throw new WaggleError('request.invalid', undefined, [
        { field: `${at}/vendor`, expected: 'a vendor of this installation' },
      ]);
    }
    throw error;
  };
}

/** What the market charges for the way; refuses one that is too far. */
function wayFee(zone: ZoneEntry, { place }: VendorTerms, asked: QuoteAsked): number {
  const { dropoff, dropoffField } = asked;
  const { feeMinor, tooFar, terms } = priceWay(zone, place, dropoff);
  if (!tooFar) return feeMinor;
  throw new WaggleError('delivery.too_far', undefined, [
    { field: dropoffField, expected: `a place within ${terms.price.kmMax} km on the road` },
  ]);
}

function checkLines(
  menu: MenuIndex,
  cart: Cart,
  times: CartTimes,
  at: string,
): { readonly lines: readonly BuyableLine[]; readonly ageMin: number | null } {
  const ageConfirmed = cart.ageConfirmed ?? false;
  const { lines, problems, changes, ageMin } = checkCart(menu, cart.items, {
    ...{ at, ageConfirmed, atMs: times.atMs },
  });
  if (problems.length > 0) {
    throw new WaggleError('request.invalid', undefined, problems.slice(0, PROBLEMS_MAX));
  }
  if (changes.length > 0) throw new WaggleError('order.price_changed', undefined, changes);
  return { lines, ageMin };
}

/** Problems told at once. */
const PROBLEMS_MAX = 20;

async function findPromotion(
  { database }: QuotingDeps,
  { cart, customer, at }: QuoteAsked,
  scope: {
    readonly vendor: string;
    readonly market: string;
    readonly goodsMinor: number;
    readonly nowMs: number;
  },
): Promise<PromotionRow | null> {
  if (cart.promotion === undefined) return null;
  const { vendor, market, goodsMinor, nowMs } = scope;
  const code = cart.promotion.toUpperCase();
  const row = await promotionByCode(database.knex, code, [vendor, market]);
  const usedByCustomer =
    row?.uses_per_customer_max == null ? 0 : await usesOf(database.knex, row.id, customer);
  const expected = promotionProblem(row, { nowMs, goodsMinor, usedByCustomer });
  if (expected === null && row !== undefined) return row;
  throw new WaggleError('promotion.refused', undefined, [
    { field: `${at}/promotion`, expected: expected ?? 'a code that is known here' },
  ]);
}

/** A customer pays what was shown, or is shown what is to be paid. */
function checkExpected({ expectedTotalMinor }: Cart, price: Price, at: string): void {
  if (expectedTotalMinor === undefined || expectedTotalMinor === price.totalMinor) return;
  const { goodsMinor, discountMinor, serviceFeeMinor, smallOrderFeeMinor, taxMinor } = price;
  const deliveryFeeMinor = price.deliveryFeeMinor - price.deliveryDiscountMinor;
  const parts = {
    goodsMinor,
    discountMinor,
    deliveryFeeMinor,
    serviceFeeMinor,
    smallOrderFeeMinor,
  };
  const fields: FieldProblem[] = [
    { field: `${at}/expectedTotalMinor`, expected: String(price.totalMinor) },
  ];
  for (const [name, value] of Object.entries({ ...parts, taxMinor, tipMinor: price.tipMinor })) {
    fields.push({ field: `price.${name}`, expected: String(value) });
  }
  throw new WaggleError('order.price_changed', undefined, fields);
}

/** The quote as a customer sees it. */
export function priceView(cart: Cart, quoted: Quoted): CartPrice {
  const { lines, price, zone, promotion, ageMin, menuVersion, times } = quoted;
  return {
    vendor: cart.vendor,
    currency: zone.currency,
    items: lines.map((line, index) => lineView(line, price, index)),
    price: partsOf(price),
    promotion: promotion?.code ?? null,
    ageMin,
    readyAt: timeText(times.readyMs),
    menuVersion,
  };
}

/** The parts without the lines, as they are kept and shown. */
export function partsOf({ lines: _lines, ...parts }: Price): CartPrice['price'] {
  return { ...parts, taxes: [...parts.taxes] };
}

function lineView(line: BuyableLine, price: Price, index: number): CartPrice['items'][number] {
  const { product, variant, options, name, details, quantity, note, unitPriceMinor } = line;
  return {
    ...{ product, variant, options: [...options], name, details: [...details] },
    ...{ quantity, note, unitPriceMinor },
    ...linePrice(price, index),
  };
}

/** What a line costs. Lines and their prices are always as many. */
export function linePrice(price: Price, index: number): Price['lines'][number] {
  const line = price.lines[index];
  if (line === undefined) throw new WaggleError('internal');
  return line;
}
