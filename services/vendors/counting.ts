/**
 * From what orders and kitchens tell to sums by vendor, local day and hour: pure. A fact of an order
 * counts once, however often it is told; `counted` remembers.
 */
import type { OrderState } from '../../contracts/api/orders.ts';
import type { KitchenEvent } from '../../contracts/messages/kitchen.ts';
import type { OrderChanged, OrderEvent } from '../../contracts/messages/orders.ts';
import { localDayOf, localHourOf } from '../../contracts/opening-hours.ts';

/** Ready this much after the estimate is late. */
export const LATE_MS = 60_000;

/** What is added to the sums of one hour. */
export interface Sums {
  readonly orders: number;
  readonly delivered: number;
  readonly cancelled: number;
  readonly failed: number;
  readonly revenue_minor: number;
  readonly tips_minor: number;
  readonly tickets: number;
  readonly rejected: number;
  readonly late: number;
  readonly error_ms: number;
  readonly absolute_error_ms: number;
}

export const NO_SUMS: Sums = {
  ...{ orders: 0, delivered: 0, cancelled: 0, failed: 0, revenue_minor: 0, tips_minor: 0 },
  ...{ tickets: 0, rejected: 0, late: 0, error_ms: 0, absolute_error_ms: 0 },
};

/** Something of an order that counts once. */
export interface Fact {
  readonly order: string;
  readonly vendor: string;
  readonly fact: 'placed' | 'ended' | 'prepared';
  /** Zone ms: which hour it counts in. */
  readonly atMs: number;
  readonly sums: Partial<Sums>;
  readonly products: readonly { readonly product: string; readonly quantity: number }[];
}

/** Every order is told as one of these first, and ends as one of the others. */
const FIRST_STATES: readonly OrderState[] = ['scheduled', 'placed'];
const LAST_STATES: readonly OrderState[] = ['delivered', 'cancelled', 'failed'];
export const COUNTED_STATES = [...FIRST_STATES, ...LAST_STATES];

/** Whether an event of an order or a ticket says something that counts. */
export function counts(event: OrderEvent | KitchenEvent): boolean {
  if (event.type === 'order.rated') return event.vendorStars !== null;
  if (event.type === 'ticket.changed') return event.state === 'ready' || event.state === 'rejected';
  return COUNTED_STATES.includes(event.state);
}

export function factsOfOrder(event: OrderChanged): Fact[] {
  const { order, vendor, state } = event;
  const atMs = event.placedMs ?? event.atMs;
  const base = { order, vendor, atMs, products: [] };
  switch (state) {
    case 'delivered': {
      const sums = {
        delivered: 1,
        revenue_minor: event.goodsMinor ?? 0,
        tips_minor: event.tipMinor ?? 0,
      };
      return [{ ...base, fact: 'ended', sums, products: event.lines ?? [] }];
    }
    case 'cancelled':
    case 'failed':
      return [{ ...base, fact: 'ended', sums: { [state]: 1 } }];
    default:
      return FIRST_STATES.includes(state) ? [{ ...base, fact: 'placed', sums: { orders: 1 } }] : [];
  }
}

export function factsOfTicket(event: KitchenEvent): Fact[] {
  const { order, vendor, state, readyMs, estimateMs, atMs } = event;
  const base = { order, vendor, fact: 'prepared', products: [] } as const;
  if (state === 'rejected') return [{ ...base, atMs, sums: { rejected: 1 } }];
  // Ready without having been accepted: nothing was promised.
  if (state !== 'ready' || readyMs === null || estimateMs == null) return [];
  const error = readyMs - estimateMs;
  const late = error > LATE_MS ? 1 : 0;
  const sums = { tickets: 1, late, error_ms: error, absolute_error_ms: Math.abs(error) };
  return [{ ...base, atMs: readyMs, sums }];
}

/** Each fact of each order once, as the first event of a batch that says so has it. */
export function firstOfEach(facts: readonly Fact[]): Fact[] {
  const first = new Map<string, Fact>();
  for (const fact of facts) {
    const key = `${fact.order} ${fact.fact}`;
    if (!first.has(key)) first.set(key, fact);
  }
  return [...first.values()];
}

export interface HourSums extends Sums {
  readonly vendor: string;
  readonly day: number;
  readonly hour: number;
}

export interface ProductSums {
  readonly vendor: string;
  readonly day: number;
  readonly product: string;
  readonly orders: number;
  readonly quantity: number;
}

/** Adds facts up by the clocks of their vendors; those of unknown vendors are left out. */
export function sumUp(
  facts: readonly Fact[],
  timeZones: ReadonlyMap<string, string>,
): { readonly hours: HourSums[]; readonly products: ProductSums[] } {
  const hours = new Map<string, HourSums>();
  const products = new Map<string, ProductSums>();
  for (const { vendor, atMs, sums, products: sold } of facts) {
    const timeZone = timeZones.get(vendor);
    if (timeZone === undefined) continue;
    const day = localDayOf(timeZone, atMs);
    const hour = localHourOf(timeZone, atMs);
    const key = `${vendor} ${day} ${hour}`;
    const before = hours.get(key) ?? { ...NO_SUMS, vendor, day, hour };
    hours.set(key, { ...before, ...added(before, sums) });
    const once = new Set<string>();
    for (const { product, quantity } of sold) {
      const productKey = `${vendor} ${day} ${product}`;
      const had = products.get(productKey) ?? { vendor, day, product, orders: 0, quantity: 0 };
      const orders = had.orders + (once.has(product) ? 0 : 1);
      products.set(productKey, { ...had, orders, quantity: had.quantity + quantity });
      once.add(product);
    }
  }
  return { hours: inOrder(hours), products: inOrder(products) };
}

/** Two sums together. */
export function added(a: Sums, b: Partial<Sums>): Sums {
  const names = Object.keys(NO_SUMS) as (keyof Sums)[];
  return Object.fromEntries(
    names.map((name) => [name, a[name] + (b[name] ?? 0)]),
  ) as unknown as Sums;
}

/** Rows are written in one order by everybody, so that writers do not lock each other out. */
function inOrder<T>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
