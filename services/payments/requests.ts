/**
 * The payments' part in the saga: notes what is asked for (`requests:payments`), each once, and tells
 * again what was answered before. Never asks a method: that is not for a transaction (`working.ts`).
 */
import { newId } from '../../contracts/ids.ts';
import { PAYMENT_STREAM, type PaymentAsked } from '../../contracts/messages/payments.ts';
import type { Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { enqueue } from '../../platform/outbox.ts';
import * as queries from './queries.ts';

/** Handles a batch at zone time `nowMs`. */
export async function follow(
  trx: Transaction,
  entries: readonly EventEntry<PaymentAsked>[],
  nowMs: number,
): Promise<void> {
  // A row of the payment first: what comes of an operation is written there.
  await queries.insertPayments(trx, paymentsOf(entries, nowMs));
  const operations = entries.map(({ event, correlation, id }) =>
    operationOf(event, correlation ?? id, nowMs),
  );
  const fresh = await queries.insertOperations(trx, operations);
  const repeated = operations.filter(({ key }) => !fresh.has(key)).map(({ key }) => key);
  const answered = await queries.operationsByKey(trx, repeated);
  await enqueue(
    trx,
    answered.flatMap(({ order_id: key, answer, correlation }) =>
      answer === null
        ? []
        : [{ key, topic: PAYMENT_STREAM, payload: answer, correlation: correlation ?? undefined }],
    ),
  );
}

function paymentsOf(
  entries: readonly EventEntry<PaymentAsked>[],
  nowMs: number,
): queries.NewPayment[] {
  const rows = new Map<string, queries.NewPayment>();
  for (const { event } of entries) {
    const known = rows.get(event.order);
    if (known !== undefined && known.account !== null) continue;
    const empty = { account: null, customer: null, method: null, currency: null, amount_minor: 0 };
    const { order } = event;
    const row = { order_id: order, id: newId('payment'), created_ms: nowMs };
    if (event.type === 'payment.authorise') {
      const { account, customer, method, currency, amountMinor } = event;
      rows.set(order, { ...row, account, customer, method, currency, amount_minor: amountMinor });
    } else {
      rows.set(order, { ...row, ...empty });
    }
  }
  return [...rows.values()];
}

function operationOf(
  event: PaymentAsked,
  correlation: string,
  nowMs: number,
): queries.NewOperation {
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
