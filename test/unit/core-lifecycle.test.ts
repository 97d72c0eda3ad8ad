import assert from 'node:assert/strict';
import { test } from 'node:test';
import { place, request, uuid, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

function worldWithOffer() {
  const world = new CoreWorld(zoneConfig());
  const driver = world.join(1, place(0.5, 0.52));
  world.command({ type: 'delivery.request', number: 1, request: request(1) });
  const offer = only(world.round(), 'offer.made');
  return { world, driver, offer, delivery: request(1).id };
}

test('a delivery goes from request to door, each fact once', () => {
  const { world, driver, offer, delivery } = worldWithOffer();
  assert.equal(offer.driver, driver);
  assert.ok(offer.terms.payMinor > 0);
  only(world.act(driver, { kind: 'accept', offer: offer.offer }), 'delivery.assigned');
  const arrived = world.act(driver, { kind: 'arrived', delivery });
  assert.equal(only(arrived, 'delivery.moved').state, 'at_pickup');
  only(world.act(driver, { kind: 'picked_up', delivery }), 'delivery.moved');
  const done = only(world.act(driver, { kind: 'delivered', delivery }), 'delivery.ended');
  assert.equal(done.state, 'delivered');
  assert.equal(world.zone.deliveries.size, 0);
  assert.equal(world.zone.driver(driver)?.plan.stops.length, 0);
  world.checkRecovery();
});

test('a repeated action changes nothing and gets the same answer', () => {
  const { world, driver, offer } = worldWithOffer();
  world.act(driver, { kind: 'accept', offer: offer.offer });
  const again = world.act(driver, { kind: 'accept', offer: offer.offer }, 2);
  assert.deepEqual(
    again.map((event) => event.type),
    ['driver.repeated'],
  );
  assert.equal(only(again, 'driver.repeated').refused, undefined);
});

test('an action that skips a number is not taken in', () => {
  const { world, driver, offer } = worldWithOffer();
  const events = world.act(driver, { kind: 'accept', offer: offer.offer }, 9);
  assert.equal(only(events, 'driver.repeated').refused, 'number_gap');
  assert.equal(world.zone.driver(driver)?.lastAction, 1);
});

test('a late accept is refused with the reason, and the offer had one outcome', () => {
  const { world, driver, offer } = worldWithOffer();
  world.wait(world.config.policy.offerTtlMs);
  const expired = only(world.timer(), 'offer.closed');
  assert.equal(expired.outcome, 'undelivered');
  const late = only(world.act(driver, { kind: 'accept', offer: offer.offer }), 'driver.acted');
  assert.equal(late.refused, 'offer_undelivered');
});

test('a seen offer that nobody answers expires, and another driver is asked', () => {
  const { world, driver, offer } = worldWithOffer();
  const second = world.join(2, place(0.5, 0.53));
  world.command({ type: 'driver.seen', driver, view: world.zone.driver(driver)?.view ?? 0 });
  world.wait(world.config.policy.offerTtlMs);
  assert.equal(only(world.timer(), 'offer.closed').outcome, 'expired');
  const next = only(world.round(), 'offer.made');
  assert.equal(next.driver, second);
  assert.notEqual(next.offer, offer.offer);
});

test('an unseen offer is reported after the set time', () => {
  const { world } = worldWithOffer();
  world.wait(world.config.policy.offerUnseenMs);
  only(world.timer(), 'offer.unseen');
});

test('a driver who declined is not asked again while the cool-down lasts', () => {
  const { world, driver, offer } = worldWithOffer();
  world.act(driver, { kind: 'decline', offer: offer.offer, reason: 'too_far' });
  assert.equal(
    world.round().some((event) => event.type === 'offer.made'),
    false,
  );
  world.wait(world.config.policy.declineCoolDownMs + 1);
  world.position(driver, place(0.5, 0.52));
  assert.equal(only(world.round(), 'offer.made').driver, driver);
});

test('who has the parcel has the delivery: a pickup by another driver repairs both plans', () => {
  const { world, driver, offer, delivery } = worldWithOffer();
  const other = world.join(2, place(0.5, 0.5));
  world.act(driver, { kind: 'accept', offer: offer.offer });
  const events = world.act(other, { kind: 'picked_up', delivery });
  assert.equal(only(events, 'driver.acted').refused, undefined);
  only(events, 'delivery.raised');
  assert.equal(world.zone.deliveries.get(delivery)?.driver, other);
  assert.equal(world.zone.driver(driver)?.plan.stops.length, 0);
  only(world.act(other, { kind: 'delivered', delivery }), 'delivery.ended');
  world.checkRecovery();
});

test('a second claim on a parcel that is aboard is refused and raised', () => {
  const { world, driver, offer, delivery } = worldWithOffer();
  const other = world.join(2, place(0.5, 0.5));
  world.act(driver, { kind: 'accept', offer: offer.offer });
  world.act(driver, { kind: 'picked_up', delivery });
  const events = world.act(other, { kind: 'picked_up', delivery });
  assert.equal(only(events, 'driver.acted').refused, 'not_your_delivery');
  assert.equal(world.zone.deliveries.get(delivery)?.driver, driver);
});

test('cancel before pickup frees the driver; after pickup it is refused', () => {
  const { world, driver, offer, delivery } = worldWithOffer();
  world.act(driver, { kind: 'accept', offer: offer.offer });
  world.act(driver, { kind: 'picked_up', delivery });
  const cancel = {
    type: 'delivery.cancel',
    number: 2,
    delivery,
    code: 'cancelled_by_customer',
    fault: 'customer',
  } as const;
  assert.equal(only(world.command(cancel), 'delivery.refused').reason, 'past_pickup');
  const early = worldWithOffer();
  early.world.act(early.driver, { kind: 'accept', offer: early.offer.offer });
  assert.equal(only(early.world.command(cancel), 'delivery.ended').state, 'cancelled');
  assert.equal(early.world.zone.driver(early.driver)?.plan.stops.length, 0);
  assert.deepEqual(early.world.command(cancel), [], 'the same command number does nothing');
});

test('a cancelled delivery takes its open offer along', () => {
  const { world, delivery } = worldWithOffer();
  const events = world.command({
    type: 'delivery.cancel',
    number: 2,
    delivery,
    code: 'cancelled_by_customer',
    fault: 'customer',
  });
  assert.equal(only(events, 'offer.closed').outcome, 'withdrawn');
});

test('a parcel that cannot be handed over goes back and ends as returned', () => {
  const { world, driver, offer, delivery } = worldWithOffer();
  world.act(driver, { kind: 'accept', offer: offer.offer });
  world.act(driver, { kind: 'picked_up', delivery });
  const events = world.act(driver, {
    kind: 'undeliverable',
    delivery,
    code: 'refused_by_customer',
    fault: 'customer',
  });
  only(events, 'delivery.returning');
  const end = only(world.act(driver, { kind: 'returned', delivery }), 'delivery.ended');
  assert.deepEqual(
    [end.state, end.reason.code, end.reason.stage],
    ['returned', 'refused_by_customer', 'returning'],
  );
});

test('every delivery ends: without a driver it fails with a reason', () => {
  const world = new CoreWorld(zoneConfig());
  world.command({ type: 'delivery.request', number: 1, request: request(1) });
  world.wait(world.config.policy.giveUpMs);
  const end = only(world.timer(), 'delivery.ended');
  assert.deepEqual([end.state, end.reason.code], ['failed', 'no_driver_found']);
});

test('a group waits for all its members and rides together', () => {
  const world = new CoreWorld(zoneConfig());
  const driver = world.join(1, place(0.5, 0.5));
  const group = { id: 'family', size: 2 };
  world.command({ type: 'delivery.request', number: 1, request: request(1, { group }) });
  assert.equal(
    world.round().some((event) => event.type === 'offer.made'),
    false,
  );
  world.command({ type: 'delivery.request', number: 1, request: request(2, { group }) });
  const offer = only(world.round(), 'offer.made');
  assert.deepEqual([offer.driver, offer.deliveries.length], [driver, 2]);
});

test('a second order of the same vendor joins the plan that is on its way there', () => {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true }));
  const driver = world.join(1, place(0.45, 0.5));
  world.command({
    type: 'delivery.request',
    number: 1,
    request: request(1, { readyMs: world.nowMs }),
  });
  only(world.round(), 'delivery.assigned');
  const dropoff = place(0.61, 0.6);
  const second = request(2, { readyMs: world.nowMs, dropoff });
  world.command({ type: 'delivery.request', number: 1, request: second });
  assert.equal(only(world.round(), 'round.done').offered, 0, 'a join may change until it is near');
  world.wait(1000);
  world.position(driver, place(0.499, 0.5));
  assert.equal(only(world.round(), 'delivery.assigned').driver, driver);
  assert.equal(world.zone.driver(driver)?.plan.stops.length, 4);
});

