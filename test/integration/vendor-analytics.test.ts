/** What a vendor is told of its business, and its rating: from what orders and kitchens tell. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { newId } from '../../contracts/ids.ts';
import { KITCHEN_STREAM } from '../../contracts/messages/kitchen.ts';
import { ORDER_STREAM } from '../../contracts/messages/orders.ts';
import { VENDOR_STREAM, type VendorChanged } from '../../contracts/messages/vendors.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { connectRedis } from '../../platform/redis.ts';
import { tellRatings } from '../../services/vendors/following.ts';
import { createEventPublisher } from '../support/event-publisher.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Stack, withStack } from './business-stack.ts';
import { CENTRE, expectOk, register } from './city.ts';

const scope = sharedScope();

const PLACED = Date.parse('2026-06-01T10:30:00Z');

interface Business {
  readonly orders: number;
  readonly delivered: number;
  readonly revenueMinor: number;
}

describe('the business of a vendor', () => {
  let stack: Stack;
  let redis: Redis;
  let database: Database;
  let token: string;
  let vendor: string;

  before(async () => {
    stack = await withStack(scope, ['users', 'vendors', 'zones', 'api']);
    token = await register(stack, 'vendor');
    redis = connectRedis(stack.config.redis.url, 'analytics-test');
    database = openDatabase('vendors', stack.config.database.vendors);
    scope.after(() => redis.disconnect());
    scope.after(() => database.close());
    const body = { name: 'Ramen', place: CENTRE, timeZone: 'Europe/Berlin' };
    vendor = String(expectOk(await stack.call('POST', '/vendors', { token, body })).id);
  });

  const publish = async (name: string, ...events: object[]): Promise<void> => {
    const key = `${stack.config.redis.keyPrefix}${name}`;
    const stream = createEventPublisher({ redis, key, entriesMax: 100_000 });
    for (const event of events) {
      await stream.publish({ id: newId('event'), correlation: null, event });
    }
  };
  const read = async (query = '?from=2026-06-01&to=2026-06-02'): Promise<Record<string, unknown>> =>
    expectOk(await stack.call('GET', `/vendors/${vendor}/analytics${query}`, { token }));
  const changed = (order: string, state: string, change: object = {}): object => ({
    ...{ type: 'order.changed', order, account: newId('account'), customer: newId('user') },
    ...{ vendor, delivery: newId('delivery'), state, atMs: PLACED, placedMs: PLACED },
    ...{ totalMinor: 2_500, currency: 'EUR', goodsMinor: 2_000, tipMinor: 150 },
    lines: [{ product: 'prd_a', quantity: 2 }],
    ...change,
  });
  const ready = (order: string, lateMs: number): object => ({
    ...{ type: 'ticket.changed', ticket: newId('ticket'), order, vendor, state: 'ready' },
    ...{ readyMs: PLACED + lateMs, estimateMs: PLACED, delayed: lateMs > 0, reason: null },
    ...{ atMs: PLACED, version: 3 },
  });

  test('is counted once per order, however often it is told', async () => {
    const orders = Array.from({ length: 6 }, () => newId('order'));
    const events = orders.flatMap((order, n) => [
      changed(order, 'placed'),
      changed(order, n === 0 ? 'cancelled' : 'delivered'),
    ]);
    await publish(ORDER_STREAM, ...events, ...events);
    await publish(KITCHEN_STREAM, ...orders.map((order, n) => ready(order, n * 60_000)));
    const day = changed(newId('order'), 'placed', { placedMs: PLACED + 86_400_000 });
    await publish(ORDER_STREAM, day);
    const seen = await waitFor(async () => {
      const answer = await read();
      const { tickets } = answer.preparation as { tickets: number };
      return (answer.totals as Business).orders === 7 && tickets === 6 && answer;
    });
    const { orders: count, delivered, revenueMinor } = seen.totals as Business;
    assert.deepEqual([count, delivered, revenueMinor], [7, 5, 10_000]);
    assert.deepEqual(seen.preparation, {
      ...{ tickets: 6, rejected: 0, late: 4 },
      ...{ meanErrorSeconds: 150, meanAbsoluteErrorSeconds: 150 },
    });
    assert.deepEqual(
      (seen.days as { date: string; orders: number }[]).map(({ date, orders }) => [date, orders]),
      [
        ['2026-06-01', 6],
        ['2026-06-02', 1],
      ],
    );
    assert.deepEqual((seen.hours as { hour: number }[])[0]?.hour, 12);
    assert.deepEqual(seen.products, [{ product: 'prd_a', name: null, orders: 5, quantity: 10 }]);
  });

  test('is its own account’s and ops’ alone, and of a bounded span', async () => {
    const path = `/vendors/${vendor}/analytics`;
    const stranger = await register(stack, 'vendor');
    assert.equal((await stack.call('GET', path, { token: stranger })).status, 404);
    const ops = await stack.operator();
    assert.equal((await stack.call('GET', path, { token: ops })).status, 200);
    for (const query of ['?from=2026-06-02&to=2026-06-01', '?from=2026-01-01&to=2026-06-01']) {
      assert.equal((await stack.call('GET', `${path}${query}`, { token })).status, 422);
    }
  });

  test('has a rating out of one vote per order, told to others in one go', async () => {
    const [first, second] = [newId('order'), newId('order')];
    const rated = (order: string, vendorStars: number, atMs: number): object => ({
      ...{ type: 'order.rated', order, account: newId('account'), customer: newId('user') },
      ...{ vendor, driver: null, vendorStars, driverStars: null, atMs },
    });
    await publish(ORDER_STREAM, rated(first, 1, PLACED), rated(second, 5, PLACED));
    await publish(ORDER_STREAM, rated(first, 4, PLACED + 1), rated(first, 1, PLACED));
    const rating = await waitFor(async () => {
      const answer = expectOk(await stack.call('GET', `/vendors/${vendor}`, { token }));
      const { average, count } = answer.rating as { average: number; count: number };
      return average === 4.5 && { average, count, version: answer.version };
    });
    assert.deepEqual(rating, { average: 4.5, count: 2, version: 1 });
    await tellRatings(database, () => 'EUR');
    const told = await waitFor(async () => {
      const entries = await redis.xrange(
        `${stack.config.redis.keyPrefix}${VENDOR_STREAM}`,
        '-',
        '+',
      );
      return entries
        .map(([, fields]) => (JSON.parse(fields[1] ?? '') as EventEntry<VendorChanged>).event)
        .findLast(({ vendor: { id, rating } }) => id === vendor && rating.count === 2);
    });
    assert.ok(told.version >= 2);
    assert.equal(await tellRatings(database, () => 'EUR'), false);
  });
});
