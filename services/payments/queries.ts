/** What payments ask of their tables; set by set. */
import type { OrderId, PaymentId } from '../../contracts/ids.ts';
import type { PaymentEvent, PaymentMethod } from '../../contracts/messages/payments.ts';
import type { Database, Queryable, Transaction } from '../../platform/database.ts';
import type { Operation, Payment, PaymentState } from './payment.ts';

export interface PaymentRow {
  readonly order_id: OrderId;
  readonly id: PaymentId;
  readonly account: string | null;
  readonly customer: string | null;
  readonly method: PaymentMethod | null;
  readonly currency: string | null;
  readonly state: PaymentState;
  readonly amount_minor: number;
  readonly captured_minor: number;
  readonly refunded_minor: number;
  readonly reference: string | null;
  readonly code: string | null;
  readonly created_ms: number;
  readonly changed_ms: number;
}

/** What was asked for, as it came. */
export interface AskedRow {
  readonly key: string;
  readonly order_id: OrderId;
  readonly kind: Operation['kind'];
  readonly amount_minor: number;
  readonly refund: string | null;
  readonly reason: string | null;
  readonly correlation: string | null;
  readonly asked_ms: number;
}

/** What was answered; `number` is the order of asking, given here where nothing had to wait. */
export interface AnsweredRow extends AskedRow {
  readonly answer: PaymentEvent;
  readonly number?: number;
}

/** What waits; behind others of its payment, unless it `isFirst`. */
export interface WaitingRow extends AskedRow {
  readonly isFirst: boolean;
}

function paymentOf(row: PaymentRow): Payment {
  return {
    order: row.order_id,
    id: row.id,
    account: row.account,
    customer: row.customer,
    method: row.method,
    currency: row.currency,
    state: row.state,
    amountMinor: row.amount_minor,
    capturedMinor: row.captured_minor,
    refundedMinor: row.refunded_minor,
    reference: row.reference,
    code: row.code,
  } as Payment;
}

export function operationOf(row: AskedRow): Operation {
  const { key, order_id: order, kind, amount_minor: amountMinor, refund } = row;
  return { key, order, kind, amountMinor, refund } as Operation;
}

/** First key of the advisory locks of payments; the second is the hash of the order. */
const PAYMENT_LOCKS = 0x57415059;

/**
 * Keeps everybody else from these payments, also from those that are not there yet, and reads them.
 * Whatever is read after it in the same transaction is what the last holder left. The transaction
 * reads by index from now on: see `takeDue`.
 */
export async function lockPayments(
  trx: Transaction,
  orders: readonly OrderId[],
): Promise<Payment[]> {
  const asked = [...new Set(orders)];
  await trx.raw(
    `SELECT set_config('enable_seqscan', 'off', true), pg_advisory_xact_lock(?, name) FROM
       (SELECT DISTINCT hashtext(id) AS name FROM unnest(?::text[]) id ORDER BY name) names`,
    [PAYMENT_LOCKS, asked],
  );
  const rows: PaymentRow[] = await trx('payments').whereRaw('order_id = ANY(?)', [asked]);
  return rows.map(paymentOf);
}

/** Makes payments that are not there yet and changes those that are; under their lock. */
export async function putPayments(
  trx: Transaction,
  payments: readonly Payment[],
  nowMs: number,
): Promise<void> {
  if (payments.length === 0) return;
  const rows = payments.map(
    (payment): PaymentRow => ({
      order_id: payment.order,
      id: payment.id,
      account: payment.account,
      customer: payment.customer,
      method: payment.method,
      currency: payment.currency,
      state: payment.state,
      amount_minor: payment.amountMinor,
      captured_minor: payment.capturedMinor,
      refunded_minor: payment.refundedMinor,
      reference: payment.reference,
      code: payment.code,
      created_ms: nowMs,
      changed_ms: nowMs,
    }),
  );
  await trx.raw(
    `INSERT INTO payments SELECT * FROM json_populate_recordset(NULL::payments, ?::json)
     ON CONFLICT (order_id) DO UPDATE SET account = excluded.account,
            customer = excluded.customer, method = excluded.method, currency = excluded.currency,
            state = excluded.state, amount_minor = excluded.amount_minor,
            captured_minor = excluded.captured_minor, refunded_minor = excluded.refunded_minor,
            reference = excluded.reference, code = excluded.code, changed_ms = excluded.changed_ms`,
    [JSON.stringify(rows)],
  );
}

