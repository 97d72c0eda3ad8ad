/**
 * Keeps the sagas: takes a batch of inputs, folds the pure step over those of each order, and writes
 * what comes of it (state, timers, history, messages) in the caller's transaction, set by set. The
 * lock on the rows of `sagas`, taken in the order of their ids, is all that keeps two batches apart.
 */
import type { OrderId } from '../../../contracts/ids.ts';
import { ORDER_STREAM, type OrderChanged } from '../../../contracts/messages/orders.ts';
import type { Transaction } from '../../../platform/database.ts';
import { enqueue, type OutboxEntry } from '../../../platform/outbox.ts';
import { returnUses } from '../promotions/promotion-queries.ts';
import { newSaga } from './saga.ts';
import type { SagaFigures } from './saga-figures.ts';
import { step } from './saga-inputs.ts';
import * as rows from './saga-rows.ts';
import type { Actor, Saga, SagaInput, SagaLimits, SagaTerms } from './saga-state.ts';
import type { TermsMemory } from './terms-memory.ts';

/** Inputs handled in one transaction. */
export const BATCH_MAX = 200;

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
}

export interface Beginning {
  readonly terms: SagaTerms;
  readonly correlation: string;
}

/**
 * Begins the sagas of orders that the caller has just written, in the same transaction: the first
 * timer, the first line of history and the first `order.changed`.
 */
export async function begin(
  trx: Transaction,
  orders: readonly Beginning[],
  nowMs: number,
): Promise<void> {
  const sagas = orders.map(({ terms, correlation }) => ({
    ...newSaga(terms, nowMs),
    correlation,
  }));
  await rows.insertSagas(trx, sagas);
  await rows.insertEvents(
    trx,
    orders.map(({ terms }) => ({
      order: terms.order,
      atMs: nowMs,
      type: 'placed',
      actor: { kind: 'customer', id: terms.customer } satisfies Actor,
      data: { totalMinor: terms.totalMinor, currency: terms.currency, startMs: terms.startMs },
    })),
  );
  await enqueue(
    trx,
    orders.map(({ terms, correlation }, at) => ({
      key: terms.order,
      topic: ORDER_STREAM,
      payload: changeOf(terms, sagas[at] as Saga, nowMs),
      correlation,
    })),
  );
  await trx.raw(`SELECT pg_notify('orders_timers', '')`);
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

/** The same for sagas that are locked already. */
export async function handle(
  trx: Transaction,
  world: SagaWorld,
  locked: readonly rows.LockedSaga[],
  told: readonly Told[],
): Promise<ReadonlyMap<string, Saga>> {
  const known = new Map(locked.map((each) => [each.saga.order as string, each]));
  const now = new Map(locked.map(({ saga }) => [saga.order as string, saga]));
  const drivers = new Map<string, string | null>();
  const entries: OutboxEntry[] = [];
  const events: rows.EventRow[] = [];
  for (const { order, input } of told) {
    const found = known.get(order);
    const before = now.get(order);
    if (found === undefined || before === undefined) continue;
    const { terms } = found;
    const { next, messages, events: lines } = step(terms, before, input, world.nowMs, world.limits);
    if (next === before) continue;
    world.figures.stepped(before, next, input, world.nowMs);
    const correlation = found.correlation ?? undefined;
    for (const { topic, payload } of messages) {
      // What one part is asked for stays in order; the parts need not wait for each other.
      entries.push({ key: `${order}/${topic}`, topic, payload, correlation });
    }
    if (next.state !== before.state) {
      const payload = changeOf(terms, next, world.nowMs);
      entries.push({ key: order, topic: ORDER_STREAM, payload, correlation });
    }
    events.push(...lines.map((line) => ({ ...line, order, atMs: world.nowMs })));
    if (input.type === 'delivery.changed') drivers.set(order, input.driver);
    now.set(order, next);
    if (next.step === 'done') world.memory.forget(order);
    else world.memory.keep(order, terms);
  }
  const changes = locked.flatMap(({ saga: before }) => {
    const after = now.get(before.order) ?? before;
    return after === before ? [] : [{ before, after, driver: drivers.get(before.order) }];
  });
  await rows.saveSagas(trx, changes);
  await returnUses(
    trx,
    changes.filter(({ before, after }) => isLost(after) && !isLost(before)).map(orderOf),
  );
  await rows.insertEvents(trx, events);
  await enqueue(trx, entries);
  return now;
}

/** Whether nobody got anything: a promotion that was used is free again. */
function isLost({ state }: Saga): boolean {
  return state === 'cancelled' || state === 'failed';
}

function orderOf({ after }: { readonly after: Saga }): OrderId {
  return after.order;
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
