/** What `payments` is asked for by stream, and what it tells. Every request is idempotent by order. */
import type { AccountId, OrderId, PaymentId, RefundId, UserId } from '../ids.ts';

export const PAYMENT_REQUESTS = 'requests:payments';
export const PAYMENT_STREAM = 'events:payments';

/** How the customer pays. `test`: the token decides the outcome; no money anywhere. */
export type PaymentMethod =
  | { readonly kind: 'cash' }
  | { readonly kind: 'test'; readonly token: string };

/** Sets the amount aside without taking it. */
export interface PaymentAuthorise {
  readonly type: 'payment.authorise';
  readonly order: OrderId;
  readonly account: AccountId;
  readonly customer: UserId;
  readonly method: PaymentMethod;
  /** Minor units. */
  readonly amountMinor: number;
  readonly currency: string;
}

/** Takes at most what was authorised. */
export interface PaymentCapture {
  readonly type: 'payment.capture';
  readonly order: OrderId;
  readonly amountMinor: number;
}

/** Lets go of what was authorised and not captured; also stops an authorisation that comes later. */
export interface PaymentVoid {
  readonly type: 'payment.void';
  readonly order: OrderId;
}

/** Gives back a part of what was captured; idempotent by `refund`. */
export interface PaymentRefund {
  readonly type: 'payment.refund';
  readonly order: OrderId;
  readonly refund: RefundId;
  readonly amountMinor: number;
  readonly reason: string;
}

export type PaymentAsked = PaymentAuthorise | PaymentCapture | PaymentVoid | PaymentRefund;

export interface PaymentAuthorised {
  readonly type: 'payment.authorised';
  readonly order: OrderId;
  readonly payment: PaymentId;
  readonly amountMinor: number;
}

export interface PaymentDeclined {
  readonly type: 'payment.declined';
  readonly order: OrderId;
  readonly code: 'insufficient_funds' | 'card_declined' | 'expired' | 'not_supported' | 'other';
}

export interface PaymentCaptured {
  readonly type: 'payment.captured';
  readonly order: OrderId;
  readonly payment: PaymentId;
  readonly amountMinor: number;
}

/** The capture did not go through for good; the order is done, the money is not there. */
export interface PaymentCaptureFailed {
  readonly type: 'payment.capture_failed';
  readonly order: OrderId;
  readonly code: string;
}

export interface PaymentVoided {
  readonly type: 'payment.voided';
  readonly order: OrderId;
}

export interface PaymentRefunded {
  readonly type: 'payment.refunded';
  readonly order: OrderId;
  readonly refund: RefundId;
  readonly amountMinor: number;
}

/** The money could not be given back for good; somebody has to look. */
export interface PaymentRefundFailed {
  readonly type: 'payment.refund_failed';
  readonly order: OrderId;
  readonly refund: RefundId;
  readonly code: string;
}

export type PaymentEvent =
  | PaymentAuthorised
  | PaymentDeclined
  | PaymentCaptured
  | PaymentCaptureFailed
  | PaymentVoided
  | PaymentRefunded
  | PaymentRefundFailed;
