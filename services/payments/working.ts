/**
 * Does what was asked for: takes operations in bounded batches, one at a time of each payment, asks
 * the method outside of any transaction, and writes what came of it together with the answer. A crash
 * in between only means that the method is asked again, with the same key.
 */
import { PAYMENT_STREAM } from '../../contracts/messages/payments.ts';
import type { Database } from '../../platform/database.ts';
import { enqueue } from '../../platform/outbox.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import type { PaymentPort } from './methods/port.ts';
import { apply, type MethodAnswer, needsMethod, type Operation } from './payment.ts';
import * as queries from './queries.ts';

const BATCH_MAX = 200;
const POLL_MS = 500;
/** Host ms; longer than any call may take (the time-out of guarded.ts). */
const LEASE_MS = 10_000;
const RETRY_MS = [200, 60_000] as const;

export type Methods = Readonly<Record<string, PaymentPort>>;

export interface WorkingOptions {
  readonly database: Database;
  readonly methods: Methods;
  /** Zone ms. */
  readonly nowMs: () => number;
  /** Something was answered. */
  readonly onDone: (kind: Operation['kind'], outcome: string) => void;
  readonly onError: (error: unknown, key?: string) => void;
}

/** Starts working; several may run at once. */
export function startWorking(options: WorkingOptions): Pump {
  return startPump({
    work: () => workBatch(options),
    pollMs: POLL_MS,
    backOffMs: [100, 5_000],
    onError: options.onError,
  });
}

interface Answered {
  readonly row: queries.DueRow;
  readonly answer: MethodAnswer | null;
}

async function workBatch(options: WorkingOptions): Promise<boolean> {
  const due = await queries.takeDue(options.database, BATCH_MAX, LEASE_MS);
  if (due.length === 0) return false;
  const answered: Answered[] = [];
  const failed: { key: string; error: string }[] = [];
  await Promise.all(
    due.map(async (row) => {
      try {
        answered.push({ row, answer: await ask(options.methods, row) });
      } catch (error) {
        options.onError(error, row.key);
        failed.push({ key: row.key, error: String(error).slice(0, 300) });
      }
    }),
  );
  await write(options, answered);
  await queries.postpone(options.database.knex, failed, RETRY_MS);
  return answered.length > 0;
}

/** The method's answer; null when none is needed. Throws when it is to be tried again. */
async function ask(methods: Methods, due: queries.DueRow): Promise<MethodAnswer | null> {
  const payment = queries.paymentOf(due.row);
  const operation = queries.operationOf(due);
  if (!needsMethod(payment, operation)) return null;
  const { method, order, currency, reference } = payment;
  const port = method === null ? undefined : methods[method.kind];
  if (port === undefined || method === null || currency === null) {
    return { ok: false, code: 'not_supported' };
  }
  const { key, amountMinor } = operation;
  return port[operation.kind]({ key, order, method, amountMinor, currency, reference });
}

async function write(
  { database, nowMs, onDone }: WorkingOptions,
  answered: readonly Answered[],
): Promise<void> {
  if (answered.length === 0) return;
  const atMs = nowMs();
  const done = await database.transaction(async (trx) => {
    const orders = answered.map(({ row }) => row.order_id);
    const rows = await queries.lockPayments(trx, orders);
    const payments = new Map(rows.map((row) => [row.order_id, queries.paymentOf(row)]));
    const applied = answered.flatMap(({ row, answer }) => {
      const payment = payments.get(row.order_id);
      const operation = queries.operationOf(row);
      if (payment === undefined) return [];
      return [{ key: row.key, row, operation, ...apply(payment, operation, answer) }];
    });
    const finished = await queries.finish(
      trx,
      applied.map(({ key, event }) => ({ key, answer: event })),
      atMs,
    );
    const fresh = applied.filter(({ key }) => finished.has(key));
    await queries.savePayments(
      trx,
      fresh.map(({ payment }) => payment),
      atMs,
    );
    await enqueue(
      trx,
      fresh.map(({ row, event }) => ({
        key: row.order_id,
        topic: PAYMENT_STREAM,
        payload: event,
        correlation: row.correlation ?? undefined,
      })),
    );
    return fresh;
  });
  for (const { operation, event } of done) onDone(operation.kind, event.type);
}
