/** Problems of deliveries: when they are raised to ops, when they are over, and how late they make it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DeliveryId, DriverId } from '../../contracts/ids.ts';
import type { DeliveryProblem } from '../../contracts/problems.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { viewOf } from '../../dispatch/core/index.ts';
import { place, request, uuid, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const MINUTE_MS = 60_000;
const ID: DeliveryId = request(1).id;

/** A world with one delivery, ready now, and nobody to carry it. */
function start(policy: Partial<ZonePolicy> = {}): CoreWorld {
  const world = new CoreWorld(zoneConfig(1, policy));
  const wanted = request(1, { placedMs: world.nowMs, readyMs: world.nowMs });
  world.command({ type: 'delivery.request', number: 1, request: wanted });
  return world;
}

/** Gives the delivery to a driver at the vendor's door. */
function assigned(world: CoreWorld, n = 1): DriverId {
  const driver = world.join(n, place(0.5, 0.5));
  ops(world, { kind: 'assign', driver });
  return driver;
}

function aboard(world: CoreWorld): DriverId {
  const driver = assigned(world);
  world.act(driver, { kind: 'arrived', delivery: ID });
  world.act(driver, { kind: 'picked_up', delivery: ID });
  return driver;
}

let requests = 0;
type Verb =
  | { kind: 'assign'; driver: DriverId }
  | { kind: 'unassign' | 'hold' | 'release' | 'end_wait' };
function ops(world: CoreWorld, verb: Verb): ZoneEvent[] {
  const by = { request: `r${++requests}`, actor: 'ops', reason: 'test' };
  return world.command({ type: 'delivery.ops', ...by, delivery: ID, verb });
}

function openOf(world: CoreWorld): DeliveryProblem[] {
  return (world.zone.exceptions.of(ID)?.open ?? []).map(({ problem }) => problem);
}

function silence(world: CoreWorld, driver: DriverId, level: 'live' | 'suspended'): ZoneEvent[] {
  const slot = world.zone.driver(driver)?.slot ?? -1;
  return world.input({ kind: 'silence', drivers: [{ slot, level }] });
}

test('a delivery without a driver is raised when its time is over, not before, and cleared by a driver', () => {
  const world = start({ unassignedRaiseMs: 4 * MINUTE_MS });
  world.wait(4 * MINUTE_MS - 1);
  world.timer();
  assert.deepEqual(openOf(world), []);
  world.wait(1);
  assert.equal(only(world.timer(), 'delivery.raised').problem, 'unassigned_too_long');
  assert.equal(
    world.timer().some(({ type }) => type === 'delivery.raised'),
    false,
  );
  const driver = world.join(1, place(0.5, 0.5));
  const events = ops(world, { kind: 'assign', driver });
  assert.equal(only(events, 'delivery.cleared').problem, 'unassigned_too_long');
  // Given back late: at once a problem again.
  world.act(driver, { kind: 'give_back', delivery: ID, reason: 'flat tyre' });
  world.timer();
  assert.deepEqual(openOf(world), ['unassigned_too_long']);
  world.checkRecovery();
});

test('it counts from the ready time, and a later one from the kitchen clears it', () => {
  const world = start({ unassignedRaiseMs: 4 * MINUTE_MS });
  world.wait(5 * MINUTE_MS);
  world.timer();
  assert.deepEqual(openOf(world), ['unassigned_too_long']);
  const readyMs = world.nowMs + 10 * MINUTE_MS;
  const news = { number: 2, delivery: ID, readyMs, readySource: 'kitchen' } as const;
  only(world.command({ type: 'delivery.ready', ...news }), 'delivery.cleared');
  world.wait(14 * MINUTE_MS);
  assert.equal(only(world.timer(), 'delivery.raised').problem, 'unassigned_too_long');
});

test('a policy of 0 raises nothing by time', () => {
  const world = start({ unassignedRaiseMs: 0, vendorLateMs: 0 });
  world.wait(world.config.policy.giveUpMs - 1);
  world.timer();
  assert.deepEqual(openOf(world), []);
});

