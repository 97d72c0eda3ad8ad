/**
 * The saga of an order: what is asked of whom, what answers, what happens when nobody does, and how
 * each step is taken back. Pure; `saga-inputs.ts` says what each answer means. Must never touch a
 * store, a clock or a stream.
 *
 * `STEPS` is the saga as a table. A step asks, and sets its timer; an answer leads on; the timer asks
 * again, and after the last time leads to the end that the table names. Whatever arrives twice, late
 * or out of turn is taken for what it says of its part (stock, payment, ticket, parcel) and changes
 * nothing else. Until the pickup any end takes the steps back in reverse; from then on the parcel
 * decides. Ends are settled part by part and repeated until each part has confirmed.
 */
import type { OrderEndCode, OrderReason, OrderState } from '../../../contracts/api/orders.ts';
import type { Fault } from '../../../contracts/states.ts';
import type { Ending, Saga, SagaTerms, StepName } from './saga-state.ts';
import { CLOCK, isParcelSettled, type Turn } from './saga-turn.ts';

interface StepRule {
  /** For the docs: what is asked, which answers lead on, how long it waits and what then. */
  readonly asks: string;
  readonly answers: string;
  readonly timeOut: string;
  readonly compensation: string;
  /** Askings before the step gives up; Infinity: until it is confirmed. */
  readonly triesMax: number;
  /** Zone ms from `nowMs` until the timer fires; null: no timer. */
  readonly waitMs: (turn: Turn) => number | null;
  /** Sends what the step asks for, each time it asks. */
  readonly ask: (turn: Turn) => void;
  /** What happens when the last wait is over. */
  readonly late: (turn: Turn) => void;
}

/** Askings of a part of ours that does not answer, and of a delivery that is not called off. */
const ASKS_MAX = 10;
const CALL_OFFS_MAX = 40;
const FOREVER = Number.POSITIVE_INFINITY;
const nothing = (): void => {};

