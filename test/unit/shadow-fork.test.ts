/** A copy of a zone and its simulated drivers: what they do when the world does not stand still. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { Place } from '../../contracts/geo.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { checkShard, Shard } from '../../dispatch/core/index.ts';
import { Zone } from '../../dispatch/core/zone.ts';
import { ForkedZone, forkText } from '../../dispatch/shadow/fork.ts';
import { OfferHabits } from '../../dispatch/shadow/offer-habits.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';

const START_MS = 1_000_000;
const MINUTE_MS = 60_000;

class Copy {
  readonly fork: ForkedZone;
  readonly events: { readonly event: ZoneEvent; readonly atMs: number }[] = [];
  drivenMs = 0;
  isLate = false;

  constructor(policy: Partial<ZonePolicy> = {}) {
    const config = zoneConfig(1, { autoAssign: true, ...policy });
    const zone = new Zone(config);
    this.fork = new ForkedZone({
      ...{ text: forkText(zone), config, atMs: START_MS },
      facts: {
        ...{ travel: zone.travel, kitchens: zone.kitchens },
        readyMs: ({ readyMs }, nowMs) => (this.isLate ? nowMs + 15_000 : readyMs),
      },
      habits: new OfferHabits(),
      onEvent: (event, atMs) => this.events.push({ event, atMs }),
      onDrive: (ms) => {
        this.drivenMs += ms;
      },
    });
  }

  ask(n: number, pickup: Place, dropoff: Place, readyMs = this.fork.nowMs): void {
    const times = { placedMs: this.fork.nowMs, readyMs };
    const wanted = request(n, { pickup, dropoff, ...times });
    const command = { type: 'delivery.request', number: 1, request: wanted } as const;
    this.fork.take({ kind: 'command', command });
  }

  /** Zone times at which a delivery came into a state, or ended. */
  timesOf(state: string, n = 1): number[] {
    const { id } = request(n);
    return this.events.flatMap(({ event, atMs }) =>
      (event.type === 'delivery.moved' || event.type === 'delivery.ended') &&
      event.delivery === id &&
      event.state === state
        ? [atMs]
        : [],
    );
  }

  pass(ms: number): void {
    this.fork.advance(this.fork.nowMs + ms);
    const shard = new Shard(0);
    shard.zones.set(this.fork.zone.config.id, this.fork.zone);
    assert.deepEqual(checkShard(shard), []);
  }
}

const WEST = place(0.3, 0.5);
const MIDDLE = place(0.5, 0.5);
const EAST = place(0.7, 0.5);

test('a delivery takes the ways, the ready time and the service times that the zone reckons with', () => {
  const copy = new Copy({ arriveEarlyMs: 600_000 });
  copy.fork.fleet.setDuty(profile(1), 'available', WEST);
  const readyMs = START_MS + 20 * MINUTE_MS;
  copy.ask(1, MIDDLE, EAST, readyMs);
  copy.pass(2 * 60 * MINUTE_MS);
  const { travel, policy } = copy.fork.zone;
  const way = (from: Place, to: Place) => travel.ms(from, to, 'bicycle', START_MS);
  assert.deepEqual(copy.timesOf('picked_up'), [readyMs]);
  const doorMs = readyMs + way(MIDDLE, EAST) + policy.dropoffServiceMs;
  assert.deepEqual(copy.timesOf('delivered'), [doorMs]);
  assert.equal(copy.drivenMs, way(WEST, MIDDLE) + way(MIDDLE, EAST));
});

test('who goes off duty with something to do finishes it first', () => {
  const copy = new Copy();
  copy.fork.fleet.setDuty(profile(1), 'available', MIDDLE);
  copy.ask(1, MIDDLE, EAST);
  copy.pass(MINUTE_MS);
  copy.fork.fleet.setDuty(profile(1), 'off', null);
  assert.equal(copy.fork.zone.driver(profile(1).driver)?.duty, 'last_job');
  copy.ask(2, MIDDLE, EAST);
  copy.pass(60 * MINUTE_MS);
  assert.equal(copy.timesOf('delivered', 1).length, 1);
  assert.equal(copy.timesOf('delivered', 2).length, 0, 'nothing new');
  assert.equal(copy.fork.zone.driver(profile(1).driver)?.duty, 'off');
  copy.fork.fleet.setDuty(profile(1), 'available', EAST);
  copy.pass(60 * MINUTE_MS);
  assert.equal(copy.timesOf('delivered', 2).length, 1, 'back on duty');
});

