/** What drives teach a zone: what counts as one, what it changes, and that it outlives a takeover. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { Place } from '../../contracts/geo.ts';
import type { DriverId } from '../../contracts/ids.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { applyShard, copyShard, encodeCopy, hashShard, Shard } from '../../dispatch/core/index.ts';
import { LEARNED } from '../../dispatch/core/travel/learned/learned-shape.ts';
import { DistanceSpeed } from '../../dispatch/core/travel/travel-time.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld } from '../support/core-world.ts';

const START = place(0.3, 0.5);
const VENDOR = place(0.5, 0.5);
const HALF_WAY = place(0.4, 0.5);
const DOOR = place(0.6, 0.7);
const MINUTE_MS = 60_000;

type Observed = Extract<ZoneEvent, { type: 'drive.observed' }>;

function drivesOf(events: readonly ZoneEvent[]): Observed[] {
  return events.filter((event) => event.type === 'drive.observed');
}

/** A driver who has just been given a delivery, at `START`. */
function working(policy: Partial<ZonePolicy> = {}): { world: CoreWorld; driver: DriverId } {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true, ...policy }));
  const driver = world.join(1, START);
  const wanted = request(1, { pickup: VENDOR, dropoff: DOOR, readyMs: world.nowMs });
  world.command({ type: 'delivery.request', number: 1, request: wanted });
  world.round();
  assert.equal(world.zone.driver(driver)?.plan.stops.length, 2);
  return { world, driver };
}

function act(world: CoreWorld, driver: DriverId, kind: 'arrived' | 'picked_up' | 'delivered') {
  return world.act(driver, { kind, delivery: request(1).id });
}

/** A position that a round records: only those near open deliveries are. */
function recordFix(world: CoreWorld, driver: DriverId, at: Place): void {
  const slot = world.zone.driver(driver)?.slot ?? -1;
  const fix = { slot, ...at, atMs: world.nowMs };
  world.input({ kind: 'round', fixes: [fix], candidates: [] });
}

/** Takes events in that say that bicycles took `factor` times what distance and speed say. */
function teach(world: CoreWorld, count: number, factor: number): void {
  const guess = new DistanceSpeed(world.config);
  for (let n = 0; n < count; n++) {
    const from = place(0.2 + (n % 7) / 12, 0.3 + (n % 5) / 12);
    const to = place(0.3 + (n % 6) / 12, 0.2 + (n % 8) / 12);
    const tookMs = Math.round(guess.ms(from, to, 'bicycle') * factor * (0.9 + (n % 9) / 40));
    const leftMs = world.nowMs;
    world.wait(tookMs);
    const event: ZoneEvent = {
      type: 'drive.observed',
      driver: 'drv_01900000-0000-7000-8000-000000000001',
      vehicle: 'bicycle',
      ...{ from, to, leftMs },
      arrivedMs: world.nowMs,
    };
    applyShard(world.shard, world.config.id, event, world.nowMs);
    world.log.push({ event, atMs: world.nowMs });
  }
}

function textOf(shard: Shard): string {
  return [...encodeCopy(copyShard(shard))].join('\n');
}

describe('a drive', () => {
  it('is what lies between getting the work, the vendor and the door, without waiting', () => {
    const { world, driver } = working();
    const assignedMs = world.nowMs;
    world.wait(8 * MINUTE_MS);
    const toVendor = drivesOf(act(world, driver, 'arrived'));
    assert.deepEqual(
      toVendor.map(({ from, to, leftMs, arrivedMs, vehicle }) => [
        from,
        to,
        leftMs - assignedMs,
        arrivedMs - assignedMs,
        vehicle,
      ]),
      [[START, VENDOR, 0, 8 * MINUTE_MS, 'bicycle']],
    );
    world.wait(20 * MINUTE_MS);
    assert.deepEqual(drivesOf(act(world, driver, 'picked_up')), []);
    const leftMs = world.nowMs;
    world.wait(9 * MINUTE_MS);
    const [toDoor, ...more] = drivesOf(act(world, driver, 'arrived'));
    assert.deepEqual(more, []);
    assert.deepEqual([toDoor?.from, toDoor?.to], [VENDOR, DOOR]);
    assert.deepEqual([toDoor?.leftMs, toDoor?.arrivedMs], [leftMs, leftMs + 9 * MINUTE_MS]);
    world.wait(MINUTE_MS);
    assert.deepEqual(drivesOf(act(world, driver, 'delivered')), []);
    assert.equal(world.zone.driver(driver)?.underWay, undefined);
    world.checkRecovery();
  });

  it('teaches its rest too, from a clear fix on the way', () => {
    const { world, driver } = working();
    world.wait(4 * MINUTE_MS);
    recordFix(world, driver, HALF_WAY);
    const fixMs = world.nowMs;
    world.wait(MINUTE_MS);
    recordFix(world, driver, place(0.42, 0.5));
    world.wait(3 * MINUTE_MS);
    const drives = drivesOf(act(world, driver, 'arrived'));
    assert.deepEqual(
      drives.map(({ from, leftMs }) => [from, leftMs]),
      [
        [START, fixMs - 4 * MINUTE_MS],
        [HALF_WAY, fixMs],
      ],
    );
  });

  it('has no such fix where the driver hardly moved, or moved away', () => {
    for (const at of [place(0.31, 0.5), place(0.25, 0.5), place(0.3, 0.62)]) {
      const { world, driver } = working();
      world.wait(4 * MINUTE_MS);
      recordFix(world, driver, at);
      world.wait(4 * MINUTE_MS);
      assert.equal(drivesOf(act(world, driver, 'arrived')).length, 1);
    }
  });

  it('is not believed when it was over at once, or when the driver is seen elsewhere', () => {
    const hasty = working();
    hasty.world.wait(5_000);
    assert.deepEqual(drivesOf(act(hasty.world, hasty.driver, 'arrived')), []);
    const elsewhere = working();
    elsewhere.world.wait(8 * MINUTE_MS);
    recordFix(elsewhere.world, elsewhere.driver, place(0.3, 0.6));
    assert.deepEqual(drivesOf(act(elsewhere.world, elsewhere.driver, 'arrived')), []);
  });

  it('is not followed where the zone does not learn', () => {
    const { world, driver } = working({ learnTravel: false });
    world.wait(8 * MINUTE_MS);
    assert.deepEqual(drivesOf(act(world, driver, 'arrived')), []);
    assert.equal(world.zone.learned.model, null);
  });
});

