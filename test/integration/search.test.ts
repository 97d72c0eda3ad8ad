/** Searching through the public door: what others tell is found a moment later, and only while it may be. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { SearchAnswer } from '../../contracts/api/search.ts';
import type { Scope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity, register } from './city.ts';

/** `after` called within a hook belongs to that hook, so clean-ups are collected for the suite. */
const cleanUps: (() => Promise<void> | void)[] = [];
const scope: Scope = {
  after: (cleanUp) => {
    cleanUps.push(cleanUp);
  },
};

describe('search', () => {
  let stack: Stack;
  let city: City;

  before(async () => {
    stack = await withStack(scope);
    city = await makeCity(stack);
  });
  after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
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
    const long = await stack.call('GET', `/search?q=${'x'.repeat(101)}`);
    assert.equal(long.status, 422);
  });
});
