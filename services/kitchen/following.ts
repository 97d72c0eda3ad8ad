/**
 * What the kitchen hears, batch by batch, each in one transaction: what the saga asks of it, what
 * vendors are like now, which parcels have left.
 */
import type { OrderState } from '../../contracts/api/orders.ts';
import { newId, type VendorId } from '../../contracts/ids.ts';
import {
  KITCHEN_STREAM,
  type KitchenAsked,
  type KitchenRequest,
} from '../../contracts/messages/kitchen.ts';
import type { OrderChanged, OrderEvent } from '../../contracts/messages/orders.ts';
import type { VendorChanged } from '../../contracts/messages/vendors.ts';
import type { Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { enqueue } from '../../platform/outbox.ts';
import { answer } from './answering.ts';
import { type Kitchens, loadKitchens, tellThrottling } from './kitchens.ts';
import * as queries from './queries.ts';
import { changeOf, type Ticket } from './ticket.ts';
import { putVendors } from './vendor-queries.ts';

/** Answers the saga at zone time `nowMs`. A handful of statements, however many entries. */
export async function followRequests(
  trx: Transaction,
  requests: readonly EventEntry<KitchenRequest>[],
  nowMs: number,
): Promise<void> {
  const entries = requests.filter(isAsked);
  if (entries.length > 0) await answerAll(trx, entries, nowMs);
  const forgotten = requests.flatMap(({ event }) =>
    event.type === 'ticket.forget' ? [event.order] : [],
  );
  await queries.forgetNotes(trx, forgotten);
}

function isAsked(entry: EventEntry<KitchenRequest>): entry is EventEntry<KitchenAsked> {
  return entry.event.type !== 'ticket.forget';
}

async function answerAll(
  trx: Transaction,
  entries: readonly EventEntry<KitchenAsked>[],
  nowMs: number,
): Promise<void> {
  const asked = entries.map(({ event }) => event);
  const tickets = await queries.lockTickets(
    trx,
    asked.map(({ order }) => order),
  );
  const kitchens = await loadKitchens(trx, vendorsOf(asked, tickets.values()), nowMs);
  const { changed, told } = answer(worldOf(tickets, kitchens, nowMs), asked);
  const news = told.map(({ ticket, index }) => {
    const correlation = entries[index]?.correlation ?? undefined;
    return { key: ticket.order, topic: KITCHEN_STREAM, payload: changeOf(ticket), correlation };
  });
  await Promise.all([
    queries.saveTickets(trx, changed, tickets),
    tellThrottling(trx, kitchens, nowMs),
    enqueue(trx, news),
  ]);
}

function worldOf(
  tickets: ReadonlyMap<string, Ticket>,
  { vendors, taken }: Kitchens,
  nowMs: number,
): Parameters<typeof answer>[0] {
  return { tickets, settings: vendors, taken, nowMs, newTicketId: () => newId('ticket') };
}

function vendorsOf(asked: readonly KitchenAsked[], tickets: Iterable<Ticket>): VendorId[] {
  const known = [...tickets].flatMap(({ vendor }) => (vendor === null ? [] : [vendor]));
  return [
    ...known,
    ...asked.flatMap((event) => (event.type === 'ticket.open' ? event.vendor : [])),
  ];
}

/** Takes over what vendors are like now. */
export async function followVendors(
  trx: Transaction,
  entries: readonly EventEntry<VendorChanged>[],
): Promise<void> {
  const newest = new Map<string, VendorChanged>();
  for (const { event } of entries) {
    if (event.type !== 'vendor.changed') continue;
    if ((newest.get(event.vendor.id)?.version ?? 0) < event.version) {
      newest.set(event.vendor.id, event);
    }
  }
  if (newest.size > 0) await putVendors(trx, [...newest.values()]);
}

/** States of orders whose parcel is not in the kitchen any more. */
export const LEFT: readonly OrderState[] = ['on_the_way', 'delivered', 'failed'];

/** Whether an order has nothing left in the kitchen: it is on its way, or over. */
export function hasLeft(event: OrderEvent): event is OrderChanged {
  return event.type === 'order.changed' && LEFT.includes(event.state);
}

/** Takes tickets of such orders off the board. */
export async function followOrders(
  trx: Transaction,
  entries: readonly EventEntry<OrderEvent>[],
): Promise<void> {
  const gone = new Map<string, queries.Collected>();
  for (const { event } of entries) {
    if (!hasLeft(event) || gone.has(event.order)) continue;
    const { vendor, order, atMs } = event;
    gone.set(order, { vendor, order_id: order, at_ms: atMs });
  }
  await queries.collectTickets(trx, [...gone.values()]);
}
