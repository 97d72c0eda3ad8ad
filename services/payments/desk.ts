/**
 * Decides over what is asked for, one after the other, in memory: what was known is answered again,
 * what needs nobody far away is answered at once, the rest waits for its method, and so does what
 * comes behind it of the same payment. Owns nothing that lasts: its user holds the lock and writes.
 */
import { newId, type OrderId } from '../../contracts/ids.ts';
import type { PaymentAsked, PaymentEvent } from '../../contracts/messages/payments.ts';
import { answerOf, type Methods } from './methods/asking.ts';
import { apply, type Payment } from './payment.ts';
import {
  type AnsweredRow,
  type AskedRow,
  type KnownRow,
  operationOf,
  type WaitingRow,
} from './queries.ts';

export interface Asked {
  readonly event: PaymentAsked;
  readonly row: AskedRow;
}

export interface Answer {
  readonly order: OrderId;
  readonly event: PaymentEvent;
  readonly correlation: string | null;
}

export class Desk {
  readonly #methods: Methods;
  readonly #payments: Map<OrderId, Payment>;
  readonly #known: Map<string, KnownRow>;
  readonly #queued: Set<OrderId>;
  readonly #changed = new Set<OrderId>();
  readonly answered: AnsweredRow[] = [];
  readonly waiting: WaitingRow[] = [];

  /** `known`: of what may be asked, what was asked before; and all that waits of these payments. */
  constructor(methods: Methods, payments: readonly Payment[], known: readonly KnownRow[]) {
    this.#methods = methods;
    this.#payments = new Map(payments.map((payment) => [payment.order, payment]));
    this.#known = new Map(known.map((row) => [row.key, row]));
    const waiting = known.filter(({ answer }) => answer === null);
    this.#queued = new Set(waiting.map(({ order_id: order }) => order));
  }

  /** The answer, if there is one already. */
  take({ event, row }: Asked): Answer | undefined {
    const known = this.#known.get(row.key) ?? this.#takeNew(event, row);
    this.#known.set(row.key, known);
    const { order_id: order, answer, correlation } = known;
    return answer === null ? undefined : { order, event: answer, correlation };
  }

  /** Payments that are to be written. */
  changedPayments(): Payment[] {
    return [...this.#payments.values()].filter(({ order }) => this.#changed.has(order));
  }

  #takeNew(asked: PaymentAsked, row: AskedRow): KnownRow {
    const payment = this.#opened(asked);
    const operation = operationOf(row);
    const isFirst = !this.#queued.has(asked.order);
    const answer = isFirst ? answerOf(this.#methods, payment, operation) : undefined;
    if (answer === undefined || typeof answer === 'function') {
      this.#queued.add(asked.order);
      this.waiting.push({ ...row, isFirst });
      return { ...row, answer: null };
    }
    const applied = apply(payment, operation, answer);
    this.#put(applied.payment);
    const answered = { ...row, answer: applied.event };
    this.answered.push(answered);
    return answered;
  }

  /** The payment, made where there is none; a void that came first left one that is filled in. */
  #opened(asked: PaymentAsked): Payment {
    const payment = this.#payments.get(asked.order) ?? emptyPayment(asked.order);
    if (asked.type !== 'payment.authorise' || payment.account !== null) {
      return this.#put(payment);
    }
    const { account, customer, method, currency, amountMinor } = asked;
    return this.#put({ ...payment, account, customer, method, currency, amountMinor });
  }

  #put(payment: Payment): Payment {
    if (payment !== this.#payments.get(payment.order)) {
      this.#payments.set(payment.order, payment);
      this.#changed.add(payment.order);
    }
    return payment;
  }
}

function emptyPayment(order: OrderId): Payment {
  return {
    ...{ order, id: newId('payment'), account: null, customer: null, method: null, currency: null },
    ...{ state: 'none', amountMinor: 0, capturedMinor: 0, refundedMinor: 0 },
    ...{ reference: null, code: null },
  };
}
