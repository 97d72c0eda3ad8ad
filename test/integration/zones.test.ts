/** Zones that change: versioned, told to the engine until its log shows it, audited. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { OpsCommand } from '../../contracts/commands.ts';
import { newId, type ZoneId } from '../../contracts/ids.ts';
import { DEFAULT_POLICY, DEFAULT_WEIGHTS, type ZoneConfig } from '../../contracts/zone.ts';
import { type Door, openDoor } from '../../dispatch/redis/door.ts';
import { openDatabase } from '../../platform/database.ts';
import { openZones } from '../../services/zones/opening.ts';
import * as queries from '../../services/zones/queries.ts';
import { testConfig } from '../support/config.ts';
import { zoneConfig } from '../support/core-fixtures.ts';
import { withDatabase } from '../support/database.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { BUSINESS, type Stack, withStack } from './business-stack.ts';
import { type City, expectOk, makeCity } from './city.ts';

const SPEED = 5;

async function start(t: TestContext): Promise<{ stack: Stack; city: City; door: Door }> {
  const env = { WAGGLE_SPEED: String(SPEED) };
  const stack = await withStack(t, [...BUSINESS, 'dispatch', 'api'], env);
  const { redis, dispatch } = stack.config;
  const door = await openDoor({
    redisUrl: redis.url,
    keyPrefix: redis.keyPrefix,
    shards: dispatch.shards,
    speed: SPEED,
  });
  cleanUpInReverse(t, () => door.close());
  return { stack, city: await makeCity(stack), door };
}

/** All configurations that the log of a shard shows. */
async function configured(door: Door, shard: number): Promise<ZoneConfig[]> {
  const entries = await door.readLog(shard, { epoch: 0, seq: 0 }, 1_000);
  return entries.flatMap(({ record }) =>
    record.events.flatMap(({ event }) =>
      event.type === 'zone.configured' || event.type === 'zone.opened' ? [event.config] : [],
    ),
  );
}

test('a change of a zone is a new version that the log and the audit show', async (t) => {
  const { stack, city, door } = await start(t);
  const path = `/zones/${city.zone}`;
  const patch = (body: object, token = city.ops) => stack.call('PATCH', path, { token, body });
  const reason = 'rain all evening';
  const before = expectOk(await stack.call('GET', path, { token: city.ops }));
  assert.deepEqual(before.policy, { ...DEFAULT_POLICY });

  const policy = { radiusMeters: 2_000, staleMs: 90_000, speedMmps: { bicycle: 3_000 } };
  const changed = expectOk(await patch({ policy, weights: { latePerMille: 700 }, reason }));
  assert.deepEqual([changed.version, changed.open, changed.name], [2, true, before.name]);
  assert.deepEqual(changed.policy, {
    ...DEFAULT_POLICY,
    ...policy,
    speedMmps: { ...DEFAULT_POLICY.speedMmps, bicycle: 3_000 },
  });
  assert.deepEqual(changed.weights, { ...DEFAULT_WEIGHTS, version: 2, latePerMille: 700 });

  const told = await configured(door, Number(before.shard));
  assert.deepEqual(
    told.map((config) => [config.version, config.weights.version, config.policy.staleMs]),
    [
      [1, 1, DEFAULT_POLICY.staleMs * SPEED],
      [2, 2, 90_000 * SPEED],
    ],
    'limits of phones are wall time, and stretched for the engine alone',
  );

  // Sent again, because its answer was lost: no further version.
  assert.equal(expectOk(await patch({ policy, reason })).version, 2);
  const renamed = expectOk(await patch({ name: 'Mitte and around', reason: 'it grew' }));
  assert.deepEqual([renamed.version, renamed.name], [3, 'Mitte and around']);
  assert.equal((renamed.weights as { version: number }).version, 2);
  await door.refreshZones();
  assert.equal(door.zone(city.zone as ZoneId)?.name, 'Mitte and around');

  const { id: me } = expectOk(await stack.call('GET', '/me', { token: city.ops }));
  const changes = await waitFor(async () => {
    const answer = await stack.call('GET', `/ops/audit?zone=${city.zone}`, { token: city.ops });
    const items = expectOk(answer).items as Record<string, unknown>[];
    const found = items.filter((item) => item.verb === 'zone.configured');
    return found.length === 2 ? found : undefined;
  });
  assert.deepEqual(
    changes.map(({ actor, reason: why }) => [actor, why]).sort(),
    [
      [me, 'it grew'],
      [me, reason],
    ].sort(),
  );
});