/** An operation that was asked for before; its answer is null while it waits. */
export interface KnownRow {
  readonly key: string;
  readonly order_id: OrderId;
  readonly correlation: string | null;
  readonly answer: PaymentEvent | null;
}

/** Which of these were asked for before, and whatever waits of their payments; under their lock. */
export async function knownOperations(
  trx: Transaction,
  asked: readonly AskedRow[],
): Promise<KnownRow[]> {
  const orders = asked.map(({ order_id: order }) => order);
  const { rows } = await trx.raw<{ rows: KnownRow[] }>(
    `SELECT key, order_id, correlation, answer FROM operations
      WHERE order_id = ANY(?) AND key = ANY(?)
     UNION ALL SELECT key, order_id, correlation, NULL FROM waiting WHERE order_id = ANY(?)`,
    [orders, asked.map(({ key }) => key), orders],
  );
  return rows;
}

const ASKED_COLUMNS = 'key, order_id, kind, amount_minor, refund, reason, correlation, asked_ms';
const ASKED_TYPES = `key text, order_id text, kind text, amount_minor bigint, refund text,
       reason text, correlation text, asked_ms bigint`;

function askedOf(row: AskedRow): AskedRow {
  const { key, order_id, kind, amount_minor, refund, reason, correlation, asked_ms } = row;
  return { key, order_id, kind, amount_minor, refund, reason, correlation, asked_ms };
}

/** Notes what was answered, each key once. */
export async function insertAnswered(
  trx: Transaction,
  rows: readonly AnsweredRow[],
  nowMs: number,
): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO operations (${ASKED_COLUMNS}, answer, done_ms, number)
     SELECT ${ASKED_COLUMNS}, answer, ?, COALESCE(number, nextval('operations_number_seq'))
       FROM json_to_recordset(?::json)
            AS n (${ASKED_TYPES}, answer jsonb, number bigint, at integer)
      ORDER BY at`,
    [
      nowMs,
      JSON.stringify(
        rows.map((row, at) => ({ ...askedOf(row), answer: row.answer, number: row.number, at })),
      ),
    ],
  );
}

/** Notes what is to be done. What is first of its payment may be taken at once. */
export async function insertWaiting(trx: Transaction, rows: readonly WaitingRow[]): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO waiting (${ASKED_COLUMNS}, next_at)
     SELECT ${ASKED_COLUMNS}, CASE WHEN "isFirst" THEN now() END
       FROM json_to_recordset(?::json) AS n (${ASKED_TYPES}, "isFirst" boolean, at integer)
      ORDER BY at`,
    [JSON.stringify(rows.map((row, at) => ({ ...row, at })))],
  );
}

/** An operation to be done, with its payment. */
export interface DueRow extends AskedRow {
  readonly number: number;
  readonly payment: Payment;
}

/**
 * Takes operations that are due, one of each payment at most. The new `next_at` keeps them from other
 * nodes while the method is asked; it is also when they are tried again after a crash.
 *
 * A row leaves this table as soon as it came: pages of what is gone, few rows, so that the planner
 * thinks little of reading all of it (DELETE: 4,500 blocks a call after 10,000 operations while one
 * transaction stayed open), and the index of what is due begins with the entries of all that was
 * taken since the last vacuum (200 pages a look after 60,000). So everything goes by index, and a
 * look begins `sinceMs` ago (host ms); null: at the beginning.
 */
