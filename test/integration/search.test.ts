/** Searching through the public door: what others tell is found a moment later, and only while it may be. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { SearchAnswer } from '../../contracts/api/search.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity, register } from './city.ts';

const scope = sharedScope();

describe('search', () => {
  let stack: Stack;
  let city: City;

  before(async () => {
    stack = await withStack(scope);
    city = await makeCity(stack);
  });

  const find = async (query: Record<string, string>): Promise<SearchAnswer> => {
    const answer = await stack.call('GET', `/search?${new URLSearchParams(query)}`);
    return expectOk(answer) as unknown as SearchAnswer;
  };
  const idsOf = async (query: Record<string, string>): Promise<string[]> =>
    (await find(query)).items.map(({ id }) => id);
  const found = (query: Record<string, string>, id: string): Promise<unknown> =>
    waitFor(async () => (await idsOf(query)).includes(id), { what: `${query.q} to be found` });
  const gone = (query: Record<string, string>, id: string): Promise<unknown> =>
    waitFor(async () => !(await idsOf(query)).includes(id), { what: `${query.q} to be gone` });
  const post = async (path: string, body: object, token = city.ops): Promise<string> =>
    String(expectOk(await stack.call('POST', path, { token, body })).id);

  test('finds a vendor by its name, its beginning, and with a typing error', async () => {
    await found({ q: 'noodles' }, city.vendor);
    for (const q of ['Noodles', 'NOOD', 'nodles', 'noodels', 'noodlees', 'moodles']) {
      assert.ok((await idsOf({ q })).includes(city.vendor), q);
    }
    const { lat, lon } = CENTRE;
    const near = await find({ q: 'noodles', lat: `${lat}`, lon: `${lon}`, deliversHere: 'true' });
    assert.deepEqual([near.items[0]?.distanceMeters, near.items[0]?.vendor.open], [0, true]);
  });

  test('a vendor that waits for approval is not found before it, and not while it is paused', async () => {
    const body = { name: 'Curry Corner', place: CENTRE, timeZone: 'Europe/Berlin' };
    const token = await register(stack, 'vendor');
    const id = await post('/vendors', body, token);
    const marker = await post('/vendors', { ...body, name: 'Curry Marker' });
    const q = 'curry';
    await found({ q }, marker);
    assert.ok(!(await idsOf({ q })).includes(id));
    const approval = { token: city.ops, body: { state: 'approved', reason: 'papers are there' } };
    expectOk(await stack.call('PUT', `/vendors/${id}/approval`, approval));
    await found({ q }, id);
    const pause = { token, body: { reason: 'the oven is cold' } };
    expectOk(await stack.call('PUT', `/vendors/${id}/pause`, pause));
    await gone({ q }, id);
    expectOk(await stack.call('DELETE', `/vendors/${id}/pause`, { token }));
    await found({ q }, id);
  });

  test('a vendor that is closed is found, but not among those that are open', async () => {
    const hours = [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' }];
    const specialDays = [{ date: '2020-01-01', until: '2099-12-31', openings: [] }];
    const body = { name: 'Winter Garden', place: CENTRE, timeZone: 'Europe/Berlin', hours };
    const closed = await post('/vendors', { ...body, specialDays });
    await found({ q: 'winter' }, closed);
    assert.equal((await find({ q: 'winter' })).items[0]?.vendor.open, false);
    assert.deepEqual(await idsOf({ q: 'winter', openNow: 'true' }), []);
  });

  test('a product is found while it may be sold, and says when it is sold out', async () => {
    const products = `/vendors/${city.vendor}/products`;
    const id = await post(products, { name: 'Szechuan Dumplings', priceMinor: 890 });
    await found({ q: 'szechwan dumplings' }, id);
    const [hit] = (await find({ q: 'dumpling', find: 'products' })).items;
    assert.deepEqual(
      [hit?.id, hit?.product?.priceMinor, hit?.product?.soldOut, hit?.vendor.id],
      [id, 890, false, city.vendor],
    );
    const stock = { token: city.ops, body: { items: [{ product: id, available: 0 }] } };
    expectOk(await stack.call('PUT', `/vendors/${city.vendor}/stock`, stock));
    const isSoldOut = async (): Promise<boolean | undefined> =>
      (await find({ q: 'dumplings' })).items[0]?.product?.soldOut;
    await waitFor(isSoldOut, { what: 'the dumplings to be sold out' });
    const back = {
      token: city.ops,
      headers: { 'idempotency-key': 'dumplings-are-back' },
      body: { product: id, delta: 5, reason: 'received' },
    };
    expectOk(await stack.call('POST', `/vendors/${city.vendor}/stock/adjustments`, back));
    await waitFor(async () => (await isSoldOut()) === false, { what: 'dumplings to be back' });
    expectOk(
      await stack.call('PATCH', `/products/${id}`, { token: city.ops, body: { active: false } }),
    );
    await gone({ q: 'dumplings' }, id);
  });

  test('suggests what a text may become', async () => {
    const body = {
      name: 'Noodle Bar',
      place: CENTRE,
      timeZone: 'Europe/Berlin',
      cuisines: ['noodles'],
    };
    const bar = await post('/vendors', body);
    await found({ q: 'noodle bar' }, bar);
    const answer = expectOk(await stack.call('GET', '/search/suggest?q=nood'));
    const items = answer.items as { type: string; text: string }[];
    assert.deepEqual(items[0], { type: 'cuisine', id: null, text: 'noodles' });
    assert.ok(items.some(({ text }) => text === 'Noodle Bar'));
  });

  test('asks back for what it cannot read', async () => {
    const bad = await stack.call('GET', '/search?sort=distance');
    assert.deepEqual([bad.status, bad.body.code], [422, 'request.invalid']);
    for (const q of [
      "'; DROP TABLE documents; --",
      '<script>alert(1)</script>',
      ":* & | ! <-> '",
    ]) {
      assert.deepEqual((await find({ q })).items, [], q);
    }
    const strange = [...['kind', 'cuisine', 'priceBand', 'sort'], ...['find', 'cursor', 'lat']];
    for (const name of strange) {
      const answer = await stack.call('GET', `/search?${new URLSearchParams({ [name]: "'\0;" })}`);
      assert.deepEqual([answer.status, answer.body.code], [422, 'request.invalid'], name);
    }
    const long = await stack.call('GET', `/search?q=${'x'.repeat(101)}`);
    assert.equal(long.status, 422);
  });
});
