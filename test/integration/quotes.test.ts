/** Quotes: what a shop with a key is told before it asks for a delivery, and what is refused. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
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

async function openShop(
  t: TestContext,
  services: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Shop> {
  const stack = await withStack(t, services, env);
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

test('a delivery is held to its quote, which is used once, by the account it was given to', async (t) => {
  const { stack, city, key, quote } = await openShop(t, [...BUSINESS, 'api']);
  const ask = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
    stack.call('POST', '/deliveries', {
      token: key,
      headers,
      body: { externalId: 'one', pickup: CENTRE, dropoff: NEAR, ...body },
    });
  const told = expectOk(await quote());
  const price = { baseMinor: 900 };
  const body = { deliveryPrice: price };
  expectOk(await stack.call('PATCH', `/markets/${city.market}`, { token: city.ops, body }));
  await waitFor(async () => expectOk(await quote()).feeMinor === 900, { what: 'the new price' });

  const elsewhere = await ask({ quote: told.id, dropoff: CENTRE });
  assert.deepEqual(
    [elsewhere.status, elsewhere.body.fields],
    [422, [{ field: '/dropoff', expected: 'the dropoff of the quote' }]],
  );
  const made = expectOk(await ask({ quote: told.id })).delivery as Record<string, unknown>;
  assert.deepEqual([made.feeMinor, made.currency, made.quote], [250, 'EUR', told.id]);
  const again = expectOk(await ask({ quote: told.id })).delivery as Record<string, unknown>;
  assert.equal(again.id, made.id);
  const changed = await ask({ quote: told.id, dropoffNote: 'another floor' });
  assert.deepEqual([changed.status, changed.body.code], [409, 'resource.conflict']);
  const second = await ask({ quote: told.id, externalId: 'two' });
  assert.deepEqual([second.status, second.body.code], [409, 'quote.used']);
  const plain = expectOk(await ask({ externalId: 'three' })).delivery as Record<string, unknown>;
  assert.deepEqual([plain.feeMinor, plain.quote], [900, null]);

  for (const dropoffNote of [
    'zero \u0000',
    'half \ud83d',
    `'; DROP TABLE deliveries; --<script>`,
  ]) {
    const odd = await ask({ externalId: `odd ${dropoffNote}`, dropoffNote });
    assert.ok([201, 422].includes(odd.status), `${dropoffNote} ${odd.status}`);
  }

  const headers = { 'idempotency-key': 'delivery-0001' };
  const four = { externalId: 'four' };
  const keyed = expectOk(await ask(four, headers));
  assert.deepEqual(expectOk(await ask(four, headers)), keyed);
  const mismatch = await ask({ externalId: 'five' }, headers);
  assert.deepEqual([mismatch.status, mismatch.body.code], [409, 'idempotency.mismatch']);

  const twins = await Promise.all(
    Array.from({ length: 6 }, async () =>
      ask({ externalId: 'six', quote: expectOk(await quote()).id }),
    ),
  );
  const won = twins.filter(({ status }) => status === 201);
  assert.equal(won.length, 1, 'another quote is another request');

  const stranger = await register(stack, 'vendor');
  const foreign = await stack.call('POST', '/deliveries', {
    token: stranger,
    body: { externalId: 'x', pickup: CENTRE, dropoff: NEAR, quote: expectOk(await quote()).id },
  });
  assert.deepEqual([foreign.status, foreign.body.code], [422, 'request.invalid']);
});

test('an expired quote is told from one that never was', async (t) => {
  const { stack, key, quote } = await openShop(t, [...BUSINESS, 'api'], { WAGGLE_SPEED: '1000' });
  const told = expectOk(await quote());
  const clock = async (): Promise<string> =>
    String(expectOk(await stack.call('GET', '/clock')).zoneTime);
  await waitFor(async () => (await clock()) > String(told.expiresAt), { what: 'its end' });
  const ask = (id: unknown): Promise<Answer> => {
    const body = { externalId: 'late', pickup: CENTRE, dropoff: NEAR, quote: id };
    return stack.call('POST', '/deliveries', { token: key, body });
  };
  const expired = await ask(told.id);
  assert.deepEqual([expired.status, expired.body.code], [409, 'quote.expired']);
  const unknown = await ask(newId('quote'));
  assert.deepEqual([unknown.status, unknown.body.code], [422, 'request.invalid']);
});
