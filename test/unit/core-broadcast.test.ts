import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DriverId } from '../../contracts/ids.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

type Made = Extract<ZoneEvent, { type: 'offer.made' }>;

const offersOf = (events: readonly ZoneEvent[]): Made[] =>
  events.filter((event): event is Made => event.type === 'offer.made');

/** Four idle drivers, each further away than the one before, and one delivery asked of some. */
function asked(policy: Partial<ZonePolicy>) {
  const world = new CoreWorld(zoneConfig(1, policy));
  const drivers = [0.51, 0.53, 0.55, 0.57].map((v, n) => world.join(n + 1, place(0.5, v)));
  world.command({ type: 'delivery.request', number: 1, request: request(1) });
  return { world, drivers, offers: offersOf(world.round()), delivery: request(1).id };
}

const accept = (world: CoreWorld, { driver, offer }: { driver: DriverId; offer: string }) =>
  world.act(driver, { kind: 'accept', offer: offer as Made['offer'] });

test('a zone asks as many drivers at once as its policy says, the cheapest first', () => {
  for (const broadcastMax of [1, 2, 3]) {
    const { drivers, offers } = asked({ broadcastMax });
    assert.deepEqual(
      offers.map(({ driver }) => driver),
      drivers.slice(0, broadcastMax),
    );
    const costs = offers.map(({ cost }) => cost);
    assert.deepEqual(
      costs,
      [...costs].sort((a, b) => a - b),
    );
    assert.ok(offers.every(({ deliveries }) => deliveries.length === 1));
  }
});

test('the first accept wins; the others lose their offer and hear why', () => {
  const { world, offers, delivery } = asked({ broadcastMax: 3 });
  const [first, second, third] = offers as [Made, Made, Made];
  const won = accept(world, second);
  assert.equal(only(won, 'delivery.assigned').driver, second.driver);
  const closed = won.flatMap((event) =>
    event.type === 'offer.closed' ? [[event.offer, event.outcome, event.why]] : [],
  );
  assert.deepEqual(closed, [
    [second.offer, 'accepted', undefined],
    [first.offer, 'withdrawn', 'taken'],
    [third.offer, 'withdrawn', 'taken'],
  ]);
  for (const late of [first, third]) {
    assert.equal(only(accept(world, late), 'driver.acted').refused, 'offer_taken');
    const decline = { kind: 'decline', offer: late.offer, reason: 'other' } as const;
    assert.equal(only(world.act(late.driver, decline), 'driver.acted').refused, 'offer_taken');
  }
  assert.equal(world.zone.deliveries.get(delivery)?.driver, second.driver);
  world.restoreFromSnapshot();
  assert.equal(only(accept(world, third), 'driver.acted').refused, 'offer_taken');
  world.checkRecovery();
});

test('a decline leaves the other offers open, and the last one to fall frees the delivery', () => {
  const { world, drivers, offers, delivery } = asked({ broadcastMax: 2 });
  const [first, second] = offers as [Made, Made];
  world.act(first.driver, { kind: 'decline', offer: first.offer, reason: 'too_far' });
  assert.equal(world.zone.deliveries.get(delivery)?.offer, second.offer);
  assert.deepEqual(offersOf(world.round()), [], 'while one is asked nobody else is');
  world.restoreFromSnapshot();
  world.wait(world.config.policy.offerTtlMs);
  world.timer();
  const next = offersOf(world.round());
  assert.deepEqual(
    next.map(({ driver }) => driver),
    drivers.slice(2),
    'those who let it pass cool down',
  );
  world.checkRecovery();
});

test('a cancel withdraws every open offer of the delivery', () => {
  const { world, offers, delivery } = asked({ broadcastMax: 4 });
  const cancel = { code: 'cancelled_by_customer', fault: 'customer', number: 2, delivery } as const;
  const events = world.command({ type: 'delivery.cancel', ...cancel });
  assert.equal(events.filter(({ type }) => type === 'offer.closed').length, offers.length);
  assert.equal(world.zone.offers.size, 0);
});

test('a pickup by a fact beats every open offer', () => {
  const { world, offers, drivers, delivery } = asked({ broadcastMax: 2 });
  const holder = drivers[3] as DriverId;
  const events = world.act(holder, { kind: 'picked_up', delivery });
  assert.equal(events.filter(({ type }) => type === 'offer.closed').length, 2);
  assert.equal(world.zone.deliveries.get(delivery)?.driver, holder);
  assert.equal(only(accept(world, offers[0] as Made), 'driver.acted').refused, 'offer_withdrawn');
});

test('one driver is asked one thing at a time, however many deliveries are broadcast', () => {
  const world = new CoreWorld(zoneConfig(1, { broadcastMax: 3 }));
  for (let n = 1; n <= 4; n++) world.join(n, place(0.5, 0.5 + n / 100));
  for (let n = 1; n <= 3; n++) {
    const pickup = place(0.5 + n / 20, 0.5);
    world.command({ type: 'delivery.request', number: 1, request: request(n, { pickup }) });
  }
  const offers = offersOf(world.round());
  assert.equal(new Set(offers.map(({ driver }) => driver)).size, offers.length);
  assert.equal(offers.length, 4);
});

test('a rival is asked only what it may carry before its shift ends', () => {
  const world = new CoreWorld(zoneConfig(1, { broadcastMax: 8 }));
  const at = (n: number) => place(0.5, 0.5 + n / 100);
  const near = world.join(1, at(1));
  const untilMs = world.nowMs + 1_000;
  const others = [
    { untilMs },
    { vehicleKind: 'foot' as const },
    { capacity: { parcels: 1, volumeMl: 100, weightG: 100 } },
  ];
  others.forEach((change, n) => {
    const who = profile(n + 2, change);
    world.act(who.driver, { kind: 'duty', duty: 'available', profile: who, at: at(n + 2) });
  });
  const wanted = request(1, { vehicles: ['bicycle', 'car'] });
  world.command({ type: 'delivery.request', number: 1, request: wanted });
  assert.deepEqual(
    offersOf(world.round()).map(({ driver }) => driver),
    [near],
  );
});
