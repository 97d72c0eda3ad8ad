import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Place } from '../../contracts/geo.ts';
import type { DriverId } from '../../contracts/ids.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { zoneStats } from '../../dispatch/core/index.ts';
import { idleSpreadMs, idleTimesMs } from '../../dispatch/core/matching/fairness.ts';
import { RandomStream } from '../../dispatch/core/random.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const MINUTE_MS = 60_000;
const FAIR = { fairIdleMs: 10 * MINUTE_MS, fairCostSeconds: 240 };

/** Who gets a delivery when one driver is near and fresh, and one far has been idle for long. */
function chosen(policy: Partial<ZonePolicy>, farAway: Place): 'near' | 'far' {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true, ...policy }));
  const far = world.join(1, farAway);
  world.wait(30 * MINUTE_MS);
  world.join(2, place(0.5, 0.51));
  const wanted = request(1, { readyMs: world.nowMs, placedMs: world.nowMs });
  world.command({ type: 'delivery.request', number: 1, request: wanted });
  return only(world.round(), 'delivery.assigned').driver === far ? 'far' : 'near';
}

test('who has been idle far longer is preferred, as long as it costs little', () => {
  const near = place(0.5, 0.53);
  assert.equal(chosen({}, near), 'near');
  assert.equal(chosen({ ...FAIR, fairIdleMs: 0 }, near), 'near');
  assert.equal(chosen({ ...FAIR, fairCostSeconds: 0 }, near), 'near');
  assert.equal(chosen(FAIR, near), 'far');
  assert.equal(chosen(FAIR, place(0.5, 0.6)), 'near', 'too far for what the preference may cost');
  assert.equal(chosen({ ...FAIR, fairIdleMs: 600 * MINUTE_MS }, near), 'near', 'not idle enough');
});

test('the spread is how far the longest idle are off the median', () => {
  assert.equal(idleSpreadMs([]), 0);
  assert.equal(idleSpreadMs([5]), 0);
  assert.equal(idleSpreadMs([0, 1, 2, 3, 4, 5, 6, 7, 8, 90, 100]), 85);
});

const HOURS = 5;
/** Homes at the vendors' door and, for half of the drivers, some streets away. */
const HOMES = [0.5, 0.501, 0.502, 0.503, 0.52, 0.521, 0.522, 0.523].map((v) => place(0.5, v));

/** A shift of eight drivers who return home after each delivery. */
function shift(policy: Partial<ZonePolicy>): {
  spreadMs: number;
  waySeconds: number;
  made: number;
} {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true, stackMax: 1, ...policy }));
  const drivers = HOMES.map((home, n) => world.join(n + 1, home));
  const random = new RandomStream(7, 0, 'shift', 1);
  const busyUntil = new Map<DriverId, number>();
  let spread = 0;
  let samples = 0;
  let wayMs = 0;
  let made = 0;
  for (let minute = 0; minute < HOURS * 60; minute++) {
    world.wait(MINUTE_MS);
    drivers.forEach((driver, n) => {
      const home = HOMES[n] as Place;
      const [stop] = world.zone.driver(driver)?.plan.stops ?? [];
      if (stop && (busyUntil.get(driver) ?? 0) <= world.nowMs) {
        world.act(driver, { kind: 'delivered', delivery: stop.delivery });
      }
      world.position(driver, home);
    });
    if (random.below(4) === 0) {
      const wanted = request(++made, { readyMs: world.nowMs, placedMs: world.nowMs });
      world.command({ type: 'delivery.request', number: 1, request: wanted });
    }
    for (const event of world.round()) {
      if (event.type !== 'delivery.assigned') continue;
      busyUntil.set(event.driver, world.nowMs + 12 * MINUTE_MS);
      const home = HOMES[drivers.indexOf(event.driver)] as Place;
      wayMs += world.zone.travel.ms(home, place(0.5, 0.5), 'bicycle', world.nowMs);
    }
    if (minute < 60) continue;
    spread += zoneStats(world.shard, world.config.id, world.nowMs)?.idleSpreadMs ?? 0;
    samples++;
  }
  world.checkRecovery();
  return { spreadMs: spread / samples, waySeconds: wayMs / 1000 / made, made };
}

test('sharing idle time narrows its spread, for a bounded cost', (t) => {
  const plain = shift({});
  const fair = shift(FAIR);
  t.diagnostic(JSON.stringify({ plain, fair }));
  assert.equal(plain.made, fair.made);
  assert.ok(fair.spreadMs < plain.spreadMs / 2, `${fair.spreadMs} against ${plain.spreadMs}`);
  assert.ok(fair.waySeconds - plain.waySeconds <= FAIR.fairCostSeconds);
});

test('one run costs less than the cap more than the cheapest driver would, whoever is idle where', () => {
  const someone = fc.record({
    v: fc.double({ min: 0.4, max: 0.6, noNaN: true }),
    minutes: fc.integer({ min: 0, max: 90 }),
  });
  const someCap = fc.integer({ min: 1, max: 900 });
  const someone2to6 = fc.array(someone, { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(someone2to6, someCap, (people, fairCostSeconds) => {
      const costUnder = (policy: Partial<ZonePolicy>): number => {
        const world = new CoreWorld(zoneConfig(1, policy));
        const joinedMs = people.map(({ minutes }) => world.nowMs + (90 - minutes) * MINUTE_MS);
        const order = [...people.keys()].sort(
          (a, b) => (joinedMs[a] ?? 0) - (joinedMs[b] ?? 0) || a - b,
        );
        for (const n of order) {
          world.wait((joinedMs[n] ?? 0) - world.nowMs);
          world.join(n + 1, place(0.5, people[n]?.v ?? 0.5));
        }
        const wanted = request(1, { readyMs: world.nowMs, placedMs: world.nowMs });
        world.command({ type: 'delivery.request', number: 1, request: wanted });
        return only(world.round(), 'offer.made').cost;
      };
      const loss = costUnder({ ...FAIR, fairCostSeconds }) - costUnder({});
      // Costs are rounded to seconds, once each.
      assert.ok(loss >= -1 && loss <= fairCostSeconds + 1, `${loss} of ${fairCostSeconds}`);
    }),
    { numRuns: 60 },
  );
});

test('idle times are of those who could work now', () => {
  const world = new CoreWorld(zoneConfig(1));
  const [first, second] = [world.join(1, place(0.5, 0.5)), world.join(2, place(0.5, 0.51))];
  world.wait(5_000);
  assert.deepEqual(idleTimesMs(world.zone, world.nowMs), [5_000, 5_000]);
  world.act(first, { kind: 'duty', duty: 'on_break' });
  world.act(second, { kind: 'duty', duty: 'available' });
  world.wait(1_000);
  assert.deepEqual(idleTimesMs(world.zone, world.nowMs), [1_000]);
});
