/** Placing and reading orders: exactly once per key, only what can be served, page by page. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { sharedScope } from '../support/scope.ts';
import { BUSINESS, type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity, noodlesOf, placeOrder } from './city.ts';

const scope = sharedScope();

describe('orders', () => {
  let stack: Stack;
  let city: City;
  let product: string;

  before(async () => {
    stack = await withStack(scope, [...BUSINESS, 'dispatch', 'api']);
    city = await makeCity(stack);
    product = await noodlesOf(stack, city);
  });

  const place = (key: string | undefined, change: object): ReturnType<Stack['call']> =>
    stack.call('POST', '/orders', {
      token: city.customer,
      headers: key === undefined ? {} : { 'idempotency-key': key },
      body: {
        vendor: city.vendor,
        items: [{ product, quantity: 1 }],
        dropoff: CENTRE,
        ...change,
      },
    });

  test('the same key gives the same order, also when sent many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => placeOrder(stack, city, 'key-at-once')),
    );
    const bodies = new Set(answers.map(({ body }) => JSON.stringify(body)));
    assert.deepEqual([bodies.size, answers[0]?.status], [1, 201]);
    const { items } = expectOk(await stack.call('GET', '/orders', { token: city.customer }));
    assert.equal((items as unknown[]).length, 1);
  });

  test('the same key with another request is refused', async () => {
    expectOk(await place('key-mismatch', {}));
    const answer = await place('key-mismatch', { dropoffNote: 'other' });
    assert.deepEqual([answer.status, answer.body.code], [409, 'idempotency.mismatch']);
  });

  test('an order without a key, a known vendor, or a zone is refused with the reason', async () => {
    const none = await place(undefined, {});
    assert.equal((none.body.fields as { field: string }[])[0]?.field, 'Idempotency-Key');
    const vendor = await place('key-strange-vendor', {
      vendor: 'ven_00000000-0000-7000-8000-000000000000',
    });
    assert.equal((vendor.body.fields as { field: string }[])[0]?.field, '/vendor');
    const far = expectOk(
      await stack.call('POST', '/vendors', {
        token: city.ops,
        body: { name: 'Far', place: { lat: 1, lon: 1 }, timeZone: 'UTC' },
      }),
    );
    const outside = await place('key-outside', { vendor: far.id });
    assert.deepEqual([outside.status, outside.body.code], [422, 'zone.none_here']);
  });

  test('a list comes in pages that neither repeat nor skip, each with its items', async () => {
    for (let n = 0; n < 5; n++) expectOk(await place(`key-page-${n}`, {}));
    const seen: string[] = [];
    let cursor = '';
    for (;;) {
      const path = `/orders?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const page = expectOk(await stack.call('GET', path, { token: city.customer }));
      for (const { id, items } of page.items as { id: string; items: unknown[] }[]) {
        seen.push(id);
        assert.equal(items.length, 1);
      }
      if (page.next === null) break;
      cursor = String(page.next);
    }
    assert.equal(new Set(seen).size, seen.length);
    assert.ok(seen.length >= 6);
    const bad = await stack.call('GET', '/orders?cursor=nonsense', { token: city.customer });
    assert.equal(bad.status, 422);
  });

  test('the total is goods and the way, in the currency of the zone', async () => {
    const placed = expectOk(await place('key-total', { items: [{ product, quantity: 3 }] }));
    const path = `/orders/${String(placed.id)}`;
    const order = expectOk(await stack.call('GET', path, { token: city.customer }));
    const { goodsMinor, deliveryFeeMinor } = order.price as Record<string, number>;
    assert.deepEqual([goodsMinor, deliveryFeeMinor], [2_850, 250]);
    assert.deepEqual([order.totalMinor, order.currency], [3_100, 'EUR']);
  });
});
