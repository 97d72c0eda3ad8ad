/** Vendors over REST: profile, approval, who sees whom, and the terms of placing an order. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { VENDOR_STREAM, type VendorChanged } from '../../contracts/messages/vendors.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import { openDatabase } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { connectRedis } from '../../platform/redis.ts';
import type { Call } from '../../platform/service.ts';
import { list } from '../../services/vendors/vendors.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { BUSINESS, type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity, register } from './city.ts';

const scope = sharedScope();

describe('vendors', () => {
  let stack: Stack;
  let city: City;
  let redis: Redis;
  let vendorToken: string;

  before(async () => {
    stack = await withStack(scope, [...BUSINESS, 'dispatch', 'api']);
    city = await makeCity(stack);
    vendorToken = await register(stack, 'vendor');
    redis = connectRedis(stack.config.redis.url, 'vendors-test');
    scope.after(() => redis.disconnect());
  });

  const create = async (token: string, change: object = {}): Promise<Record<string, unknown>> => {
    const body = { name: 'Noodles', place: CENTRE, timeZone: 'Europe/Berlin', ...change };
    return expectOk(await stack.call('POST', '/vendors', { token, body }));
  };
  const told = async (vendor: unknown): Promise<VendorChanged[]> => {
    const key = `${stack.config.redis.keyPrefix}${VENDOR_STREAM}`;
    const entries = await redis.xrange(key, '-', '+');
    return entries
      .map(([, fields]) => (JSON.parse(fields[1] ?? '') as EventEntry<VendorChanged>).event)
      .filter((event) => event.vendor.id === vendor);
  };

  test('made by ops is approved, with its whole profile, and told to others', async () => {
    const vendor = await create(city.ops, {
      kind: 'pharmacy',
      cuisines: ['none'],
      priceBand: 2,
      area: { radiusMeters: 3_000 },
      specialDays: [{ date: '2026-12-24', openings: [] }],
      capacity: {
        ...{ tickets: 5, windowSeconds: 600 },
        windows: [{ days: [5, 6], from: '18:00', to: '22:00', tickets: 9, windowSeconds: 900 }],
      },
    });
    assert.deepEqual(
      [vendor.state, vendor.kind, vendor.currency, vendor.version],
      ['approved', 'pharmacy', 'EUR', 1],
    );
    const [event] = await waitFor(async () => {
      const events = await told(vendor.id);
      return events.length > 0 && events;
    });
    assert.deepEqual(event?.vendor, vendor);
    assert.ok((event?.areaCells?.length ?? 0) > 0);
  });

  test('made by a vendor waits for ops, and only its own account sees it', async () => {
    const vendor = await create(vendorToken);
    assert.equal(vendor.state, 'pending');
    const path = `/vendors/${String(vendor.id)}`;
    const statuses = [];
    for (const token of [vendorToken, city.ops, city.customer, await register(stack, 'vendor')]) {
      statuses.push((await stack.call('GET', path, { token })).status);
    }
    assert.deepEqual(statuses, [200, 200, 404, 404]);
    const seen = async (token: string): Promise<boolean> => {
      const list = expectOk(await stack.call('GET', '/vendors?limit=200', { token }));
      return (list.items as { id: string }[]).some(({ id }) => id === vendor.id);
    };
    assert.deepEqual([await seen(vendorToken), await seen(city.customer)], [true, false]);
  });

  test('an area, time zone, special day or capacity that cannot be is refused with a pointer', async () => {
    const refused = async (change: object): Promise<unknown> => {
      const body = { name: 'X', place: CENTRE, timeZone: 'Europe/Berlin', ...change };
      const answer = await stack.call('POST', '/vendors', { token: city.ops, body });
      return (answer.body.fields as { field: string }[])[0]?.field;
    };
    const ring = [
      [0, 0],
      [20, 0],
      [20, 20],
      [0, 0],
    ];
    const polygon = { type: 'Polygon', coordinates: [ring] };
    assert.equal(await refused({ area: { polygon } }), '/area');
    assert.equal(await refused({ timeZone: 'Mars/Olympus' }), '/timeZone');
    const days = [{ date: '2026-12-24', until: '2026-12-01', openings: [] }];
    assert.equal(await refused({ specialDays: days }), '/specialDays/0/until');
    const rush = { days: [5], from: '18:00', to: '22:00', tickets: 9, windowSeconds: 900 };
    const capacityOf = (...windows: object[]) => ({
      capacity: { tickets: 5, windowSeconds: 600, windows },
    });
    const late = { ...rush, from: '21:30', to: '23:00' };
    assert.equal(await refused(capacityOf(rush, late)), '/capacity/windows/1');
    assert.equal(await refused(capacityOf({ ...rush, from: '25:00' })), '/capacity/windows/0/from');
  });

  test('is changed part by part; who saw another version is refused', async () => {
    const vendor = await create(vendorToken, { area: { radiusMeters: 2_000 }, priceBand: 3 });
    const path = `/vendors/${String(vendor.id)}`;
    const patch = (body: object, token = vendorToken): ReturnType<Stack['call']> =>
      stack.call('PATCH', path, { token, body });
    const east = { lat: CENTRE.lat, lon: CENTRE.lon + 0.2 };
    const changed = expectOk(await patch({ version: 1, place: east, priceBand: null }));
    assert.deepEqual([changed.version, changed.priceBand, changed.place], [2, null, east]);
    assert.deepEqual(changed.area, { radiusMeters: 2_000 });
    const late = await patch({ version: 1, name: 'Late' });
    assert.deepEqual([late.status, late.body.code], [412, 'resource.changed']);
    assert.equal(expectOk(await patch({ place: east })).version, 2);
    assert.equal((await patch({ name: 'X' }, await register(stack, 'vendor'))).status, 404);
    assert.equal((await patch({ serviceFeeBasisPoints: 0 })).status, 403);
    const [first, second] = await waitFor(async () => {
      const events = await told(vendor.id);
      return events.length === 2 && events;
    });
    assert.notDeepEqual(first?.areaCells, second?.areaCells);
  });

  test('is approved, suspended and rejected by ops, with the reason; a change asks again', async () => {
    const vendor = await create(vendorToken);
    const path = `/vendors/${String(vendor.id)}`;
    const move = (state: string, reason?: string): ReturnType<Stack['call']> =>
      stack.call('PUT', `${path}/approval`, { token: city.ops, body: { state, reason } });
    const early = await move('suspended', 'too early');
    assert.deepEqual([early.status, early.body.code], [409, 'resource.conflict']);
    assert.equal((await move('rejected')).status, 422);
    assert.equal(expectOk(await move('rejected', 'no licence')).stateReason, 'no licence');
    const body = { description: 'Now with a licence' };
    const appeal = expectOk(await stack.call('PATCH', path, { token: vendorToken, body }));
    assert.deepEqual([appeal.state, appeal.stateReason], ['pending', null]);
    assert.equal(expectOk(await move('approved')).state, 'approved');
    assert.equal((await stack.call('GET', path, { token: city.customer })).status, 200);
    expectOk(await move('suspended', 'complaints'));
    assert.equal((await stack.call('GET', path, { token: city.customer })).status, 404);
    const approvals = await stack.call('GET', `${path}/approvals`, { token: vendorToken });
    assert.deepEqual(
      (expectOk(approvals).items as { state: string }[]).map(({ state }) => state),
      ['suspended', 'approved', 'pending', 'rejected', 'pending'],
    );
  });

  test('pauses with a reason until a time, and resumes', async () => {
    const vendor = await create(vendorToken);
    const path = `/vendors/${String(vendor.id)}/pause`;
    const past = { reason: 'oven', until: '2020-01-01T00:00:00Z' };
    assert.equal((await stack.call('PUT', path, { token: vendorToken, body: past })).status, 422);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const body = { reason: 'oven', until };
    const paused = expectOk(await stack.call('PUT', path, { token: vendorToken, body }));
    assert.deepEqual(paused.pause, { reason: 'oven', until });
    assert.equal(expectOk(await stack.call('DELETE', path, { token: vendorToken })).pause, null);
  });

  test('are listed by one query, however many there are', async () => {
    await Promise.all(Array.from({ length: 12 }, () => create(city.ops)));
    const database = openDatabase('vendors', stack.config.database.vendors);
    scope.after(() => database.close());
    let asked = 0;
    database.knex.on('query', () => asked++);
    const door = { zoneAt: () => undefined } as unknown as Door;
    const call = { caller: { kind: 'system' } } as Call;
    const { items } = await list({ database, door: async () => door }, { limit: 200 }, call);
    assert.ok(items.length >= 12);
    assert.equal(asked, 1);
  });

  test('an API key does what its scopes name, for the vendors of its account', async () => {
    const vendor = await create(vendorToken);
    const foreign = await create(await register(stack, 'vendor'));
    const keyWith = async (...scopes: string[]): Promise<string> => {
      const body = { name: 'till', scopes };
      const answer = await stack.call('POST', '/api-keys', { token: vendorToken, body });
      return String(expectOk(answer).secret);
    };
    const [reader, writer] = [await keyWith('vendors:read'), await keyWith('vendors:write')];
    const status = async (method: string, id: unknown, token: string): Promise<number> => {
      const body = method === 'PATCH' ? { description: 'By the till' } : undefined;
      return (await stack.call(method, `/vendors/${String(id)}`, { token, body })).status;
    };
    assert.deepEqual(
      [
        await status('GET', vendor.id, reader),
        await status('GET', foreign.id, reader),
        await status('PATCH', vendor.id, reader),
        await status('PATCH', vendor.id, writer),
        await status('PATCH', foreign.id, writer),
      ],
      [200, 404, 403, 200, 404],
    );
  });
});
