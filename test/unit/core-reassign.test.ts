import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Place } from '../../contracts/geo.ts';
import type { DriverId } from '../../contracts/ids.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const VENDOR = place(0.5, 0.5);
const FAR = place(0.5, 0.7);
const NEAR = place(0.5, 0.51);
const POLICY = { autoAssign: true, radiusMeters: 20_000, reassignGainMs: 180_000 };

/** A far driver has `count` deliveries of one vendor; then another one turns up near by. */
function committed(policy: Partial<ZonePolicy> = {}, count = 1, later: Place = NEAR) {
  const world = new CoreWorld(zoneConfig(1, { ...POLICY, ...policy }));
  const far = world.join(1, FAR);
  for (let n = 1; n <= count; n++) {
    const wanted = request(n, { readyMs: world.nowMs, placedMs: world.nowMs });
    world.command({ type: 'delivery.request', number: 1, request: wanted });
  }
  only(world.round(), 'delivery.assigned');
  world.wait(1_000);
  const near = world.join(2, later);
  const holders = () => [...world.zone.deliveries.values()].map(({ driver }) => driver);
  return { world, far, near, holders };
}

test('a plan that has not begun goes to a driver who is much nearer, whole and in one step', () => {
  const { world, far, near, holders } = committed({}, 2);
  const events = world.round();
  assert.equal(only(events, 'delivery.unassigned').why, 'reassigned');
  assert.deepEqual(holders(), [near, near]);
  assert.equal(world.zone.driver(far)?.plan.stops.length, 0);
  assert.equal(world.zone.driver(near)?.plan.stops.length, 4);
  world.checkRecovery();
});

test('it stays for a gain below the threshold, in a zone that has none, and in one that asks', () => {
  const slightly = place(0.5, 0.69);
  for (const [policy, later] of [
    [{}, slightly],
    [{ reassignGainMs: 0 }, NEAR],
    [{ reassignGainMs: 3_600_000 }, NEAR],
  ] as const) {
    const { world, far, holders } = committed(policy, 1, later);
    world.round();
    assert.deepEqual(holders(), [far], JSON.stringify(policy));
  }
  const world = new CoreWorld(zoneConfig(1, { ...POLICY, autoAssign: false }));
  const far = world.join(1, FAR);
  world.command({ type: 'delivery.request', number: 1, request: request(1) });
  const { offer } = only(world.round(), 'offer.made');
  world.act(far, { kind: 'accept', offer });
  world.join(2, NEAR);
  world.round();
  assert.equal(world.zone.deliveries.get(request(1).id)?.driver, far);
});

test('what has begun stays: a driver at the door, and one with a parcel aboard', () => {
  const delivery = request(1).id;
  for (const kind of ['arrived', 'picked_up'] as const) {
    const { world, far, holders } = committed();
    world.act(far, { kind, delivery });
    world.round();
    assert.deepEqual(holders(), [far]);
  }
});

test('a delivery changes hands twice at most', () => {
  const { world, holders } = committed({ reassignGainMs: 10_000 }, 1, place(0.5, 0.65));
  const owners = new Set<DriverId | null>(holders());
  for (let n = 3; n <= 6; n++) {
    world.round();
    owners.add(holders()[0] ?? null);
    world.wait(1_000);
    world.join(n, place(0.5, 0.75 - n / 25));
  }
  world.round();
  owners.add(holders()[0] ?? null);
  assert.equal(owners.size, 3);
});

test('who turns out to have the parcel after all keeps it', () => {
  const { world, far, near, holders } = committed();
  world.round();
  assert.deepEqual(holders(), [near]);
  world.act(far, { kind: 'picked_up', delivery: request(1).id });
  assert.deepEqual(holders(), [far]);
  assert.equal(world.zone.driver(near)?.plan.stops.length, 0);
});

test('a driver is not taken from a delivery that needs it more', () => {
  const { world, far, near, holders } = committed();
  const urgent = request(9, { pickup: VENDOR, readyMs: world.nowMs, placedMs: world.nowMs });
  world.command({ type: 'delivery.request', number: 1, request: urgent });
  world.round();
  assert.deepEqual(holders(), [far, near]);
});
