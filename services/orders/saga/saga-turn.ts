/**
 * One input of the saga under way: the state as it becomes, and what is said on the way. Knows how
 * each thing is asked for and when an end is settled; decides nothing (`saga.ts` does).
 */

import type { RefundId } from '../../../contracts/ids.ts';
import { DELIVERY_REQUESTS } from '../../../contracts/messages/deliveries.ts';
import { INVENTORY_REQUESTS } from '../../../contracts/messages/inventory.ts';
import { KITCHEN_REQUESTS } from '../../../contracts/messages/kitchen.ts';
import { PAYMENT_REQUESTS } from '../../../contracts/messages/payments.ts';
import {
  type DeliveryState,
  END_CODES,
  type EndCode,
  isAboard,
  isEnded,
} from '../../../contracts/states.ts';
import type {
  Actor,
  OrderEvent,
  Outcome,
  Saga,
  SagaLimits,
  SagaMessage,
  SagaTerms,
} from './saga-state.ts';

export const CLOCK: Actor = { kind: 'platform', id: 'orders' };

const TICKET_OPEN = ['asked', 'open', 'accepted', 'started', 'ready', 'cancelling'];
const STOCK_OPEN = ['asked', 'reserved', 'committing', 'releasing'];
const PAYMENT_OPEN = ['asked', 'authorised', 'capturing', 'voiding'];

export class Turn {
  readonly terms: SagaTerms;
  readonly nowMs: number;
  readonly limits: SagaLimits;
  saga: Saga;
  readonly #messages: SagaMessage[] = [];
  readonly #events: OrderEvent[] = [];

  constructor(terms: SagaTerms, saga: Saga, nowMs: number, limits: SagaLimits) {
    this.terms = terms;
    this.saga = saga;
    this.nowMs = nowMs;
    this.limits = limits;
  }

  set(change: Partial<Saga>): void {
    this.saga = { ...this.saga, ...change };
  }

  /** Writes a line of the order's history. */
  say(type: string, actor: Actor, data: Readonly<Record<string, unknown>> = {}): void {
    this.#events.push({ type, actor, data });
  }

  /** Takes what a participant said of its part. */
  part(
    change: Partial<Saga>,
    type: string,
    participant: string,
    data: Readonly<Record<string, unknown>> = {},
  ): void {
    this.set(change);
    this.say(type, { kind: 'participant', id: participant }, data);
  }

