import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { Place } from '../../contracts/geo.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { effectsOf, viewOf } from '../../dispatch/core/effects.ts';
import { picturesOf } from '../../dispatch/core/live/pictures.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const MINUTE_MS = 60_000;
const VENDOR = place(0.5, 0.5);
const AWAY = place(0.5, 0.75);

const has = (events: readonly ZoneEvent[], type: ZoneEvent['type']) =>
  events.some((event) => event.type === type);

/** A driver some kilometres away has the only delivery; `readyMs`: from now on. */
function underWay(policy: Partial<ZonePolicy> = {}, readyMs = 0) {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true, radiusMeters: 20_000, ...policy }));
  const driver = world.join(1, AWAY);
  const wanted = request(1, { pickup: VENDOR, readyMs: world.nowMs + readyMs });
  world.command({ type: 'delivery.request', number: 1, request: wanted });
  only(world.round(), 'delivery.assigned');
  world.stalled();
  return { world, driver, delivery: wanted.id };
}

/** Lets a minute pass in which these drivers report from where they are. */
function stand(world: CoreWorld, minutes: number, places: readonly (readonly [string, Place])[]) {
  const events: ZoneEvent[] = [];
  for (let n = 0; n < minutes; n++) {
    world.wait(MINUTE_MS);
    for (const [driver, at] of places) world.position(driver, at);
    events.push(...world.stalled());
  }
  return events;
}

test('a driver who does not move is told first, and ops with it', () => {
  const { world, driver, delivery } = underWay();
  assert.deepEqual(stand(world, 4, [[driver, AWAY]]), []);
  const events = stand(world, 1, [[driver, AWAY]]);
  assert.equal(only(events, 'delivery.raised').problem, 'stalled');
  const { sinceMs } = only(events, 'driver.stalled');
  assert.ok(sinceMs !== null && world.nowMs - sinceMs >= world.config.policy.stallMs);
  const record = world.zone.driver(driver);
  assert.ok(record);
  assert.equal(viewOf(world.zone, record).stalledSinceMs, sinceMs);
  const [shown] = picturesOf(world.zone, world.nowMs, () => AWAY).flatMap((each) => each.drivers);
  assert.equal(shown?.n, 'stalled');
  const effects = effectsOf(world.shard, world.config.id, events, world.nowMs);
  assert.ok(effects.some((each) => each.kind === 'push' && each.push.t === 'view'));
  assert.equal(world.zone.deliveries.get(delivery)?.driver, driver, 'it keeps the delivery');
  world.checkRecovery();
});

test('with nobody else around the delivery stays where it is', () => {
  const { world, driver, delivery } = underWay();
  assert.ok(!has(stand(world, 40, [[driver, AWAY]]), 'delivery.unassigned'));
  assert.equal(world.zone.deliveries.get(delivery)?.driver, driver);
});

test('another driver who is there clearly sooner gets it, after the first was warned', () => {
  const { world, driver, delivery } = underWay();
  const helper = world.join(2, place(0.5, 0.52));
  const both = [[driver, AWAY] as const, [helper, place(0.5, 0.52)] as const];
  const warned = stand(world, 5, both);
  assert.ok(has(warned, 'driver.stalled') && !has(warned, 'delivery.unassigned'));
  const relieved = stand(world, 3, both);
  assert.equal(only(relieved, 'delivery.unassigned').why, 'stalled');
  assert.equal(only(relieved, 'driver.rests').driver, driver);
  assert.equal(only(world.round(), 'delivery.assigned').driver, helper);
  assert.equal(world.zone.deliveries.get(delivery)?.driver, helper);
  assert.equal(world.zone.driver(driver)?.stall ?? null, null);
  world.checkRecovery();
});

test('who moves again after the warning keeps it', () => {
  const { world, driver, delivery } = underWay();
  const at = place(0.5, 0.52);
  const helper = world.join(2, at);
  assert.ok(has(stand(world, 5, [[driver, AWAY]]), 'driver.stalled'));
  const moving = stand(world, 1, [
    [driver, place(0.5, 0.7)],
    [helper, at],
  ]);
  assert.equal(only(moving, 'driver.stalled').sinceMs, null);
  assert.equal(only(moving, 'delivery.cleared').problem, 'stalled');
  const later = [0.66, 0.62, 0.58, 0.54].flatMap((v) =>
    stand(world, 1, [
      [driver, place(0.5, v)],
      [helper, at],
    ]),
  );
  assert.deepEqual(later, []);
  assert.equal(world.zone.deliveries.get(delivery)?.driver, driver);
});