test('a paused zone refuses, and the control ends by itself', () => {
  const world = new CoreWorld(zoneConfig());
  const control = {
    kind: 'pause_intake',
    value: 1,
    actor: 'ops',
    reason: 'storm',
    untilMs: world.nowMs + 1000,
  } as const;
  world.command({ type: 'zone.control', request: 'r1', control });
  const refused = world.command({ type: 'delivery.request', number: 1, request: request(1) });
  assert.equal(only(refused, 'delivery.refused').reason, 'intake_paused');
  world.wait(1000);
  only(world.timer(), 'control.ended');
  only(
    world.command({ type: 'delivery.request', number: 1, request: request(2) }),
    'delivery.requested',
  );
});

test('ops assign, hold and take back, and a repeated request does nothing', () => {
  const world = new CoreWorld(zoneConfig());
  const driver = world.join(1, place(0.9, 0.9));
  const delivery = request(1).id;
  world.command({ type: 'delivery.request', number: 1, request: request(1) });
  const ops = (n: string, verb: Parameters<typeof opsCommand>[2]) =>
    world.command(opsCommand(n, delivery, verb));
  ops('1', { kind: 'hold' });
  assert.equal(
    world.round().some((event) => event.type === 'offer.made'),
    false,
  );
  ops('2', { kind: 'release' });
  only(ops('3', { kind: 'assign', driver }), 'delivery.assigned');
  assert.deepEqual(ops('3', { kind: 'assign', driver }), []);
  only(ops('4', { kind: 'unassign' }), 'delivery.unassigned');
  assert.equal(
    only(ops('5', { kind: 'assign', driver: `drv_${uuid(99)}` }), 'ops.acted').refused,
    'unknown_driver',
  );
});

