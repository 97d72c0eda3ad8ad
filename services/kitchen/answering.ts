/**
 * What the kitchen answers to a batch of requests: pure. Owns the rules of idempotence: a repeated
 * request gets the same answer, a cancel stands against a ticket that comes after it.
 */
import type { OrderId, TicketId, VendorId } from '../../contracts/ids.ts';
import type { KitchenAsked, TicketOpen } from '../../contracts/messages/kitchen.ts';
import { buried, moveTicket, openTicket, type Ticket, tombstone } from './ticket.ts';

/** What the kitchen needs to know of a vendor. Nothing known: it accepts by itself. */
export interface VendorSettings {
  readonly autoAccept: boolean;
}

export interface AnsweringWorld {
  /** Tickets of the orders of the batch, as far as there are any. */
  readonly tickets: ReadonlyMap<OrderId, Ticket>;
  readonly settings: ReadonlyMap<VendorId, VendorSettings>;
  /** Zone ms. */
  readonly nowMs: number;
  readonly newTicketId: () => TicketId;
}

export interface Answers {
  /** Tickets that are new or other than before, each once. */
  readonly changed: readonly Ticket[];
  /** The ticket after each request, in order: what to tell, also when nothing changed. */
  readonly told: readonly { readonly ticket: Ticket; readonly index: number }[];
}

/** Answers requests in their order; `index` in the answers is that of the request. */
export function answer(world: AnsweringWorld, asked: readonly KitchenAsked[]): Answers {
  const now = new Map(world.tickets);
  const changed = new Map<OrderId, Ticket>();
  const told = asked.map((request, index) => {
    const before = now.get(request.order);
    const ticket =
      request.type === 'ticket.open'
        ? answerOpen(world, before, request)
        : answerCancel(world, before, request.order, request.reason);
    if (ticket !== before) {
      now.set(request.order, ticket);
      changed.set(request.order, ticket);
    }
    return { ticket, index };
  });
  return { changed: [...changed.values()], told };
}

function answerOpen(
  { settings, nowMs, newTicketId }: AnsweringWorld,
  before: Ticket | undefined,
  asked: TicketOpen,
): Ticket {
  if (before !== undefined) return before.vendor === null ? buried(before, asked) : before;
  const ticket = openTicket(newTicketId(), asked, nowMs);
  if (settings.get(asked.vendor)?.autoAccept === false) return ticket;
  const readyMs = asked.wantedReadyMs;
  const moved = moveTicket(ticket, { kind: 'accept', readyMs, slotMs: null }, nowMs);
  return typeof moved === 'string' ? ticket : moved.ticket;
}

function answerCancel(
  { nowMs, newTicketId }: AnsweringWorld,
  before: Ticket | undefined,
  order: OrderId,
  reason: string,
): Ticket {
  if (before === undefined) return tombstone(newTicketId(), order, reason, nowMs);
  const moved = moveTicket(before, { kind: 'cancel', reason }, nowMs);
  return typeof moved === 'string' ? before : moved.ticket;
}
