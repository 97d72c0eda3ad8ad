/**
 * What the saga of an order knows, is told, and says. Types only: `saga.ts` decides, `saga-store.ts`
 * keeps. Everything here is what a row of `sagas` and the `terms` of its order hold.
 */
import type { OrderEndCode, OrderReason, OrderState } from '../../../contracts/api/orders.ts';
import type { Role } from '../../../contracts/api/users.ts';
import type { AccountId, OrderId, RefundId, UserId, VendorId } from '../../../contracts/ids.ts';
import type {
  DeliveryAsked,
  DeliveryChanged,
  DeliveryWanted,
  FactVersion,
} from '../../../contracts/messages/deliveries.ts';
import type {
  InventoryEvent,
  StockAsked,
  StockLevel,
  StockLine,
} from '../../../contracts/messages/inventory.ts';
import type {
  KitchenAsked,
  TicketChanged,
  TicketOpen,
} from '../../../contracts/messages/kitchen.ts';
import type {
  PaymentAsked,
  PaymentEvent,
  PaymentMethod,
} from '../../../contracts/messages/payments.ts';
import type { DeliveryState, Fault } from '../../../contracts/states.ts';

/**
 * Where an order stands inside. `checking → (reviewing) → (waiting) → reserving → authorising →
 * accepting → requesting → preparing → carrying → settling → done`; from anywhere before the pickup to
 * `calling_off` (when a delivery was asked for) and `undoing`; `refunding` from `done` and back.
 */
export const STEP_NAMES = [
  'checking',
  'reviewing',
  'waiting',
  'reserving',
  'authorising',
  'accepting',
  'requesting',
  'preparing',
  'carrying',
  'calling_off',
  'settling',
  'undoing',
  'refunding',
  'done',
] as const;
export type StepName = (typeof STEP_NAMES)[number];

export type StockStatus =
  | 'none'
  | 'asked'
  | 'reserved'
  | 'refused'
  | 'committing'
  | 'committed'
  | 'releasing'
  | 'released';

export type PaymentStatus =
  | 'none'
  | 'asked'
  | 'authorised'
  | 'declined'
  | 'capturing'
  | 'captured'
  | 'capture_failed'
  | 'voiding'
  | 'voided';

export type TicketStatus =
  | 'none'
  | 'asked'
  | 'open'
  | 'accepted'
  | 'started'
  | 'ready'
  | 'rejected'
  | 'cancelling'
  | 'cancelled';

export type ParcelStatus = 'none' | 'asked' | DeliveryState;

/** What an order was placed with. Never changes; whatever is asked of others comes from here. */
export interface SagaTerms {
  readonly order: OrderId;
  readonly account: AccountId;
  readonly customer: UserId;
  readonly vendor: VendorId;
  /** What `deliveries` is asked for; the ready time is the kitchen's by then. */
  readonly wanted: DeliveryWanted;
  /** Counted products; empty: no stock is kept of anything in it. */
  readonly stock: readonly StockLine[];
  readonly ticket: Pick<TicketOpen, 'lines' | 'note'>;
  readonly payment: PaymentMethod;
  /** Minor units, all three; the total is authorised. */
  readonly totalMinor: number;
  readonly goodsMinor: number;
  readonly tipMinor: number;
  readonly currency: string;
  readonly placedMs: number;
  /** When the vendor promised it ready at first. Zone ms. */
  readonly promisedReadyMs: number;
  /** Zone ms; later than `placedMs`: the order waits until then. */
  readonly startMs: number;
  /** What was ordered, for those who count. */
  readonly lines: readonly { readonly product: string; readonly quantity: number }[];
}

/** Who did something: a person by id and role, a participant, or the clock. */
export interface Actor {
  readonly kind: Role | 'participant' | 'platform';
  readonly id: string;
}

/** A cancel that is decided but for the delivery's log. */
export interface Ending {
  readonly reason: OrderReason;
  /** Minor units that are captured although it ends this way. */
  readonly chargeMinor: number;
  /** Whether goods that are used up by now are taken from stock all the same. */
  readonly keepsStock: boolean;
}

export interface Saga {
  readonly order: OrderId;
  readonly step: StepName;
  /** What is seen outside. */
  readonly state: OrderState;
  readonly stock: StockStatus;
  readonly payment: PaymentStatus;
  readonly ticket: TicketStatus;
  readonly ticketVersion: number;
  readonly parcel: ParcelStatus;
  readonly parcelVersion: FactVersion;
  /** Who carries it, as last told. */
  readonly driver: string | null;
  /** Zone ms: when the kitchen says it is ready. */
  readonly readyMs: number;
  /** Zone ms: when the present step began. */
  readonly sinceMs: number;
  /** How often the present step has asked. */
  readonly tries: number;
  /** Zone ms: when the timer fires; null: nothing to wait for. */
  readonly dueMs: number | null;
  /** How it ends or ended; null while it may still be delivered. */
  readonly ending: Ending | null;
  readonly endedMs: number | null;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  /** Asked for and not answered, minor units by refund. */
  readonly refunds: Readonly<Record<RefundId, RefundWanted>>;
}

export interface RefundWanted {
  readonly amountMinor: number;
  readonly reason: string;
}

export interface Checked {
  readonly type: 'checked';
  readonly outcome: 'allow' | 'review' | 'refuse';
  readonly explanation: object;
}

export interface Reviewed {
  readonly type: 'reviewed';
  readonly approved: boolean;
  readonly actor: Actor;
}

export interface CancelAsked {
  readonly type: 'cancel.asked';
  readonly actor: Actor;
  readonly code: OrderEndCode;
  readonly fault: Fault;
  readonly chargeMinor: number;
  readonly keepsStock: boolean;
  readonly reason?: string | undefined;
}

export interface RefundAsked extends RefundWanted {
  readonly type: 'refund.asked';
  readonly actor: Actor;
  readonly refund: RefundId;
}

/** The timer of the present step fired. */
export interface TimerFired {
  readonly type: 'timer';
}

export type SagaInput =
  | Checked
  | Reviewed
  | CancelAsked
  | RefundAsked
  | TimerFired
  | Exclude<InventoryEvent, StockLevel>
  | PaymentEvent
  | TicketChanged
  | DeliveryChanged;

export type SagaMessage =
  | { readonly topic: 'requests:inventory'; readonly payload: StockAsked }
  | { readonly topic: 'requests:payments'; readonly payload: PaymentAsked }
  | { readonly topic: 'requests:kitchen'; readonly payload: KitchenAsked }
  | { readonly topic: 'requests:deliveries'; readonly payload: DeliveryAsked };

/** A line of an order's history. */
export interface OrderEvent {
  readonly type: string;
  readonly actor: Actor;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Outcome {
  readonly next: Saga;
  readonly messages: readonly SagaMessage[];
  readonly events: readonly OrderEvent[];
}

/** Zone ms of every wait. */
export interface SagaLimits {
  /** One of our own parts answers within this, or is asked again. */
  readonly answerMs: number;
  /** The longest pause between two askings that must be answered in the end. */
  readonly repeatMsMax: number;
  readonly vendorAnswerMs: number;
  readonly reviewMs: number;
  /** After its ready time. */
  readonly kitchenMs: number;
  /** After the pickup. */
  readonly carryMs: number;
  /** After the ready time and all of the above: what inventory keeps a reservation for. */
  readonly stockKeepMs: number;
}
