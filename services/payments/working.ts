/**
 * Does what waits: takes operations in bounded batches, one at a time of each payment, asks the
 * method outside of any transaction, and writes what came of it together with the answer. A crash in
 * between only means that the method is asked again, with the same key.
 */
import type { Database } from '../../platform/database.ts';
import { enqueue } from '../../platform/outbox.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import { answerOf, type Methods } from './methods/asking.ts';
import { apply, type MethodAnswer, type Operation } from './payment.ts';
import * as queries from './queries.ts';
import { told } from './requests.ts';

const BATCH_MAX = 200;
const POLL_MS = 500;
/** Host ms; longer than any call may take (the time-out of guarded.ts). */
const LEASE_MS = 10_000;
const RETRY_MS = [200, 60_000] as const;
/** Host ms; a look goes back so far: more than a poll, and than most transactions take. */
const LOOK_BACK_MS = 1_000;
/** Host ms between looks at all that is due, however long: nobody may have looked for a while. */
const LOOK_AT_ALL_MS = 5_000;

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
  let lookAtAllMs = 0;
  return startPump({
    work: async () => {
      const all = performance.now() >= lookAtAllMs;
      const batch = { limit: BATCH_MAX, leaseMs: LEASE_MS, sinceMs: all ? null : LOOK_BACK_MS };
      const due = await queries.takeDue(options.database, batch);
      if (all && due.length < BATCH_MAX) lookAtAllMs = performance.now() + LOOK_AT_ALL_MS;
      return workBatch(options, due);
    },
    pollMs: POLL_MS,
    backOffMs: [100, 5_000],
    onError: options.onError,
  });
}

interface Answered {
  readonly row: queries.DueRow;
  readonly answer: MethodAnswer | null;
}

async function workBatch(
  options: WorkingOptions,
  due: readonly queries.DueRow[],
): Promise<boolean> {
  const answered: Answered[] = [];
  const failed: { row: queries.DueRow; error: string }[] = [];
  await Promise.all(
    due.map(async (row) => {
      try {
        const answer = answerOf(options.methods, row.payment, queries.operationOf(row));
        answered.push({ row, answer: typeof answer === 'function' ? await answer() : answer });
      } catch (error) {
        options.onError(error, row.key);
        failed.push({ row, error: String(error).slice(0, 300) });
      }
    }),
  );
  await write(options, answered);
  await queries.postpone(options.database.knex, failed, RETRY_MS);
  return answered.length > 0;
}

async function write(
  { database, nowMs, onDone }: WorkingOptions,
  answered: readonly Answered[],
): Promise<void> {
  if (answered.length === 0) return;
  const atMs = nowMs();
  const done = await database.transaction(async (trx) => {
    const rows = answered.map(({ row }) => row);
    const payments = await queries.lockPayments(
      trx,
      rows.map(({ order_id: order }) => order),
    );
    const byOrder = new Map(payments.map((payment) => [payment.order, payment]));
    const ended = await queries.endWaiting(trx, rows);
    const applied = answered.flatMap(({ row, answer }) => {
      const payment = byOrder.get(row.order_id);
      if (payment === undefined || !ended.has(row.key)) return [];
      return [{ row, ...apply(payment, queries.operationOf(row), answer) }];
    });
    await queries.putPayments(
      trx,
      applied.map(({ payment }) => payment),
      atMs,
    );
    await queries.insertAnswered(
      trx,
      applied.map(({ row, event }) => ({ ...row, answer: event })),
      atMs,
    );
    await enqueue(
      trx,
      applied.map(({ row, event }) =>
        told({ order: row.order_id, event, correlation: row.correlation }),
      ),
    );
    return applied;
  });
  for (const { row, event } of done) onDone(row.kind, event.type);
}
