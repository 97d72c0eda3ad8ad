import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DriverId } from '../../contracts/ids.ts';
import { Kitchens } from '../../dispatch/core/kitchens/kitchens.ts';
import { handedOutMs, leaveForMs, readyTimeOf } from '../../dispatch/core/kitchens/ready-times.ts';
import { RandomStream } from '../../dispatch/core/random.ts';
import type { Delivery } from '../../dispatch/core/records.ts';
import { etaMs } from '../../dispatch/core/travel/eta.ts';
import { place, request, uuid, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const MINUTE_MS = 60_000;

/** About normal, mean 0, standard deviation 1: the sum of twelve uniform numbers, less six. */
function normal(random: RandomStream): number {
  let sum = -6;
  for (let n = 0; n < 12; n++) sum += random.below(1_000_000) / 1_000_000;
  return sum;
}

function near(actualMs: number, wantedMs: number, withinMs: number): void {
  const text = `${actualMs / MINUTE_MS} min is not ${wantedMs / MINUTE_MS} min`;
  assert.ok(Math.abs(actualMs - wantedMs) <= withinMs, text);
}

describe('what a zone learns of ready times', () => {
  it('is nothing while everything comes as told', () => {
    const kitchens = new Kitchens();
    for (let n = 0; n < 500; n++) {
      const exact = n % 3 === 0;
      kitchens.learn(`v${n % 20}`, exact ? 0 : (n % 7) * MINUTE_MS, exact);
    }
    assert.deepEqual(kitchens.expect('v1'), { meanMs: 0, spreadMs: 0 });
    assert.deepEqual(kitchens.expect('new'), { meanMs: 0, spreadMs: 0 });
  });

  it('tells a late vendor from those that are on time', () => {
    const kitchens = new Kitchens();
    const random = new RandomStream('kitchens', 1);
    for (let n = 0; n < 2_000; n++) {
      const vendor = n % 20;
      const errorMs = Math.round(normal(random) * 2 * MINUTE_MS) + (vendor === 7 ? 600_000 : 0);
      kitchens.learn(`v${vendor}`, errorMs, true);
    }
    near(kitchens.expect('v7').meanMs, 600_000, MINUTE_MS);
    near(kitchens.expect('v3').meanMs, 0, MINUTE_MS);
    near(kitchens.expect('new').meanMs, 30_000, MINUTE_MS);
  });

  it('draws vendors together when they are alike, so that chance is not taken for habit', () => {
    const kitchens = new Kitchens();
    const random = new RandomStream('kitchens', 2);
    for (let n = 0; n < 4_000; n++) {
      kitchens.learn(`v${random.below(200)}`, Math.round(normal(random) * 5 * MINUTE_MS), true);
    }
    const errors = Array.from({ length: 200 }, (_, n) => kitchens.expect(`v${n}`).meanMs);
    const spread = Math.sqrt(errors.reduce((sum, ms) => sum + ms * ms, 0) / errors.length);
    // Twenty observations each would scatter by 5 ÷ √20 = 1.1 minutes without the others.
    assert.ok(spread < 0.6 * MINUTE_MS, `${spread / MINUTE_MS} min`);
  });

  it('follows a vendor that changes', () => {
    const kitchens = new Kitchens();
    for (let n = 0; n < 600; n++) kitchens.learn(`v${n % 3}`, 0, true);
    for (let n = 0; n < 900; n++) kitchens.learn(`v${n % 3}`, n % 3 === 0 ? 600_000 : 0, true);
    near(kitchens.expect('v0').meanMs, 600_000, 1.5 * MINUTE_MS);
  });

  it('learns the spread also from pickups that only bound the ready time', () => {
    const kitchens = new Kitchens();
    const random = new RandomStream('kitchens', 3);
    for (let n = 0; n < 4_000; n++) {
      const truth = Math.round(normal(random) * 5 * MINUTE_MS);
      // The driver comes anywhere from ten minutes before the told time to ten after.
      const comes = Math.round((random.below(2_000) / 100 - 10) * MINUTE_MS);
      kitchens.learn(`v${n % 10}`, Math.max(truth, comes), truth > comes);
    }
    const { meanMs, spreadMs } = kitchens.expect('v1');
    near(meanMs, 0, 0.5 * MINUTE_MS);
    near(spreadMs, 5 * MINUTE_MS, 0.5 * MINUTE_MS);
  });

  it('forgets vendors beyond its bound, and takes no error for more than an hour', () => {
    const kitchens = new Kitchens();
    for (let n = 0; n < 9_000; n++) kitchens.learn(`v${n}`, 0, true);
    assert.equal(kitchens.all().length, 8_192 + 1);
    const wild = new Kitchens();
    for (let n = 0; n < 200; n++) wild.learn('v', 1e12, true);
    assert.ok(wild.expect('v').meanMs <= 3_600_000);
  });
});

/** A day on which one vendor is always `lateMs` late; a driver serves one order after the other. */
function lateVendor(lateMs: number, days: number): { world: CoreWorld; driver: DriverId } {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true }));
  const driver = world.join(1, place(0.5, 0.5));
  for (let n = 1; n <= days; n++) {
    const readyMs = world.nowMs + 10 * MINUTE_MS;
    const asked = request(n, { placedMs: world.nowMs, readyMs, readySource: 'estimated' });
    world.command({ type: 'delivery.request', number: 1, request: asked });
    untilAssigned(world);
    world.act(driver, { kind: 'arrived', delivery: asked.id });
    world.wait(Math.max(2 * MINUTE_MS, readyMs + lateMs - world.nowMs));
    world.act(driver, { kind: 'picked_up', delivery: asked.id });
    world.wait(10 * MINUTE_MS);
    world.act(driver, { kind: 'delivered', delivery: asked.id });
    world.position(driver, place(0.5, 0.5));
  }
  return { world, driver };
}

