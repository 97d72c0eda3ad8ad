/**
 * One order in a world of its own: the pure saga between the pure parts of inventory, payments and
 * kitchen, and a delivery played here. Messages wait in queues; whoever drives decides what is
 * handed over next, once or twice, when time passes, and when everything is forgotten but the rows.
 */
import assert from 'node:assert/strict';
import type { OrderId, RefundId, TicketId } from '../../contracts/ids.ts';
import type { DeliveryAsked, DeliveryChanged } from '../../contracts/messages/deliveries.ts';
import type { StockAsked } from '../../contracts/messages/inventory.ts';
import type { KitchenAsked } from '../../contracts/messages/kitchen.ts';
import type { PaymentAsked } from '../../contracts/messages/payments.ts';
import { type DeliveryState, isAboard, isEnded } from '../../contracts/states.ts';
import { Ledger } from '../../services/inventory/ledger.ts';
import { answer } from '../../services/kitchen/answering.ts';
import { changeOf, type Move, moveTicket, type Ticket } from '../../services/kitchen/ticket.ts';
import { BLAME, CANCEL_RULES, chargeOf } from '../../services/orders/care/cancellation.ts';
import { newSaga } from '../../services/orders/saga/saga.ts';
import { step } from '../../services/orders/saga/saga-inputs.ts';
import { limitsAt } from '../../services/orders/saga/saga-limits.ts';
import type {
  Saga,
  SagaInput,
  SagaMessage,
  SagaTerms,
} from '../../services/orders/saga/saga-state.ts';
import {
  apply,
  type MethodAnswer,
  needsMethod,
  type Operation,
  type Payment,
} from '../../services/payments/payment.ts';

const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const PRODUCT = `prd_${uuid(1)}`;
export const LIMITS = limitsAt(1);
export const TOTAL = 2_000;
const PLACED_MS = 1_000_000;
const MINUTE = 60_000;
export const STREAMS = [
  'requests:inventory',
  'requests:payments',
  'requests:kitchen',
  'requests:deliveries',
] as const;
export type Stream = (typeof STREAMS)[number];
/** Zone ms within which every order must have ended, whatever happens. */
export const BOUND_MS = 72 * 60 * MINUTE;

const SETTLED_STOCK = ['none', 'refused', 'released', 'committed'];
const SETTLED_PAYMENT = ['none', 'declined', 'voided', 'captured', 'capture_failed'];

export interface WorldOptions {
  readonly stocked: number | null;
  readonly token: string;
  readonly autoAccept: boolean;
  readonly scheduledMs: number;
}

export function termsOf({ stocked, token, scheduledMs }: WorldOptions): SagaTerms {
  const order: OrderId = `ord_${uuid(1)}`;
  const promisedReadyMs = PLACED_MS + scheduledMs + 20 * MINUTE;
  const who = {
    account: `acc_${uuid(1)}`,
    customer: `usr_${uuid(1)}`,
    vendor: `ven_${uuid(1)}`,
  } as const;
  return {
    order,
    ...who,
    wanted: {
      type: 'delivery.wanted',
      id: `del_${uuid(1)}`,
      externalId: order,
      ...who,
      pickup: { lat: 52, lon: 13 },
      dropoff: { lat: 52, lon: 13.1 },
      placedMs: PLACED_MS,
      readyMs: promisedReadyMs,
      pickupName: 'Noodles',
    },
    stock: stocked === null ? [] : [{ product: PRODUCT, variant: null, quantity: 2 }],
    ticket: { lines: [{ product: PRODUCT, name: 'Noodles', quantity: 2, details: [] }] },
    payment: { kind: 'test', token },
    ...{ totalMinor: TOTAL, goodsMinor: 1_500, tipMinor: 100, currency: 'EUR' },
    placedMs: PLACED_MS,
    promisedReadyMs,
    startMs: PLACED_MS + scheduledMs,
    lines: [],
  };
}

