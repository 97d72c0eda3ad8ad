/** Payments on a real store: each key once, whatever crashes in between and however often it is asked. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId, type OrderId } from '../../contracts/ids.ts';
import type { PaymentAsked, PaymentEvent } from '../../contracts/messages/payments.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { handleOnce } from '../../platform/service-streams.ts';
import type { Methods } from '../../services/payments/methods/asking.ts';
import { createCash } from '../../services/payments/methods/cash.ts';
import type { MethodRequest, PaymentPort } from '../../services/payments/methods/port.ts';
import { createTestMethod } from '../../services/payments/methods/test-method.ts';
import * as first from '../../services/payments/migrations/001-payments.ts';
import * as second from '../../services/payments/migrations/061-waiting.ts';
import { operationsOf, takeDue } from '../../services/payments/queries.ts';
import { follow } from '../../services/payments/requests.ts';
import { startWorking } from '../../services/payments/working.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { outboxEvents } from '../support/outbox.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';

async function open(t: TestContext): Promise<Database> {
  const config = testConfig({ database: await withDatabase(t) });
  const database = openDatabase('payments', config.database.payments);
  cleanUpInReverse(t, () => database.close());
  return database;
}

/** Methods of a Waggle that has to ask for everything. */
const FAR: Methods = { test: processor().port };

async function ask(database: Database, ...asked: PaymentAsked[]): Promise<void> {
  await askWith(FAR, database, ...asked);
}

async function askWith(
  methods: Methods,
  database: Database,
  ...asked: PaymentAsked[]
): Promise<void> {
  const entries = asked.map((event) => ({ id: newId('event'), correlation: null, event }));
  await handleOnce(database, 'payments', entries, async (trx, news) => {
    await follow(trx, news, { methods, nowMs: 1 });
  });
}

function authorise(order: OrderId, amountMinor = 1_000): PaymentAsked {
  return {
    ...{ type: 'payment.authorise', order, amountMinor, currency: 'EUR' },
    ...{ account: newId('account'), customer: newId('user') },
    method: { kind: 'test', token: 'ok' },
  };
}

async function told(database: Database, order: OrderId): Promise<PaymentEvent['type'][]> {
  const events = (await outboxEvents(database)).map(({ event }) => event as PaymentEvent);
  return events.filter((event) => event.order === order).map(({ type }) => type);
}

/** A method that moves money once per key, and counts how often it was asked. */
function processor(): { port: PaymentPort; moved: Map<string, number>; asked: string[] } {
  const moved = new Map<string, number>();
  const asked: string[] = [];
  const move = async ({ key, amountMinor }: MethodRequest): Promise<{ ok: true }> => {
    asked.push(key);
    moved.set(key, amountMinor);
    return { ok: true };
  };
  return { port: { authorise: move, capture: move, void: move, refund: move }, moved, asked };
}

function work(t: TestContext, database: Database, port: PaymentPort): void {
  const pump = startWorking({
    ...{ database, methods: { test: port }, nowMs: () => 2 },
    ...{ onDone: () => {}, onError: () => {} },
  });
  cleanUpInReverse(t, () => pump.stop());
}

const payment = (database: Database, order: OrderId): Promise<Record<string, unknown>> =>
  database.knex('payments').where({ order_id: order }).first();

test('a crash after the method was asked only asks again, with the same key', async (t) => {
  const database = await open(t);
  const order = newId('order');
  const { port, moved, asked } = processor();
  await ask(database, authorise(order), { type: 'payment.capture', order, amountMinor: 900 });
  // The node died when the method had answered: the lease runs out and nothing was written.
  await port.authorise({ key: `${order}/authorise`, amountMinor: 1_000 } as MethodRequest);
  work(t, database, port);
  await waitFor(async () => (await payment(database, order)).state === 'captured');
  assert.deepEqual(asked, [`${order}/authorise`, `${order}/authorise`, `${order}/capture`]);
  assert.equal(moved.size, 2);
  assert.deepEqual(await told(database, order), ['payment.authorised', 'payment.captured']);
});