describe('drives of the same five minutes', () => {
  it('are learned together with the first of another, or when they are many', () => {
    const world = new CoreWorld(zoneConfig(1));
    const from = place(0.3, 0.3);
    const observe = (arrivedMs: number) => {
      const ends = { from, to: place(0.5, 0.5), leftMs: arrivedMs - 400_000, arrivedMs };
      const driver = 'drv_01900000-0000-7000-8000-000000000001' as const;
      const event: ZoneEvent = { type: 'drive.observed', driver, vehicle: 'bicycle', ...ends };
      applyShard(world.shard, world.config.id, event, arrivedMs);
      world.log.push({ event, atMs: arrivedMs });
      return world.zone.learned.model?.learned ?? 0;
    };
    assert.deepEqual([observe(600_000), observe(610_000), observe(899_999)], [0, 0, 0]);
    world.restoreFromSnapshot();
    assert.equal(world.zone.learned.waiting().length, 3);
    assert.equal(observe(900_000), 3);
    for (let n = 0; n < 127; n++) observe(900_001 + n);
    assert.equal(observe(900_200), 3 + 128);
    world.checkRecovery();
  });
});

describe('a zone that learns from drives', () => {
  const answer = (world: CoreWorld) =>
    world.zone.travel.ms(place(0.25, 0.3), place(0.55, 0.6), 'bicycle', world.nowMs);
  const guess = (world: CoreWorld) =>
    new DistanceSpeed(world.config).ms(place(0.25, 0.3), place(0.55, 0.6), 'bicycle');

  it('answers by distance and speed until it has seen enough of a vehicle', () => {
    const world = new CoreWorld(zoneConfig(1));
    teach(world, LEARNED.vehicleTrips - 1, 2);
    assert.equal(answer(world), guess(world));
    teach(world, 60, 2);
    const ratio = answer(world) / guess(world);
    assert.ok(ratio > 1.6 && ratio < 2.5, `${ratio} times the guess where 2 were driven`);
  });

  it('stays with distance and speed where they are right', () => {
    const world = new CoreWorld(zoneConfig(1));
    teach(world, 300, 1);
    const ratio = answer(world) / guess(world);
    assert.ok(ratio > 0.9 && ratio < 1.1, `${ratio}`);
  });

  it('keeps what it learned through a new policy, a snapshot and the log', () => {
    const world = new CoreWorld(zoneConfig(1));
    teach(world, 150, 2);
    const before = answer(world);
    const config = { ...world.config, policy: { ...world.config.policy, stackMax: 1 } };
    world.input({
      kind: 'command',
      command: { type: 'zone.open', config: { ...config, version: 2 } },
    });
    assert.equal(answer(world), before);
    const text = textOf(world.shard);
    world.restoreFromSnapshot();
    assert.equal(answer(world), before);
    assert.equal(textOf(world.shard), text, 'every page comes back as it was');
    world.checkRecovery();
    // And goes on alike.
    teach(world, 20, 2);
    const other = new Shard(0);
    for (const { event, atMs } of world.log) applyShard(other, world.config.id, event, atMs);
    assert.equal(textOf(other), textOf(world.shard));
  });

  it('tells states apart that have learned something else, without encoding what they learned', () => {
    const [one, other] = [new CoreWorld(zoneConfig(1)), new CoreWorld(zoneConfig(1))];
    teach(one, 60, 2);
    teach(other, 60, 2.1);
    other.nowMs = one.nowMs;
    assert.notEqual(hashShard(one.shard), hashShard(other.shard));
    const whole = textOf(one.shard).length;
    const compared = [...encodeCopy(copyShard(one.shard, false))].join('\n').length;
    assert.ok(compared < whole / 20, `${compared} of ${whole}`);
  });

  it('takes next to nothing of a snapshot while it has learned nothing', () => {
    const world = new CoreWorld(zoneConfig(1));
    assert.equal(world.zone.learned.model, null);
    assert.ok(!textOf(world.shard).includes('"learned"'));
  });
});
