/** The predicted half of a shadow: live rounds decided again, from the log alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ShadowReport, ZoneShadow } from '../../contracts/shadow.ts';
import { hashShard, type Shard } from '../../dispatch/core/index.ts';
import { type FollowerOptions, ShardFollower } from '../../dispatch/shadow/follower.ts';
import type { KeptTrial } from '../../dispatch/shadow/trial.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { RecordedZone, shadowWith } from '../support/shadow-log.ts';

const DRIVERS = 6;

/** A zone with a few drivers, and requests coming in over some rounds. */
function busyZone(shadow: ZoneShadow, rounds: number): RecordedZone {
  const live = new RecordedZone({ ...zoneConfig(1, { autoAssign: true }), shadow });
  let n = 0;
  for (let d = 0; d < DRIVERS; d++) {
    const who = profile(d + 1);
    const at = place(0.3 + d * 0.07, 0.4 + (d % 3) * 0.1);
    live.act(who.driver, { kind: 'duty', duty: 'available', profile: who, at });
  }
  for (let round = 0; round < rounds; round++) {
    live.nowMs += 5_000;
    for (let k = 0; k < 2 && n < 60; k++) {
      n++;
      const at = { placedMs: live.nowMs, readyMs: live.nowMs + (n % 7) * 60_000 };
      const pickup = place(0.35 + (n % 5) * 0.06, 0.42 + (n % 4) * 0.05);
      const dropoff = place(0.3 + (n % 9) * 0.04, 0.35 + (n % 6) * 0.06);
      const wanted = request(n, { ...at, pickup, dropoff, promiseMs: at.readyMs + 1_200_000 });
      live.command({ type: 'delivery.request', number: 1, request: wanted });
    }
    live.round();
  }
  return live;
}

function follow(
  live: RecordedZone,
  options: Partial<FollowerOptions> = {},
  kept: readonly KeptTrial[] = [],
): ShardFollower {
  const follower = new ShardFollower({
    shard: 0,
    node: 'test',
    sources: live.sources(),
    report: (problem, error) => assert.fail(`${problem}: ${String(error)}`),
    stopwatchMs: () => 0,
    ...options,
  });
  follower.hold([live.config.id], kept);
  return follower;
}

async function catchUp(follower: ShardFollower): Promise<void> {
  while (await follower.advance());
}

function reportOf(follower: ShardFollower): ShadowReport {
  const [report] = follower.reports(0);
  assert.ok(report);
  return report;
}

/** What a follower believes the shard to be. */
function copyOf(follower: ShardFollower): Shard {
  return (follower as unknown as { readonly copy: Shard }).copy;
}

/** Follows from the beginning: the follower stands at the first record before the others exist. */
async function followAll(live: RecordedZone): Promise<ShadowReport> {
  const all = live.records.splice(1);
  const follower = follow(live);
  await catchUp(follower);
  live.records.push(...all);
  await catchUp(follower);
  assert.equal(hashShard(copyOf(follower)), hashShard(live.shard), 'trying changes no state');
  return reportOf(follower);
}

test('the same weights find the same plans, and no difference', async () => {
  const live = busyZone(shadowWith({}), 40);
  const { predicted, following, versions } = await followAll(live);
  assert.ok(predicted);
  assert.ok(predicted.rounds > 10 && predicted.deliveries > 50);
  assert.deepEqual([predicted.moved, following.failures, following.drops], [0, 0, 0]);
  assert.deepEqual(predicted.shadow, predicted.live);
  assert.equal(predicted.live.costUnderLive, predicted.live.costUnderShadow);
  assert.deepEqual([versions.live, versions.shadow], [1, 2]);
});

test('other weights find other plans: each side is best by its own', async () => {
  const carefree = {
    ...{ delayPerMille: 50, latePerMille: 0, travelPerMille: 500 },
    unassignedSeconds: 1_000_000,
  };
  const { predicted } = await followAll(busyZone(shadowWith(carefree), 40));
  assert.ok(predicted);
  assert.ok(predicted.moved > 0);
  const { live, shadow } = predicted;
  assert.ok(
    live.costUnderLive < shadow.costUnderLive,
    'by the live weights the live plans are best',
  );
  assert.ok(shadow.costUnderShadow < live.costUnderShadow, 'and by the others the others');
  assert.ok(shadow.doorDelayMs > live.doorDelayMs, 'who does not mind delay delays');
});