function untilAssigned(world: CoreWorld): void {
  for (let n = 0; n < 400; n++) {
    if (world.round().some(({ type }) => type === 'delivery.assigned')) return;
    world.wait(5_000);
  }
  assert.fail('nobody was assigned');
}

describe('a delivery of a vendor that is always ten minutes late', () => {
  it('gets its driver later than one of a vendor that is not known', () => {
    const whenAssigned = (lateMs: number) => {
      const { world } = lateVendor(lateMs, 30);
      const readyMs = world.nowMs + 10 * MINUTE_MS;
      const asked = request(99, { placedMs: world.nowMs, readyMs, readySource: 'estimated' });
      world.command({ type: 'delivery.request', number: 1, request: asked });
      untilAssigned(world);
      return world.nowMs - readyMs;
    };
    const laterMs = whenAssigned(600_000) - whenAssigned(0);
    assert.ok(laterMs > 7 * MINUTE_MS && laterMs <= 11 * MINUTE_MS, `${laterMs / MINUTE_MS} min`);
  });

  it('is promised for when it can be there, and its zone is the same after recovery', () => {
    const { world } = lateVendor(600_000, 30);
    const asked = request(99, { readyMs: world.nowMs, readySource: 'estimated' });
    world.command({ type: 'delivery.request', number: 1, request: asked });
    const other = request(98, { readyMs: world.nowMs, pickup: place(0.5, 0.5001) });
    world.command({ type: 'delivery.request', number: 1, request: other });
    const promise = (id: typeof asked.id) => world.zone.deliveries.get(id)?.promiseMs ?? 0;
    assert.ok(promise(asked.id) - promise(other.id) > 0);
    const known = world.zone.kitchens.all();
    assert.ok(known.length > 0);
    world.checkRecovery();
    world.restoreFromSnapshot();
    assert.deepEqual(world.zone.kitchens.all(), known);
  });

  it('is known by its vendor wherever it hands out', () => {
    const { world } = lateVendor(0, 1);
    const vendor = `ven_${uuid(5)}`;
    const asked = request(50, { vendor, readySource: 'estimated' });
    world.command({ type: 'delivery.request', number: 1, request: asked });
    const driver = `drv_${uuid(1)}` as const;
    const observed = only(
      world.act(driver, { kind: 'picked_up', delivery: asked.id }),
      'kitchen.observed',
    );
    assert.equal(observed.vendor, vendor);
    assert.equal(observed.exact, false);
  });

  it('is believed as told in a zone that does not learn', () => {
    const world = new CoreWorld(zoneConfig(1, { learnReadyTimes: false, autoAssign: true }));
    const driver = world.join(1, place(0.5, 0.5));
    world.command({ type: 'delivery.request', number: 1, request: request(1) });
    const events = world.act(driver, { kind: 'picked_up', delivery: request(1).id });
    assert.ok(!events.some(({ type }) => type === 'kitchen.observed'));
    assert.deepEqual(world.zone.kitchens.all(), []);
  });
});