test('nothing changes hands for a gain below the threshold', () => {
  const { world, driver } = underWay({ stallGainMs: 3 * 3_600_000 });
  const at = place(0.5, 0.52);
  const helper = world.join(2, at);
  const events = stand(world, 30, [
    [driver, AWAY],
    [helper, at],
  ]);
  assert.ok(has(events, 'driver.stalled') && !has(events, 'delivery.unassigned'));
});

test('a stalled driver who has gone silent loses it to anybody who may have it', () => {
  const { world, driver } = underWay({ stallGainMs: 3 * 3_600_000 });
  const at = place(0.5, 0.3);
  const helper = world.join(2, at);
  assert.ok(has(stand(world, 5, [[helper, at]]), 'driver.stalled'));
  const slot = world.zone.driver(driver)?.slot ?? -1;
  world.input({ kind: 'silence', drivers: [{ slot, level: 'stale' }] });
  assert.ok(has(stand(world, 4, [[helper, at]]), 'delivery.unassigned'));
});

test('who has time until the food is ready may stand', () => {
  const { world, driver } = underWay({ arriveEarlyMs: 3_600_000 }, 40 * MINUTE_MS);
  assert.ok(!has(stand(world, 20, [[driver, AWAY]]), 'driver.stalled'));
});

test('a delivery does not wander: the watch takes it away twice at most', () => {
  const { world, driver, delivery } = underWay({ declineCoolDownMs: 1, restMs: 0 });
  const others = [2, 3, 4, 5].map((n) => world.join(n, place(0.5, 0.7 + n / 100)));
  const places = [driver, ...others].map((id) => [id, AWAY] as const);
  let taken = 0;
  for (let n = 0; n < 60; n++) {
    taken += stand(world, 1, places).filter(({ type }) => type === 'delivery.unassigned').length;
    world.round();
  }
  assert.equal(taken, 2);
  assert.equal(world.zone.deliveries.get(delivery)?.reliefs, 2);
});

test('who lost a pickup and turns out to hold the parcel keeps it; the other is released', () => {
  const { world, driver, delivery } = underWay();
  const at = place(0.5, 0.52);
  const helper = world.join(2, at);
  stand(world, 8, [
    [driver, AWAY],
    [helper, at],
  ]);
  assert.equal(only(world.round(), 'delivery.assigned').driver, helper);
  const events = world.act(driver, { kind: 'picked_up', delivery });
  assert.equal(only(events, 'driver.acted').refused, undefined);
  assert.equal(only(events, 'delivery.raised').problem, 'picked_up_by_other');
  assert.equal(world.zone.deliveries.get(delivery)?.driver, driver);
  assert.equal(world.zone.driver(helper)?.plan.stops.length, 0);
  only(world.act(driver, { kind: 'delivered', delivery }), 'delivery.ended');
  world.checkRecovery();
});

test('a stalled driver gets nothing new; a zone without the watch blames nobody', () => {
  const { world, driver } = underWay();
  stand(world, 5, [[driver, AWAY]]);
  const second = request(2, { pickup: VENDOR, readyMs: world.nowMs });
  world.command({ type: 'delivery.request', number: 1, request: second });
  assert.ok(!has(world.round(), 'delivery.assigned'));
  const other = underWay({ stallMs: 0 });
  assert.deepEqual(stand(other.world, 60, [[other.driver, AWAY]]), []);
});

test('a group changes hands whole or not at all', () => {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true, radiusMeters: 20_000 }));
  const driver = world.join(1, AWAY);
  const group = { id: 'family', size: 2 };
  for (const n of [1, 2]) {
    const wanted = request(n, { pickup: VENDOR, readyMs: world.nowMs, group });
    world.command({ type: 'delivery.request', number: 1, request: wanted });
  }
  only(world.round(), 'delivery.assigned');
  world.stalled();
  const at = place(0.5, 0.52);
  const helper = world.join(2, at);
  const events = stand(world, 8, [
    [driver, AWAY],
    [helper, at],
  ]);
  assert.equal(events.filter(({ type }) => type === 'delivery.unassigned').length, 2);
  const next = world.round().filter(({ type }) => type === 'delivery.assigned');
  assert.deepEqual(
    next.map((event) => 'driver' in event && event.driver),
    [helper, helper],
  );
});
