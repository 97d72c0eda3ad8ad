/**
 * What each input means for an order: answers of inventory, payments, kitchen and deliveries, what
 * people ask, and the timer. Pure; the steps themselves are the table in `saga.ts`.
 */

import type { OrderState } from '../../../contracts/api/orders.ts';
import { compareVersions } from '../../../contracts/messages/deliveries.ts';
import { type EndReason, isAboard, isEnded } from '../../../contracts/states.ts';
import { chargeOfEnd } from '../care/cancellation.ts';
import {
  callOff,
  close,
  end,
  endingOf,
  enter,
  finishWhenSettled,
  fire,
  kitchenWaitMs,
  proceed,
} from './saga.ts';
import type {
  Actor,
  Ending,
  Outcome,
  Saga,
  SagaInput,
  SagaLimits,
  SagaTerms,
  StepName,
} from './saga-state.ts';
import { CLOCK, Turn } from './saga-turn.ts';

/** Decides what comes of one input. An input that is no news changes nothing and says nothing. */
export function step(
  terms: SagaTerms,
  saga: Saga,
  input: SagaInput,
  nowMs: number,
  limits: SagaLimits,
): Outcome {
  const turn = new Turn(terms, saga, nowMs, limits);
  take(turn, input);
  return turn.outcome();
}

function take(turn: Turn, input: SagaInput): void {
  switch (input.type) {
    case 'timer':
      return fire(turn);
    case 'checked':
      return checked(turn, input);
    case 'reviewed':
      return reviewed(turn, input.approved, input.actor);
    case 'cancel.asked':
      return cancel(turn, input);
    case 'refund.asked':
      return refund(turn, input);
    case 'stock.reserved':
    case 'stock.refused':
    case 'stock.released':
    case 'stock.committed':
      return stock(turn, input);
    case 'ticket.changed':
      return ticket(turn, input);
    case 'delivery.changed':
      return parcel(turn, input);
    default:
      return payment(turn, input);
  }
}

function checked(turn: Turn, input: Extract<SagaInput, { type: 'checked' }>): void {
  if (turn.saga.step !== 'checking') return;
  turn.say('checked', CLOCK, { outcome: input.outcome, ...input.explanation });
  if (input.outcome === 'refuse') end(turn, 'refused_by_rules', 'customer');
  else if (input.outcome === 'review') enter(turn, 'reviewing');
  else proceed(turn);
}

function reviewed(turn: Turn, approved: boolean, actor: Actor): void {
  if (turn.saga.step !== 'reviewing') return;
  turn.say('reviewed', actor, { approved });
  if (approved) proceed(turn);
  else end(turn, 'refused_by_ops', 'customer');
}

type Of<T extends SagaInput['type']> = Extract<SagaInput, { type: T }>;

function stock(
  turn: Turn,
  input: Of<'stock.reserved' | 'stock.refused' | 'stock.released' | 'stock.committed'>,
): void {
  const { stock: before, step: at } = turn.saga;
  switch (input.type) {
    case 'stock.reserved':
      if (before !== 'asked') return;
      turn.part({ stock: 'reserved' }, input.type, 'inventory');
      if (at === 'reserving') enter(turn, 'authorising');
      return;
    case 'stock.refused':
      if (before !== 'asked' && before !== 'releasing') return;
      turn.part({ stock: 'refused' }, input.type, 'inventory', { shortages: input.shortages });
      if (at === 'reserving') return end(turn, 'out_of_stock', 'vendor');
      break;
    case 'stock.released':
      if (before !== 'releasing') return ranOut(turn, input.expired);
      turn.part({ stock: 'released' }, input.type, 'inventory');
      break;
    case 'stock.committed':
      if (before !== 'committing') return;
      turn.part({ stock: 'committed' }, input.type, 'inventory');
      break;
  }
  finishWhenSettled(turn);
}

/** What is being cooked is sold: inventory takes a commit that comes after its time, too. */
function ranOut(turn: Turn, expired: boolean): void {
  const { stock: before, step: at } = turn.saga;
  if (!expired || before !== 'reserved') return;
  const isGone = isBeforeKitchen(at);
  turn.part(isGone ? { stock: 'released' } : {}, 'stock.released', 'inventory', { expired });
  if (isGone) end(turn, 'stock_expired', 'platform');
}

function isInKitchen(at: StepName): boolean {
  return at === 'requesting' || at === 'preparing';
}

function isBeforeKitchen(at: StepName): boolean {
  return at === 'reserving' || at === 'authorising' || at === 'accepting';
}

function payment(turn: Turn, input: Extract<SagaInput, { type: `payment.${string}` }>): void {
  const { payment: before, step: at } = turn.saga;
  const who = 'payments';
  switch (input.type) {
    case 'payment.authorised':
      if (before !== 'asked') return;
      turn.part({ payment: 'authorised' }, input.type, who, { payment: input.payment });
      if (at === 'authorising') enter(turn, 'accepting');
      return;
    case 'payment.declined':
      if (before !== 'asked' && before !== 'voiding') return;
      turn.part({ payment: 'declined' }, input.type, who, { code: input.code });
      if (at === 'authorising') return end(turn, 'payment_declined', 'customer');
      break;
    case 'payment.captured':
      if (before !== 'capturing') return;
      turn.part({ payment: 'captured', capturedMinor: input.amountMinor }, input.type, who);
      break;
    case 'payment.capture_failed':
      if (before !== 'capturing') return;
      turn.part({ payment: 'capture_failed' }, input.type, who, { code: input.code });
      break;
    case 'payment.voided':
      if (before !== 'voiding') return;
      turn.part({ payment: 'voided' }, input.type, who);
      break;
    case 'payment.refunded':
    case 'payment.refund_failed':
      return refunded(turn, input);
  }
  finishWhenSettled(turn);
}

