/** Reading the payment of an order: its customer, its vendor, ops. */
import type { Payment as PaymentView } from '../../contracts/api/payments.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { Database } from '../../platform/database.ts';
import type { Call, Caller } from '../../platform/service.ts';
import { timeText, timeTextOrNull } from '../../platform/times.ts';
import * as queries from './queries.ts';

export async function ofOrder(database: Database, order: string, call: Call): Promise<PaymentView> {
  const row = await queries.paymentByOrder(database.knex, order);
  if (row === undefined || row.account === null || !sees(call.caller, row)) {
    throw new WaggleError('resource.not_found');
  }
  const operations = await queries.operationsOf(database.knex, order);
  return {
    id: row.id,
    order: row.order_id,
    // The token stays inside: with it somebody else could pay.
    method: row.method?.kind ?? 'cash',
    state: row.state,
    amountMinor: row.amount_minor,
    capturedMinor: row.captured_minor,
    refundedMinor: row.refunded_minor,
    currency: row.currency ?? '',
    code: row.code,
    createdAt: timeText(row.created_ms),
    changedAt: timeText(row.changed_ms),
    operations: operations.map((operation) => ({
      kind: operation.kind,
      amountMinor: operation.amount_minor,
      refund: operation.refund,
      reason: operation.reason,
      outcome: operation.answer?.type ?? null,
      askedAt: timeText(operation.asked_ms),
      doneAt: timeTextOrNull(operation.done_ms),
    })),
  };
}

function sees(caller: Caller, row: queries.PaymentRow): boolean {
  if (caller.kind === 'system') return true;
  if (caller.kind !== 'user') return false;
  if (caller.role === 'ops') return true;
  if (caller.role === 'vendor') return row.account === caller.account;
  return caller.role === 'customer' && row.customer === caller.sub;
}
