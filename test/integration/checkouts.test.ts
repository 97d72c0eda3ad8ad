/** Promotions that count exactly, several vendors at once, the same again, and ratings. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { addProduct, CENTRE, type City, expectOk, makeCity, register } from './city.ts';

const scope = sharedScope();

describe('after the cart', () => {
  let stack: Stack;
  let city: City;
  let second: City;
  let soup: string;
  let bread: string;
  let orders: Database;
  let keys = 0;

  before(async () => {
    stack = await withStack(scope);
    city = await makeCity(stack);
    const body = { name: 'Baker', place: CENTRE, timeZone: 'Europe/Berlin' };
    const { id } = expectOk(await stack.call('POST', '/vendors', { token: city.ops, body }));
    second = { ...city, vendor: String(id) };
    soup = await addProduct(stack, city, { name: 'Soup', priceMinor: 1_000 });
    bread = await addProduct(stack, second, { name: 'Bread', priceMinor: 400 });
    orders = openDatabase('orders', stack.config.database.orders);
  });
  after(async () => {
    await orders.close();
  });

  const post = (path: string, body: object, token = city.customer): Promise<Answer> =>
    stack.call('POST', path, {
      ...{ token, body },
      headers: { 'idempotency-key': `checkout-key-${++keys}` },
    });
  const get = async (path: string, token = city.customer): Promise<Record<string, unknown>> =>
    expectOk(await stack.call('GET', path, { token }));
  const soups = (change: object = {}) => ({
    ...{ vendor: city.vendor, items: [{ product: soup, quantity: 1 }], ...change },
  });
  /** Nobody works on it yet: a cancel needs no engine. */
  const scheduledFor = new Date(Date.now() + 4 * 3_600_000).toISOString();
  const order = (change: object = {}, token = city.customer): Promise<Answer> =>
    post('/orders', { ...soups(change), dropoff: CENTRE }, token);
  const promote = async (body: object): Promise<Record<string, unknown>> =>
    expectOk(await post('/promotions', { name: 'Some', vendor: city.vendor, ...body }, city.ops));
  const usesOf = async (id: unknown): Promise<unknown> => {
    const { items } = await get('/promotions', city.ops);
    return (items as { id: string; uses: number }[]).find((each) => each.id === id)?.uses;
  };

  test('a limit in all holds among customers who come at once; a cancel gives one back', async () => {
    const body = { code: 'Three', kind: 'percent', basisPoints: 5_000, usesMax: 3 };
    const { id, code } = await promote(body);
    assert.equal(code, 'THREE');
    const people = await Promise.all(Array.from({ length: 12 }, () => register(stack, 'customer')));
    const answers = await Promise.all(
      people.map((token) => order({ promotion: 'three', scheduledFor }, token)),
    );
    const placed = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ body }) => body.code === 'promotion.refused');
    assert.deepEqual([placed.length, refused.length, await usesOf(id)], [3, 9, 3]);
    assert.ok(placed.every((each) => each.body.totalMinor === 500 + 250));
    const [first] = placed;
    const path = `/orders/${String(first?.body.id)}/cancel`;
    assert.ok((await stack.call('POST', path, { token: city.ops, body: {} })).status < 300);
    await waitFor(async () => ((await usesOf(id)) === 2 ? true : undefined));
    expectOk(await order({ promotion: 'THREE' }));
    assert.equal(await usesOf(id), 3);
  });

  test('a limit for each customer holds when one sends many at once', async () => {
    const { id } = await promote({ code: 'ONCE', kind: 'free_delivery', usesPerCustomerMax: 1 });
    const token = await register(stack, 'customer');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => order({ promotion: 'ONCE' }, token)),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.equal(await usesOf(id), 1);
  });

  test('one that expired, ended, is not there yet, or needs more goods is refused', async () => {
    const amount = { kind: 'amount', amountMinor: 100 };
    const past = { startsAt: '2020-01-01T00:00:00Z', endsAt: '2021-01-01T00:00:00Z' };
    await promote({ ...amount, ...past, code: 'OLD' });
    await promote({ ...amount, startsAt: '2100-01-01T00:00:00Z', code: 'LATER' });
    await promote({ ...amount, minGoodsMinor: 9_000, code: 'RICH' });
    const { id } = await promote({ ...amount, code: 'OVER' });
    expectOk(await stack.call('POST', `/promotions/${String(id)}/end`, { token: city.ops }));
    for (const promotion of ['OLD', 'LATER', 'RICH', 'OVER', 'NEVER']) {
      const answer = await order({ promotion });
      assert.deepEqual([answer.status, answer.body.code], [409, 'promotion.refused'], promotion);
    }
  });

  test('who may promote what, and with which figures', async () => {
    const vendor = await register(stack, 'vendor');
    const body = { code: 'MINE', name: 'Mine', kind: 'amount', amountMinor: 1 };
    const foreign = await post('/promotions', { ...body, vendor: city.vendor }, vendor);
    assert.equal(foreign.status, 422);
    const market = await post('/promotions', { ...body, market: city.market }, vendor);
    assert.equal(market.status, 403);
    assert.equal((await post('/promotions', body, city.ops)).status, 422);
    const kind = { ...body, vendor: city.vendor, kind: 'percent' };
    assert.equal((await post('/promotions', kind, city.ops)).status, 422);
    const mine = { ...body, vendor: city.vendor };
    const { id } = expectOk(await post('/promotions', mine, city.ops));
    assert.equal((await post('/promotions', mine, city.ops)).status, 409);
    const path = `/promotions/${String(id)}/end`;
    assert.equal((await stack.call('POST', path, { token: vendor })).status, 404);
    const { items } = await get('/promotions', vendor);
    assert.deepEqual(items, []);
    expectOk(await post('/promotions', { ...body, market: city.market }, city.ops));
  });

  test('several vendors are ordered from at once, or from none', async () => {
    const breads = { vendor: second.vendor, items: [{ product: bread, quantity: 2 }] };
    const strange = { ...breads, items: [{ product: soup, quantity: 1 }] };
    const count = async () => ((await get('/orders?limit=200')).items as unknown[]).length;
    const before_ = await count();
    const refused = await post('/checkouts', { carts: [soups(), strange], dropoff: CENTRE });
    const [problem] = refused.body.fields as { field: string }[];
    assert.deepEqual([refused.status, problem?.field], [422, '/carts/1/items/0/product']);
    await promote({ code: 'SOLO', kind: 'amount', amountMinor: 100, usesMax: 1 });
    const twice = [soups({ promotion: 'SOLO' }), soups({ promotion: 'SOLO' })];
    const many = await post('/checkouts', { carts: twice, dropoff: CENTRE });
    const [usedUp] = many.body.fields as { field: string }[];
    assert.deepEqual([many.body.code, usedUp?.field], ['promotion.refused', '/carts/1/promotion']);
    assert.equal(await count(), before_);
    const carts = [soups({ scheduledFor }), breads];
    const body = { carts, dropoff: CENTRE, payment: { kind: 'cash' } };
    const headers = { 'idempotency-key': 'checkout-same-key' };
    const send = () => stack.call('POST', '/checkouts', { token: city.customer, headers, body });
    const answers = await Promise.all([send(), send(), send()]);
    assert.equal(new Set(answers.map((each) => JSON.stringify(each.body))).size, 1);
    assert.equal(await count(), before_ + 2);
    const { id } = answers[0]?.body ?? {};
    const linked = async () =>
      (await get(`/checkouts/${String(id)}`)).orders as Record<string, unknown>[];
    const of = async (vendor: string) => (await linked()).find((each) => each.vendor === vendor);
    const [soupOrder, breadOrder] = [await of(city.vendor), await of(second.vendor)];
    assert.deepEqual([soupOrder?.checkout, breadOrder?.checkout], [id, id]);
    const stranger = { token: await register(stack, 'customer') };
    assert.equal((await stack.call('GET', `/checkouts/${String(id)}`, stranger)).status, 404);
    const path = `/orders/${String(soupOrder?.id)}/cancel`;
    assert.ok((await stack.call('POST', path, { token: city.customer, body: {} })).status < 300);
    await waitFor(async () => ((await of(city.vendor))?.state === 'cancelled' ? true : undefined));
    assert.notEqual((await of(second.vendor))?.state, 'cancelled');
  });

  test('the same again is priced anew, without what is gone', async () => {
    const cake = await addProduct(stack, city, { name: 'Cake', priceMinor: 500 });
    const items = [
      { product: soup, quantity: 2, note: 'hot' },
      { product: cake, quantity: 1 },
    ];
    const { id } = expectOk(await order({ items }));
    const path = `/orders/${String(id)}/reorder`;
    const again = () => stack.call('POST', path, { token: city.customer });
    const whole = expectOk(await again());
    assert.deepEqual([(whole.items as unknown[]).length, whole.gone], [2, []]);
    expectOk(await stack.call('DELETE', `/products/${cake}`, { token: city.ops }));
    const rest = expectOk(await again());
    assert.deepEqual(
      (rest.gone as { name: string }[]).map(({ name }) => name),
      ['Cake'],
    );
    const { quote, problem, gone: _gone, ...cart } = rest;
    const price = (quote as { price: Record<string, number> }).price;
    assert.deepEqual([price.totalMinor, problem], [2_250, null]);
    expectOk(await post('/orders', { ...cart, expectedTotalMinor: price.totalMinor }));
    const stranger = { token: await register(stack, 'customer') };
    assert.equal((await stack.call('POST', path, stranger)).status, 404);
  });

  test('a delivered order is rated by its customer, for a while; nobody else and no other order', async () => {
    const { id } = expectOk(await order({ scheduledFor }));
    await waitFor(async () => {
      const { step } = await get(`/orders/${String(id)}/events`, city.ops);
      return step === 'waiting' ? true : undefined;
    });
    const path = `/orders/${String(id)}/rating`;
    const rate = (body: object, token = city.customer): Promise<Answer> =>
      stack.call('POST', path, { token, body });
    const early = await rate({ vendorStars: 5 });
    assert.deepEqual([early.status, early.body.code], [409, 'order.not_delivered']);
    const deliver = (endedMs: number, driver: string | null) =>
      orders
        .knex('sagas')
        .where({ order_id: id })
        .update({ state: 'delivered', ended_ms: endedMs, driver });
    await deliver(Date.now(), null);
    assert.equal((await rate({ driverStars: 5 })).status, 422);
    await deliver(Date.now(), newId('driver'));
    for (const body of [{}, { vendorStars: 6 }, { vendorStars: 4.5 }, { comment: 'nice' }]) {
      assert.equal((await rate(body)).status, 422, JSON.stringify(body));
    }
    assert.equal((await rate({ vendorStars: 1 }, await register(stack, 'customer'))).status, 404);
    expectOk(await rate({ vendorStars: 2, comment: '<script>alert(1)</script>' }));
    const changed = expectOk(await rate({ vendorStars: 4, driverStars: 5 }));
    const { vendorStars, driverStars, comment } = changed.rating as Record<string, unknown>;
    assert.deepEqual([vendorStars, driverStars, comment], [4, 5, null]);
    await deliver(Date.now() - 8 * 86_400_000, newId('driver'));
    const late = await rate({ vendorStars: 5 });
    assert.deepEqual([late.status, late.body.code], [409, 'rating.too_late']);
  });
});