function ticket(turn: Turn, input: Of<'ticket.changed'>): void {
  const { saga } = turn;
  if (saga.ticket === 'none' || input.version <= saga.ticketVersion) return;
  const isOver = input.state === 'rejected' || input.state === 'cancelled';
  // A ticket that is being taken back is only done when the kitchen says so.
  const status = saga.ticket === 'cancelling' && !isOver ? 'cancelling' : input.state;
  const data = { state: input.state, readyMs: input.readyMs, reason: input.reason };
  const version = { ticketVersion: input.version };
  turn.part({ ticket: status, ...version }, input.type, 'kitchen', data);
  const readyMs = input.readyMs ?? saga.readyMs;
  if (saga.step === 'accepting') {
    if (isOver) return end(turn, 'rejected_by_vendor', 'vendor');
    if (input.state === 'open') return;
    turn.set({ readyMs });
    enter(turn, 'requesting');
  } else if (isInKitchen(saga.step)) {
    if (isOver) return end(turn, 'rejected_by_vendor', 'vendor');
    if (readyMs !== saga.readyMs) turn.askReadyAt(readyMs);
    if (saga.step === 'preparing') turn.set({ dueMs: turn.nowMs + kitchenWaitMs(turn) });
  }
  turn.set({ state: stateBeforePickup(turn) });
  finishWhenSettled(turn);
}

function stateBeforePickup({ saga }: Turn): OrderState {
  if (!isInKitchen(saga.step)) return saga.state;
  if (saga.ticket === 'ready') return 'ready';
  return saga.ticket === 'started' ? 'preparing' : 'accepted';
}

function parcel(turn: Turn, input: Of<'delivery.changed'>): void {
  const { saga, terms } = turn;
  if (input.delivery !== terms.wanted.id || saga.parcel === 'none') return;
  if (compareVersions(input.version, saga.parcelVersion) <= 0) return;
  const data = { state: input.state, driver: input.driver, reason: input.reason };
  const { state: parcel, version: parcelVersion, driver } = input;
  turn.part({ parcel, parcelVersion, driver }, input.type, 'deliveries', data);
  if (saga.endedMs !== null) return;
  if (isEnded(input.state)) return parcelEnded(turn, input);
  if (saga.step === 'requesting') enter(turn, 'preparing');
  if (!isAboard(input.state) || saga.step === 'carrying') return;
  // A pickup beats the cancel that came after it: the order is carried on.
  turn.set({ state: 'on_the_way', ending: null });
  enter(turn, 'carrying');
}

function parcelEnded(turn: Turn, { state, reason }: Of<'delivery.changed'>): void {
  const { saga, terms } = turn;
  if (state === 'delivered') {
    const ending = endingOf('completed', reason?.fault, reason?.stage);
    return close(turn, 'delivered', { ...ending, chargeMinor: terms.totalMinor, keepsStock: true });
  }
  const why: EndReason = reason ?? {
    code: 'never_completed',
    stage: 'pending',
    fault: 'platform',
  };
  // What was decided when it was called off stands, if that is why it ended.
  if (state === 'cancelled' && saga.ending !== null) return close(turn, state, saga.ending);
  const wasAboard = saga.step === 'carrying' || isAboard(why.stage);
  const chargeMinor = chargeOfEnd(terms, why.fault, wasAboard);
  const ending: Ending = { reason: why, chargeMinor, keepsStock: wasAboard };
  close(turn, state === 'cancelled' ? 'cancelled' : 'failed', ending);
}

const PAST_PICKUP: readonly StepName[] = ['carrying', 'settling', 'undoing', 'refunding', 'done'];

function cancel(turn: Turn, input: Of<'cancel.asked'>): void {
  if (turn.saga.ending !== null || PAST_PICKUP.includes(turn.saga.step)) return;
  const { code, fault, chargeMinor, keepsStock } = input;
  turn.say(input.type, input.actor, { code, reason: input.reason, chargeMinor });
  const reason = { code, fault, stage: turn.saga.state };
  callOff(turn, { reason, chargeMinor, keepsStock });
}

function refund(turn: Turn, input: Of<'refund.asked'>): void {
  const { saga } = turn;
  if (saga.payment !== 'captured' || input.refund in saga.refunds) return;
  if (saga.step !== 'done' && saga.step !== 'refunding') return;
  if (input.amountMinor > turn.refundableMinor()) return;
  const { amountMinor, reason } = input;
  turn.say(input.type, input.actor, { refund: input.refund, amountMinor, reason });
  turn.set({ refunds: { ...saga.refunds, [input.refund]: { amountMinor, reason } } });
  enter(turn, 'refunding');
}

function refunded(turn: Turn, input: Of<'payment.refunded' | 'payment.refund_failed'>): void {
  const { [input.refund]: wanted, ...refunds } = turn.saga.refunds;
  if (wanted === undefined) return;
  const gone = input.type === 'payment.refunded' ? wanted.amountMinor : 0;
  const refundedMinor = turn.saga.refundedMinor + gone;
  turn.part({ refunds, refundedMinor }, input.type, 'payments', {
    refund: input.refund,
    ...wanted,
  });
  if (Object.keys(refunds).length === 0) enter(turn, 'done');
}