test('what is asked again is told again and done once; a batch of many is as good as one', async (t) => {
  const database = await open(t);
  const orders = Array.from({ length: 60 }, () => newId('order'));
  const { port, asked } = processor();
  work(t, database, port);
  const all = orders.flatMap((order): PaymentAsked[] => [
    authorise(order),
    { type: 'payment.capture', order, amountMinor: 1_000 },
  ]);
  await Promise.all([ask(database, ...all), ask(database, ...all)]);
  await waitFor(async () => {
    const [row] = await database.knex('payments').where({ state: 'captured' }).count('* as n');
    return row?.n === orders.length;
  });
  assert.equal(asked.length, orders.length * 2);
  const [first] = orders as [OrderId];
  await ask(database, { type: 'payment.capture', order: first, amountMinor: 1_000 });
  assert.equal((await told(database, first)).at(-1), 'payment.captured');
  assert.equal(asked.length, orders.length * 2);
});

test('refunds are done once each and never beyond the capture', async (t) => {
  const database = await open(t);
  const order = newId('order');
  const { port } = processor();
  work(t, database, port);
  const refund = (amountMinor: number): PaymentAsked => ({
    ...{ type: 'payment.refund', order, refund: newId('refund'), amountMinor, reason: 'cold' },
  });
  const [half, more] = [refund(600), refund(500)];
  await ask(database, authorise(order), { type: 'payment.capture', order, amountMinor: 1_000 });
  await ask(database, half, more, half);
  await waitFor(async () => (await told(database, order)).length >= 4);
  assert.deepEqual(
    [(await payment(database, order)).refunded_minor, (await told(database, order)).slice(2, 4)],
    [600, ['payment.refunded', 'payment.refund_failed']],
  );
  // The database would not have it either.
  await assert.rejects(
    database.knex('payments').where({ order_id: order }).update({ refunded_minor: 1_001 }),
    /payments_refunded/,
  );
});

test('a void before the authorisation leaves a tombstone that stops it', async (t) => {
  const database = await open(t);
  const order = newId('order');
  const { port, asked } = processor();
  work(t, database, port);
  await ask(database, { type: 'payment.void', order });
  await waitFor(async () => (await told(database, order)).length === 1);
  await ask(database, authorise(order));
  await waitFor(async () => (await told(database, order)).length === 2);
  assert.deepEqual(await told(database, order), ['payment.voided', 'payment.voided']);
  assert.deepEqual(asked, []);
});

/** Methods of which all but `slow` and `flaky` answer at once. */
const NEAR: Methods = { cash: createCash(), test: createTestMethod() };

function capture(order: OrderId, amountMinor = 1_000): PaymentAsked {
  return { type: 'payment.capture', order, amountMinor };
}

/** Rows of one order in every table, and the transactions that wrote them. */
async function written(database: Database, order: OrderId): Promise<[string, string][]> {
  const { rows } = await database.knex.raw<{ rows: { table: string; by: string }[] }>(
    `SELECT 'payments' AS table, xmin::text AS by FROM payments WHERE order_id = :order
     UNION ALL SELECT 'operations', xmin::text FROM operations WHERE order_id = :order
     UNION ALL SELECT 'waiting', xmin::text FROM waiting WHERE order_id = :order
     UNION ALL SELECT 'outbox', xmin::text FROM outbox WHERE key = :order`,
    { order },
  );
  return rows.map(({ table, by }) => [table, by]);
}

test('what nobody has to be asked for is answered in the transaction that hears of it', async (t) => {
  const database = await open(t);
  const order = newId('order');
  await askWith(NEAR, database, { ...authorise(order), method: { kind: 'cash' } } as PaymentAsked);
  const rows = await written(database, order);
  assert.deepEqual(
    rows.map(([table]) => table),
    ['payments', 'operations', 'outbox'],
  );
  assert.equal(new Set(rows.map(([, by]) => by)).size, 1);
  await askWith(NEAR, database, capture(order, 900), capture(order, 900));
  const { state, captured_minor: captured } = await payment(database, order);
  assert.deepEqual([state, captured], ['captured', 900]);
  // The second of the two is told again, too.
  const captures = ['payment.captured', 'payment.captured'];
  assert.deepEqual(await told(database, order), ['payment.authorised', ...captures]);
  assert.equal((await operationsOf(database.knex, order)).length, 2);
});