export async function takeDue(
  database: Database,
  { limit, leaseMs, sinceMs }: { limit: number; leaseMs: number; sinceMs: number | null },
): Promise<DueRow[]> {
  return database.transaction(async (trx) => {
    await trx.raw('SET LOCAL enable_seqscan = off');
    const { rows } = await trx.raw<{ rows: (DueRow & { row: PaymentRow })[] }>(
      `WITH taken AS (
         UPDATE waiting SET attempts = attempts + 1,
                next_at = now() + ? * interval '1 millisecond'
          WHERE ctid = ANY (ARRAY (SELECT ctid FROM waiting
                 WHERE next_at <= now()
                   AND next_at >= COALESCE(now() - ?::float8 * interval '1 millisecond', '-infinity')
                 ORDER BY next_at LIMIT ? FOR UPDATE SKIP LOCKED))
         RETURNING *)
       SELECT taken.*, to_jsonb(p) AS row FROM taken JOIN payments p USING (order_id)
        ORDER BY number`,
      [leaseMs, sinceMs, limit],
    );
    return rows.map((due) => ({ ...due, payment: paymentOf(due.row) }));
  });
}

/** Ends the waiting of operations; tells which somebody else had not ended before. */
export async function endWaiting(
  trx: Transaction,
  done: readonly AskedRow[],
): Promise<ReadonlySet<string>> {
  const orders = done.map(({ order_id: order }) => order);
  const { rows } = await trx.raw<{ rows: { key: string }[] }>(
    'DELETE FROM waiting WHERE order_id = ANY(?) AND key = ANY(?) RETURNING key',
    [orders, done.map(({ key }) => key)],
  );
  // The next of each payment is first now.
  await trx.raw(
    `UPDATE waiting SET next_at = now() WHERE next_at IS NULL AND order_id = ANY(?)
        AND number IN (SELECT min(number) FROM waiting WHERE order_id = ANY(?) GROUP BY order_id)`,
    [orders, orders],
  );
  return new Set(rows.map(({ key }) => key));
}

/** Host ms until operations that failed are tried again; the wait doubles with each try. */
export async function postpone(
  db: Queryable,
  failed: readonly { readonly row: AskedRow; readonly error: string }[],
  [firstMs, longestMs]: readonly [number, number],
): Promise<void> {
  if (failed.length === 0) return;
  await db.raw(
    `UPDATE waiting w SET last_error = n.error,
            next_at = now() + LEAST(?, ? * power(2, LEAST(attempts - 1, 16))) * interval '1 millisecond'
       FROM unnest(?::text[], ?::text[], ?::text[]) AS n (order_id, key, error)
      WHERE w.order_id = n.order_id AND w.key = n.key`,
    [
      longestMs,
      firstMs,
      failed.map(({ row }) => row.order_id),
      failed.map(({ row }) => row.key),
      failed.map(({ error }) => error),
    ],
  );
}

export async function paymentByOrder(
  db: Queryable,
  order: string,
): Promise<PaymentRow | undefined> {
  return db('payments').where({ order_id: order }).first();
}

/** Operations of one payment that are shown; a longer history is cut at its end. */
const SHOWN_MAX = 200;

/** An operation as it is shown; what waits has no answer yet. */
export type ShownRow = Pick<
  AskedRow,
  'kind' | 'amount_minor' | 'refund' | 'reason' | 'asked_ms'
> & {
  readonly answer: PaymentEvent | null;
  readonly done_ms: number | null;
};

export async function operationsOf(db: Queryable, order: string): Promise<ShownRow[]> {
  const { rows } = await db.raw<{ rows: ShownRow[] }>(
    `SELECT kind, amount_minor, refund, reason, asked_ms, answer, done_ms, number
       FROM operations WHERE order_id = ?
     UNION ALL SELECT kind, amount_minor, refund, reason, asked_ms, NULL, NULL, number
       FROM waiting WHERE order_id = ?
      ORDER BY number LIMIT ?`,
    [order, order, SHOWN_MAX],
  );
  return rows;
}
