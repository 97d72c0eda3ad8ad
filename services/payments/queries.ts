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

export interface OperationRow {
  readonly key: string;
  readonly number: number;
  readonly order_id: OrderId;
  readonly kind: Operation['kind'];
  readonly amount_minor: number;
  readonly refund: string | null;
  readonly reason: string | null;
  readonly correlation: string | null;
  readonly answer: PaymentEvent | null;
  readonly asked_ms: number;
  readonly done_ms: number | null;
  readonly attempts: number;
}

export function paymentOf(row: PaymentRow): Payment {
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

export function operationOf(row: OperationRow): Operation {
  const { key, order_id: order, kind, amount_minor: amountMinor, refund } = row;
  return { key, order, kind, amountMinor, refund } as Operation;
}

export type NewPayment = Pick<
  PaymentRow,
  'order_id' | 'id' | 'account' | 'customer' | 'method' | 'currency' | 'amount_minor' | 'created_ms'
>;

/** Makes payments that are not there yet; what a void left behind is filled in, and stays void. */
export async function insertPayments(trx: Transaction, rows: readonly NewPayment[]): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO payments (order_id, id, account, customer, method, currency, amount_minor,
            created_ms, changed_ms, state)
     SELECT order_id, id, account, customer, method, currency, amount_minor,
            created_ms, created_ms, 'none'
       FROM jsonb_to_recordset(?::jsonb) AS n (order_id text, id text, account text,
            customer text, method jsonb, currency text, amount_minor bigint, created_ms bigint)
      ORDER BY order_id
     ON CONFLICT (order_id) DO UPDATE SET account = excluded.account,
            customer = excluded.customer, method = excluded.method,
            currency = excluded.currency, amount_minor = excluded.amount_minor
      WHERE payments.account IS NULL AND excluded.account IS NOT NULL`,
    [JSON.stringify(rows)],
  );
}

export type NewOperation = Pick<
  OperationRow,
  'key' | 'order_id' | 'kind' | 'amount_minor' | 'refund' | 'reason' | 'correlation' | 'asked_ms'
>;

/** Notes what is to be done, each key once. */
export async function insertOperations(
  trx: Transaction,
  rows: readonly NewOperation[],
): Promise<ReadonlySet<string>> {
  const { rows: made } = await trx.raw<{ rows: { key: string }[] }>(
    `INSERT INTO operations (key, order_id, kind, amount_minor, refund, reason, correlation, asked_ms)
     SELECT key, order_id, kind, amount_minor, refund, reason, correlation, asked_ms
       FROM jsonb_to_recordset(?::jsonb) AS n (key text, order_id text, kind text,
            amount_minor bigint, refund text, reason text, correlation text, asked_ms bigint, at integer)
      ORDER BY at
     ON CONFLICT (key) DO NOTHING RETURNING key`,
    [JSON.stringify(rows.map((row, at) => ({ ...row, at })))],
  );
  return new Set(made.map(({ key }) => key));
}

export async function operationsByKey(
  db: Queryable,
  keys: readonly string[],
): Promise<OperationRow[]> {
  return keys.length === 0 ? [] : db('operations').whereRaw('key = ANY(?)', [[...keys]]);
}

/** An operation to be done, with its payment. */
export type DueRow = OperationRow & { readonly row: PaymentRow };

/**
 * Takes the first waiting operation of as many payments. The new `next_at` keeps them from other
 * nodes while the method is asked; it is also when they are tried again after a crash.
 *
 * Only a walk along the index marks the entries of operations that are done, so that the next walk
 * passes them by; the plan that first collects them all visited each of 30,000 in every call.
 */
export async function takeDue(
  database: Database,
  limit: number,
  leaseMs: number,
): Promise<DueRow[]> {
  return database.transaction(async (trx) => {
    await trx.raw('SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off');
    const { rows } = await trx.raw<{ rows: DueRow[] }>(
      `WITH due AS (
         SELECT key FROM operations o
          WHERE answer IS NULL AND next_at <= now()
            AND NOT EXISTS (SELECT 1 FROM operations p
                 WHERE p.order_id = o.order_id AND p.number < o.number AND p.answer IS NULL)
          ORDER BY next_at, number LIMIT ? FOR UPDATE SKIP LOCKED),
       taken AS (
         UPDATE operations o SET attempts = attempts + 1,
                next_at = now() + ? * interval '1 millisecond'
           FROM due WHERE o.key = due.key RETURNING o.*)
       SELECT taken.*, to_jsonb(p) AS row FROM taken JOIN payments p USING (order_id)
        ORDER BY number`,
      [limit, leaseMs],
    );
    return rows;
  });
}

/** Locks payments in one order for everybody. */
export async function lockPayments(
  trx: Transaction,
  orders: readonly string[],
): Promise<PaymentRow[]> {
  return trx('payments')
    .whereRaw('order_id = ANY(?)', [[...orders]])
    .orderBy('order_id')
    .forUpdate();
}

/** Marks operations as done; those that somebody else had done before are left out. */
export async function finish(
  trx: Transaction,
  done: readonly { readonly key: string; readonly answer: PaymentEvent }[],
  nowMs: number,
): Promise<ReadonlySet<string>> {
  const { rows } = await trx.raw<{ rows: { key: string }[] }>(
    `UPDATE operations o SET answer = n.answer, done_ms = ?, last_error = NULL
       FROM jsonb_to_recordset(?::jsonb) AS n (key text, answer jsonb)
      WHERE o.key = n.key AND o.answer IS NULL RETURNING o.key`,
    [nowMs, JSON.stringify(done)],
  );
  return new Set(rows.map(({ key }) => key));
}

export async function savePayments(
  trx: Transaction,
  payments: readonly Payment[],
  nowMs: number,
): Promise<void> {
  if (payments.length === 0) return;
  const rows = payments.map((payment) => ({
    order_id: payment.order,
    state: payment.state,
    captured_minor: payment.capturedMinor,
    refunded_minor: payment.refundedMinor,
    reference: payment.reference,
    code: payment.code,
  }));
  await trx.raw(
    `UPDATE payments p SET state = n.state, captured_minor = n.captured_minor,
            refunded_minor = n.refunded_minor, reference = n.reference, code = n.code, changed_ms = ?
       FROM jsonb_to_recordset(?::jsonb) AS n (order_id text, state text, captured_minor bigint,
            refunded_minor bigint, reference text, code text)
      WHERE p.order_id = n.order_id`,
    [nowMs, JSON.stringify(rows)],
  );
}

/** Host ms until operations that failed are tried again; the wait doubles with each try. */
export async function postpone(
  db: Queryable,
  failed: readonly { readonly key: string; readonly error: string }[],
  [firstMs, longestMs]: readonly [number, number],
): Promise<void> {
  if (failed.length === 0) return;
  await db.raw(
    `UPDATE operations o SET last_error = n.error,
            next_at = now() + LEAST(?, ? * power(2, LEAST(attempts - 1, 16))) * interval '1 millisecond'
       FROM jsonb_to_recordset(?::jsonb) AS n (key text, error text) WHERE o.key = n.key`,
    [longestMs, firstMs, JSON.stringify(failed)],
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

export async function operationsOf(db: Queryable, order: string): Promise<OperationRow[]> {
  return db('operations').where({ order_id: order }).orderBy('number').limit(SHOWN_MAX);
}