test('a transaction that ends in the middle leaves nothing, and is simply run again', async (t) => {
  const database = await open(t);
  const order = newId('order');
  const both = [authorise(order), capture(order)];
  const entries = both.map((event) => ({ id: newId('event'), correlation: null, event }));
  const killed = database.transaction(async (trx) => {
    const { answered } = await follow(trx, entries, { methods: NEAR, nowMs: 1 });
    assert.equal(answered.length, 2);
    throw new Error('killed');
  });
  await assert.rejects(killed, /killed/);
  assert.deepEqual(await written(database, order), []);
  await askWith(NEAR, database, ...both);
  assert.deepEqual(await told(database, order), ['payment.authorised', 'payment.captured']);
});

test('two nodes that hear the same at once answer it once and tell it twice', async (t) => {
  const database = await open(t);
  const orders = Array.from({ length: 40 }, () => newId('order'));
  const all = orders.flatMap((order) => [authorise(order), capture(order)]);
  await Promise.all([askWith(NEAR, database, ...all), askWith(NEAR, database, ...all)]);
  const [done] = await database.knex('operations').count('* as n');
  assert.equal(done?.n, orders.length * 2);
  const rows: { id: string; state: string }[] = await database.knex('payments');
  assert.ok(rows.length === orders.length && rows.every(({ state }) => state === 'captured'));
  assert.equal((await outboxEvents(database)).length, orders.length * 4);
});

test('what could be answered at once waits behind what has to be asked', async (t) => {
  const database = await open(t);
  const order = newId('order');
  // As after an upgrade to a version in which the method need not be asked any more.
  await askWith(FAR, database, authorise(order));
  await askWith(NEAR, database, capture(order, 900), { type: 'payment.void', order });
  assert.deepEqual(await told(database, order), []);
  const shown = await operationsOf(database.knex, order);
  const waits = ['authorise', 'capture', 'void'].map((kind) => [kind, null]);
  assert.deepEqual(
    shown.map(({ kind, answer }) => [kind, answer]),
    waits,
  );
  const { port, asked } = processor();
  work(t, database, port);
  await waitFor(async () => (await told(database, order)).length === 3);
  assert.deepEqual(asked, [`${order}/authorise`, `${order}/capture`]);
  const captured = ['payment.captured', 'payment.captured'];
  assert.deepEqual(await told(database, order), ['payment.authorised', ...captured]);
  assert.deepEqual(await database.knex('waiting'), []);
});

test('a look goes back only so far, and a look at all finds what is older', async (t) => {
  const database = await open(t);
  const [older, newer] = [newId('order'), newId('order')];
  await ask(database, authorise(older), authorise(newer), capture(newer));
  const past = database.knex.raw("now() - interval '1 hour'");
  await database.knex('waiting').where({ order_id: older }).update({ next_at: past });
  const take = async (sinceMs: number | null): Promise<string[]> => {
    const due = await takeDue(database, { limit: 10, leaseMs: 60_000, sinceMs });
    return due.map(({ key }) => key);
  };
  assert.deepEqual(await take(60_000), [`${newer}/authorise`]);
  assert.deepEqual(await take(null), [`${older}/authorise`]);
  assert.deepEqual(await take(null), []);
});

test('what waited before it had a table of its own waits on, in its order', async (t) => {
  const config = testConfig({ database: await withDatabase(t, { empty: true }) });
  const database = openDatabase('payments', config.database.payments);
  cleanUpInReverse(t, () => database.close());
  const order = newId('order');
  await database.transaction(async (trx) => {
    await trx.raw('CREATE SCHEMA payments');
    await first.up(trx);
    const base = { order_id: order, amount_minor: 1_000, asked_ms: 1 };
    await trx('payments').insert({
      ...{ order_id: order, id: newId('payment'), account: newId('account'), currency: 'EUR' },
      ...{ method: '{"kind":"test","token":"ok"}', amount_minor: 1_000, state: 'authorised' },
      ...{ created_ms: 1, changed_ms: 1 },
    });
    await trx('operations').insert([
      { ...base, key: `${order}/authorise`, kind: 'authorise', answer: '{}', done_ms: 1 },
      { ...base, key: `${order}/capture`, kind: 'capture' },
      { ...base, key: `${order}/void`, kind: 'void' },
    ]);
    await second.up(trx);
  });
  const { port, asked } = processor();
  work(t, database, port);
  await waitFor(async () => (await told(database, order)).length === 2);
  assert.deepEqual(asked, [`${order}/capture`]);
  const kinds = (await operationsOf(database.knex, order)).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['authorise', 'capture', 'void']);
});
