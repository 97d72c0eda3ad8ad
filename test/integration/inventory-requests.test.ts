/** Stock under orders that come by stream, on real stores: none lost, none sold twice. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId, type OrderId, type ProductId } from '../../contracts/ids.ts';
import type { InventoryEvent, StockAsked } from '../../contracts/messages/inventory.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import * as requests from '../../services/inventory/requests.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { outboxEvents } from '../support/outbox.ts';
import { cleanUpInReverse } from '../support/scope.ts';

const VENDOR = newId('vendor');
const SOON_MS = 1_000_000;
const CONNECTIONS = 8;

async function inventory(t: TestContext): Promise<Database> {
  const config = testConfig({
    database: await withDatabase(t),
    env: { WAGGLE_DATABASE_POOL_MAX: String(CONNECTIONS) },
  });
  const database = openDatabase('inventory', config.database.inventory);
  cleanUpInReverse(t, () => database.close());
  return database;
}

async function stock(database: Database, available: number): Promise<ProductId> {
  const product = newId('product');
  const level = available === 0 ? 'out' : 'in';
  await database
    .knex('stock')
    .insert({ product, variant: '', vendor: VENDOR, available, low_mark: 0, level });
  return product;
}

function reserve(product: ProductId, quantity = 1, order: OrderId = newId('order')): StockAsked {
  const lines = [{ product, variant: null, quantity }];
  return { type: 'stock.reserve', order, vendor: VENDOR, lines, expiresMs: SOON_MS };
}

async function ask(database: Database, ...asked: StockAsked[]): Promise<void> {
  const entries = asked.map((event): EventEntry<StockAsked> => {
    return { id: newId('event'), correlation: null, event };
  });
  await database.transaction((trx) => requests.follow(trx, entries));
}

async function told(database: Database): Promise<InventoryEvent[]> {
  return (await outboxEvents(database)).map(({ event }) => event as InventoryEvent);
}

async function left(database: Database, product: ProductId): Promise<number[]> {
  const row = await database.knex('stock').where({ product }).first();
  return [row.available, row.reserved];
}

test('stock is reserved, sold and given back, and what is asked again is answered again', async (t) => {
  const database = await inventory(t);
  const product = await stock(database, 5);
  const asked = reserve(product, 3);
  await ask(database, asked);
  assert.deepEqual(await left(database, product), [2, 3]);
  await ask(database, asked);
  await ask(database, { type: 'stock.commit', order: asked.order });
  assert.deepEqual(await left(database, product), [2, 0]);
  await ask(database, { type: 'stock.release', order: asked.order });
  assert.deepEqual(await left(database, product), [5, 0]);
  assert.deepEqual(
    (await told(database)).map(({ type }) => type),
    ['stock.reserved', 'stock.reserved', 'stock.committed', 'stock.released'],
  );
});

test('an order gets all of its lines or none, and is told what is missing', async (t) => {
  const database = await inventory(t);
  const plenty = await stock(database, 9);
  const scarce = await stock(database, 1);
  const order = newId('order');
  const lines = [
    { product: plenty, variant: null, quantity: 2 },
    { product: scarce, variant: null, quantity: 2 },
    { product: newId('product'), variant: null, quantity: 500 },
  ];
  await ask(database, { type: 'stock.reserve', order, vendor: VENDOR, lines, expiresMs: SOON_MS });
  assert.deepEqual(await left(database, plenty), [9, 0]);
  assert.deepEqual(await told(database), [
    {
      type: 'stock.refused',
      order,
      shortages: [{ product: scarce, variant: null, wanted: 2, left: 1 }],
    },
  ]);
});

test('a release that comes first stops the reservation', async (t) => {
  const database = await inventory(t);
  const product = await stock(database, 5);
  const asked = reserve(product, 3);
  await ask(database, { type: 'stock.release', order: asked.order });
  await ask(database, asked);
  assert.deepEqual(await left(database, product), [5, 0]);
  const expected = { type: 'stock.released', order: asked.order, expired: false };
  assert.deepEqual(await told(database), [expected, expected]);
});

test('a reservation that nobody commits is given back when its time is over', async (t) => {
  const database = await inventory(t);
  const product = await stock(database, 3);
  const asked = reserve(product, 3);
  await ask(database, asked);
  await requests.expire(database, SOON_MS - 1);
  assert.deepEqual(await left(database, product), [0, 3]);
  await requests.expire(database, SOON_MS);
  assert.deepEqual(await left(database, product), [3, 0]);
  assert.deepEqual(
    (await told(database)).slice(-2).map(({ type }) => type),
    ['stock.released', 'stock.level'],
  );
});

test('200 orders, each in a transaction of its own, for the last 10 items: exactly 10 are sold', async (t) => {
  const database = await inventory(t);
  const product = await stock(database, 10);
  // As many at once as there are connections; more would only wait in the pool.
  const lane = async (): Promise<void> => {
    for (let n = 0; n < 200 / CONNECTIONS; n++) await ask(database, reserve(product));
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  const events = await told(database);
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  assert.deepEqual([count('stock.reserved'), count('stock.refused')], [10, 190]);
  assert.deepEqual(await left(database, product), [0, 10]);
  assert.equal(count('stock.level'), 1);
});

test('a batch of 200 orders costs as many statements as one of two', async (t) => {
  const database = await inventory(t);
  const products: ProductId[] = [];
  for (let n = 0; n < 5; n++) products.push(await stock(database, 1_000));
  const asked: string[] = [];
  database.knex.on('query', ({ sql }: { sql: string }) => asked.push(sql));
  const batchOf = (count: number): StockAsked[] =>
    Array.from({ length: count }, (_, n) => reserve(products[n % 5] as ProductId));
  await ask(database, ...batchOf(2));
  const statements = asked.length;
  asked.length = 0;
  await ask(database, ...batchOf(200));
  assert.equal(asked.length, statements, asked.join('\n'));
  assert.ok(statements <= 9, asked.join('\n'));
});