test('limits are tried as well as weights', async () => {
  const { predicted } = await followAll(busyZone(shadowWith({}, { stackMax: 1 }), 40));
  assert.ok(predicted);
  assert.notDeepEqual(predicted.shadow, predicted.live);
});

test('a runner that is behind skips rounds, then goes on from the newest state, and says so', async () => {
  const live = busyZone(shadowWith({}), 40);
  const all = live.records.splice(1);
  const follower = follow(live, { skipRecords: 10, lagRecordsMax: 1_000 });
  await catchUp(follower);
  live.records.push(...all);
  await catchUp(follower);
  const skipped = reportOf(follower);
  assert.ok(skipped.following.roundsSkipped > 10);
  assert.ok((skipped.predicted?.rounds ?? 0) > 0, 'the last ones were decided again');

  const slow = follow(live, { lagRecordsMax: 20 });
  const later = live.records.splice(1);
  await catchUp(slow);
  live.records.push(...later);
  await catchUp(slow);
  const dropped = reportOf(slow);
  assert.deepEqual([dropped.following.drops, dropped.following.lagRecords], [1, 0]);
  assert.equal(dropped.following.recordsDropped, later.length);
});

test('a log that was trimmed past the runner is no obstacle: it restores the newest snapshot', async () => {
  const live = busyZone(shadowWith({}), 5);
  const problems: string[] = [];
  const follower = follow(live, { report: (problem) => problems.push(problem) });
  await catchUp(follower);
  live.nowMs += 5_000;
  live.round();
  live.trim();
  live.nowMs += 5_000;
  live.round();
  await catchUp(follower);
  const { following } = reportOf(follower);
  assert.deepEqual([following.drops, following.lagRecords], [1, 0]);
  assert.equal(problems.length, 1);
});

test('a zone that changes its weights or its shadow begins a new window', async () => {
  const live = busyZone(shadowWith({}), 20);
  const follower = follow(live);
  await catchUp(follower);
  live.nowMs += 5_000;
  live.round();
  await catchUp(follower);
  assert.equal(reportOf(follower).predicted?.rounds, 1);
  const shadow = shadowWith({ latePerMille: 900 }, {}, 3);
  live.command({ type: 'zone.open', config: { ...live.config, version: 3, shadow } });
  await catchUp(follower);
  const fresh = reportOf(follower);
  assert.deepEqual([fresh.versions.shadow, fresh.predicted], [3, null]);
  const { shadow: _gone, ...without } = live.config;
  live.command({ type: 'zone.open', config: { ...without, version: 4 } });
  await catchUp(follower);
  assert.deepEqual(follower.reports(0), []);
});

test('another runner goes on with the figures of the one before, of the same trial only', async () => {
  const live = busyZone(shadowWith({ latePerMille: 900 }), 20);
  const first = follow(live);
  await catchUp(first);
  for (let round = 0; round < 3; round++) {
    live.nowMs += 5_000;
    live.round();
  }
  await catchUp(first);
  const before = reportOf(first);
  const kept = JSON.parse(JSON.stringify(first.keeps)) as typeof first.keeps;

  const next = follow(live, {}, kept);
  await catchUp(next);
  const { following, window, ...resumed } = reportOf(next);
  assert.equal(following.resumes, 1);
  assert.equal(window.fromMs, before.window.fromMs);
  assert.deepEqual(resumed.predicted, before.predicted);
  live.nowMs += 5_000;
  live.round();
  await catchUp(next);
  assert.equal(reportOf(next).predicted?.rounds, (before.predicted?.rounds ?? 0) + 1);

  const shadow = shadowWith({ latePerMille: 900 }, {}, 3);
  live.command({ type: 'zone.open', config: { ...live.config, version: 3, shadow } });
  const other = follow(live, {}, kept);
  await catchUp(other);
  const fresh = reportOf(other);
  assert.deepEqual([fresh.following.resumes, fresh.predicted], [0, null]);
});