export const STEPS: Readonly<Record<StepName, StepRule>> = {
  checking: {
    asks: 'the fraud rules',
    answers: 'allow, review, refuse',
    timeOut: 'none: answered as it is placed',
    compensation: 'none: nothing was asked of anybody',
    triesMax: FOREVER,
    waitMs: () => 0,
    ask: nothing,
    late: nothing,
  },
  reviewing: {
    asks: 'a person of ops',
    answers: 'approved, rejected',
    timeOut: '30 min: rejected',
    compensation: 'none: nothing was asked of anybody',
    triesMax: 1,
    waitMs: ({ limits }) => limits.reviewMs,
    ask: nothing,
    late: (turn) => end(turn, 'review_timed_out', 'platform'),
  },
  waiting: {
    asks: 'the clock',
    answers: 'its time has come',
    timeOut: 'the wanted time less the lead time: goes on',
    compensation: 'none: nothing was asked of anybody',
    triesMax: 1,
    waitMs: ({ terms, nowMs }) => terms.startMs - nowMs,
    ask: nothing,
    late: (turn) => reserve(turn),
  },
  reserving: {
    asks: 'inventory: `stock.reserve`',
    answers: '`stock.reserved`, `stock.refused`',
    timeOut: '30 s, asked 10 times: called off',
    compensation: '`stock.release`, until `stock.released`',
    triesMax: ASKS_MAX,
    waitMs: ({ limits }) => limits.answerMs,
    ask: (turn) => turn.askReserve(),
    late: (turn) => end(turn, 'stock_silent', 'platform'),
  },
  authorising: {
    asks: 'payments: `payment.authorise`',
    answers: '`payment.authorised`, `payment.declined`',
    timeOut: '30 s, asked 10 times: called off',
    compensation: '`payment.void`, until `payment.voided`',
    triesMax: ASKS_MAX,
    waitMs: ({ limits }) => limits.answerMs,
    ask: (turn) => turn.askAuthorise(),
    late: (turn) => end(turn, 'payment_silent', 'platform'),
  },
  accepting: {
    asks: 'kitchen: `ticket.open`',
    answers: '`ticket.changed`: accepted, rejected',
    timeOut: '10 min: called off, the fault of the vendor',
    compensation: '`ticket.cancel`, until `ticket.changed` cancelled',
    triesMax: 1,
    waitMs: ({ limits }) => limits.vendorAnswerMs,
    ask: (turn) => turn.askTicket(),
    late: (turn) => end(turn, 'vendor_silent', 'vendor'),
  },
  requesting: {
    asks: 'deliveries: `delivery.wanted`',
    answers: '`delivery.changed`: any state',
    timeOut: 'asked 10 times at growing waits: called off',
    compensation: '`delivery.unwanted`, until `delivery.changed` cancelled',
    triesMax: ASKS_MAX,
    waitMs: (turn) => repeatMs(turn),
    ask: (turn) => turn.askDelivery(),
    late: (turn) => end(turn, 'delivery_silent', 'platform'),
  },
  preparing: {
    asks: 'nobody; tells `delivery.ready_at` what the kitchen says',
    answers: '`delivery.changed`: picked up (or an end)',
    timeOut: '4 h after the ready time: called off',
    compensation: '`delivery.unwanted`, until `delivery.changed` cancelled',
    triesMax: 1,
    waitMs: (turn) => kitchenWaitMs(turn),
    ask: nothing,
    late: (turn) => lateInKitchen(turn),
  },
  carrying: {
    asks: 'nobody: who has the parcel has the delivery',
    answers: '`delivery.changed`: delivered, returned, failed',
    timeOut: '24 h after the pickup: failed (the engine ends it long before)',
    compensation: 'the charge by fault: captured, or `payment.void`',
    triesMax: 1,
    waitMs: ({ limits }) => limits.carryMs,
    ask: nothing,
    late: (turn) => close(turn, 'failed', endingOf('never_completed', 'platform')),
  },
  calling_off: {
    asks: 'deliveries: `delivery.unwanted`',
    answers: '`delivery.changed`: an end, or picked up (too late: carried on)',
    timeOut: 'asked again, 40 times at growing waits: taken for cancelled',
    compensation: 'none: it is one',
    triesMax: CALL_OFFS_MAX,
    waitMs: (turn) => repeatMs(turn),
    ask: (turn) => turn.askUnwanted(),
    late: (turn) => close(turn, 'cancelled', turn.saga.ending ?? endingOf('never_completed')),
  },
  settling: {
    asks: 'inventory: `stock.commit`; payments: `payment.capture`',
    answers: '`stock.committed`; `payment.captured`, `payment.capture_failed`',
    timeOut: 'asked again at growing waits until both have answered',
    compensation: 'a refund (`payment.refund`), by ops or the vendor',
    triesMax: FOREVER,
    waitMs: (turn) => repeatMs(turn),
    ask: (turn) => turn.askSettlement(),
    late: nothing,
  },
  undoing: {
    asks:
      'in reverse: `ticket.cancel`; `payment.void`, or `payment.capture` of the charge; ' +
      '`stock.release`, or `stock.commit` of what is used up',
    answers: '`ticket.changed` cancelled; `payment.voided`; `stock.released`',
    timeOut: 'asked again at growing waits until all have answered',
    compensation: 'none: it is one',
    triesMax: FOREVER,
    waitMs: (turn) => repeatMs(turn),
    ask: (turn) => turn.askSettlement(),
    late: nothing,
  },
  refunding: {
    asks: 'payments: `payment.refund`',
    answers: '`payment.refunded`, `payment.refund_failed`',
    timeOut: 'asked again at growing waits until it has answered',
    compensation: 'none: it is one',
    triesMax: FOREVER,
    waitMs: (turn) => repeatMs(turn),
    ask: (turn) => turn.askRefunds(),
    late: nothing,
  },
  done: {
    asks: 'nobody',
    answers: 'a refund that is asked for',
    timeOut: 'none',
    compensation: 'none',
    triesMax: 1,
    waitMs: () => null,
    ask: nothing,
    late: nothing,
  },
};