  outcome(): Outcome {
    return { next: this.saga, messages: this.#messages, events: this.#events };
  }

  refundableMinor(): number {
    const asked = Object.values(this.saga.refunds).reduce((sum, each) => sum + each.amountMinor, 0);
    return this.saga.capturedMinor - this.saga.refundedMinor - asked;
  }

  /** Whether every part of an ended order is where it stays. */
  isSettled(): boolean {
    return !this.#stockOpen() && !this.#paymentOpen() && !this.#ticketOpen();
  }

  askReserve(): void {
    const { order, vendor, stock: lines, promisedReadyMs } = this.terms;
    const expiresMs = Math.max(this.nowMs, promisedReadyMs) + this.limits.stockKeepMs;
    this.set({ stock: 'asked' });
    const payload = { type: 'stock.reserve', order, vendor, lines, expiresMs } as const;
    this.#messages.push({ topic: INVENTORY_REQUESTS, payload });
  }

  askAuthorise(): void {
    const { order, account, customer, payment: method, totalMinor, currency } = this.terms;
    this.set({ payment: 'asked' });
    this.#messages.push({
      topic: PAYMENT_REQUESTS,
      payload: {
        type: 'payment.authorise',
        ...{ order, account, customer, method, amountMinor: totalMinor, currency },
      },
    });
  }

  askTicket(): void {
    const { order, account, vendor, ticket, placedMs, promisedReadyMs } = this.terms;
    this.set({ ticket: 'asked' });
    this.#messages.push({
      topic: KITCHEN_REQUESTS,
      payload: {
        type: 'ticket.open',
        ...{ order, account, vendor, ...ticket, placedMs },
        wantedReadyMs: promisedReadyMs,
        answerByMs: this.nowMs + this.limits.vendorAnswerMs,
      },
    });
  }

  askDelivery(): void {
    this.set({ parcel: 'asked' });
    const payload = { ...this.terms.wanted, readyMs: this.saga.readyMs };
    this.#messages.push({ topic: DELIVERY_REQUESTS, payload });
  }

  /** Tells the delivery that is on order when its parcel is ready. */
  askReadyAt(readyMs: number): void {
    this.set({ readyMs });
    const { id } = this.terms.wanted;
    const payload = { type: 'delivery.ready_at', id, readyMs } as const;
    this.#messages.push({ topic: DELIVERY_REQUESTS, payload });
  }

  askUnwanted(): void {
    const reason = this.saga.ending?.reason;
    const payload = {
      type: 'delivery.unwanted',
      id: this.terms.wanted.id,
      code: endCode(reason?.code),
      fault: reason?.fault ?? 'platform',
    } as const;
    this.#messages.push({ topic: DELIVERY_REQUESTS, payload });
  }

  /** Asks of each part that is still open what the end of the order makes of it; latest first. */
  askSettlement(): void {
    const { order } = this.terms;
    const { ending, payment, state } = this.saga;
    if (ending === null) return;
    if (this.#ticketOpen()) {
      const reason = ending.reason.code;
      this.set({ ticket: 'cancelling' });
      const payload = { type: 'ticket.cancel', order, reason } as const;
      this.#messages.push({ topic: KITCHEN_REQUESTS, payload });
    }
    if (this.#paymentOpen()) {
      const isCharged = ending.chargeMinor > 0 && payment !== 'asked' && payment !== 'voiding';
      this.set({ payment: isCharged ? 'capturing' : 'voiding' });
      const payload = isCharged
        ? ({ type: 'payment.capture', order, amountMinor: ending.chargeMinor } as const)
        : ({ type: 'payment.void', order } as const);
      this.#messages.push({ topic: PAYMENT_REQUESTS, payload });
    }
    if (this.#stockOpen()) {
      const isSold = state === 'delivered' || ending.keepsStock;
      this.set({ stock: isSold ? 'committing' : 'releasing' });
      const payload = { type: isSold ? 'stock.commit' : 'stock.release', order } as const;
      this.#messages.push({ topic: INVENTORY_REQUESTS, payload });
    }
  }

  askRefunds(): void {
    const { order } = this.terms;
    for (const [refund, { amountMinor, reason }] of Object.entries(this.saga.refunds)) {
      this.#messages.push({
        topic: PAYMENT_REQUESTS,
        payload: { type: 'payment.refund', order, refund: refund as RefundId, amountMinor, reason },
      });
    }
  }

  #stockOpen(): boolean {
    return STOCK_OPEN.includes(this.saga.stock);
  }

  #paymentOpen(): boolean {
    return PAYMENT_OPEN.includes(this.saga.payment);
  }

  /** A parcel that was picked up has left its ticket behind. */
  #ticketOpen(): boolean {
    return TICKET_OPEN.includes(this.saga.ticket) && !wasAboard(this.saga);
  }
}

function wasAboard({ parcel, step, state }: Saga): boolean {
  if (state === 'delivered' || step === 'carrying') return true;
  if (parcel === 'none' || parcel === 'asked') return false;
  return isAboard(parcel as DeliveryState) || parcel === 'delivered' || parcel === 'returned';
}

/** What an end of an order is called as the end of its delivery. */
function endCode(code: string | undefined): EndCode {
  if ((END_CODES as readonly string[]).includes(code ?? '')) return code as EndCode;
  return code === 'never_ready' || code === 'rejected_by_vendor'
    ? 'cancelled_by_vendor'
    : 'cancelled_by_ops';
}

/** Whether a parcel's story is over, or never began. */
export function isParcelSettled({ parcel }: Saga): boolean {
  return parcel === 'none' || (parcel !== 'asked' && isEnded(parcel));
}
