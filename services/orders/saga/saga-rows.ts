/** What the saga asks of its tables, batch by batch; never a query per order. */
import type { OrderState } from '../../../contracts/api/orders.ts';
import type { OrderId } from '../../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../../platform/database.ts';
import type { Ending, OrderEvent, Saga, SagaTerms, StepName } from './saga-state.ts';
import type { TermsMemory } from './terms-memory.ts';

interface SagaRow {
  readonly order_id: OrderId;
  readonly step: StepName;
  readonly state: OrderState;
  readonly stock: Saga['stock'];
  readonly payment: Saga['payment'];
  readonly ticket: Saga['ticket'];
  readonly ticket_version: number;
  readonly parcel: Saga['parcel'];
  readonly epoch: number;
  readonly seq: number;
  readonly index: number;
  readonly ready_ms: number;
  readonly since_ms: number;
  readonly tries: number;
  readonly due_ms: number | null;
  readonly ending: Ending | null;
  readonly ended_ms: number | null;
  readonly captured_minor: number;
  readonly refunded_minor: number;
  readonly refunds: Saga['refunds'];
  readonly driver: Saga['driver'];
}

/** A saga under lock, with what it was placed with. */
export interface LockedSaga {
  readonly saga: Saga;
  readonly terms: SagaTerms;
  readonly correlation: string | null;
  /**
   * Zone ms that its row of `timers` says: never later than what it waits for, often earlier. A step
   * that may last longer than the one before leaves the row alone; it fires early, finds nothing due
   * and is set anew. Null: there is none, or it has just fired.
   */
  readonly timerMs: number | null;
}

interface LockedRow extends SagaRow {
  readonly terms: SagaTerms;
  readonly correlation: string | null;
  readonly timer_ms: number | null;
}

/** Columns of `sagas` that a step may change, with the types of json_to_recordset. */
const CHANGING = {
  step: 'text',
  state: 'text',
  stock: 'text',
  payment: 'text',
  ticket: 'text',
  ticket_version: 'integer',
  parcel: 'text',
  epoch: 'bigint',
  seq: 'bigint',
  index: 'integer',
  ready_ms: 'bigint',
  since_ms: 'bigint',
  tries: 'integer',
  due_ms: 'bigint',
  ending: 'jsonb',
  ended_ms: 'bigint',
  captured_minor: 'bigint',
  refunded_minor: 'bigint',
  refunds: 'jsonb',
  driver: 'text',
  timer_ms: 'bigint',
} as const;
const NAMES = Object.keys(CHANGING);
const RECORD = Object.entries(CHANGING)
  .map((column) => column.join(' '))
  .join(', ');
const SETS = NAMES.map((name) => `${name} = n.${name}`).join(', ');

export function sagaOf(row: SagaRow): Saga {
  return {
    order: row.order_id,
    step: row.step,
    state: row.state,
    stock: row.stock,
    payment: row.payment,
    ticket: row.ticket,
    ticketVersion: row.ticket_version,
    parcel: row.parcel,
    parcelVersion: [row.epoch, row.seq, row.index],
    readyMs: row.ready_ms,
    sinceMs: row.since_ms,
    tries: row.tries,
    dueMs: row.due_ms,
    ending: row.ending,
    endedMs: row.ended_ms,
    capturedMinor: row.captured_minor,
    refundedMinor: row.refunded_minor,
    refunds: row.refunds,
    driver: row.driver,
  };
}

function rowOf(saga: Saga): SagaRow {
  const [epoch, seq, index] = saga.parcelVersion;
  return {
    order_id: saga.order,
    step: saga.step,
    state: saga.state,
    stock: saga.stock,
    payment: saga.payment,
    ticket: saga.ticket,
    ticket_version: saga.ticketVersion,
    parcel: saga.parcel,
    ...{ epoch, seq, index },
    ready_ms: saga.readyMs,
    since_ms: saga.sinceMs,
    tries: saga.tries,
    due_ms: saga.dueMs,
    ending: saga.ending,
    ended_ms: saga.endedMs,
    captured_minor: saga.capturedMinor,
    refunded_minor: saga.refundedMinor,
    refunds: saga.refunds,
    driver: saga.driver,
  };
}

const locked = ({ terms, correlation, timer_ms: timerMs, ...row }: LockedRow): LockedSaga => ({
  ...{ saga: sagaOf(row), terms, correlation, timerMs },
});

/**
 * Locks the sagas of these orders, in one order for everybody; unknown orders are left out. Terms
 * that are not in memory are read and remembered.
 */
export async function lockSagas(
  trx: Transaction,
  orders: readonly string[],
  memory: TermsMemory,
): Promise<LockedSaga[]> {
  const { rows } = await trx.raw<{ rows: Omit<LockedRow, 'terms'>[] }>(
    'SELECT * FROM sagas WHERE order_id = ANY(?) ORDER BY order_id FOR UPDATE',
    [[...new Set(orders)]],
  );
  await remember(
    trx,
    rows.map(({ order_id }) => order_id),
    memory,
  );
  return rows.flatMap((row) => {
    const terms = memory.get(row.order_id);
    return terms === undefined ? [] : [locked({ ...row, terms })];
  });
}

async function remember(
  trx: Transaction,
  orders: readonly string[],
  memory: TermsMemory,
): Promise<void> {
  const missing = orders.filter((order) => memory.get(order) === undefined);
  if (missing.length === 0) return;
  const { rows } = await trx.raw<{ rows: { id: string; terms: SagaTerms }[] }>(
    'SELECT id, terms FROM orders WHERE id = ANY(?)',
    [missing],
  );
  for (const { id, terms } of rows) memory.keep(id, terms);
}

