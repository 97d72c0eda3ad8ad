import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DeclineReason } from '../../contracts/states.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const AT = place(0.5, 0.52);

/** The only driver around has declined the first of two deliveries for this reason. */
function declined(reason: DeclineReason) {
  const world = new CoreWorld(zoneConfig());
  const driver = world.join(1, AT);
  world.command({ type: 'delivery.request', number: 1, request: request(1) });
  const { offer } = only(world.round(), 'offer.made');
  world.act(driver, { kind: 'decline', offer, reason });
  const askedFor = (): readonly string[] => {
    world.position(driver, AT);
    const made = world.round().find((event) => event.type === 'offer.made') as
      | Extract<ZoneEvent, { type: 'offer.made' }>
      | undefined;
    return made?.deliveries ?? [];
  };
  const other = request(2, { pickup: place(0.7, 0.7) });
  return { world, driver, askedFor, other, policy: world.config.policy };
}

test('who finds a delivery too far or badly paid is asked for it again after the cool-down', () => {
  for (const reason of ['too_far', 'low_pay'] as const) {
    const { world, askedFor, policy } = declined(reason);
    assert.deepEqual(askedFor(), []);
    world.wait(policy.declineCoolDownMs + 1);
    assert.deepEqual(askedFor(), [request(1).id]);
  }
});

test('who says that the vehicle does not fit is not asked for it again, but for others at once', () => {
  const { world, askedFor, other, policy } = declined('vehicle');
  world.wait(policy.declineCoolDownMs + 1);
  assert.deepEqual(askedFor(), []);
  world.command({ type: 'delivery.request', number: 1, request: other });
  assert.deepEqual(askedFor(), [other.id]);
});

test('who says to be busy rests from every offer for a while', () => {
  const { world, driver, askedFor, other, policy } = declined('busy');
  world.command({ type: 'delivery.request', number: 1, request: other });
  assert.deepEqual(askedFor(), []);
  world.restoreFromSnapshot();
  world.wait(policy.restMs - 1);
  assert.deepEqual(askedFor(), []);
  world.wait(1);
  assert.deepEqual(askedFor(), [other.id]);
  assert.equal(world.zone.driver(driver)?.duty, 'available');
  world.checkRecovery();
});

test('a pickup that cannot be reached before the shift ends is neither offered nor joined', () => {
  const shiftOf = (endsInMs: number) => {
    const world = new CoreWorld(zoneConfig(1, { autoAssign: true, joinBeforeMs: 3_600_000 }));
    const who = profile(1, { untilMs: world.nowMs + endsInMs });
    world.act(who.driver, { kind: 'duty', duty: 'available', profile: who, at: place(0.5, 0.51) });
    const first = request(1, { readyMs: world.nowMs });
    world.command({ type: 'delivery.request', number: 1, request: first });
    const alone = world.round().some((event) => event.type === 'delivery.assigned');
    // The same door, ready only twenty minutes later.
    const later = request(2, { readyMs: world.nowMs + 1_200_000, dropoff: place(0.61, 0.6) });
    world.command({ type: 'delivery.request', number: 1, request: later });
    const joined = world.round().some((event) => event.type === 'delivery.assigned');
    return [alone, joined];
  };
  assert.deepEqual(shiftOf(5_000), [false, false]);
  assert.deepEqual(shiftOf(900_000), [true, false]);
});

test('a rest goes along to another zone', () => {
  const { world, driver, policy } = declined('busy');
  const to = zoneConfig(2).id;
  const left = world.command({ type: 'driver.strayed', driver, to });
  const { record, transfer } = only(left, 'driver.leaving');
  assert.equal(record.restUntilMs, world.nowMs + policy.restMs);
  const other = new CoreWorld(zoneConfig(2));
  const from = world.config.id;
  const taken = other.command({ type: 'transfer.offered', from, transfer, driver: record });
  assert.equal(only(taken, 'driver.rests').untilMs, record.restUntilMs);
  other.command({ type: 'delivery.request', number: 1, request: request(1) });
  assert.ok(!other.round().some((event) => event.type === 'offer.made'));
  other.wait(policy.restMs);
  assert.equal(only(other.round(), 'offer.made').driver, driver);
});
