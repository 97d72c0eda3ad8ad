/** One order followed through REST, the engine and back, with the test in the place of the driver. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DriverDeed } from '../../contracts/commands.ts';
import { type DeliveryId, type DriverId, newId, type OfferId } from '../../contracts/ids.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import { type Door, openDoor } from '../../dispatch/redis/door.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { BUSINESS, type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity, placeOrder, register } from './city.ts';

const SERVICES = [...BUSINESS, 'dispatch', 'api'];

interface Running {
  readonly stack: Stack;
  readonly city: City;
  readonly door: Door;
}

async function start(t: TestContext): Promise<Running> {
  const stack = await withStack(t, SERVICES);
  const { redis, dispatch } = stack.config;
  const door = await openDoor({
    redisUrl: redis.url,
    keyPrefix: redis.keyPrefix,
    shards: dispatch.shards,
  });
  cleanUpInReverse(t, () => door.close());
  const city = await makeCity(stack);
  await door.refreshZones();
  return { stack, city, door };
}

/** A driver who acts straight on the mailbox, as a gateway would. */
function courier({ door, city }: Running): {
  readonly id: DriverId;
  act(deed: DriverDeed): Promise<void>;
} {
  const id = newId('driver');
  const presence = { gateway: 'nowhere', session: 1 };
  let action = 0;
  return {
    id,
    async act(deed) {
      const atMs = Math.round(door.clock.zoneMs());
      const acted = { type: 'driver.acted', driver: id, action: ++action } as const;
      const command = { ...acted, deed, atMs, presence };
      assert.equal(await door.append({ zone: city.zone, command }), 'ok');
    },
  };
}

async function goOnDuty(running: Running): Promise<ReturnType<typeof courier>> {
  const driver = courier(running);
  const capacity = { parcels: 4, volumeMl: 80_000, weightG: 20_000 };
  const profile = {
    driver: driver.id,
    vehicle: newId('vehicle'),
    vehicleKind: 'bicycle',
    capacity,
    skills: [],
  } as const;
  const at = placeOf(CENTRE.lat, CENTRE.lon);
  await driver.act({ kind: 'duty', duty: 'available', profile, at });
  return driver;
}

async function delivery({ stack, city }: Running, id: string): Promise<Record<string, unknown>> {
  return expectOk(await stack.call('GET', `/deliveries/${id}`, { token: city.ops }));
}

async function inState(running: Running, id: string, state: string): Promise<void> {
  await waitFor(async () => (await delivery(running, id)).state === state, {
    what: `${id} ${state}`,
    timeoutMs: 10_000,
  });
}

/** The open offer of a delivery, once there is one. */
async function offerOf({ stack, city }: Running, id: string): Promise<OfferId> {
  return waitFor(
    async () => {
      const events = expectOk(
        await stack.call('GET', `/deliveries/${id}/events`, { token: city.ops }),
      );
      const items = events.items as { type: string; data: { offer?: OfferId } }[];
      return items.findLast(({ type }) => type === 'offer.made')?.data.offer;
    },
    { what: 'an offer', timeoutMs: 15_000 },
  );
}

test('an order is offered, carried and delivered, and every view of it agrees', async (t) => {
  const running = await start(t);
  const { stack, city } = running;
  const order = expectOk(await placeOrder(stack, city, 'key-00000001'));
  const id = order.delivery as DeliveryId;
  const driver = await goOnDuty(running);
  const offer = await offerOf(running, id);
  await driver.act({ kind: 'accept', offer });
  await inState(running, id, 'assigned');
  await driver.act({ kind: 'picked_up', delivery: id });
  await inState(running, id, 'picked_up');
  const { etaAt, etaFromAt, etaToAt } = await delivery(running, id);
  const expected = [etaFromAt, etaAt, etaToAt].map((text) => Date.parse(String(text)));
  assert.ok(expected.every(Number.isFinite), 'told while it is under way');
  assert.deepEqual(
    expected.toSorted((a, b) => a - b),
    expected,
    'a range with the likeliest time in it',
  );

  const late = await stack.call('POST', `/orders/${String(order.id)}/cancel`, {
    token: city.customer,
    body: {},
  });
  assert.deepEqual([late.status, late.body.code], [409, 'delivery.past_pickup']);

  await driver.act({ kind: 'delivered', delivery: id });
  await inState(running, id, 'delivered');
  const ended = await delivery(running, id);
  const history = ended.history as { state: string; driver: string | null }[];
  assert.deepEqual(
    history.map(({ state }) => state),
    ['pending', 'assigned', 'picked_up', 'delivered'],
  );
  assert.equal(ended.driver, driver.id);
  assert.equal(ended.etaAt, null);
  assert.deepEqual(ended.reason, { code: 'completed', stage: 'picked_up', fault: 'platform' });

  const path = `/orders/${String(order.id)}`;
  await waitFor(async () => {
    const answer = await stack.call('GET', path, { token: city.customer });
    return answer.body.state === 'delivered';
  });
  const view = expectOk(await stack.call('GET', `/track/${String(order.trackingToken)}`));
  assert.deepEqual([view.delivery, view.state], [id, 'delivered']);
  const summary = expectOk(await stack.call('GET', '/ops/summary', { token: city.ops }));
  assert.deepEqual(summary.deliveries, { delivered: 1 });
  assert.deepEqual(summary.offers, { accepted: 1 });
});