function opsCommand(
  n: string,
  delivery: string,
  verb: Extract<Parameters<CoreWorld['command']>[0], { type: 'delivery.ops' }>['verb'],
) {
  return {
    type: 'delivery.ops',
    request: n,
    actor: 'ops',
    reason: 'test',
    delivery,
    verb,
  } as const;
}

test('a silent driver loses what it has not picked up and keeps what is aboard', () => {
  const { world, driver, offer } = worldWithOffer();
  world.act(driver, { kind: 'accept', offer: offer.offer });
  const slot = world.zone.driver(driver)?.slot ?? -1;
  const events = world.input({ kind: 'silence', drivers: [{ slot, level: 'suspended' }] });
  assert.equal(only(events, 'delivery.unassigned').why, 'driver_silent');
});

test('an unconfirmed view is repeated until the app confirms it', () => {
  const { world, driver } = worldWithOffer();
  world.wait(world.config.policy.repeatMs);
  only(world.timer(), 'driver.nudged');
  world.command({ type: 'driver.seen', driver, view: world.zone.driver(driver)?.view ?? 0 });
  world.wait(world.config.policy.repeatMs);
  assert.equal(
    world.timer().some((event) => event.type === 'driver.nudged'),
    false,
  );
});

test('the newest session of a driver wins', () => {
  const { world, driver } = worldWithOffer();
  const connect = (gateway: string, session: number) =>
    world.command({ type: 'driver.connected', driver, presence: { gateway, session } });
  assert.deepEqual(only(connect('g2', 7), 'driver.present').superseded, {
    gateway: 'g1',
    session: 1,
  });
  assert.deepEqual(connect('g1', 3), []);
});

