/** Stock when many ask at once, on real stores: by stream through several consumers, and directly. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { newId, type OrderId, type ProductId } from '../../contracts/ids.ts';
import type { InventoryEvent, StockAsked } from '../../contracts/messages/inventory.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { startStreamConsumer } from '../../platform/stream-consumer.ts';
import type { Taken } from '../../services/inventory/ledger.ts';
import * as requests from '../../services/inventory/requests.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { createEventPublisher } from '../support/event-publisher.ts';
import { outboxEvents } from '../support/outbox.ts';
import { withRedis } from '../support/redis.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';

const VENDOR = newId('vendor');
const SOON_MS = 1_000_000;
const CONSUMERS = 4;

async function inventory(t: TestContext): Promise<Database> {
  const config = testConfig({
    database: await withDatabase(t),
    env: { WAGGLE_DATABASE_POOL_MAX: '8' },
  });
  const database = openDatabase('inventory', config.database.inventory);
  cleanUpInReverse(t, () => database.close());
  return database;
}

async function stock(database: Database, available: number): Promise<ProductId> {
  const product = newId('product');
  const row = { product, variant: '', vendor: VENDOR, available, level: 'in' };
  await database.knex('stock').insert(row);
  return product;
}

function entryOf(event: StockAsked): EventEntry<StockAsked> {
  return { id: newId('event'), correlation: null, event };
}

function reserve(order: OrderId, product: ProductId, quantity = 1): StockAsked {
  const lines = [{ product, variant: null, quantity }];
  return { type: 'stock.reserve', order, vendor: VENDOR, lines, expiresMs: SOON_MS };
}

async function told(database: Database): Promise<InventoryEvent[]> {
  return (await outboxEvents(database)).map(({ event }) => event as InventoryEvent);
}

test('200 orders by stream for the last 10 items, several consumers, each asked twice', async (t) => {
  const database = await inventory(t);
  const product = await stock(database, 10);
  const { prefix, connect } = await withRedis(t);
  const key = `${prefix}requests:inventory`;
  const stream = createEventPublisher({ redis: connect(), key, entriesMax: 10_000 });
  const handled = new Map<string, number>();
  for (let n = 0; n < CONSUMERS; n++) {
    const consumer = startStreamConsumer<StockAsked>({
      redis: connect(),
      stream: key,
      group: 'inventory',
      consumer: `consumer-${n}`,
      start: 'beginning',
      ...{ batch: 7, gatherMs: [1, 1], blockMs: 20, claimIdleMs: 30_000, deliveriesMax: 20 },
      retryMs: [1, 100],
      deadLettersMax: 100,
      handler: async (entries) => {
        await database.transaction((trx) => requests.follow(trx, entries));
        for (const { id } of entries) handled.set(id, n);
      },
      onError: () => {},
      onDeadLetter: () => {},
    });
    cleanUpInReverse(t, () => consumer.stop());
  }
  const asked = Array.from({ length: 200 }, () => reserve(newId('order'), product));
  const entries = [...asked, ...asked].map(entryOf);
  // Some entries themselves arrive twice, as after a relay that died before it forgot them.
  await Promise.all([...entries, ...entries.slice(0, 50)].map((entry) => stream.publish(entry)));
  await waitFor(() => handled.size === entries.length, { timeoutMs: 30_000 });
  assert.ok(new Set(handled.values()).size > 1, 'several consumers had a part in it');
  const answers = new Map<string, Set<string>>();
  for (const event of await told(database)) {
    if (!('order' in event)) continue;
    answers.set(event.order, (answers.get(event.order) ?? new Set()).add(event.type));
  }
  const outcomes = [...answers.values()].map((types) => [...types].join());
  const count = (type: string): number => outcomes.filter((each) => each === type).length;
  assert.deepEqual([count('stock.reserved'), count('stock.refused')], [10, 190]);
  const row = await database.knex('stock').where({ product }).first();
  assert.deepEqual([row.available, row.reserved, row.level], [0, 10, 'out']);
});

const PRODUCTS = 3;
const START = 6;
const ORDERS = 12;
type Wish = readonly [order: number, what: 'reserve' | 'commit' | 'release', product: number];
const wish: fc.Arbitrary<Wish> = fc.tuple(
  fc.nat(ORDERS - 1),
  fc.constantFrom('reserve' as const, 'reserve' as const, 'commit' as const, 'release' as const),
  fc.nat(PRODUCTS - 1),
);

test('whatever several ask at once, in batches, what is left and what is held is what there was', async (t) => {
  const database = await inventory(t);
  const batches = fc.array(fc.array(wish, { minLength: 1, maxLength: 8 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(batches, async (all) => {
      const products: ProductId[] = [];
      for (let n = 0; n < PRODUCTS; n++) products.push(await stock(database, START));
      const orders = Array.from({ length: ORDERS }, () => newId('order'));
      const askedOf = ([order, what, product]: Wish): StockAsked => {
        const id = orders[order] as OrderId;
        if (what !== 'reserve') return { type: `stock.${what}`, order: id };
        return reserve(id, products[product] as ProductId, 1 + (order % 3));
      };
      await Promise.all([
        ...all.map((batch) =>
          database.transaction((trx) =>
            requests.follow(
              trx,
              batch.map((each) => entryOf(askedOf(each))),
            ),
          ),
        ),
        requests.expire(database, SOON_MS),
      ]);
      await checkSum(database, products, orders);
    }),
    { numRuns: 25 },
  );
});

async function checkSum(
  database: Database,
  products: readonly ProductId[],
  orders: readonly OrderId[],
): Promise<void> {
  const records = await database.knex('stock').whereIn('product', [...products]);
  const rows: { state: string; lines: Taken[] }[] = await database
    .knex('reservations')
    .whereIn('order', [...orders]);
  const sum = (state: string, product: string): number =>
    rows
      .filter((row) => row.state === state)
      .flatMap(({ lines }) => lines.filter((line) => line.product === product))
      .reduce((total, { quantity }) => total + quantity, 0);
  assert.equal(records.length, PRODUCTS);
  for (const { product, available, reserved } of records) {
    assert.ok(available >= 0);
    assert.equal(reserved, sum('reserved', product));
    assert.equal(available + reserved + sum('committed', product), START);
  }
}
