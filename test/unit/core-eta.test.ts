/** What customers are told: a range around the likely time, steady, judged at the door. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DriverId } from '../../contracts/ids.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { effectsOf, LiveIndex } from '../../dispatch/core/index.ts';
import { RandomStream } from '../../dispatch/core/random.ts';
import type { Delivery } from '../../dispatch/core/records.ts';
import { etaMs, etaRange, shownEta } from '../../dispatch/core/travel/eta.ts';
import { EtaRecord } from '../../dispatch/core/travel/eta-record.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const MINUTE_MS = 60_000;
const ID = request(1).id;

function underWay(policy: Partial<ZonePolicy> = {}, readyInMs = 0) {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true, ...policy }));
  const driver = world.join(1, place(0.45, 0.5));
  const wanted = request(1, {
    readyMs: world.nowMs + readyInMs,
    promiseMs: world.nowMs + 3_600_000,
  });
  world.command({ type: 'delivery.request', number: 1, request: wanted });
  const events = world.round();
  const delivery = (): Delivery => world.zone.deliveries.get(ID) as Delivery;
  return { world, driver, events, delivery };
}

function deliver(world: CoreWorld, driver: DriverId, waitMs: number): ZoneEvent[] {
  world.act(driver, { kind: 'picked_up', delivery: ID });
  world.wait(waitMs);
  return world.act(driver, { kind: 'delivered', delivery: ID });
}

describe('the range told of a delivery', () => {
  it('lies in whole minutes around the likely time, and is told as the driver is found', () => {
    const { world, events, delivery } = underWay();
    const told = only(events, 'eta.told');
    const likelyMs = etaMs(world.zone, delivery(), world.nowMs);
    assert.equal(told.likelyMs, likelyMs);
    assert.ok(told.fromMs < told.likelyMs && told.toMs > told.likelyMs);
    assert.deepEqual([told.fromMs % MINUTE_MS, told.toMs % MINUTE_MS], [0, 0]);
    assert.equal(told.stage, 'assigned');
    assert.deepEqual(delivery().told, [
      { stage: 'assigned', atMs: world.nowMs, fromMs: told.fromMs, toMs: told.toMs },
    ]);
  });

  it('is told again at pickup, and is narrower then', () => {
    const { world, driver, events } = underWay();
    const first = only(events, 'eta.told');
    world.wait(8 * MINUTE_MS);
    world.act(driver, { kind: 'arrived', delivery: ID });
    const second = only(world.act(driver, { kind: 'picked_up', delivery: ID }), 'eta.told');
    assert.equal(second.stage, 'picked_up');
    assert.ok(second.toMs - second.fromMs < first.toMs - first.fromMs);
    world.checkRecovery();
    world.restoreFromSnapshot();
  });

  it('waits for the kitchen: a late parcel moves all of it, and its doubt counts', () => {
    // Everything is assigned at once here, however late it is ready.
    const now = underWay({ arriveEarlyMs: 3_600_000 });
    const later = underWay({ arriveEarlyMs: 3_600_000 }, 40 * MINUTE_MS);
    const early = etaRange(now.world.zone, now.delivery(), now.world.nowMs);
    const late = etaRange(later.world.zone, later.delivery(), later.world.nowMs);
    assert.ok(early && late && late.fromMs > early.toMs);
    later.world.command({
      type: 'delivery.ready',
      delivery: ID,
      number: 2,
      readyMs: later.world.nowMs + 40 * MINUTE_MS,
      readySource: 'kitchen',
    });
    const sure = etaRange(later.world.zone, later.delivery(), later.world.nowMs);
    assert.ok(sure && sure.toMs - sure.fromMs < late.toMs - late.fromMs, 'its word is exact');
  });

  it('holds its likely time, however plans and times look', () => {
    const some = fc.record({
      readyInMs: fc.integer({ min: -MINUTE_MS, max: 30 * MINUTE_MS }),
      waitMs: fc.integer({ min: 0, max: 40 * MINUTE_MS }),
      pickupServiceMs: fc.integer({ min: 0, max: 600_000 }),
      dropoffServiceMs: fc.integer({ min: 0, max: 600_000 }),
    });
    fc.assert(
      fc.property(some, ({ readyInMs, waitMs, ...services }) => {
        const policy = { arriveEarlyMs: 3_600_000, ...services };
        const { world, delivery } = underWay(policy, readyInMs);
        const range = etaRange(world.zone, delivery(), world.nowMs + waitMs);
        assert.ok(range);
        const { likelyMs, fromMs, toMs } = range;
        assert.ok(fromMs <= likelyMs && likelyMs <= toMs && Number.isSafeInteger(likelyMs));
        assert.ok(toMs >= world.nowMs + waitMs);
        assert.equal(likelyMs, etaMs(world.zone, delivery(), world.nowMs + waitMs));
      }),
      { numRuns: 40 },
    );
  });

  it('is unknown without a driver', () => {
    const world = new CoreWorld(zoneConfig(1));
    world.command({ type: 'delivery.request', number: 1, request: request(1) });
    const delivery = world.zone.deliveries.get(ID) as Delivery;
    assert.equal(etaRange(world.zone, delivery, world.nowMs), null);
    assert.equal(shownEta(world.zone, delivery, world.nowMs), null);
  });
});

describe('the range shown of a delivery', () => {
  it('stays as it was while it holds, and is told anew when it does not', () => {
    const { world, delivery } = underWay();
    const { zone } = world;
    const first = shownEta(zone, delivery(), world.nowMs);
    assert.ok(first);
    // The driver has not moved for a minute: everything is a minute later.
    const second = shownEta(zone, delivery(), world.nowMs + MINUTE_MS);
    assert.deepEqual([second?.fromMs, second?.toMs], [first.fromMs, first.toMs]);
    assert.equal(second?.likelyMs, first.likelyMs + MINUTE_MS);
    const third = shownEta(zone, delivery(), world.nowMs + 10 * MINUTE_MS);
    assert.ok(third && third.toMs > first.toMs && third.fromMs > first.fromMs);
  });

  it('is in the status and the positions of whoever tracks it, and on the map', () => {
    const { world, driver, events } = underWay();
    const told = only(events, 'eta.told');
    const range = { etaFromMs: told.fromMs, etaToMs: told.toMs };
    const status = effectsOf(world.shard, world.config.id, events, world.nowMs).find(
      ({ kind }) => kind === 'track',
    );
    assert.ok(status?.kind === 'track' && status.message.t === 'status');
    const { etaFromMs, etaToMs } = status.message;
    assert.deepEqual({ etaFromMs, etaToMs }, range);
    const clocks = { zoneAt: (ms: number) => ms, hostAt: (ms: number) => ms };
    const index = new LiveIndex(world.shard, world.config.id, clocks, world.nowMs);
    const { slot = 0, tenancy = 0 } = world.zone.driver(driver) ?? {};
    const at = place(0.46, 0.5);
    const still = { headingDegrees: 0, speedCmps: 0, accuracyMeters: 5 };
    index.position({ slot, tenancy, ...at, fixMs: world.nowMs + 2_000, ...still });
    const [position] = index.tracked(world.nowMs + 2_000);
    assert.ok(position?.t === 'pos');
    assert.equal('cell' in position, false);
    assert.deepEqual({ etaFromMs: position.etaFromMs, etaToMs: position.etaToMs }, range);
    const drawn = index.pictures(world.nowMs + 3_000).flatMap(({ deliveries }) => deliveries);
    assert.deepEqual([drawn[0]?.etaFrom, drawn[0]?.etaTo], [told.fromMs, told.toMs]);
  });
});

describe('the record of told ranges', () => {
  it('counts doors within, before and after, per stage, and is part of the state', () => {
    const { world, driver } = underWay();
    world.wait(15 * MINUTE_MS);
    world.act(driver, { kind: 'arrived', delivery: ID });
    deliver(world, driver, 3 * 3_600_000);
    const { assigned, picked } = {
      assigned: world.zone.etas.of('assigned'),
      picked: world.zone.etas.of('picked_up'),
    };
    assert.deepEqual([assigned.inside, assigned.before, assigned.after], [0, 0, 1]);
    assert.deepEqual([picked.inside, picked.before, picked.after], [0, 0, 1]);
    assert.equal(world.zone.shownEtas.size, 0);
    world.checkRecovery();
    world.restoreFromSnapshot();
    assert.deepEqual(world.zone.etas.of('assigned'), assigned);
  });

  it('says nothing of a range that was told at the door', () => {
    const { world, driver } = underWay();
    world.wait(15 * MINUTE_MS);
    world.act(driver, { kind: 'delivered', delivery: ID });
    assert.equal(world.zone.etas.of('picked_up').inside, 0);
  });

  it('stretches ranges until eight in ten hold', () => {
    const record = new EtaRecord();
    const random = new RandomStream('ranges', 1);
    let inside = 0;
    for (let n = 0; n < 6_000; n++) {
      // Doors lie evenly up to 10 minutes around; an unstretched range reaches 3 minutes to each side.
      const doorMs = 1_000_000 + (random.below(1_200_001) - 600_000);
      const { lessPerMille, morePerMille } = record.stretchOf('assigned');
      const fromMs = 1_000_000 - 180 * lessPerMille;
      const toMs = 1_000_000 + 180 * morePerMille;
      record.judge({ stage: 'assigned', atMs: 0, fromMs, toMs }, doorMs);
      if (n >= 3_000 && doorMs >= fromMs && doorMs <= toMs) inside++;
    }
    const part = inside / 3_000;
    assert.ok(Math.abs(part - 0.8) < 0.03, `${part} came within`);
    const counts = record.of('assigned');
    assert.equal(counts.inside + counts.before + counts.after, 6_000);
  });
});