test('who is called off on the way stands where it has come to, and drives on from there', () => {
  const copy = new Copy();
  copy.fork.fleet.setDuty(profile(1), 'available', WEST);
  copy.ask(1, EAST, MIDDLE);
  copy.pass(5_000);
  const wayMs = copy.fork.zone.travel.ms(WEST, EAST, 'bicycle', START_MS);
  copy.pass(Math.round(wayMs / 2));
  const cancel = { type: 'delivery.cancel', number: 2, delivery: request(1).id } as const;
  const reason = { code: 'cancelled_by_customer', fault: 'customer' } as const;
  copy.fork.take({ kind: 'command', command: { ...cancel, ...reason } });
  copy.ask(2, WEST, MIDDLE);
  copy.pass(60 * MINUTE_MS);
  const back = copy.fork.zone.travel.ms(MIDDLE, WEST, 'bicycle', START_MS);
  const [pickedUpMs = 0] = copy.timesOf('picked_up', 2);
  const expectedMs = START_MS + wayMs / 2 + back + copy.fork.zone.policy.pickupServiceMs;
  assert.ok(Math.abs(pickedUpMs - expectedMs) < 20_000, `${pickedUpMs} is not ${expectedMs}`);
});

test('a parcel that a live driver still waits for is not there for a simulated one either', () => {
  const copy = new Copy();
  copy.fork.fleet.setDuty(profile(1), 'available', MIDDLE);
  copy.ask(1, MIDDLE, EAST);
  copy.isLate = true;
  copy.pass(30 * MINUTE_MS);
  assert.deepEqual(copy.timesOf('picked_up'), []);
  copy.isLate = false;
  copy.pass(MINUTE_MS);
  assert.equal(copy.timesOf('picked_up').length, 1);
});

test('news of the kitchen moves the pickup, and two parcels of one door are one visit', () => {
  const copy = new Copy();
  copy.fork.fleet.setDuty(profile(1), 'available', MIDDLE);
  const soonMs = START_MS + 5 * MINUTE_MS;
  copy.ask(1, MIDDLE, EAST, soonMs);
  copy.ask(2, MIDDLE, place(0.7, 0.51), soonMs);
  copy.pass(3 * MINUTE_MS);
  const laterMs = START_MS + 12 * MINUTE_MS;
  for (const n of [1, 2]) {
    const news = { type: 'delivery.ready', number: 2, delivery: request(n).id } as const;
    copy.fork.take({
      kind: 'command',
      command: { ...news, readyMs: laterMs, readySource: 'kitchen' },
    });
  }
  copy.pass(90 * MINUTE_MS);
  assert.deepEqual(
    [copy.timesOf('picked_up', 1), copy.timesOf('picked_up', 2)],
    [[laterMs], [laterMs]],
  );
  assert.equal(copy.timesOf('delivered', 2).length, 1);
});

test('an idle driver is where its live one is seen, until it drives by itself', () => {
  const copy = new Copy();
  const { fleet, zone } = copy.fork;
  const { driver } = profile(1);
  fleet.setDuty(profile(1), 'available', WEST);
  fleet.sight(driver, EAST);
  copy.pass(MINUTE_MS);
  copy.ask(1, EAST, MIDDLE);
  copy.pass(MINUTE_MS);
  const { latE7, lonE7 } = zone.driver(driver)?.fix ?? WEST;
  assert.deepEqual([latE7, lonE7], [EAST.latE7, EAST.lonE7]);
  copy.pass(60 * MINUTE_MS);
  fleet.sight(driver, WEST);
  copy.ask(2, MIDDLE, EAST);
  copy.pass(MINUTE_MS);
  assert.equal(zone.driver(driver)?.fix?.lonE7, MIDDLE.lonE7, 'it is where it went');
});