test('a driver who waits at the vendor raises it: from the ready time, or from the arrival if later', () => {
  const world = start({ vendorLateMs: 3 * MINUTE_MS });
  const driver = assigned(world);
  world.wait(20 * MINUTE_MS);
  world.act(driver, { kind: 'arrived', delivery: ID });
  world.timer();
  assert.deepEqual(openOf(world), [], 'the driver came late, not the parcel');
  world.wait(3 * MINUTE_MS);
  const raised = only(world.timer(), 'delivery.raised');
  assert.deepEqual([raised.problem, raised.driver], ['vendor_late', driver]);
  only(world.act(driver, { kind: 'picked_up', delivery: ID }), 'delivery.cleared');
  assert.deepEqual(openOf(world), []);
  world.checkRecovery();
});

test('a vendor that is late for a driver who gave up is late no more', () => {
  const world = start({ vendorLateMs: 3 * MINUTE_MS });
  const driver = assigned(world);
  world.act(driver, { kind: 'arrived', delivery: ID });
  world.wait(3 * MINUTE_MS);
  world.timer();
  const events = world.act(driver, { kind: 'give_back', delivery: ID, reason: 'no time' });
  assert.equal(only(events, 'delivery.cleared').problem, 'vendor_late');
});

test('a parcel with a silent driver is raised, and cleared when the driver is heard again', () => {
  const world = start();
  const driver = aboard(world);
  assert.equal(
    only(silence(world, driver, 'suspended'), 'delivery.raised').problem,
    'driver_silent_with_parcel',
  );
  world.restoreFromSnapshot();
  only(silence(world, driver, 'live'), 'delivery.cleared');
  only(silence(world, driver, 'suspended'), 'delivery.raised');
  only(world.act(driver, { kind: 'delivered', delivery: ID }), 'delivery.ended');
  assert.equal(world.zone.exceptions.size, 0);
  world.checkRecovery();
});

test('a phone that holds what the books give to another raises it until both agree', () => {
  const world = start();
  assigned(world);
  const other = world.join(2, place(0.4, 0.4));
  const connect = (session: number, holds: DeliveryId[]): ZoneEvent[] =>
    world.command({
      ...{ type: 'driver.connected', driver: other, holds },
      presence: { gateway: 'g1', session },
    });
  const raised = only(connect(2, [ID]), 'delivery.raised');
  assert.deepEqual([raised.problem, raised.driver], ['held_by_other', other]);
  only(connect(3, []), 'delivery.cleared');
  only(connect(4, [ID]), 'delivery.raised');
  const events = world.act(other, { kind: 'picked_up', delivery: ID });
  const cleared = events.filter(({ type }) => type === 'delivery.cleared');
  assert.deepEqual(
    cleared.map((event) => 'problem' in event && event.problem),
    ['held_by_other'],
  );
});

test('while a problem is open its door time is told each minute, and at once when it jumps', () => {
  const world = start({ unassignedRaiseMs: MINUTE_MS });
  world.wait(MINUTE_MS);
  const first = only(world.timer(), 'delivery.raised').doorMs ?? 0;
  const nobodyMs = world.nowMs + world.config.policy.giveUpMs - MINUTE_MS;
  assert.ok(first > nobodyMs, 'without anybody near it sorts with the worst');
  world.wait(MINUTE_MS - 1);
  assert.deepEqual(world.timer(), []);
  // Somebody comes: the next word knows.
  world.join(1, place(0.52, 0.5));
  world.wait(1);
  const second = only(world.timer(), 'delivery.forecast').doorMs;
  assert.ok(second < world.nowMs + 60 * MINUTE_MS);
  assert.ok(second > world.nowMs);
  world.wait(MINUTE_MS);
  const third = only(world.timer(), 'delivery.forecast').doorMs;
  assert.ok(third > second, 'whoever waits grows later');
  world.checkRecovery();
});