/** Locks the sagas whose timers have fired; those that somebody else has locked are left to them. */
export async function lockDue(
  trx: Transaction,
  nowMs: number,
  limit: number,
): Promise<LockedSaga[]> {
  const { rows } = await trx.raw<{ rows: LockedRow[] }>(
    `SELECT s.*, o.terms FROM timers t JOIN sagas s ON s.order_id = t.order_id
       JOIN orders o ON o.id = s.order_id
      WHERE t.due_ms <= ? ORDER BY t.due_ms LIMIT ? FOR UPDATE OF s SKIP LOCKED`,
    [nowMs, limit],
  );
  return rows.map((row) => locked({ ...row, timer_ms: null }));
}

/** Puts off the one timer that is due first. */
export async function putOff(db: Queryable, nowMs: number, untilMs: number): Promise<void> {
  await db.raw(
    `UPDATE timers SET due_ms = ? WHERE order_id = (
       SELECT order_id FROM timers WHERE due_ms <= ? ORDER BY due_ms LIMIT 1)`,
    [untilMs, nowMs],
  );
}

/** Zone ms of the nearest timer. */
export async function nearestDue(db: Queryable): Promise<number | null> {
  const row = await db('timers').min('due_ms as due').first();
  return (row?.due as number | null | undefined) ?? null;
}

/** Writes sagas that are new, with their timers. */
export async function insertSagas(
  trx: Transaction,
  sagas: readonly (Saga & { readonly correlation: string | null })[],
): Promise<void> {
  const rows = sagas.map(({ correlation, ...saga }) => ({
    ...rowOf(saga),
    ...{ correlation, timer_ms: saga.dueMs },
  }));
  await trx.raw(
    `WITH n AS (
       SELECT * FROM json_to_recordset(?::json)
         AS n (order_id text, correlation text, ${RECORD})),
     s AS (
       INSERT INTO sagas (order_id, correlation, ${NAMES.join(', ')})
       SELECT order_id, correlation, ${NAMES.join(', ')} FROM n)
     INSERT INTO timers (order_id, due_ms) SELECT order_id, due_ms FROM n WHERE due_ms IS NOT NULL`,
    [JSON.stringify(rows)],
  );
}

export interface SagaChange {
  readonly locked: LockedSaga;
  readonly after: Saga;
}

/** Writes changed sagas, and the timers that must fire earlier than they would, or not at all. */
export async function saveSagas(trx: Transaction, changes: readonly SagaChange[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map((change) => ({ ...rowOf(change.after), timer_ms: timerOf(change) }));
  const saved = trx.raw(
    `UPDATE sagas s SET ${SETS}
       FROM json_to_recordset(?::json) AS n (order_id text, ${RECORD})
      WHERE s.order_id = n.order_id`,
    [JSON.stringify(rows)],
  );
  await Promise.all([saved, ...saveTimers(trx, changes)]);
}

/** What the row of `timers` says afterwards. */
function timerOf({ locked: { timerMs }, after: { dueMs } }: SagaChange): number | null {
  return timerMs === null || dueMs === null || dueMs < timerMs ? dueMs : timerMs;
}

function saveTimers(trx: Transaction, changes: readonly SagaChange[]): PromiseLike<unknown>[] {
  const set = changes.flatMap((change) => {
    const timerMs = timerOf(change);
    if (timerMs === null || timerMs === change.locked.timerMs) return [];
    return [{ order_id: change.after.order, due_ms: timerMs }];
  });
  const cleared = changes.flatMap(({ after }) => (after.dueMs === null ? [after.order] : []));
  const setting = trx.raw(
    `INSERT INTO timers (order_id, due_ms)
     SELECT * FROM json_to_recordset(?::json) AS n (order_id text, due_ms bigint)
     ON CONFLICT (order_id) DO UPDATE SET due_ms = excluded.due_ms`,
    [JSON.stringify(set)],
  );
  const clearing = trx.raw('DELETE FROM timers WHERE order_id = ANY(?)', [cleared]);
  return [...(set.length > 0 ? [setting] : []), ...(cleared.length > 0 ? [clearing] : [])];
}

export interface EventRow extends OrderEvent {
  readonly order: string;
  /** Zone ms. */
  readonly atMs: number;
}

/** Adds to the history of orders, in this order. */
export async function insertEvents(trx: Transaction, events: readonly EventRow[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(({ order, atMs, type, actor, data }, at) => ({
    ...{ order_id: order, at_ms: atMs, type, actor_kind: actor.kind, actor: actor.id, data, at },
  }));
  await trx.raw(
    `INSERT INTO order_events (order_id, at_ms, type, actor_kind, actor, data)
     SELECT order_id, at_ms, type, actor_kind, actor, data
       FROM json_to_recordset(?::json) AS n (order_id text, at_ms bigint, type text,
            actor_kind text, actor text, data jsonb, at integer) ORDER BY at`,
    [JSON.stringify(rows)],
  );
}

/** One saga as it stands; locks nothing. */
export async function findSaga(db: Queryable, order: string): Promise<Saga | undefined> {
  const row: SagaRow | undefined = await db('sagas').where({ order_id: order }).first();
  return row === undefined ? undefined : sagaOf(row);
}

/** How many sagas that are not done stand at each step. */
export async function countOpen(db: Queryable): Promise<{ step: StepName; count: number }[]> {
  const { rows } = await db.raw<{ rows: { step: StepName; count: number }[] }>(
    `SELECT s.step, count(*) AS count FROM timers t JOIN sagas s ON s.order_id = t.order_id
      GROUP BY s.step`,
  );
  return rows;
}