/** The saga of an order that was just placed; the rules have yet to be asked. */
export function newSaga(terms: SagaTerms, nowMs: number): Saga {
  return {
    order: terms.order,
    step: 'checking',
    state: terms.startMs > nowMs ? 'scheduled' : 'placed',
    stock: 'none',
    payment: 'none',
    ticket: 'none',
    ticketVersion: 0,
    parcel: 'none',
    parcelVersion: [0, 0, 0],
    driver: null,
    readyMs: terms.promisedReadyMs,
    sinceMs: nowMs,
    tries: 0,
    dueMs: nowMs,
    ending: null,
    endedMs: null,
    capturedMinor: 0,
    refundedMinor: 0,
    refunds: {},
  };
}

/** Begins a step: asks for the first time and sets its timer. */
export function enter(turn: Turn, next: StepName): void {
  turn.set({ step: next, sinceMs: turn.nowMs, tries: 0 });
  ask(turn);
}

function ask(turn: Turn): void {
  const rule = STEPS[turn.saga.step];
  rule.ask(turn);
  turn.set({ tries: turn.saga.tries + 1 });
  const waitMs = rule.waitMs(turn);
  turn.set({ dueMs: waitMs === null ? null : turn.nowMs + Math.max(0, waitMs) });
}

/** The timer of the present step is due. */
export function fire(turn: Turn): void {
  const { saga, nowMs } = turn;
  if (saga.dueMs === null || saga.dueMs > nowMs || saga.step === 'checking') return;
  const rule = STEPS[saga.step];
  turn.say('timer', CLOCK, { step: saga.step, tries: saga.tries });
  if (saga.tries < rule.triesMax) ask(turn);
  else rule.late(turn);
}

/** Waits grow from the usual answer time to the longest pause. */
function repeatMs({ saga, limits }: Turn): number {
  return Math.min(limits.repeatMsMax, limits.answerMs * 2 ** Math.min(saga.tries - 1, 10));
}

/** An end that charges nothing and gives everything back. */
export function endingOf(
  code: OrderEndCode,
  fault: Fault = 'platform',
  stage: OrderReason['stage'] = 'placed',
): Ending {
  return { reason: { code, stage, fault }, chargeMinor: 0, keepsStock: false };
}

/** Ends an order before its pickup: first its delivery, then the rest. */
export function end(turn: Turn, code: OrderEndCode, fault: Fault): void {
  callOff(turn, endingOf(code, fault, turn.saga.state));
}

/** Ends an order for this reason: its delivery first, where there is one, then the rest. */
export function callOff(turn: Turn, ending: Ending): void {
  turn.set({ ending });
  if (isParcelSettled(turn.saga)) close(turn, 'cancelled', ending);
  else enter(turn, 'calling_off');
}

/** From here on it is known how the order ends; what is left is to settle it. */
export function close(turn: Turn, state: OrderState, ending: Ending): void {
  turn.set({ state, ending, endedMs: turn.nowMs });
  turn.say(state, CLOCK, { ...ending });
  enter(turn, state === 'delivered' ? 'settling' : 'undoing');
  finishWhenSettled(turn);
}

/** Ends the saga once nothing is left to settle. */
export function finishWhenSettled(turn: Turn): void {
  const { step: at } = turn.saga;
  if ((at !== 'settling' && at !== 'undoing') || !turn.isSettled()) return;
  enter(turn, 'done');
}

/** The rules let it pass: now, or when its time has come. */
export function proceed(turn: Turn): void {
  if (turn.terms.startMs > turn.nowMs) enter(turn, 'waiting');
  else reserve(turn);
}

function reserve(turn: Turn): void {
  if (turn.saga.state === 'scheduled') turn.set({ state: 'placed' });
  if (turn.terms.stock.length > 0) enter(turn, 'reserving');
  else enter(turn, 'authorising');
}

/** Zone ms until a kitchen that has nothing ready is given up. */
export function kitchenWaitMs({ saga, nowMs, limits }: Turn): number {
  return Math.max(saga.readyMs, nowMs) + limits.kitchenMs - nowMs;
}

/** Nothing was collected: the vendor's fault while it is not ready, ours once it is. */
function lateInKitchen(turn: Turn): void {
  if (turn.saga.ticket === 'ready') end(turn, 'no_driver_found', 'platform');
  else end(turn, 'never_ready', 'vendor');
}