test('a jump of the door time is told in the step that makes it', () => {
  const world = start();
  assigned(world);
  const other = world.join(2, place(0.5, 0.5));
  const events = world.act(other, { kind: 'picked_up', delivery: ID });
  const before = only(events, 'delivery.raised').doorMs ?? 0;
  world.wait(10_000);
  const { doorMs } = only(world.act(other, { kind: 'arrived', delivery: ID }), 'delivery.forecast');
  assert.ok(doorMs < before - MINUTE_MS, 'it is at the door already');
});

/** The driver stands at the customer's door. */
function atTheDoor(world: CoreWorld): DriverId {
  const driver = aboard(world);
  world.act(driver, { kind: 'arrived', delivery: ID });
  return driver;
}

function giveUp(world: CoreWorld, driver: DriverId): ZoneEvent[] {
  const reason = { code: 'customer_unreachable', fault: 'customer' } as const;
  return world.act(driver, { kind: 'undeliverable', delivery: ID, ...reason });
}

test('a customer who does not answer: the driver waits, then may take the parcel back', () => {
  const world = start({ unreachableWaitMs: 5 * MINUTE_MS });
  const driver = atTheDoor(world);
  const events = world.act(driver, { kind: 'unreachable', delivery: ID, tried: 'rang' });
  const waiting = only(events, 'delivery.waiting');
  assert.deepEqual(
    [waiting.untilMs, waiting.attempts, waiting.tried],
    [world.nowMs + 5 * MINUTE_MS, 1, 'rang'],
  );
  const raised = only(events, 'delivery.raised');
  assert.equal(raised.problem, 'customer_unreachable');
  assert.ok((raised.doorMs ?? 0) >= waiting.untilMs);
  const record = world.zone.driver(driver);
  assert.ok(record);
  const [wait] = viewOf(world.zone, record).waits ?? [];
  assert.deepEqual([wait?.delivery, wait?.untilMs], [ID, waiting.untilMs]);

  world.wait(2 * MINUTE_MS);
  const again = world.act(driver, { kind: 'unreachable', delivery: ID, tried: 'called' });
  assert.deepEqual(
    [only(again, 'delivery.waiting').untilMs, only(again, 'delivery.waiting').attempts],
    [waiting.untilMs, 2],
    'a further attempt does not prolong the wait',
  );
  const early = giveUp(world, driver);
  assert.equal(only(early, 'driver.acted').refused, 'wait_running');
  assert.equal(world.zone.deliveries.get(ID)?.state, 'at_dropoff');

  world.wait(3 * MINUTE_MS);
  const late = giveUp(world, driver);
  only(late, 'delivery.returning');
  assert.equal(only(late, 'delivery.cleared').problem, 'customer_unreachable');
  assert.equal(only(late, 'driver.acted').refused, undefined);
  world.checkRecovery();
});

test('a customer who comes down ends the wait by taking the parcel', () => {
  const world = start();
  const driver = atTheDoor(world);
  world.act(driver, { kind: 'unreachable', delivery: ID });
  const events = world.act(driver, { kind: 'delivered', delivery: ID });
  assert.equal(only(events, 'delivery.ended').state, 'delivered');
});

test('ops may end the wait early', () => {
  const world = start({ unreachableWaitMs: 5 * MINUTE_MS });
  const driver = atTheDoor(world);
  const refused = (): unknown => only(ops(world, { kind: 'end_wait' }), 'ops.acted').refused;
  assert.equal(refused(), 'wrong_state', 'nobody waits yet');
  world.act(driver, { kind: 'unreachable', delivery: ID });
  assert.equal(refused(), undefined);
  only(giveUp(world, driver), 'delivery.returning');
});

test('a phone that knows only `undeliverable` starts the wait with it', () => {
  const world = start({ unreachableWaitMs: 5 * MINUTE_MS });
  const driver = aboard(world);
  assert.equal(only(giveUp(world, driver), 'driver.acted').refused, 'wait_running');
  assert.equal(world.zone.deliveries.get(ID)?.state, 'at_dropoff');
  world.wait(5 * MINUTE_MS);
  only(giveUp(world, driver), 'delivery.returning');
});

