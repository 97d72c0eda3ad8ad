import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveIndex } from '../../dispatch/core/index.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const CLOCKS = { zoneAt: (ms: number) => ms, hostAt: (ms: number) => ms };

test('a driver who has only just joined is not called silent, and not seen anywhere', () => {
  const world = new CoreWorld(zoneConfig());
  const before = world.join(1, place(0.5, 0.5));
  world.act(before, { kind: 'duty', duty: 'off' });
  // The host looks for silence in the turn that takes the join in, before its index follows.
  const index = new LiveIndex(world.shard, world.config.id, CLOCKS, world.nowMs);
  const joined = world.join(2, place(0.5, 0.6));
  assert.equal(index.silence(world.nowMs, 0), null);
  assert.equal(index.stalled(world.nowMs), null);
  const shown = index.pictures(world.nowMs).flatMap(({ drivers }) => drivers);
  assert.ok(!shown.some(({ d }) => d === joined));
  world.wait(2 * world.config.policy.suspendMs);
  assert.equal(index.silence(world.nowMs, 0), null, 'nobody follows it yet');
});

test('silence has two steps', () => {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true }));
  world.join(1, place(0.5, 0.5));
  world.command({ type: 'delivery.request', number: 1, request: request(1) });
  only(world.round(), 'delivery.assigned');
  const index = new LiveIndex(world.shard, world.config.id, CLOCKS, world.nowMs);
  const levelAfter = (ms: number) => index.silence(world.nowMs + ms, 0)?.drivers[0]?.level;
  const { staleMs, suspendMs } = world.config.policy;
  assert.equal(levelAfter(staleMs), undefined);
  assert.equal(levelAfter(staleMs + 1), 'stale');
  assert.equal(levelAfter(suspendMs + 1), 'suspended');
});