/** What the test method says, without the waiting. */
function methodAnswer(token: string, kind: Operation['kind']): MethodAnswer {
  if (kind === 'authorise' && token === 'card_declined') return { ok: false, code: token };
  if (kind === 'capture' && token === 'capture_fails') return { ok: false, code: token };
  if (kind === 'refund' && token === 'refund_fails') return { ok: false, code: token };
  return { ok: true };
}

export class SagaWorld {
  readonly options: WorldOptions;
  readonly terms: SagaTerms;
  nowMs = PLACED_MS;
  saga: Saga;
  readonly requests = new Map<Stream, SagaMessage['payload'][]>(STREAMS.map((each) => [each, []]));
  readonly events = new Map<Stream, SagaInput[]>(STREAMS.map((each) => [each, []]));
  /** Everything that was ever asked or told: streams may hand it over again. */
  readonly pastRequests: [Stream, SagaMessage['payload']][] = [];
  readonly pastEvents: SagaInput[] = [];
  readonly states: string[] = [];
  #ledger: Ledger;
  payment: Payment;
  readonly #done = new Map<string, SagaInput>();
  captures = 0;
  ticket: Ticket | undefined;
  parcel: DeliveryState | 'none' = 'none';
  #parcelSeq = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.terms = termsOf(options);
    this.saga = newSaga(this.terms, this.nowMs);
    const { order, vendor, account, customer, payment: method } = this.terms;
    const available = options.stocked ?? 0;
    const level = available === 0 ? 'out' : 'in';
    const counts = { available, reserved: 0, low_mark: 0, version: 1 };
    const record = { product: PRODUCT, variant: '', vendor, level, ...counts } as const;
    this.#ledger = new Ledger(options.stocked === null ? [] : [record], []);
    this.payment = {
      ...{ order, account, customer, method, currency: 'EUR' },
      ...{ id: `pay_${uuid(1)}`, state: 'none', amountMinor: TOTAL, reference: null, code: null },
      ...{ capturedMinor: 0, refundedMinor: 0 },
    };
  }

  /** One input, as the store would hand it over. */
  tell(input: SagaInput): void {
    // A restart forgets everything but what a row can hold.
    const saga = JSON.parse(JSON.stringify(this.saga)) as Saga;
    const { next, messages } = step(this.terms, saga, input, this.nowMs, LIMITS);
    if (next.state !== this.saga.state) this.states.push(next.state);
    this.saga = next;
    for (const { topic, payload } of messages) {
      this.requests.get(topic)?.push(payload);
      this.pastRequests.push([topic, payload]);
    }
    this.check();
  }

  /** Hands over the next request of a stream, or the next answer. */
  deliverRequest(stream: Stream): boolean {
    const payload = this.requests.get(stream)?.shift();
    if (payload === undefined) return false;
    this.#ask(stream, payload);
    return true;
  }

  deliverEvent(stream: Stream): boolean {
    const event = this.events.get(stream)?.shift();
    if (event === undefined) return false;
    this.pastEvents.push(event);
    this.tell(event);
    return true;
  }

  repeatRequest(n: number): void {
    const [stream, payload] = this.pastRequests[n % Math.max(1, this.pastRequests.length)] ?? [];
    // Only what was handed over before can come again: nothing overtakes.
    if (stream !== undefined && payload !== undefined && this.requests.get(stream)?.length === 0) {
      this.#ask(stream, payload);
    }
  }

  repeatEvent(n: number): void {
    const event = this.pastEvents[n % Math.max(1, this.pastEvents.length)];
    if (event !== undefined) this.tell(event);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.fire();
  }

  /** Fires the timer when it is due. */
  fire(): void {
    if (this.saga.dueMs === null || this.saga.dueMs > this.nowMs) return;
    const isNew = this.saga.step === 'checking';
    this.tell(isNew ? { type: 'checked', outcome: 'allow', explanation: {} } : { type: 'timer' });
  }

  cancel(who: 'customer' | 'vendor' | 'ops'): void {
    const rule = CANCEL_RULES[this.saga.state][who];
    if (rule === null) return;
    this.tell({
      type: 'cancel.asked',
      actor: { kind: who, id: who },
      ...BLAME[who],
      chargeMinor: chargeOf(rule.keeps, this.terms),
      keepsStock: rule.keepsStock,
    });
  }

  refund(n: number, amountMinor: number): void {
    const refund: RefundId = `rfd_${uuid(n)}`;
    const actor = { kind: 'ops', id: 'ops' } as const;
    this.tell({ type: 'refund.asked', refund, amountMinor, reason: 'cold', actor });
  }

  cook(move: Move): void {
    if (this.ticket === undefined) return;
    const moved = moveTicket(this.ticket, move, this.nowMs);
    if (typeof moved === 'string') return;
    this.ticket = moved.ticket;
    this.#tellTicket();
  }

  /** The delivery's log commits a fact, if it may still. */
  carry(state: DeliveryState, fault: 'customer' | 'driver' | 'platform' = 'platform'): void {
    if (this.parcel === 'none' || isEnded(this.parcel)) return;
    if (state === 'cancelled' && isAboard(this.parcel)) return;
    const stage = this.parcel;
    this.parcel = state;
    const code = state === 'cancelled' ? 'no_driver_found' : 'customer_unreachable';
    const reason = isEnded(state)
      ? { code: state === 'delivered' ? ('completed' as const) : code, stage, fault }
      : null;
    this.#tellParcel(state, reason as DeliveryChanged['reason']);
  }

  isOnItsWay(): boolean {
    return this.parcel !== 'none' && !isEnded(this.parcel);
  }

  isAboard(): boolean {
    return this.parcel !== 'none' && isAboard(this.parcel);
  }

  #tellParcel(state: DeliveryState, reason: DeliveryChanged['reason']): void {
    const { wanted } = this.terms;
    this.events.get('requests:deliveries')?.push({
      type: 'delivery.changed',
      ...{ delivery: wanted.id, account: wanted.account, externalId: wanted.externalId },
      ...{ customer: wanted.customer, zone: `zon_${uuid(1)}`, state, driver: null },
      ...{ atMs: this.nowMs, reason, version: [1, ++this.#parcelSeq, 0] },
    });
  }

  #tellTicket(): void {
    const event = this.ticket === undefined ? null : changeOf(this.ticket);
    if (event !== null) this.events.get('requests:kitchen')?.push(event);
  }

  #ask(stream: Stream, payload: SagaMessage['payload']): void {
    if (stream === 'requests:inventory') {
      const event = this.#ledger.take(payload as StockAsked);
      if (event !== undefined && event.type !== 'stock.level') this.events.get(stream)?.push(event);
    } else if (stream === 'requests:payments') this.#pay(payload as PaymentAsked);
    else if (stream === 'requests:kitchen') this.#open(payload as KitchenAsked);
    else this.#deliver(payload as DeliveryAsked);
  }

  #pay(asked: PaymentAsked): void {
    const kind = asked.type.slice('payment.'.length) as Operation['kind'];
    const refund = asked.type === 'payment.refund' ? asked.refund : null;
    const key = `${kind}/${refund}`;
    const amountMinor = 'amountMinor' in asked ? asked.amountMinor : 0;
    const operation = { key, order: asked.order, kind, amountMinor, refund } as Operation;
    const known = this.#done.get(key);
    if (known !== undefined) {
      this.events.get('requests:payments')?.push(known);
      return;
    }
    const asks = needsMethod(this.payment, operation);
    const { token } = this.options;
    const { payment, event } = apply(
      this.payment,
      operation,
      asks ? methodAnswer(token, kind) : null,
    );
    if (event.type === 'payment.captured' && asks) this.captures++;
    this.payment = payment;
    this.#done.set(key, event);
    this.events.get('requests:payments')?.push(event);
  }

  #open(asked: KitchenAsked): void {
    const { vendor, order } = this.terms;
    const settings = { autoAccept: this.options.autoAccept, capacity: null };
    const world = {
      tickets: new Map(this.ticket === undefined ? [] : [[order, this.ticket]]),
      settings: new Map([[vendor, settings]]),
      taken: new Map(),
      nowMs: this.nowMs,
      newTicketId: (): TicketId => `tkt_${uuid(1)}`,
    };
    const { changed } = answer(world, [asked]);
    this.ticket = changed.at(-1) ?? this.ticket;
    this.#tellTicket();
  }

  #deliver(asked: DeliveryAsked): void {
    if (asked.type === 'delivery.wanted' && this.parcel === 'none') {
      this.parcel = 'pending';
      this.#tellParcel('pending', null);
    } else if (asked.type === 'delivery.unwanted' && !isEnded(this.parcel as DeliveryState)) {
      if (isAboard(this.parcel as DeliveryState)) return;
      const stage = this.parcel as DeliveryState;
      this.parcel = 'cancelled';
      this.#tellParcel('cancelled', { code: asked.code, stage, fault: asked.fault });
    }
  }

  stockLeft(): { available: number; reserved: number } {
    const [record] = this.#ledger.stock.values();
    return { available: record?.available ?? 0, reserved: record?.reserved ?? 0 };
  }

  /** What holds at every moment. */
  check(): void {
    const { payment, saga } = this;
    assert.ok(this.captures <= 1, 'captured at most once');
    assert.ok(payment.refundedMinor <= payment.capturedMinor, 'refunds within the capture');
    assert.equal(saga.step === 'done', saga.dueMs === null, 'whatever is not done has a timer');
    assert.ok(saga.endedMs === null || saga.ending !== null, 'an end has its reason');
    const asked = Object.values(saga.refunds).reduce((sum, each) => sum + each.amountMinor, 0);
    assert.ok(saga.refundedMinor + asked <= saga.capturedMinor, 'refunds are of what was captured');
    if (saga.step !== 'done' && saga.step !== 'refunding') return;
    assert.ok(SETTLED_STOCK.includes(saga.stock), `done with stock ${saga.stock}`);
    const isOff = ['none', 'rejected', 'cancelled'].includes(saga.ticket);
    assert.ok(saga.state !== 'cancelled' || isOff, `called off with ticket ${saga.ticket}`);
    assert.ok(SETTLED_PAYMENT.includes(saga.payment), `done with payment ${saga.payment}`);
  }

  /** What holds once nothing moves any more. */
  checkEnd(): void {
    const { saga, payment, parcel, ticket } = this;
    assert.equal(saga.step, 'done');
    assert.ok(['delivered', 'cancelled', 'failed'].includes(saga.state), saga.state);
    // A delivery of which nothing was heard for a day is given up, whatever becomes of it.
    const gaveUp = saga.ending?.reason.code === 'never_completed';
    if (!gaveUp) assert.equal(saga.state === 'delivered', parcel === 'delivered');
    const charge = saga.ending?.chargeMinor ?? 0;
    const paid = payment.state === 'capture_failed' ? 0 : charge;
    assert.equal(payment.capturedMinor, paid, `what is taken is what the end says (${saga.state})`);
    assert.notEqual(payment.state, 'authorised', 'nothing stays set aside');
    if (payment.state === 'captured') assert.ok(charge > 0, 'nothing is not captured');
    if (!gaveUp) assert.equal(saga.parcel, parcel, 'it knows how the delivery ended');
    if (ticket !== undefined) assert.equal(saga.ticket, ticket.state, 'it knows the ticket');
    const { available, reserved } = this.stockLeft();
    assert.equal(reserved, 0, 'stock is sold or given back');
    const before = this.options.stocked ?? 0;
    const sold = saga.state === 'delivered' || saga.ending?.keepsStock === true ? 2 : 0;
    if (before >= 2)
      assert.equal(available, before - sold, 'sold when it is used up, or given back');
    if (parcel !== 'none' && !gaveUp)
      assert.ok(isEnded(parcel), `the delivery has ended (${parcel})`);
    if (saga.state === 'cancelled' && ticket !== undefined) {
      assert.ok(['rejected', 'cancelled'].includes(ticket.state), `no ticket (${ticket.state})`);
    }
    assert.ok((saga.endedMs ?? 0) - PLACED_MS <= BOUND_MS, 'ends in bounded time');
  }
}