test('a zone whose configuration is older than a weight still matches', () => {
  const config = zoneConfig(1, { autoAssign: true });
  const { delayPerMille: _, ...weights } = config.weights;
  const old = JSON.parse(JSON.stringify({ ...config, weights })) as typeof config;
  const world = new CoreWorld(old);
  const driver = world.join(1, place(0.5, 0.51));
  world.command({ type: 'delivery.request', number: 1, request: request(1) });
  assert.equal(only(world.round(), 'delivery.assigned').driver, driver);
});

test('a driver at a customer’s door is asked only when that parcel is handed over', () => {
  const policy = { dropoffServiceMs: 0, pickupServiceMs: 0 };
  const world = new CoreWorld(zoneConfig(1, policy));
  const driver = world.join(1, place(0.5, 0.5));
  const first = request(1, { dropoff: place(0.5, 0.51) });
  world.command({ type: 'delivery.request', number: 1, request: first });
  world.act(driver, { kind: 'accept', offer: only(world.round(), 'offer.made').offer });
  world.act(driver, { kind: 'picked_up', delivery: first.id });
  world.position(driver, first.dropoff);
  world.act(driver, { kind: 'arrived', delivery: first.id });
  world.command({ type: 'delivery.request', number: 1, request: request(2) });
  world.wait(1000);
  world.position(driver, first.dropoff);
  assert.equal(only(world.round(), 'round.done').offered, 0);
  world.act(driver, { kind: 'delivered', delivery: first.id });
  assert.equal(only(world.round(), 'offer.made').driver, driver);
});

test('deliveries ride together only within the zone’s food age', () => {
  const joined = (foodAgeMsMax: number) => {
    const world = new CoreWorld(zoneConfig(1, { autoAssign: true, foodAgeMsMax }));
    world.join(1, place(0.499, 0.5));
    const readyMs = world.nowMs;
    world.command({ type: 'delivery.request', number: 1, request: request(1, { readyMs }) });
    only(world.round(), 'delivery.assigned');
    const second = request(2, { readyMs, placedMs: readyMs, dropoff: place(0.59, 0.59) });
    world.command({ type: 'delivery.request', number: 1, request: second });
    return only(world.round(), 'round.done').offered;
  };
  assert.deepEqual([joined(2_700_000), joined(60_000)], [1, 0]);
});

test('a join may not keep a parcel waiting past the zone’s detour limit', () => {
  const joined = (detourMsMax: number) => {
    const policy = { autoAssign: true, detourMsMax, joinBeforeMs: 3_600_000 };
    const world = new CoreWorld(zoneConfig(1, policy));
    world.join(1, place(0.499, 0.5));
    const readyMs = world.nowMs;
    world.command({ type: 'delivery.request', number: 1, request: request(1, { readyMs }) });
    only(world.round(), 'delivery.assigned');
    // Same door, ready four minutes later: to take both means that the first one waits.
    const later = { readyMs: readyMs + 240_000 + world.config.policy.pickupServiceMs };
    world.command({ type: 'delivery.request', number: 1, request: request(2, later) });
    return only(world.round(), 'round.done').offered;
  };
  assert.deepEqual([joined(600_000), joined(60_000)], [1, 0]);
});
