/**
 * The payments' part in the saga: takes what is asked for (`requests:payments`), each once, answers
 * what can be answered without asking a method, and tells again what was answered before. What has
 * to be asked waits: that is not for a transaction (`working.ts`).
 */
import { PAYMENT_STREAM, type PaymentAsked } from '../../contracts/messages/payments.ts';
import type { Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { enqueue, type OutboxEntry } from '../../platform/outbox.ts';
import { type Answer, Desk } from './desk.ts';
import type { Methods } from './methods/asking.ts';
import * as queries from './queries.ts';

export interface Followed {
  /** What was answered now. */
  readonly answered: readonly queries.AnsweredRow[];
  /** Whether something has to be asked. */
  readonly waits: boolean;
}

/** Handles a batch at zone time `nowMs`. */
export async function follow(
  trx: Transaction,
  entries: readonly EventEntry<PaymentAsked>[],
  { methods, nowMs }: { readonly methods: Methods; readonly nowMs: number },
): Promise<Followed> {
  const asked = entries.map(({ event, correlation, id }) => ({
    event,
    row: askedRow(event, correlation ?? id, nowMs),
  }));
  const rows = asked.map(({ row }) => row);
  const payments = await queries.lockPayments(
    trx,
    rows.map(({ order_id: order }) => order),
  );
  const desk = new Desk(methods, payments, await queries.knownOperations(trx, rows));
  const answers = asked.flatMap((one) => desk.take(one) ?? []);
  const { answered, waiting } = desk;
  await queries.putPayments(trx, desk.changedPayments(), nowMs);
  await queries.insertAnswered(trx, answered, nowMs);
  await queries.insertWaiting(trx, waiting);
  await enqueue(trx, answers.map(told));
  return { answered, waits: waiting.length > 0 };
}

/** An answer as it leaves by the outbox. */
export function told({ order: key, event: payload, correlation }: Answer): OutboxEntry {
  return { key, topic: PAYMENT_STREAM, payload, correlation: correlation ?? undefined };
}

/** What was asked for as a row, its key made of what it is about. */
export function askedRow(
  event: PaymentAsked,
  correlation: string,
  nowMs: number,
): queries.AskedRow {
  const { order } = event;
  const base = { order_id: order, correlation, asked_ms: nowMs, refund: null, reason: null };
  switch (event.type) {
    case 'payment.authorise':
      return {
        ...base,
        key: `${order}/authorise`,
        kind: 'authorise',
        amount_minor: event.amountMinor,
      };
    case 'payment.capture':
      return { ...base, key: `${order}/capture`, kind: 'capture', amount_minor: event.amountMinor };
    case 'payment.void':
      return { ...base, key: `${order}/void`, kind: 'void', amount_minor: 0 };
    case 'payment.refund':
      return {
        ...base,
        key: `${order}/refund/${event.refund}`,
        kind: 'refund',
        amount_minor: event.amountMinor,
        refund: event.refund,
        reason: event.reason,
      };
  }
}
