/**
 * Keeps the sagas: takes a batch of inputs, folds the pure step over those of each order, and writes
 * what comes of it (state, timers, history, messages) in the caller's transaction, set by set. The
 * lock on the rows of `sagas`, taken in the order of their ids, is all that keeps two batches apart.
 */
import type { OrderId } from '../../../contracts/ids.ts';
import { ORDER_STREAM, type OrderChanged } from '../../../contracts/messages/orders.ts';
import type { Transaction } from '../../../platform/database.ts';
import { enqueue, type OutboxEntry } from '../../../platform/outbox.ts';
import type { Checker } from '../fraud/checking.ts';
import { returnUses } from '../promotions/promotion-queries.ts';
import { newSaga } from './saga.ts';
import type { SagaFigures } from './saga-figures.ts';
import { step } from './saga-inputs.ts';
import * as rows from './saga-rows.ts';
import type { Actor, Saga, SagaInput, SagaLimits, SagaTerms } from './saga-state.ts';
import type { TermsMemory } from './terms-memory.ts';

export interface Told {
  readonly order: string;
  readonly input: SagaInput;
}

export interface SagaWorld {
  /** Zone ms. */
  readonly nowMs: number;
  readonly limits: SagaLimits;
  readonly figures: SagaFigures;
  readonly memory: TermsMemory;
  readonly check: Checker;
}

export interface Beginning {
  readonly terms: SagaTerms;
  readonly correlation: string;
}

/**
 * Begins the sagas of orders that the caller has just written, in the same transaction: they are
 * checked by the rules, and what comes of it is asked for at once.
 */
export async function begin(
  trx: Transaction,
  world: SagaWorld,
  orders: readonly Beginning[],
): Promise<void> {
  const { nowMs } = world;
  const checked = await world.check(
    trx,
    orders.map(({ terms }) => terms),
  );
  // Nothing is known of what is not written: it must not begin unchecked.
  if (checked.size < orders.length) throw new Error('the rules do not know every order');
  const fresh = orders.map(
    (order): rows.LockedSaga => ({ ...order, saga: newSaga(order.terms, nowMs), timerMs: null }),
  );
  const turned = fold(
    world,
    fresh,
    [...checked].map(([order, input]) => ({ order, input })),
  );
  const sagas = fresh.map(({ saga, correlation }) => {
    return { ...(turned.now.get(saga.order) ?? saga), correlation };
  });
  const lines = fresh.map((each) => placedLine(each, nowMs));
  const news = fresh.map((each) => changeEntry(each, each.saga, nowMs));
  // Sent together, written one after the other.
  await Promise.all([
    rows.insertSagas(trx, sagas),
    returnUses(trx, sagas.filter(isLost).map(orderOf)),
    rows.insertEvents(trx, [...lines, ...turned.events]),
    enqueue(trx, [...news, ...turned.entries]),
  ]);
}

/** The first line of an order's history. */
function placedLine({ terms }: rows.LockedSaga, atMs: number): rows.EventRow {
  const { order, totalMinor, currency, startMs } = terms;
  const actor: Actor = { kind: 'customer', id: terms.customer };
  return { order, atMs, type: 'placed', actor, data: { totalMinor, currency, startMs } };
}

/** Handles inputs in their order. Those of orders without a saga are left out. */
export async function tell(
  trx: Transaction,
  world: SagaWorld,
  told: readonly Told[],
): Promise<ReadonlyMap<string, Saga>> {
  const locked = await rows.lockSagas(
    trx,
    told.map(({ order }) => order),
    world.memory,
  );
  return handle(trx, world, locked, told);
}

/** The same for sagas that are locked already; timers that have fired are set anew. */
export async function handle(
  trx: Transaction,
  world: SagaWorld,
  locked: readonly rows.LockedSaga[],
  told: readonly Told[],
): Promise<ReadonlyMap<string, Saga>> {
  const { now, events, entries } = fold(world, locked, told);
  const changes = locked.flatMap((each): rows.SagaChange[] => {
    const after = now.get(each.saga.order) ?? each.saga;
    const isFired = each.timerMs === null && after.dueMs !== null;
    return after === each.saga && !isFired ? [] : [{ locked: each, after }];
  });
  const lost = changes.filter(({ locked: { saga }, after }) => isLost(after) && !isLost(saga));
  const uses = lost.map(({ after }) => orderOf(after));
  // Sent together, written one after the other: each answer that is waited for keeps the locks longer.
  await Promise.all([
    rows.saveSagas(trx, changes),
    returnUses(trx, uses),
    rows.insertEvents(trx, events),
    enqueue(trx, entries),
  ]);
  return now;
}

interface Turned {
  /** Each saga as it stands afterwards. */
  readonly now: ReadonlyMap<string, Saga>;
  readonly events: readonly rows.EventRow[];
  readonly entries: readonly OutboxEntry[];
}

/** Takes inputs one after the other: what becomes of the sagas, and what is said. Writes nothing. */
function fold(world: SagaWorld, locked: readonly rows.LockedSaga[], told: readonly Told[]): Turned {
  const { nowMs, limits, figures, memory } = world;
  const known = new Map(locked.map((each) => [each.saga.order as string, each]));
  const now = new Map(locked.map(({ saga }) => [saga.order as string, saga]));
  const entries: OutboxEntry[] = [];
  const events: rows.EventRow[] = [];
  for (const { order, input } of told) {
    const found = known.get(order);
    const before = now.get(order);
    if (found === undefined || before === undefined) continue;
    const { terms } = found;
    const { next, messages, events: lines } = step(terms, before, input, nowMs, limits);
    if (next === before) continue;
    figures.stepped(before, next, input, nowMs);
    const correlation = found.correlation ?? undefined;
    for (const { topic, payload } of messages) {
      // What one part is asked for stays in order; the parts need not wait for each other.
      entries.push({ key: `${order}/${topic}`, topic, payload, correlation });
    }
    if (next.state !== before.state) entries.push(changeEntry(found, next, nowMs));
    events.push(...lines.map((line) => ({ ...line, order, atMs: nowMs })));
    now.set(order, next);
    if (next.step === 'done') memory.forget(order);
    else memory.keep(order, terms);
  }
  return { now, events, entries };
}

/** Whether nobody got anything: a promotion that was used is free again. */
function isLost({ state }: Saga): boolean {
  return state === 'cancelled' || state === 'failed';
}

function orderOf({ order }: Saga): OrderId {
  return order;
}

function changeEntry(
  { terms, correlation }: rows.LockedSaga,
  saga: Saga,
  atMs: number,
): OutboxEntry {
  const payload = changeOf(terms, saga, atMs);
  return { key: terms.order, topic: ORDER_STREAM, payload, correlation: correlation ?? undefined };
}

/** What others hear of an order in its present state. */
export function changeOf(terms: SagaTerms, saga: Saga, atMs: number): OrderChanged {
  const { order, account, customer, vendor, totalMinor, goodsMinor, tipMinor, currency } = terms;
  const { code, fault } = saga.ending?.reason ?? {};
  return {
    type: 'order.changed',
    ...{ order, account, customer, vendor, delivery: terms.wanted.id },
    ...{ state: saga.state, atMs, totalMinor, currency, goodsMinor, tipMinor },
    lines: terms.lines,
    placedMs: terms.placedMs,
    promisedReadyMs: terms.promisedReadyMs,
    reason:
      saga.endedMs === null || code === undefined || fault === undefined ? null : { code, fault },
  };
}
