/** What drivers earn and how they do: real deliveries by phone, tips and stars by stream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { newId } from '../../contracts/ids.ts';
import { ORDER_STREAM, type OrderEvent } from '../../contracts/messages/orders.ts';
import { createEventPublisher } from '../support/event-publisher.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { expectOk } from './city.ts';
import {
  askForDelivery,
  carryToDoor,
  onDuty,
  registerDriver,
  untilState,
  withTown,
} from './phone.ts';

type Lines = { id: string; kind: string; delivery: string | null; amountMinor: number }[];

test('a driver earns what its offers froze, once; tips and stars follow', async (t) => {
  const town = await withTown(t);
  const { stack, city } = town;
  const redis = new Redis(stack.config.redis.url);
  cleanUpInReverse(t, () => redis.disconnect());
  const key = `${stack.config.redis.keyPrefix}${ORDER_STREAM}`;
  const stream = createEventPublisher({ redis, key, entriesMax: 1_000 });
  const tell = (event: OrderEvent, id = newId('event')): Promise<void> =>
    stream.publish({ id, correlation: null, event });

  const driver = await registerDriver(town);
  const get = async (path: string, token = driver.token): Promise<Record<string, unknown>> =>
    expectOk(await stack.call('GET', path, { token }));
  const phone = await onDuty(t, town, driver);

  const first = await askForDelivery(town);
  const offer = await waitFor(() => phone.view?.offer, { timeoutMs: 30_000, what: 'an offer' });
  const { payMinor } = offer.terms;
  const order = {
    ...{ order: newId('order'), account: newId('account'), customer: newId('user') },
    ...{ vendor: city.vendor, atMs: Date.now() },
  };
  const tipped: OrderEvent = {
    ...order,
    ...{ type: 'order.changed', delivery: first.id, state: 'delivered' },
    ...{ tipMinor: 150, currency: 'EUR' },
  };
  // The tip is told before anybody has delivered: it waits for whom it belongs to.
  await tell(tipped);
  await carryToDoor(phone, first.id);
  await phone.delivered(first.id);
  await untilState(town, first.id, 'delivered');
  const lines = await waitFor(async () => {
    const { items } = (await get('/drivers/me/earnings')) as { items: Lines };
    return items.length === 2 ? items : null;
  });
  assert.deepEqual(
    lines.map(({ kind, delivery, amountMinor }) => [kind, delivery, amountMinor]).sort(),
    [
      ['delivery', first.id, payMinor],
      ['tip', first.id, 150],
    ],
  );
  // Told again, by another event: nobody is tipped twice.
  await tell({ ...tipped, atMs: tipped.atMs + 1 });

  const second = await askForDelivery(town);
  await carryToDoor(phone, second.id);
  await phone.undeliverable(second.id, 'refused_by_customer', 'customer');
  await waitFor(() => phone.view?.stops[0]?.kind === 'return');
  await phone.returned(second.id);
  await untilState(town, second.id, 'returned');
  const rated: OrderEvent = {
    ...order,
    ...{ type: 'order.rated', driver: driver.id, vendorStars: null, driverStars: 3 },
  };
  await tell(rated);
  await tell({ ...rated, driverStars: 5, atMs: rated.atMs + 1 });
  // Late, or told twice: the newer stars stand.
  await tell(rated);
  await tell({ ...rated, order: newId('order'), driverStars: 4 });
  await phone.setDuty('off');

  const total = await waitFor(
    async () => {
      const found = await get('/drivers/me/statistics');
      const counts = found.total as Record<string, number>;
      const { count } = found.rating as { count: number };
      return count === 2 && counts.returned === 1 && found.duty === 'off' ? found : null;
    },
    { timeoutMs: 20_000, what: 'statistics' },
  );
  const { onlineSeconds, onTime, ...counts } = total.total as Record<string, number>;
  assert.deepEqual(counts, {
    ...{ offered: 2, accepted: 2, declined: 0, expired: 0, delivered: 1, returned: 1, failed: 0 },
  });
  assert.ok(Number(onlineSeconds) > 0 && Number(onTime) <= 1);
  assert.deepEqual(total.rating, { count: 2, mean: 4.5 });

  // Ops add a bonus, once; sums are of all of it.
  const adjust = (idempotencyKey: string) =>
    stack.call('POST', `/drivers/${driver.id}/earnings`, {
      token: city.ops,
      body: { amountMinor: -50, currency: 'EUR', reason: 'paid twice' },
      headers: { 'idempotency-key': idempotencyKey },
    });
  const line = expectOk(await adjust('bonus-one'));
  assert.deepEqual(expectOk(await adjust('bonus-one')), line);
  const page = (await get('/drivers/me/earnings?limit=3')) as { items: Lines; next: string };
  const rest = (await get(`/drivers/me/earnings?cursor=${page.next}`)) as { items: Lines };
  const all = [...page.items, ...rest.items];
  assert.deepEqual(all.map(({ kind }) => kind).sort(), [
    'adjustment',
    'delivery',
    'delivery',
    'tip',
  ]);
  const sum = all.reduce((so, { amountMinor }) => so + amountMinor, 0);
  for (const by of ['day', 'week']) {
    const { items } = (await get(`/drivers/${driver.id}/earnings/sums?by=${by}`, city.ops)) as {
      items: { totalMinor: number; deliveries: number; currency: string }[];
    };
    assert.deepEqual(
      items.map(({ totalMinor, deliveries, currency }) => [totalMinor, deliveries, currency]),
      [[sum, 2, 'EUR']],
    );
  }
  const refused = await stack.call('GET', '/drivers/me/earnings?from=2020-01-01&to=2026-01-01', {
    token: driver.token,
  });
  assert.equal(refused.status, 422);
  const foreign = await stack.call('GET', `/drivers/${driver.id}/earnings`, {
    token: (await registerDriver(town)).token,
  });
  assert.equal(foreign.status, 403);
});
