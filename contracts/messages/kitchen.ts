/** What `kitchen` is asked for by stream, and what it tells. One ticket per order. */
import type { AccountId, OrderId, ProductId, TicketId, VendorId } from '../ids.ts';

export const KITCHEN_REQUESTS = 'requests:kitchen';
export const KITCHEN_STREAM = 'events:kitchen';

/** What the cook reads. */
export interface TicketLine {
  readonly product: ProductId;
  readonly name: string;
  readonly quantity: number;
  /** Names of the variant and of chosen options. */
  readonly details: readonly string[];
  readonly note?: string;
}

/** Shows the order to the vendor, who accepts or rejects. Idempotent by order. */
export interface TicketOpen {
  readonly type: 'ticket.open';
  readonly order: OrderId;
  readonly account: AccountId;
  readonly vendor: VendorId;
  readonly lines: readonly TicketLine[];
  readonly note?: string;
  /** Zone ms. */
  readonly placedMs: number;
  /** When the customer was told it is ready; the kitchen may say otherwise. Zone ms. */
  readonly wantedReadyMs: number;
  /** Zone ms; not answered by then: the order is called off (the saga's timer, not the kitchen's). */
  readonly answerByMs: number;
}

/** Not wanted any more; also stops a ticket that comes later. */
export interface TicketCancel {
  readonly type: 'ticket.cancel';
  readonly order: OrderId;
  readonly reason: string;
}

export type KitchenAsked = TicketOpen | TicketCancel;

/** Its customer left: what they wrote goes. Not answered; the order is over. */
export interface TicketForget {
  readonly type: 'ticket.forget';
  readonly order: OrderId;
}

export type KitchenRequest = KitchenAsked | TicketForget;

export const TICKET_STATES = [
  'open',
  'accepted',
  'started',
  'ready',
  'rejected',
  'cancelled',
] as const;
export type TicketState = (typeof TICKET_STATES)[number];

export const REJECT_REASONS = ['too_busy', 'item_unavailable', 'closing', 'other'] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/**
 * Something changed about a ticket: its state, or when it will be ready. `version` grows with each
 * change of one ticket. Once `ready`, `readyMs` is when it was.
 */
export interface TicketChanged {
  readonly type: 'ticket.changed';
  readonly ticket: TicketId;
  readonly order: OrderId;
  /** Empty while a cancel is all that the kitchen knows of the order. */
  readonly vendor: VendorId;
  readonly state: TicketState;
  /** Zone ms; null before it was accepted. */
  readonly readyMs: number | null;
  /** Whether the change pushed the ready time later than was said before. */
  readonly delayed: boolean;
  readonly reason: { readonly code: RejectReason; readonly text?: string } | null;
  /** Zone ms. */
  readonly atMs: number;
  readonly version: number;
  /** Zone ms; what was promised on accepting, to measure `readyMs` against. */
  readonly estimateMs?: number | null;
}

export type KitchenEvent = TicketChanged;
