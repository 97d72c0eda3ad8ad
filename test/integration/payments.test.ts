/** Payments on a real store: each key once, whatever crashes in between and however often it is asked. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId, type OrderId } from '../../contracts/ids.ts';
import type { PaymentAsked, PaymentEvent } from '../../contracts/messages/payments.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { handleOnce } from '../../platform/service-streams.ts';
import type { MethodRequest, PaymentPort } from '../../services/payments/methods/port.ts';
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

async function ask(database: Database, ...asked: PaymentAsked[]): Promise<void> {
  const entries = asked.map((event) => ({ id: newId('event'), correlation: null, event }));
  await handleOnce(database, 'payments', entries, (trx, news) => follow(trx, news, 1));
}

function authorise(order: OrderId, amountMinor = 1_000): PaymentAsked {
  return {
    ...{ type: 'payment.authorise', order, amountMinor, currency: 'EUR' },
    ...{ account: newId('account'), customer: newId('user') },
    method: { kind: 'test', token: 'ok' },
  };
}

async function told(database: Database, order: OrderId): Promise<PaymentEvent['type'][]> {
  const entries = (await outboxEvents(database)).filter(({ key }) => key === order);
  return entries.map(({ event }) => (event as PaymentEvent).type);
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
