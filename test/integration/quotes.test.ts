/** Quotes: what a shop with a key is told before it asks for a delivery, and what is refused. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, BUSINESS, type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity, register } from './city.ts';

const NEAR = { lat: CENTRE.lat + 0.01, lon: CENTRE.lon };

interface Shop {
  readonly stack: Stack;
  readonly city: City;
  readonly key: string;
  quote(body?: object, headers?: Record<string, string>): Promise<Answer>;
}

async function openShop(t: TestContext, services: readonly string[]): Promise<Shop> {
  const stack = await withStack(t, services);
  const city = await makeCity(stack);
  const vendor = await register(stack, 'vendor');
  const body = { name: 'shop', scopes: ['deliveries:read', 'deliveries:write'] };
  const made = expectOk(await stack.call('POST', '/api-keys', { token: vendor, body }));
  const key = String(made.secret);
  return {
    stack,
    city,
    key,
    quote: (more = {}, headers = {}) =>
      stack.call('POST', '/quotes', {
        token: key,
        headers,
        body: { pickup: CENTRE, dropoff: NEAR, ...more },
      }),
  };
}

test('a quote has a fee, a distance, times in order and an expiry', async (t) => {
  const { stack, city, key, quote } = await openShop(t, [...BUSINESS, 'api']);
  const told = expectOk(await quote({ readyInSeconds: 1_200 }));
  assert.match(String(told.id), /^quo_/);
  assert.equal(told.currency, 'EUR');
  assert.equal(told.feeMinor, 250);
  // 1.11 km in a straight line, three tenths more on the road.
  assert.ok(Math.abs(Number(told.distanceMeters) - 1_446) < 5, String(told.distanceMeters));
  const { from, to } = told.dropoffEta as { from: string; to: string };
  const times = [new Date().toISOString(), told.pickupEta, from, to].map(String);
  assert.deepEqual(times, times.toSorted());
  assert.ok(Date.parse(String(told.expiresAt)) > Date.now() + 800_000);

  const headers = { 'idempotency-key': 'quote-0001' };
  const first = expectOk(await quote({}, headers));
  assert.equal(expectOk(await quote({}, headers)).id, first.id);
  const other = await quote({ readyInSeconds: 60 }, headers);
  assert.deepEqual([other.status, other.body.code], [409, 'idempotency.mismatch']);

  const nowhere = await quote({ pickup: { lat: 0, lon: 0 } });
  assert.deepEqual([nowhere.status, nowhere.body.code], [422, 'zone.none_here']);
  const far = await quote({ dropoff: { lat: CENTRE.lat + 0.5, lon: CENTRE.lon } });
  assert.deepEqual([far.status, far.body.code], [422, 'delivery.too_far']);
  const both = await quote({ readyInSeconds: 1, readyAt: '2030-01-01T00:00:00Z' });
  assert.deepEqual([both.status, both.body.code], [422, 'request.invalid']);
  const foreign = await quote({ account: 'acc_00000000-0000-7000-8000-000000000001' });
  assert.equal(foreign.status, 403);
  const reader = await stack.call('POST', '/quotes', { token: city.customer, body: {} });
  assert.equal(reader.status, 403);
  assert.equal((await stack.call('GET', '/deliveries', { token: key })).status, 200);
});

test('ops sets the price of a market, and quotes follow it', async (t) => {
  const { stack, city, quote } = await openShop(t, [...BUSINESS, 'api']);
  const path = `/markets/${city.market}`;
  const change = (deliveryPrice: object): Promise<Answer> =>
    stack.call('PATCH', path, { token: city.ops, body: { deliveryPrice } });
  const market = expectOk(await change({ baseMinor: 100, perKmMinor: 500, freeKm: 0 }));
  const usual = { minMinor: 200, maxMinor: 1_500, kmMax: 25 };
  const price = { baseMinor: 100, perKmMinor: 500, freeKm: 0, ...usual };
  assert.deepEqual(market.deliveryPrice, price);
  await waitFor(async () => expectOk(await quote()).feeMinor !== 250, { what: 'the new price' });
  const told = expectOk(await quote());
  assert.equal(told.feeMinor, 100 + Math.ceil(Number(told.distanceMeters) / 2));
  const refused = await change({ minMinor: 2_000 });
  assert.deepEqual([refused.status, refused.body.code], [422, 'request.invalid']);
});

test('a zone that takes nothing new gives no quotes', async (t) => {
  const { stack, city, quote } = await openShop(t, [...BUSINESS, 'dispatch', 'api']);
  expectOk(await quote());
  const body = { kind: 'pause_intake', value: 1, reason: 'storm', forSeconds: 600 };
  const path = `/zones/${city.zone}/controls`;
  expectOk(await stack.call('POST', path, { token: city.ops, body }));
  const refused = await waitFor(
    async () => {
      const answer = await quote();
      return answer.status === 201 ? undefined : answer;
    },
    { timeoutMs: 15_000, intervalMs: 100, what: 'a refusal' },
  );
  assert.deepEqual([refused.status, refused.body.code], [503, 'zone.intake_paused']);
});
