/**
 * What vendors hears from others, batch by batch, each in one transaction: that a kitchen is full,
 * what became of orders and tickets, how customers rate.
 */
import type { KitchenEvent } from '../../contracts/messages/kitchen.ts';
import type { OrderEvent, OrderRated } from '../../contracts/messages/orders.ts';
import type { VendorAsked, VendorThrottle } from '../../contracts/messages/vendors.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import * as rows from './analytics-queries.ts';
import { type Fact, factsOfOrder, factsOfTicket, firstOfEach, sumUp } from './counting.ts';
import * as queries from './queries.ts';
import { type CurrencyAt, tellVendors } from './telling.ts';

/** Remembers until when kitchens are full; the newest word of each stands. */
export async function followRequests(
  trx: Transaction,
  entries: readonly EventEntry<VendorAsked>[],
): Promise<void> {
  const newest = new Map<string, VendorThrottle>();
  for (const { event } of entries) {
    if ((newest.get(event.vendor)?.version ?? 0) < event.version) newest.set(event.vendor, event);
  }
  await queries.throttleVendors(trx, [...newest.values()]);
}

/** Counts orders and takes ratings in. */
export async function followOrders(
  trx: Transaction,
  entries: readonly EventEntry<OrderEvent>[],
): Promise<void> {
  const events = entries.map(({ event }) => event);
  await countFacts(
    trx,
    events.flatMap((event) => (event.type === 'order.changed' ? factsOfOrder(event) : [])),
  );
  await rows.rateVendors(
    trx,
    ratingsOf(events.flatMap((event) => (event.type === 'order.rated' ? event : []))),
  );
}

/** Counts what kitchens prepared and refused. */
export async function followTickets(
  trx: Transaction,
  entries: readonly EventEntry<KitchenEvent>[],
): Promise<void> {
  await countFacts(
    trx,
    entries.flatMap(({ event }) => (event.type === 'ticket.changed' ? factsOfTicket(event) : [])),
  );
}

async function countFacts(trx: Transaction, facts: readonly Fact[]): Promise<void> {
  if (facts.length === 0) return;
  const fresh = await rows.countOnce(trx, firstOfEach(facts));
  if (fresh.length === 0) return;
  const timeZones = await rows.timeZonesOf(
    trx,
    fresh.map(({ vendor }) => vendor),
  );
  const { hours, products } = sumUp(fresh, timeZones);
  await Promise.all([rows.addHours(trx, hours), rows.addProducts(trx, products)]);
}

/** The newest of each order; those without stars for the vendor say nothing of it. */
function ratingsOf(events: readonly OrderRated[]): rows.Rated[] {
  const newest = new Map<string, rows.Rated>();
  for (const { order, vendor, vendorStars, atMs } of events) {
    if (vendorStars === null || (newest.get(order)?.at_ms ?? 0) > atMs) continue;
    newest.set(order, { order_id: order, vendor, stars: vendorStars, at_ms: atMs });
  }
  return [...newest.values()];
}

/** Vendors told of at once; who calls decides how often, and so how often each is told of. */
const RATINGS_TOLD_MAX = 200;

/** Tells others of vendors whose rating has changed; true when there may be more of them. */
export async function tellRatings(database: Database, currencyAt: CurrencyAt): Promise<boolean> {
  return database.transaction(async (trx) => {
    const told = await queries.takeUntoldRatings(trx, RATINGS_TOLD_MAX);
    await tellVendors(trx, told, currencyAt);
    return told.length === RATINGS_TOLD_MAX;
  });
}
