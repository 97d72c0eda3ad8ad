/** Stock through the public door: what vendors say is there, why it changed, what customers see. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import {
  INVENTORY_REQUESTS,
  INVENTORY_STREAM,
  type StockReleased,
  type StockReserve,
} from '../../contracts/messages/inventory.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { connectRedis } from '../../platform/redis.ts';
import { createEventPublisher } from '../support/event-publisher.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity, register } from './city.ts';

/** Several machines' worth of tests may run beside this one. */
const PATIENTLY = { timeoutMs: 20_000 } as const;

let stack: Stack;
let city: City;
const scope = sharedScope();

describe('stock', () => {
  before(async () => {
    stack = await withStack(scope);
    city = await makeCity(stack);
  });

  test('is set for many products at once, read by level, and shown to customers when scarce', async () => {
    const { vendor, products } = await shop(3);
    const [first, second, third] = products;
    const items = [
      { product: first, available: 0 },
      { product: second, available: 3, lowMark: 5 },
      { product: third, available: 50, lowMark: 5 },
    ];
    expectOk(await call('PUT', `/vendors/${vendor}/stock`, city.ops, { items }));
    const rows = itemsOf(await call('GET', `/vendors/${vendor}/stock`, city.ops));
    assert.deepEqual(
      rows.map(({ available, level }) => [available, level]),
      [
        [0, 'out'],
        [3, 'low'],
        [50, 'in'],
      ],
    );
    const low = itemsOf(await call('GET', `/vendors/${vendor}/stock?level=low`, city.ops));
    assert.deepEqual(
      low.map(({ product }) => product),
      [second],
    );
    const scarce = itemsOf(await call('GET', `/vendors/${vendor}/levels`, city.customer));
    assert.deepEqual(
      scarce.map(({ product, level }) => [product, level]),
      [
        [first, 'out'],
        [second, 'low'],
      ],
    );
  });

  test('is adjusted once per key, with who and why, and never below zero', async () => {
    const { vendor, products } = await shop(1);
    const [product] = products;
    const items = [{ product, available: 5 }];
    expectOk(await call('PUT', `/vendors/${vendor}/stock`, city.ops, { items }));
    const path = `/vendors/${vendor}/stock/adjustments`;
    const adjust = (delta: number, key: string): Promise<Answer> =>
      stack.call('POST', path, {
        token: city.ops,
        headers: { 'idempotency-key': key },
        body: { product, delta, reason: 'damaged', note: 'fell <b>down</b>' },
      });
    const once = expectOk(await adjust(-2, 'adjust-0001'));
    assert.deepEqual(expectOk(await adjust(-2, 'adjust-0001')), once);
    assert.equal((await adjust(-1, 'adjust-0001')).status, 409);
    const over = await adjust(-4, 'adjust-0002');
    assert.deepEqual([over.status, over.body.code], [409, 'resource.conflict']);
    assert.equal((await call('POST', path, city.ops, { product, delta: 1 })).status, 422);
    const history = itemsOf(await call('GET', path, city.ops));
    assert.deepEqual(
      history.map(({ delta, available, reason, note }) => [delta, available, reason, note]),
      [
        [-2, 3, 'damaged', 'fell <b>down</b>'],
        [5, 5, 'counted', null],
      ],
    );
    const page = expectOk(await call('GET', `${path}?limit=1`, city.ops));
    const rest = itemsOf(
      await call('GET', `${path}?limit=1&cursor=${String(page.next)}`, city.ops),
    );
    assert.deepEqual(rest, history.slice(1));
  });

  test('is taken by as many as there is, when many take at once', async () => {
    const { vendor, products } = await shop(1);
    const [product] = products;
    const items = [{ product, available: 10 }];
    expectOk(await call('PUT', `/vendors/${vendor}/stock`, city.ops, { items }));
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        stack.call('POST', `/vendors/${vendor}/stock/adjustments`, {
          token: city.ops,
          headers: { 'idempotency-key': `take-one-${n}` },
          body: { product, delta: -1, reason: 'lost' },
        }),
      ),
    );
    const count = (status: number): number => answers.filter((a) => a.status === status).length;
    assert.deepEqual([count(201), count(409)], [10, 20]);
    const [row] = itemsOf(await call('GET', `/vendors/${vendor}/stock`, city.ops));
    assert.deepEqual([row?.available, row?.level], [0, 'out']);
  });

  test('that is set aside comes back by itself when its time is over', async (t) => {
    const { vendor, products } = await shop(1);
    const [product = ''] = products;
    const items = [{ product, available: 2 }];
    expectOk(await call('PUT', `/vendors/${vendor}/stock`, city.ops, { items }));
    const { zoneMs } = expectOk(await call('GET', '/clock', city.ops)) as { zoneMs: number };
    const redis = connectRedis(stack.config.redis.url, 'asking');
    t.after(() => redis.disconnect());
    const key = `${stack.config.redis.keyPrefix}${INVENTORY_REQUESTS}`;
    const stream = createEventPublisher({ redis, key, entriesMax: 1_000 });
    const order = newId('order');
    const lines = [{ product, variant: null, quantity: 2 }];
    const expiresMs = zoneMs + 200;
    const event: StockReserve = { type: 'stock.reserve', order, vendor, lines, expiresMs };
    await stream.publish({ id: newId('event'), correlation: null, event });
    const told = await waitFor(async () => {
      const events = `${stack.config.redis.keyPrefix}${INVENTORY_STREAM}`;
      const entries = await redis.xrange(events, '-', '+');
      const types = entries
        .map(([, fields]) => (JSON.parse(fields[1] ?? '') as EventEntry<StockReleased>).event)
        .flatMap((each) => (each.order === order ? [each] : []));
      return types.length === 2 && types;
    }, PATIENTLY);
    assert.deepEqual(told, [
      { type: 'stock.reserved', order },
      { type: 'stock.released', order, expired: true },
    ]);
    const [row] = itemsOf(await call('GET', `/vendors/${vendor}/stock`, city.ops));
    assert.deepEqual([row?.available, row?.reserved, row?.level], [2, 0, 'in']);
  });

  test('pages by product and variant, and is counted no longer when it is removed', async () => {
    const { vendor, products } = await shop(1);
    const body = {
      name: 'Shirt',
      variants: ['S', 'M', 'L'].map((name) => ({ name, priceMinor: 900 })),
    };
    const shirt = expectOk(await call('POST', `/vendors/${vendor}/products`, city.ops, body));
    const variants = shirt.variants as { id: string }[];
    const items = variants.map(({ id }) => ({ product: shirt.id, variant: id, available: 0 }));
    const path = `/vendors/${vendor}/stock`;
    const set = expectOk(await call('PUT', path, city.ops, { items }));
    const [counted] = set.items as { version: number }[];
    const seen: unknown[] = [];
    for (let next = ''; seen.length < 9; ) {
      const page = expectOk(await call('GET', `${path}?limit=2${next}`, city.ops));
      seen.push(...(page.items as { variant: unknown }[]).map(({ variant }) => variant));
      if (page.next === null) break;
      next = `&cursor=${String(page.next)}`;
    }
    assert.deepEqual(seen, variants.map(({ id }) => id).sort());
    const one = `${path}/${String(shirt.id)}?variant=${variants[0]?.id}`;
    assert.equal((await call('DELETE', one, city.ops)).status, 204);
    assert.equal((await call('DELETE', one, city.ops)).status, 404);
    assert.equal(itemsOf(await call('GET', `/vendors/${vendor}/levels`, city.ops)).length, 2);
    assert.equal((await call('DELETE', `${path}/${products[0]}`, city.ops)).status, 404);
    // Whoever heard of it before must take what is told of it now for newer.
    const again = expectOk(await call('PUT', path, city.ops, { items: items.slice(0, 1) }));
    const [row] = again.items as { version: number }[];
    assert.ok(Number(row?.version) > Number(counted?.version) + 1);
  });

  test('of a product that leaves its menu is counted no longer', async () => {
    const { vendor, products } = await shop(2);
    const items = products.map((product) => ({ product, available: 0 }));
    expectOk(await call('PUT', `/vendors/${vendor}/stock`, city.ops, { items }));
    assert.equal((await call('DELETE', `/products/${products[0]}`, city.ops)).status, 204);
    const left = await waitFor(async () => {
      const rows = itemsOf(await call('GET', `/vendors/${vendor}/levels`, city.customer));
      return rows.length === 1 && rows;
    }, PATIENTLY);
    assert.equal(left[0]?.product, products[1]);
  });

  test('of others does not exist, and products of others cannot be counted', async () => {
    const { vendor, products } = await shop(1);
    const stranger = await register(stack, 'vendor');
    const items = [{ product: products[0], available: 0 }];
    const path = `/vendors/${vendor}/stock`;
    assert.equal((await call('PUT', path, stranger, { items })).status, 404);
    assert.equal((await call('GET', path, stranger)).status, 404);
    assert.equal((await call('GET', `${path}/adjustments`, stranger)).status, 404);
    assert.equal((await call('DELETE', `${path}/${products[0]}`, stranger)).status, 404);
    const other = await shop(1);
    const foreign = await call('PUT', `/vendors/${other.vendor}/stock`, city.ops, { items });
    assert.deepEqual(
      [foreign.status, (foreign.body.fields as { field: string }[])[0]?.field],
      [422, '/items/0/product'],
    );
    const bad = [
      { product: products[0], available: -1 },
      { product: products[0], available: 1.5 },
      { product: newId('product'), available: 1 },
    ];
    for (const line of bad) {
      assert.equal((await call('PUT', path, city.ops, { items: [line] })).status, 422);
    }
    const twice = await call('PUT', path, city.ops, { items: [...items, ...items] });
    assert.equal(twice.status, 422);
    assert.deepEqual(itemsOf(await call('GET', path, city.ops)), []);
  });
});

async function shop(count: number): Promise<{ vendor: string; products: string[] }> {
  const body = { name: 'Corner', place: CENTRE, timeZone: 'Europe/Berlin' };
  const vendor = String(expectOk(await call('POST', '/vendors', city.ops, body)).id);
  const products: string[] = [];
  for (let n = 0; n < count; n++) {
    const product = { name: `Thing ${n}`, priceMinor: 100 + n };
    const path = `/vendors/${vendor}/products`;
    products.push(String(expectOk(await call('POST', path, city.ops, product)).id));
  }
  return { vendor, products };
}

function itemsOf(answer: Answer): Record<string, unknown>[] {
  return expectOk(answer).items as Record<string, unknown>[];
}

function call(method: string, path: string, token: string, body?: object): Promise<Answer> {
  return stack.call(method, path, { token, ...(body === undefined ? {} : { body }) });
}