test('a cancel before pickup is confirmed by the log, and a second one changes nothing', async (t) => {
  const running = await start(t);
  const { stack, city } = running;
  const order = expectOk(await placeOrder(stack, city, 'key-00000001'));
  await inState(running, String(order.delivery), 'pending');
  const path = `/orders/${String(order.id)}/cancel`;
  const first = await stack.call('POST', path, { token: city.customer, body: {} });
  assert.deepEqual([first.status, first.body.state], [200, 'cancelled']);
  const second = await stack.call('POST', path, { token: city.customer, body: {} });
  assert.equal(second.status, 200);
  const ended = await delivery(running, String(order.delivery));
  assert.equal(ended.state, 'cancelled');
  assert.equal((ended.reason as { code: string }).code, 'cancelled_by_customer');
});

test('what ops does is in the log with who and why, and in the audit', async (t) => {
  const running = await start(t);
  const { stack, city } = running;
  const driver = await goOnDuty(running);
  const order = expectOk(await placeOrder(stack, city, 'key-00000001'));
  const id = String(order.delivery);
  await waitFor(async () => (await delivery(running, id)).promiseAt !== null);
  const body = { verb: 'assign', driver: driver.id, reason: 'she is next door' };
  const asked = await stack.call('POST', `/deliveries/${id}/ops`, { token: city.ops, body });
  assert.equal(asked.status, 202);
  await inState(running, id, 'assigned');
  const audit = expectOk(await stack.call('GET', '/ops/audit', { token: city.ops }));
  const items = audit.items as { request: string; reason: string; subject: string }[];
  const entry = items.find(({ request }) => request === asked.body.request);
  assert.deepEqual([entry?.reason, entry?.subject], ['she is next door', id]);
});

test('a foreign order cannot be seen, cancelled or tracked', async (t) => {
  const running = await start(t);
  const { stack, city } = running;
  const order = expectOk(await placeOrder(stack, city, 'key-00000001'));
  for (const role of ['customer', 'vendor'] as const) {
    const token = await register(stack, role);
    const path = `/orders/${String(order.id)}`;
    assert.equal((await stack.call('GET', path, { token })).status, 404);
    const cancel = await stack.call('POST', `${path}/cancel`, { token, body: {} });
    assert.equal(cancel.status, 404);
    const foreign = await stack.call('GET', `/deliveries/${String(order.delivery)}`, { token });
    assert.equal(foreign.status, 404);
  }
});

test('a shop with a key asks for deliveries by its own ids', async (t) => {
  const running = await start(t);
  const { stack } = running;
  const vendor = await register(stack, 'vendor');
  const body = { name: 'shop', scopes: ['deliveries:read', 'deliveries:write'] };
  const key = String(
    expectOk(await stack.call('POST', '/api-keys', { token: vendor, body })).secret,
  );
  const wanted = {
    externalId: 'my-order-1',
    pickup: CENTRE,
    dropoff: { lat: CENTRE.lat + 0.01, lon: CENTRE.lon },
  };
  const first = expectOk(await stack.call('POST', '/deliveries', { token: key, body: wanted }));
  const again = expectOk(await stack.call('POST', '/deliveries', { token: key, body: wanted }));
  const { id } = first.delivery as { id: string };
  assert.equal((again.delivery as { id: string }).id, id);
  const list = expectOk(await stack.call('GET', '/deliveries?open=true&limit=1', { token: key }));
  assert.deepEqual(
    (list.items as { id: string }[]).map((item) => item.id),
    [id],
  );
  const nowhere = { ...wanted, externalId: 'my-order-2', pickup: { lat: 0, lon: 0 } };
  const refused = await stack.call('POST', '/deliveries', { token: key, body: nowhere });
  assert.deepEqual([refused.status, refused.body.code], [422, 'zone.none_here']);
});
