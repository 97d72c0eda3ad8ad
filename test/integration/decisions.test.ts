/** Why this driver, through the front door: a real zone decides, its log is projected, ops asks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DECISION, type Decision } from '../../contracts/api/decisions.ts';
import { newId } from '../../contracts/ids.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import { openDoor } from '../../dispatch/redis/door.ts';
import { createValidator } from '../../platform/validation.ts';
import { profile } from '../support/core-fixtures.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { BUSINESS, withStack } from './business-stack.ts';
import { CENTRE, expectOk, makeCity, register } from './city.ts';

const PATIENT = { timeoutMs: 20_000 };

test('ops sees each round that touched a delivery, newest first, and nobody else does', async (t) => {
  const stack = await withStack(t, [...BUSINESS, 'api', 'dispatch']);
  const city = await makeCity(stack);
  const dropoff = { lat: CENTRE.lat, lon: CENTRE.lon + 0.02 };
  const body = { externalId: 'x', pickup: CENTRE, dropoff, readyInSeconds: 0 };
  const made = expectOk(await stack.call('POST', '/deliveries', { token: city.ops, body }));
  const { id } = made.delivery as { id: string };
  const path = `/deliveries/${id}/decisions`;
  const ask = (query = '', token = city.ops) => stack.call('GET', `${path}${query}`, { token });
  const decided = (outcome: string) =>
    waitFor(async () => {
      const items = expectOk(await ask()).items as Decision[];
      return items.find((each) => each.outcome === outcome);
    }, PATIENT);
  const alone = await decided('unplaced');
  assert.equal(alone.driver, null);
  assert.equal(alone.shortlisted, 0);
  assert.match(alone.why, /Nobody has it/);

  const door = await openDoor({
    redisUrl: stack.config.redis.url,
    keyPrefix: stack.config.redis.keyPrefix,
    shards: stack.config.dispatch.shards,
  });
  cleanUpInReverse(t, () => door.close());
  const who = profile(1, { driver: newId('driver') });
  const presence = { gateway: 'g1', session: await door.nextSession() };
  const at = placeOf(CENTRE.lat + 0.002, CENTRE.lon);
  const deed = { kind: 'duty', duty: 'available', profile: who, at } as const;
  const { driver } = who;
  const command = { type: 'driver.acted', driver, action: 1, deed, atMs: 0, presence } as const;
  await door.append({ zone: city.zone, command });
  const offered = await decided('offered');
  createValidator().check(DECISION)(offered);
  assert.equal(offered.driver, driver);
  assert.equal(offered.zone, city.zone);
  assert.equal(offered.weightsVersion, 1);
  assert.match(offered.engine ?? '', /^[0-9a-f]{16}$/);
  const [candidate] = offered.candidates;
  assert.equal(candidate?.driver, driver);
  const sum = candidate?.terms.reduce((total, { costSeconds }) => total + costSeconds, 0) ?? 0;
  assert.ok(Math.abs(sum - (candidate?.costSeconds ?? 0)) < 1e-6);
  assert.ok(Date.parse(candidate?.pickupAt ?? '') > Date.parse(offered.at));

  const first = expectOk(await ask('?limit=1'));
  const second = expectOk(await ask(`?limit=1&cursor=${first.next}`));
  const [newest] = first.items as Decision[];
  const [next] = second.items as Decision[];
  assert.ok(newest && next && Date.parse(newest.at) >= Date.parse(next.at));
  assert.notEqual(newest.position, next.position);
  assert.equal((await ask('?cursor=nonsense')).status, 422);
  for (const role of ['vendor', 'customer'] as const) {
    assert.equal((await ask('', await register(stack, role))).status, 403);
  }
  const unknown = `/deliveries/${newId('delivery')}/decisions`;
  assert.equal((await stack.call('GET', unknown, { token: city.ops })).status, 404);
});
