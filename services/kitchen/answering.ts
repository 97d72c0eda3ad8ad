/**
 * What the kitchen answers to a batch of requests: pure. Owns the rules of idempotence: a repeated
 * request gets the same answer, a cancel stands against a ticket that comes after it.
 */
import type { OrderId, TicketId, VendorId } from '../../contracts/ids.ts';
import type { KitchenAsked, TicketOpen } from '../../contracts/messages/kitchen.ts';
import { type Capacity, promiseFor, windowOf } from './capacity.ts';
import {
  buried,
  holdsSlot,
  type Move,
  moveTicket,
  openTicket,
  type Ticket,
  tombstone,
} from './ticket.ts';

/** What the kitchen needs to know of a vendor. Nothing known: it accepts all by itself. */
export interface VendorSettings {
  readonly autoAccept: boolean;
  /** Null: no limit. */
  readonly capacity: Capacity | null;
}

export interface AnsweringWorld {
  /** Tickets of the orders of the batch, as far as there are any. */
  readonly tickets: ReadonlyMap<OrderId, Ticket>;
  readonly settings: ReadonlyMap<VendorId, VendorSettings>;
  /** Tickets in the windows of vendors with a capacity; kept up to date as the batch is answered. */
  readonly taken: ReadonlyMap<VendorId, Map<number, number>>;
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
      recount(world.taken, before, ticket);
      now.set(request.order, ticket);
      changed.set(request.order, ticket);
    }
    return { ticket, index };
  });
  return { changed: [...changed.values()], told };
}

/** The ready time and slot a kitchen would give; null: it is too busy. */
export function slotFor(
  capacity: Capacity | null,
  taken: ReadonlyMap<number, number> | undefined,
  wantedMs: number,
): { readonly readyMs: number; readonly slotMs: number | null } | null {
  if (capacity === null) return { readyMs: wantedMs, slotMs: null };
  const readyMs = promiseFor(capacity, taken ?? new Map(), wantedMs);
  return readyMs === null ? null : { readyMs, slotMs: windowOf(capacity, readyMs) };
}

/** Keeps the windows up to date when a ticket takes a slot, leaves one, or moves to another. */
export function recount(
  taken: AnsweringWorld['taken'],
  before: Ticket | undefined,
  after: Ticket,
): void {
  for (const [ticket, by] of [[before, -1] as const, [after, 1] as const]) {
    if (ticket === undefined || ticket.vendor === null || !holdsSlot(ticket)) continue;
    const windows = taken.get(ticket.vendor);
    const { slotMs } = ticket;
    if (slotMs !== null) windows?.set(slotMs, Math.max(0, (windows.get(slotMs) ?? 0) + by));
  }
}

function answerOpen(
  { settings, taken, nowMs, newTicketId }: AnsweringWorld,
  before: Ticket | undefined,
  asked: TicketOpen,
): Ticket {
  if (before !== undefined) return before.vendor === null ? buried(before, asked) : before;
  const ticket = openTicket(newTicketId(), asked, nowMs);
  const { autoAccept = true, capacity = null } = settings.get(asked.vendor) ?? {};
  if (!autoAccept) return ticket;
  // What is wanted at once is cooked from now on: windows that have passed hold nobody.
  const wantedMs = capacity === null ? asked.wantedReadyMs : Math.max(asked.wantedReadyMs, nowMs);
  const slot = slotFor(capacity, taken.get(asked.vendor), wantedMs);
  const move: Move =
    slot === null ? { kind: 'reject', code: 'too_busy' } : { kind: 'accept', ...slot };
  const moved = moveTicket(ticket, move, nowMs);
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
