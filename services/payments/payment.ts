/**
 * What a payment is and what an operation means for it: pure. Owns the rules: captured at most once
 * and at most what was authorised, refunded at most what was captured, a void stops what comes later.
 *
 * none → authorised, declined, voided; authorised → captured, capture_failed, voided. Refunds leave
 * the state alone and add up.
 */
import type { AccountId, OrderId, PaymentId, RefundId, UserId } from '../../contracts/ids.ts';
import type {
  PaymentDeclined,
  PaymentEvent,
  PaymentMethod,
} from '../../contracts/messages/payments.ts';

export type PaymentState =
  | 'none'
  | 'authorised'
  | 'declined'
  | 'captured'
  | 'capture_failed'
  | 'voided';

export interface Payment {
  readonly order: OrderId;
  readonly id: PaymentId;
  readonly account: AccountId | null;
  readonly customer: UserId | null;
  readonly method: PaymentMethod | null;
  readonly currency: string | null;
  readonly state: PaymentState;
  /** Minor units: asked for, taken, given back. */
  readonly amountMinor: number;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly reference: string | null;
  /** Why it was declined or could not be captured. */
  readonly code: string | null;
}

export interface Operation {
  /** The same for every try, at the method too. */
  readonly key: string;
  readonly order: OrderId;
  readonly kind: 'authorise' | 'capture' | 'void' | 'refund';
  readonly amountMinor: number;
  readonly refund: RefundId | null;
}

/** What a method said: done, or refused for good. Anything else is thrown and tried again. */
export type MethodAnswer =
  | { readonly ok: true; readonly reference?: string }
  | { readonly ok: false; readonly code: string };

export interface Applied {
  readonly payment: Payment;
  readonly event: PaymentEvent;
}

/** Whether the method must be asked; if not, the answer is known from the payment alone. */
export function needsMethod(payment: Payment, operation: Operation): boolean {
  switch (operation.kind) {
    case 'authorise':
      return payment.state === 'none';
    case 'capture':
      return payment.state === 'authorised' && operation.amountMinor <= payment.amountMinor;
    case 'void':
      return payment.state === 'authorised';
    case 'refund':
      return payment.state === 'captured' && operation.amountMinor <= refundable(payment);
  }
}

function refundable({ capturedMinor, refundedMinor }: Payment): number {
  return capturedMinor - refundedMinor;
}

const REFUSED: MethodAnswer = { ok: false, code: 'not_possible' };

/** What comes of an operation; `answer` is the method's, or null when it was not needed. */
export function apply(
  payment: Payment,
  operation: Operation,
  answer: MethodAnswer | null,
): Applied {
  switch (operation.kind) {
    case 'authorise':
      return authorise(payment, answer);
    case 'capture':
      return capture(payment, operation, answer);
    case 'void':
      return cancel(payment, answer);
    case 'refund':
      return refund(payment, operation, answer ?? REFUSED);
  }
}

function authorise(payment: Payment, answer: MethodAnswer | null): Applied {
  const { order, id, amountMinor } = payment;
  if (answer?.ok === true) {
    return {
      payment: { ...payment, state: 'authorised', reference: answer.reference ?? null },
      event: { type: 'payment.authorised', order, payment: id, amountMinor },
    };
  }
  if (answer === null) return known(payment);
  const code = declineCode(answer.code);
  return {
    payment: { ...payment, state: 'declined', code },
    event: { type: 'payment.declined', order, code },
  };
}

function capture(
  payment: Payment,
  { amountMinor }: Operation,
  answer: MethodAnswer | null,
): Applied {
  const { order, id } = payment;
  if (answer?.ok === true) {
    return {
      payment: { ...payment, state: 'captured', capturedMinor: amountMinor },
      event: { type: 'payment.captured', order, payment: id, amountMinor },
    };
  }
  if (answer === null && payment.state === 'captured') return known(payment);
  const code = answer === null ? 'not_authorised' : answer.code;
  const failed = payment.state === 'authorised' ? { state: 'capture_failed' as const, code } : {};
  return {
    payment: { ...payment, ...failed },
    event: { type: 'payment.capture_failed', order, code },
  };
}

/** A void that the method refuses is void all the same: nothing will be captured by us. */
function cancel(payment: Payment, _answer: MethodAnswer | null): Applied {
  if (payment.state === 'captured') return known(payment);
  const state = payment.state === 'declined' ? payment.state : 'voided';
  return {
    payment: { ...payment, state },
    event: { type: 'payment.voided', order: payment.order },
  };
}

function refund(
  payment: Payment,
  { refund: id, amountMinor }: Operation,
  answer: MethodAnswer,
): Applied {
  const { order } = payment;
  const about = { order, refund: id as RefundId };
  if (!answer.ok) {
    return { payment, event: { type: 'payment.refund_failed', ...about, code: answer.code } };
  }
  return {
    payment: { ...payment, refundedMinor: payment.refundedMinor + amountMinor },
    event: { type: 'payment.refunded', ...about, amountMinor },
  };
}

/** The event that tells where a payment stands. */
function known(payment: Payment): Applied {
  const { order, id, amountMinor, capturedMinor, state, code } = payment;
  switch (state) {
    case 'captured':
      return {
        payment,
        event: { type: 'payment.captured', order, payment: id, amountMinor: capturedMinor },
      };
    case 'capture_failed':
      return { payment, event: { type: 'payment.capture_failed', order, code: code ?? 'other' } };
    case 'declined':
      return { payment, event: { type: 'payment.declined', order, code: declineCode(code) } };
    case 'authorised':
      return { payment, event: { type: 'payment.authorised', order, payment: id, amountMinor } };
    case 'none':
    case 'voided':
      return { payment, event: { type: 'payment.voided', order } };
  }
}

const DECLINES = ['insufficient_funds', 'card_declined', 'expired', 'not_supported'] as const;

function declineCode(code: string | null): PaymentDeclined['code'] {
  return DECLINES.find((each) => each === code) ?? 'other';
}
