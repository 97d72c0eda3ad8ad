/** Asking for road times on real threads and a real Redis: figures of the node, and one budget for all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDoor } from '../../dispatch/redis/door.ts';
import { openRedisRuntime } from '../../dispatch/redis/redis-runtime.ts';
import { startRedisShardNode } from '../../dispatch/redis/redis-shard-node.ts';
import { startGoogleRoutes } from '../../sandbox/google-routes.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { failOnLeaks } from '../support/leaks.ts';
import { withRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

const ZONE = zoneConfig(1);
const KEY = 'a-key-that-must-never-show';
const PATIENT = { timeoutMs: 15_000 };

failOnLeaks();

test('a node asks Google within its budget, commits what it was told, and shows its figures', async (t) => {
  const server = await startGoogleRoutes({ key: KEY });
  t.after(() => server.close());
  const redis = await withRedis(t);
  const problems: string[] = [];
  const node = await startRedisShardNode({
    ...{ node: 'd1', redisUrl: redis.url, keyPrefix: redis.prefix, shards: 1, workers: 1 },
    leaseMs: 1_500,
    onProblem: (problem, error) => problems.push(`${problem} ${String(error)}`),
    routes: {
      ...{ source: 'google', url: server.url, key: KEY, traffic: true, profiles: undefined },
      ...{ timeoutMs: 1_000, requestsPerSecond: 100, holdsMs: 600_000, elementsPerDay: 4 },
    },
  });
  t.after(() => node.stop());
  const door = await openDoor({ redisUrl: redis.url, keyPrefix: redis.prefix, shards: 1 });
  t.after(() => door.close());
  const { id, market, shard, version, currency, timeZone } = ZONE;
  const polygon = { type: 'Polygon', coordinates: [] } as const;
  await door.putZone({ id, market, shard, version, currency, timeZone, polygon, name: 'test' });
  await door.append({ zone: id, command: { type: 'zone.open', config: ZONE } });
  const { driver } = profile(1);
  const deed = {
    kind: 'duty',
    duty: 'available',
    profile: profile(1),
    at: place(0.4, 0.5),
  } as const;
  await door.append({
    zone: id,
    command: { type: 'driver.acted', driver, action: 1, deed, atMs: 1 },
  });
  const nowMs = door.clock.zoneMs();
  for (let n = 1; n <= 4; n++) {
    const ends = { pickup: place(0.5 + n / 50, 0.4), dropoff: place(0.7, 0.5 + n / 50) };
    const order = request(n, { ...ends, placedMs: nowMs, readyMs: nowMs + 900_000 });
    await door.append({
      zone: id,
      command: { type: 'delivery.request', number: 1, request: order },
    });
  }
  const routes = await waitFor(() => {
    const picture = node.node.picture.routes;
    return picture && picture.overBudget > 0 && picture;
  }, PATIENT);
  assert.equal(routes.source, 'google');
  assert.ok(routes.elements > 0 && routes.elements <= 4, `${routes.elements}`);
  assert.equal(routes.told, routes.elements);
  assert.equal(routes.resting, true);
  const log = await door.readLog(shard, { epoch: 0, seq: 0 }, 1_000);
  const told = log
    .flatMap(({ record }) => record.events)
    .flatMap(({ event }) => (event.type === 'travel.told' ? event.times : []));
  assert.equal(told.length, routes.told);
  assert.ok(problems.some((problem) => problem.includes('budget')));
  assert.ok(!JSON.stringify([problems, node.node.picture, log]).includes(KEY));
});

test('all nodes share one budget, and nothing is taken that it could not pay', async (t) => {
  const redis = await withRedis(t);
  const open = () => openRedisRuntime({ redisUrl: redis.url, keyPrefix: redis.prefix });
  const runtimes = await Promise.all([open(), open()]);
  t.after(() => {
    for (const runtime of runtimes) runtime.close();
  });
  const budgets = runtimes.map((runtime) => runtime.routesBudget(100));
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) => budgets[n % 2]?.(7) ?? Promise.resolve(false)),
  );
  assert.equal(answers.filter(Boolean).length, 14);
  assert.equal(await budgets[0]?.(2), true, 'what is left can be taken in smaller parts');
  assert.equal(await budgets[1]?.(1), false);
});