describe('a ready time that is only known as a distribution', () => {
  const { world } = lateVendor(0, 1);
  const { zone } = world;
  const random = new RandomStream('kitchens', 4);
  const vendor = `ven_${uuid(9)}` as const;
  const truths: number[] = [];
  for (let n = 0; n < 3_000; n++) {
    const errorMs = Math.round(normal(random) * 5 * MINUTE_MS);
    truths.push(errorMs);
    zone.kitchens.learn(vendor, errorMs, true);
  }
  const waiting = request(77, { vendor, readySource: 'estimated', readyMs: world.nowMs });
  world.command({ type: 'delivery.request', number: 1, request: waiting });
  const ready = zone.kitchens.expect(vendor);

  it('gives the pickup that is expected, the later the later one comes', () => {
    for (const hereMs of [-20, -5, 0, 3, 20].map((minutes) => minutes * MINUTE_MS)) {
      const mean = truths.reduce((sum, ms) => sum + Math.max(ms, hereMs), 0) / truths.length;
      near(handedOutMs(ready, hereMs), mean, 30_000);
    }
    near(ready.meanMs, 0, 30_000);
  });

  it('is expected later by who stands there and has not got it, and never in the past', () => {
    const { spreadMs } = ready;
    const delivery = (atMs: number) => ({
      ...(zone.deliveries.get(waiting.id) as Delivery),
      readyMs: 0,
      readySource: 'estimated' as const,
      state: 'at_pickup' as const,
      arrivedMs: atMs - 10 * MINUTE_MS,
    });
    for (const minutes of [-5, 0, 5, 10, 30]) {
      const nowMs = minutes * MINUTE_MS;
      const left = truths.filter((ms) => ms > nowMs);
      const law = readyTimeOf(zone, delivery(nowMs), nowMs);
      const expectedMs = handedOutMs(law, nowMs);
      assert.ok(expectedMs > nowMs && expectedMs < nowMs + 2 * spreadMs);
      if (left.length < 60) continue;
      near(expectedMs, left.reduce((sum, ms) => sum + ms, 0) / left.length, 45_000);
    }
  });

  it('is aimed at where waiting and delay cost the least together', () => {
    const { driverWaitPerMille, delayPerMille } = zone.config.weights;
    const cost = (hereMs: number) =>
      truths.reduce((sum, ms) => {
        const waitMs = Math.max(0, ms - hereMs) * driverWaitPerMille;
        return sum + waitMs + Math.max(0, hereMs - ms) * delayPerMille;
      }, 0);
    const aimed = cost(leaveForMs(zone, ready));
    for (let minute = -15; minute <= 15; minute++) {
      assert.ok(aimed <= cost(minute * MINUTE_MS) * 1.01, `${minute} min is better`);
    }
  });
});

describe('the word of the kitchen', () => {
  /** A zone with a learned vendor, one open delivery of it, and a driver near. */
  function waiting() {
    const { world, driver } = lateVendor(600_000, 30);
    const readyMs = world.nowMs + 40 * MINUTE_MS;
    const asked = request(99, { placedMs: world.nowMs, readyMs, readySource: 'estimated' });
    world.command({ type: 'delivery.request', number: 1, request: asked });
    world.round();
    const say = (number: number, inMs: number) =>
      world.command({
        type: 'delivery.ready',
        number,
        delivery: asked.id,
        readyMs: world.nowMs + inMs,
        readySource: 'kitchen',
      });
    return { world, driver, asked, say };
  }

  it('is believed exactly, and what it said against what was told is learned at the pickup', () => {
    const { world, driver, asked, say } = waiting();
    say(2, 25 * MINUTE_MS);
    const delivery = world.zone.deliveries.get(asked.id);
    assert.ok(delivery);
    const said = readyTimeOf(world.zone, delivery, world.nowMs);
    assert.deepEqual(said, { meanMs: world.nowMs + 25 * MINUTE_MS, spreadMs: 0 });
    const events = world.act(driver, { kind: 'picked_up', delivery: asked.id });
    const { errorMs, exact } = only(events, 'kitchen.observed');
    assert.deepEqual([errorMs, exact], [-15 * MINUTE_MS, true]);
  });

  it('brings a thought forward when it is ready sooner, and holds it back when later', () => {
    const { world, driver, say } = waiting();
    assert.ok(world.zone.thoughts.has(driver));
    assert.ok(!world.round().some(({ type }) => type === 'delivery.assigned'));
    say(2, 60 * MINUTE_MS);
    world.wait(45 * MINUTE_MS);
    world.position(driver, place(0.5, 0.5));
    assert.ok(!world.round().some(({ type }) => type === 'delivery.assigned'));
    say(3, 0);
    assert.equal(only(world.round(), 'delivery.assigned').driver, driver);
  });

  it('frees the driver of a parcel that is put off for long, and no other', () => {
    const { world, driver, asked, say } = waiting();
    say(2, 0);
    world.round();
    world.act(driver, { kind: 'arrived', delivery: asked.id });
    assert.ok(!say(3, 10 * MINUTE_MS).some(({ type }) => type === 'delivery.unassigned'));
    const freed = only(say(4, 40 * MINUTE_MS), 'delivery.unassigned');
    assert.deepEqual([freed.driver, freed.why], [driver, 'ready_later']);
    assert.equal(world.zone.driver(driver)?.plan.stops.length, 0);
    world.wait(MINUTE_MS);
    world.position(driver, place(0.5, 0.5));
    assert.ok(!world.round().some(({ type }) => type === 'delivery.assigned'));
    world.wait(36 * MINUTE_MS);
    world.position(driver, place(0.5, 0.5));
    assert.equal(only(world.round(), 'delivery.assigned').driver, driver);
    world.checkRecovery();
  });

  it('changes what the customer is told at once', () => {
    const { world, asked, say } = waiting();
    say(2, 0);
    world.round();
    const eta = () => {
      const delivery = world.zone.deliveries.get(asked.id);
      return delivery ? etaMs(world.zone, delivery, world.nowMs) : null;
    };
    const before = eta() ?? 0;
    say(3, 12 * MINUTE_MS);
    assert.ok((eta() ?? 0) - before > 8 * MINUTE_MS);
  });
});
