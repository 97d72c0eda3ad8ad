/** A pickup that goes in while another parcel is aboard, and the limits that keep it out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryRequest } from '../../contracts/commands.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const QUICK = { autoAssign: true, pickupServiceMs: 0, dropoffServiceMs: 0 };

/** One driver with a parcel for a far door aboard, passing a vendor right on its way. */
function riding(policy: Partial<ZonePolicy> = {}, second: Partial<DeliveryRequest> = {}) {
  const world = new CoreWorld(zoneConfig(1, { ...QUICK, ...policy }));
  const driver = world.join(1, place(0.1, 0.5));
  const [first, other] = [
    request(1, { pickup: place(0.1, 0.5), dropoff: place(0.7, 0.5), placedMs: world.nowMs }),
    request(2, {
      pickup: place(0.2, 0.5),
      dropoff: place(0.72, 0.5),
      placedMs: world.nowMs,
      ...second,
    }),
  ];
  world.command({ type: 'delivery.request', number: 1, request: first });
  only(world.round(), 'delivery.assigned');
  world.act(driver, { kind: 'picked_up', delivery: first.id });
  world.command({ type: 'delivery.request', number: 1, request: other });
  world.round();
  const stops = world.zone.driver(driver)?.plan.stops ?? [];
  return { world, driver, first, other, kinds: stops.map((s) => `${s.kind} ${s.delivery.at(-1)}`) };
}

test('a pickup on the way goes in before the parcel that is aboard', () => {
  const { world, driver, first, other, kinds } = riding();
  assert.deepEqual(kinds, ['pickup 2', 'dropoff 1', 'dropoff 2']);
  world.act(driver, { kind: 'picked_up', delivery: other.id });
  world.act(driver, { kind: 'delivered', delivery: first.id });
  world.act(driver, { kind: 'delivered', delivery: other.id });
  assert.equal(world.zone.deliveries.size, 0);
  world.checkRecovery();
});

test('a zone that allows no such joins finishes the plan first', () => {
  assert.deepEqual(riding({ joinAboard: false }).kinds, ['dropoff 1']);
});

test('nothing goes before a door that is all but reached', () => {
  assert.deepEqual(riding({ keepNextMs: 3_600_000 }).kinds, ['dropoff 1']);
});

test('capacity, detour and food age hold for what is aboard', () => {
  const heavy = { load: { parcels: 4, volumeMl: 1, weightG: 1 } };
  assert.deepEqual(riding({}, heavy).kinds, ['dropoff 1']);
  const later = { readyMs: 1_000_000 + 900_000 };
  assert.deepEqual(riding({ detourMsMax: 60_000 }, later).kinds, ['dropoff 1']);
  assert.deepEqual(riding({ foodAgeMsMax: 60_000 }).kinds, ['dropoff 1']);
});