test('a change of a zone by others, of nothing, or out of range is refused', async (t) => {
  const stack = await withStack(t, ['users', 'vendors', 'zones', 'api']);
  const city = await makeCity(stack);
  const patch = (zone: string, body: object, token = city.ops) =>
    stack.call('PATCH', `/zones/${zone}`, { token, body });
  const answers = [
    await patch(city.zone, { name: 'Mine', reason: 'why not' }, city.customer),
    await patch(city.zone, { name: 'Ours' }),
    await patch(city.zone, { reason: 'nothing' }),
    await patch(city.zone, { policy: { radiusMeters: 1 }, reason: 'r' }),
    await patch(city.zone, { policy: { repeatMs: 1 }, reason: 'r' }),
    await patch(newId('zone'), { name: 'Nowhere', reason: 'r' }),
    // No engine runs here, so the opening itself is not confirmed yet.
    await patch(city.zone, { name: 'Too soon', reason: 'r' }),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [403, 422, 422, 422, 422, 404, 409],
  );
  const zone = expectOk(await stack.call('GET', `/zones/${city.zone}`, { token: city.ops }));
  assert.deepEqual([zone.version, zone.name], [1, 'Mitte']);
});

test('weights that are negative or not finite are refused with the field', async (t) => {
  const stack = await withStack(t);
  const city = await makeCity(stack);
  const tell = (body: string) =>
    fetch(`${stack.url}/api/v1/zones/${city.zone}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${city.ops}`, 'content-type': 'application/json' },
      body,
    });
  for (const bad of ['-1', '1e999', '-1e999', 'null', '"10"', '0.5']) {
    const answer = await tell(`{"weights":{"latePerMille":${bad}},"reason":"r"}`);
    assert.equal(answer.status, 422, bad);
    const { fields } = (await answer.json()) as { fields: { field: string }[] };
    assert.deepEqual(
      fields.map(({ field }) => field),
      ['/weights/latePerMille'],
    );
  }
  assert.equal((await tell('{"weights":{"latePerMille":NaN},"reason":"r"}')).status, 400);
  const zone = expectOk(await stack.call('GET', `/zones/${city.zone}`, { token: city.ops }));
  assert.equal(zone.version, 1);
});

test('zones follow when zone time runs at another speed', async (t) => {
  const config = testConfig({ database: await withDatabase(t) });
  const database = openDatabase('zones', config.database.zones);
  cleanUpInReverse(t, () => database.close());
  const { knex } = database;
  const market = newId('market');
  await queries.insertMarket(knex, { id: market, name: 'M', time_zone: 'UTC', currency: 'EUR' });
  const polygon = { type: 'Polygon', coordinates: [] } as const;
  const made = { ...zoneConfig(), market };
  await database.transaction((trx) =>
    queries.insertZone(trx, {
      ...{ id: made.id, market, name: 'Z', shard: 0, polygon, config: made },
      ...{ speed: 30, created_by: 'usr_x' },
    }),
  );
  const [row] = await queries.listZones(knex);
  assert.ok(row);
  await queries.setOpen(knex, row, true);
  const sent: OpsCommand[] = [];
  await openZones(database, doorAt(2, sent), new Map());
  const [opening] = sent;
  assert.ok(opening?.type === 'zone.open');
  assert.equal(opening.config.version, made.version + 1);
  assert.equal(opening.config.policy.repeatMs, made.policy.repeatMs * 2);
  assert.equal(opening.config.policy.roundMs, made.policy.roundMs);
  assert.equal(opening.change?.actor, 'engine');
  await openZones(database, doorAt(2, sent), new Map());
  const again = await queries.zoneById(knex, made.id);
  assert.equal(again?.config.version, made.version + 1, 'the same speed is no further change');
});

/** An engine whose log says nothing, at some speed. */
function doorAt(speed: number, sent: OpsCommand[]): Door {
  const door = {
    clock: { speed },
    zone: () => undefined,
    putZone: async () => {},
    logEnd: async () => ({ epoch: 0, seq: 0 }),
    readLog: async () => [],
    nodePictures: async () => [],
    append: async ({ command }: { command: OpsCommand }) => {
      sent.push(command);
      return 'ok';
    },
  };
  return door as unknown as Door;
}