test('a zone without a wait takes the driver at their word', () => {
  const world = start({ unreachableWaitMs: 0 });
  only(giveUp(world, aboard(world)), 'delivery.returning');
});

test('only who has the parcel can wait for its customer', () => {
  const world = start();
  const driver = aboard(world);
  const other = world.join(2, place(0.6, 0.6));
  const say = (who: DriverId, delivery: DeliveryId): unknown =>
    only(world.act(who, { kind: 'unreachable', delivery }), 'driver.acted').refused;
  assert.equal(say(other, ID), 'not_your_delivery');
  assert.equal(say(driver, `del_${uuid(99)}`), 'unknown_delivery');
  assert.equal(say(driver, ID), undefined);
});

test('many at once are looked at in several steps, none is forgotten', () => {
  const world = new CoreWorld(zoneConfig(1, { unassignedRaiseMs: MINUTE_MS }));
  for (let n = 1; n <= 120; n++) {
    const wanted = request(n, { placedMs: world.nowMs, readyMs: world.nowMs });
    world.command({ type: 'delivery.request', number: 1, request: wanted });
  }
  world.wait(MINUTE_MS);
  const raised = [1, 2, 3, 4, 5].map(() => world.timer().length);
  assert.deepEqual(raised, [30, 30, 30, 30, 0]);
  assert.equal(world.zone.exceptions.size, 120);
  world.wait(MINUTE_MS);
  world.restoreFromSnapshot();
  const told = [1, 2, 3, 4, 5].map(() => world.timer().length);
  assert.deepEqual(told, [30, 30, 30, 30, 0]);
});

test('a parcel picked up after the end of its delivery is raised until it has come to somebody', () => {
  const world = start();
  const driver = assigned(world);
  const cancel = { code: 'cancelled_by_customer', fault: 'customer' } as const;
  world.command({ type: 'delivery.cancel', number: 2, delivery: ID, ...cancel });
  const late = world.act(driver, { kind: 'picked_up', delivery: ID });
  assert.equal(only(late, 'driver.acted').refused, undefined, 'a fact is never refused');
  const raised = only(late, 'delivery.raised');
  assert.deepEqual([raised.problem, raised.driver], ['held_after_end', driver]);
  world.restoreFromSnapshot();
  assert.deepEqual(openOf(world), ['held_after_end']);
  assert.equal(
    world
      .act(driver, { kind: 'picked_up', delivery: ID })
      .some((e) => e.type === 'delivery.raised'),
    false,
  );
  only(world.act(driver, { kind: 'returned', delivery: ID }), 'delivery.cleared');
  assert.equal(world.zone.exceptions.size, 0);
  world.act(driver, { kind: 'picked_up', delivery: ID });
  // With the tombstone goes whatever is said of it.
  world.wait(24 * 60 * MINUTE_MS);
  only(world.timer(), 'delivery.cleared');
  assert.equal(world.zone.exceptions.size, 0);
  world.checkRecovery();
});

test('of many that wait for few drivers, those that came later are expected later', () => {
  const world = new CoreWorld(zoneConfig(1, { unassignedRaiseMs: MINUTE_MS, autoAssign: true }));
  for (let n = 1; n <= 2; n++) world.join(n, place(0.5, 0.5));
  const doors: number[] = [];
  for (let n = 1; n <= 5; n++) {
    const wanted = request(n, { placedMs: world.nowMs, readyMs: world.nowMs });
    world.command({ type: 'delivery.request', number: 1, request: wanted });
    world.wait(MINUTE_MS);
    const raised = world.timer().find((event) => event.type === 'delivery.raised');
    doors.push((raised?.doorMs ?? 0) - world.nowMs);
  }
  const [first, second, third, fourth, fifth] = doors;
  assert.deepEqual([first, third], [second, fourth], 'one for each driver');
  assert.ok(Number(third) > Number(first) + 5 * MINUTE_MS, 'the third waits for a turn');
  assert.ok(Number(fifth) > Number(third) + 5 * MINUTE_MS, 'the fifth for two');
});
