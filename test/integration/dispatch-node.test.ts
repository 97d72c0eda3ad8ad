/** Two nodes with worker threads on a real Redis: who serves what, hand-over, the door's live side. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { WaggleError } from '../../contracts/errors.ts';
import { BatchWriter } from '../../contracts/position-batch.ts';
import type { GatewayPush, TrackMessage } from '../../contracts/push.ts';
import { type Door, openDoor } from '../../dispatch/redis/door.ts';
import { Keys } from '../../dispatch/redis/keys.ts';
import {
  type RunningShardNode,
  startRedisShardNode,
} from '../../dispatch/redis/redis-shard-node.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { failOnLeaks } from '../support/leaks.ts';
import { type TestRedis, withRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

const SHARDS = 8;
const ZONE = zoneConfig(1);
const PATIENT = { timeoutMs: 15_000 };

failOnLeaks();

async function doorTo(t: TestContext, redis: TestRedis): Promise<Door> {
  const door = await openDoor({ redisUrl: redis.url, keyPrefix: redis.prefix, shards: SHARDS });
  t.after(() => door.close());
  const { id, market, shard, version, currency, timeZone } = ZONE;
  const polygon = { type: 'Polygon', coordinates: [] } as const;
  const entry = { id, market, shard, version, currency, timeZone, polygon, name: 'test' };
  await door.putZone(entry);
  return door;
}

async function startNode(redis: TestRedis, node: string): Promise<RunningShardNode> {
  return startRedisShardNode({
    ...{ node, redisUrl: redis.url, keyPrefix: redis.prefix, shards: SHARDS, workers: 1 },
    leaseMs: 1_500,
    onProblem: () => {},
  });
}

const served = (node: RunningShardNode): number => node.node.picture.shards.length;

test('nodes divide the shards, and the one that stays takes over what the other hands on', async (t) => {
  const redis = await withRedis(t);
  const first = await startNode(redis, 'd1');
  await waitFor(() => served(first) === SHARDS, PATIENT);
  const second = await startNode(redis, 'd2');
  await waitFor(() => served(second) > 0 && served(first) + served(second) === SHARDS, PATIENT);
  assert.deepEqual(second.node.missing(), []);
  await first.stop();
  await waitFor(() => served(second) === SHARDS, PATIENT);
  await second.stop();
});

test('one delivery goes from request to door through the door alone', async (t) => {
  const redis = await withRedis(t);
  const node = await startNode(redis, 'd1');
  const door = await doorTo(t, redis);
  const { driver } = profile(1);
  const delivery = request(1).id;
  const presence = { gateway: 'g1', session: await door.nextSession() };
  const pushes: GatewayPush[] = [];
  const tracked: TrackMessage[] = [];
  await door.followPushes(
    'g1',
    (batch) => pushes.push(...batch),
    () => {},
  );
  await door.watchTrack(delivery, (message) => tracked.push(message));
  const view = () => {
    const views = pushes.flatMap((push) => (push.t === 'view' ? [push.view] : []));
    return views.toSorted((a, b) => a.version - b.version).at(-1);
  };
  let action = 0;
  const act = (deed: Parameters<typeof deedOf>[1]) =>
    door.append(deedOf(++action, deed, presence, driver));
  await door.append({ zone: ZONE.id, command: { type: 'zone.open', config: ZONE } });
  await act({ kind: 'duty', duty: 'available', profile: profile(1), at: place(0.5, 0.5) });
  const nowMs = door.clock.zoneMs();
  const order = request(1, { placedMs: nowMs, readyMs: nowMs });
  const command = { type: 'delivery.request', number: 1, request: order } as const;
  assert.equal(await door.append({ zone: ZONE.id, command }), 'ok');
  const offered = await waitFor(() => view()?.offer, PATIENT);
  await act({ kind: 'accept', offer: offered.id });
  const planned = await waitFor(() => view()?.stops.length === 2 && view(), PATIENT);
  assert.equal(await door.driverZone(driver), ZONE.id);
  const writer = new BatchWriter();
  const at = place(0.51, 0.5);
  const { slot, tenancy } = planned;
  const fixMs = door.clock.hostMs();
  const rest = { headingDegrees: 90, speedCmps: 300, accuracyMeters: 5 };
  writer.add({ slot, tenancy, ...at, fixMs, ...rest });
  assert.equal(await door.appendPositions(ZONE.id, writer.take() as Uint8Array), true);
  const seen = await waitFor(() => tracked.find((message) => message.t === 'pos'), PATIENT);
  assert.equal(seen.t === 'pos' && seen.latE7, at.latE7);
  await act({ kind: 'picked_up', delivery });
  await act({ kind: 'delivered', delivery });
  await waitFor(
    async () => (await door.lastTrack(delivery)).status?.state === 'delivered',
    PATIENT,
  );
  const log = await door.readLog(ZONE.shard, { epoch: 0, seq: 0 }, 1_000);
  const ends = log.flatMap(({ record }) => record.events).map(({ event }) => event.type);
  assert.equal(ends.filter((type) => type === 'delivery.ended').length, 1);
  const acks = pushes.filter((push) => push.t === 'ack').map((push) => push.action);
  assert.deepEqual([...new Set(acks)], [1, 2, 3, 4]);
  await waitFor(async () => {
    const [picture] = await door.nodePictures();
    return picture?.positions.indexed === 1;
  }, PATIENT);
  await node.stop();
});

function deedOf(
  action: number,
  deed: Extract<
    Parameters<Door['append']>[0]['command'],
    { readonly type: 'driver.acted' }
  >['deed'],
  presence: { gateway: string; session: number },
  driver: string,
): Parameters<Door['append']>[0] {
  const command = { type: 'driver.acted', driver, action, deed, atMs: 0, presence } as const;
  return { zone: ZONE.id, command };
}

test('the door refuses what it cannot route and says so in the catalogue', async (t) => {
  const redis = await withRedis(t);
  const door = await doorTo(t, redis);
  const command = { type: 'zone.redispatch', request: 'r', actor: 'a', reason: 'x' } as const;
  await assert.rejects(door.append({ zone: zoneConfig(9).id, command }), {
    code: 'resource.not_found',
  });
  const huge = { ...command, reason: 'x'.repeat(70_000) };
  await assert.rejects(door.append({ zone: ZONE.id, command: huge }), {
    code: 'request.too_large',
  });
  assert.equal(await door.appendPositions(zoneConfig(9).id, new Uint8Array(1)), false);
  for (const latePerMille of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    const config = { ...ZONE, weights: { ...ZONE.weights, latePerMille } };
    await assert.rejects(
      door.append({ zone: ZONE.id, command: { type: 'zone.open', config } }),
      (error: WaggleError) => {
        assert.equal(error.code, 'request.invalid');
        return error.fields.some(({ field }) => field === '/weights/latePerMille');
      },
    );
  }
});

test('a zone that is changed to nonsense by a hostile hand stays as it was, and says what it set aside', async (t) => {
  const redis = await withRedis(t);
  const node = await startNode(redis, 'd1');
  t.after(() => node.stop());
  const door = await doorTo(t, redis);
  await door.append({ zone: ZONE.id, command: { type: 'zone.open', config: ZONE } });
  const events = async () => {
    const log = await door.readLog(ZONE.shard, { epoch: 0, seq: 0 }, 1_000);
    return log.flatMap(({ record }) => record.events.map(({ event }) => event));
  };
  await waitFor(async () => (await events()).some(({ type }) => type === 'zone.opened'), PATIENT);
  const weights = { ...ZONE.weights, delayPerMille: -1 };
  const command = { type: 'zone.open', config: { ...ZONE, version: 2, weights } };
  const key = new Keys(redis.prefix).mailbox(ZONE.shard);
  const text = JSON.stringify({ zone: ZONE.id, command });
  await redis.connect().xadd(key, '*', 'z', ZONE.id, 'e', text);
  const aside = await waitFor(
    async () => (await events()).find((event) => event.type === 'input.quarantined'),
    PATIENT,
  );
  assert.match(aside.error, /^\/weights\/delayPerMille: expected a finite number/);
  assert.ok(!(await events()).some(({ type }) => type === 'zone.configured'));
});

test('sessions only grow, traces and cards come back, consumers are kept', async (t) => {
  const redis = await withRedis(t);
  const door = await doorTo(t, redis);
  const sessions = [await door.nextSession(), await door.nextSession(), await door.nextSession()];
  assert.deepEqual(
    sessions,
    [...new Set(sessions)].toSorted((a, b) => a - b),
  );
  const points = [{ driver: profile(1).driver, latE7: 1, lonE7: -2, fixMs: 3 }];
  await door.appendTraces(points);
  const [entry] = await door.readTraces('0-0', 10);
  assert.deepEqual(entry?.points, points);
  await door.putCard(request(1).id, '{"name":"A"}', 60_000);
  assert.equal(await door.card(request(1).id), '{"name":"A"}');
  await door.dropCard(request(1).id);
  assert.equal(await door.card(request(1).id), null);
  assert.equal(await door.consumer(0, 'p'), null);
  await door.setConsumer(0, 'p', { epoch: 7, seq: 8 });
  assert.deepEqual(await door.consumer(0, 'p'), { epoch: 7, seq: 8 });
  const waited = await door.waitLogs(new Map([[0, { epoch: 0, seq: 0 }]]), {
    countMax: 10,
    blockMs: 20,
  });
  assert.equal(waited.size, 0);
});

test('a gateway that was away too long is told that it missed something', async (t) => {
  const redis = await withRedis(t);
  const door = await doorTo(t, redis);
  const seen: GatewayPush[] = [];
  let gaps = 0;
  const stop = await door.followPushes(
    'g9',
    (batch) => seen.push(...batch),
    () => gaps++,
  );
  const client = redis.connect();
  const push = { t: 'elsewhere', driver: profile(1).driver, session: 1, epoch: 1, seq: 1 };
  const key = `${redis.prefix}gw:g9`;
  await client.xadd(key, '*', 'm', JSON.stringify(push));
  await waitFor(() => seen.length === 1, PATIENT);
  // Entries that were cut before they could be read.
  await client
    .multi()
    .xadd(key, '*', 'm', JSON.stringify(push))
    .xadd(key, '*', 'm', JSON.stringify(push))
    .xtrim(key, 'MAXLEN', 0)
    .exec();
  await waitFor(() => gaps === 1, PATIENT);
  await stop();
});
