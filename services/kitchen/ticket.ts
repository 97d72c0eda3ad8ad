/**
 * What a ticket is and how it moves: pure, no clock and no store. Owns the table of legal moves; the
 * ready time is promised from `accepted` on and is a fact once `ready`.
 *
 * open      → accepted, rejected, cancelled
 * accepted  → started, ready, cancelled; a delay stays
 * started   → ready, cancelled; a delay stays
 * ready     → cancelled (nobody came for it); the end otherwise
 * rejected, cancelled: ends
 */
import type { AccountId, OrderId, TicketId, VendorId } from '../../contracts/ids.ts';
import type {
  RejectReason,
  TicketChanged,
  TicketLine,
  TicketOpen,
  TicketState,
} from '../../contracts/messages/kitchen.ts';

/** Times are zone ms. */
export interface Ticket {
  readonly id: TicketId;
  readonly order: OrderId;
  /** Null while all that is known is that the order was cancelled. */
  readonly account: AccountId | null;
  readonly vendor: VendorId | null;
  readonly state: TicketState;
  readonly lines: readonly TicketLine[];
  readonly note: string | null;
  readonly placedMs: number;
  readonly wantedReadyMs: number;
  readonly answerByMs: number;
  /** Promised; once ready, when it was. */
  readonly readyMs: number | null;
  /** What was promised first: accuracy is measured against it. */
  readonly estimateMs: number | null;
  /** Start of the window whose capacity it takes; null: none. */
  readonly slotMs: number | null;
  readonly acceptedMs: number | null;
  readonly startedMs: number | null;
  readonly doneMs: number | null;
  readonly reason: { readonly code: RejectReason; readonly text?: string } | null;
  readonly cancelReason: string | null;
  /** Whether the last change put the ready time off. */
  readonly delayed: boolean;
  readonly changedMs: number;
  /** Grows by one with each change. */
  readonly version: number;
}

export type Move =
  | { readonly kind: 'accept'; readonly readyMs: number; readonly slotMs: number | null }
  | { readonly kind: 'reject'; readonly code: RejectReason; readonly text?: string | undefined }
  | { readonly kind: 'start' }
  | { readonly kind: 'delay'; readonly readyMs: number; readonly slotMs: number | null }
  | { readonly kind: 'ready' }
  | { readonly kind: 'cancel'; readonly reason: string };

/** Where each move leads; what is not here is refused. */
export const MOVES: Readonly<
  Record<TicketState, Readonly<Partial<Record<Move['kind'], TicketState>>>>
> = {
  open: { accept: 'accepted', reject: 'rejected', cancel: 'cancelled' },
  accepted: { start: 'started', delay: 'accepted', ready: 'ready', cancel: 'cancelled' },
  started: { delay: 'started', ready: 'ready', cancel: 'cancelled' },
  ready: { cancel: 'cancelled' },
  rejected: {},
  cancelled: {},
};

/** The state in which a move has been made already: made again, it changes nothing. */
const DONE: Readonly<Record<Move['kind'], TicketState | null>> = {
  accept: 'accepted',
  reject: 'rejected',
  start: 'started',
  delay: null,
  ready: 'ready',
  cancel: 'cancelled',
};

/** `unchanged`: it was done before. `refused`: not from this state. */
export type Moved = { readonly ticket: Ticket } | 'unchanged' | 'refused';

/** Moves a ticket; its time never goes back. */
export function moveTicket(ticket: Ticket, move: Move, nowMs: number): Moved {
  const state = MOVES[ticket.state][move.kind];
  if (state === undefined) return DONE[move.kind] === ticket.state ? 'unchanged' : 'refused';
  const atMs = Math.max(nowMs, ticket.changedMs);
  const promisedMs = ticket.readyMs ?? ticket.wantedReadyMs;
  const base = { ...ticket, state, changedMs: atMs, version: ticket.version + 1, delayed: false };
  switch (move.kind) {
    case 'accept': {
      const { readyMs, slotMs } = move;
      const delayed = readyMs > promisedMs;
      const promise = { readyMs, estimateMs: readyMs, slotMs, acceptedMs: atMs, delayed };
      return { ticket: { ...base, ...promise } };
    }
    case 'delay': {
      const { readyMs, slotMs } = move;
      if (readyMs === ticket.readyMs) return 'unchanged';
      return { ticket: { ...base, readyMs, slotMs, delayed: readyMs > promisedMs } };
    }
    case 'start':
      return { ticket: { ...base, startedMs: atMs } };
    case 'ready':
      return { ticket: { ...base, readyMs: atMs, doneMs: atMs, delayed: atMs > promisedMs } };
    case 'reject': {
      const { code, text } = move;
      const reason = text === undefined ? { code } : { code, text };
      return { ticket: { ...base, reason } };
    }
    case 'cancel':
      return { ticket: { ...base, cancelReason: move.reason } };
  }
}

/** Whether it takes a part of what the kitchen can do in its window. */
export function holdsSlot({ state, slotMs }: Ticket): boolean {
  return slotMs !== null && (state === 'accepted' || state === 'started' || state === 'ready');
}

/** A ticket nobody has answered yet. */
export function openTicket(id: TicketId, asked: TicketOpen, nowMs: number): Ticket {
  return {
    id,
    order: asked.order,
    account: asked.account,
    vendor: asked.vendor,
    state: 'open',
    lines: asked.lines,
    note: asked.note ?? null,
    placedMs: asked.placedMs,
    wantedReadyMs: asked.wantedReadyMs,
    answerByMs: asked.answerByMs,
    readyMs: null,
    estimateMs: null,
    slotMs: null,
    acceptedMs: null,
    startedMs: null,
    doneMs: null,
    reason: null,
    cancelReason: null,
    delayed: false,
    changedMs: nowMs,
    version: 1,
  };
}

/** What stands in the way of a ticket whose cancel came first. */
export function tombstone(
  id: TicketId,
  order: OrderId,
  cancelReason: string,
  nowMs: number,
): Ticket {
  const nothing = { account: null, vendor: null, lines: [], note: null, reason: null };
  const never = { readyMs: null, estimateMs: null, slotMs: null, doneMs: null };
  return {
    ...{ id, order, state: 'cancelled', cancelReason, ...nothing, ...never },
    ...{ placedMs: nowMs, wantedReadyMs: nowMs, answerByMs: nowMs, changedMs: nowMs },
    ...{ acceptedMs: null, startedMs: null, delayed: false, version: 1 },
  };
}

/** A tombstone whose ticket came after all: known now, and still cancelled. */
export function buried(ticket: Ticket, asked: TicketOpen): Ticket {
  const { id, changedMs, cancelReason, version } = ticket;
  const late = openTicket(id, asked, changedMs);
  return { ...late, state: 'cancelled', cancelReason, version: version + 1 };
}

/** What others hear of a ticket, also of one that is nothing but a cancel. */
export function changeOf(ticket: Ticket): TicketChanged {
  const { id, order, state, readyMs, delayed, reason, changedMs, version } = ticket;
  const vendor = ticket.vendor ?? '';
  return {
    ...{ type: 'ticket.changed', ticket: id, order, vendor, state, readyMs, delayed, reason },
    ...{ atMs: changedMs, version, estimateMs: ticket.estimateMs },
  };
}
