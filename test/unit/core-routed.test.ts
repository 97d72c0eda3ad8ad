/** Road times from outside: taken in as events, kept within bounds, planned with, forgotten in time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RoutedAnswer } from '../../contracts/events.ts';
import { CELL_KEY_MAX } from '../../contracts/geo.ts';
import { routeWants } from '../../dispatch/core/index.ts';
import { ROUTED_TIMES_MAX, RoutedTimes } from '../../dispatch/core/travel/routed-times.ts';
import { DistanceSpeed, emptyAnswer } from '../../dispatch/core/travel/travel-time.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const HOUR_MS = 3_600_000;
const HOME = place(0.5, 0.5);
const DOOR = place(0.55, 0.55);

/** A world with one driver near one open delivery, and the wants of its first round. */
function asking(): { world: CoreWorld; wants: () => ReturnType<typeof routeWants> } {
  const world = new CoreWorld(zoneConfig(1, { autoAssign: true }));
  world.join(1, place(0.45, 0.5));
  world.command({
    type: 'delivery.request',
    number: 1,
    request: request(1, { pickup: HOME, dropoff: DOOR, readyMs: world.nowMs + 900_000 }),
  });
  world.round();
  const round = {
    kind: 'round' as const,
    fixes: [],
    candidates: [[request(1).id, [0]] as const],
  };
  return { world, wants: () => routeWants(world.shard, world.config.id, round, world.nowMs) };
}

function answer(wants: Iterable<{ areas: { from: number; to: number }; meters: number }>) {
  return [...wants].map(
    ({ areas, meters }): RoutedAnswer => ['bicycle', areas.from, areas.to, 777_000, meters],
  );
}

describe('routed times', () => {
  it('are wanted for the way to the pickup and on to the door, each pair once', () => {
    const { wants } = asking();
    const legs = [...wants()].map(({ from, to }) => [from.cell, to.cell]);
    assert.deepEqual(legs, [
      [place(0.45, 0.5).cell, HOME.cell],
      [HOME.cell, DOOR.cell],
    ]);
  });

  it('answer for their pair once told, and are not wanted again until they run out', () => {
    const { world, wants } = asking();
    const before = world.zone.travel.ms(HOME, DOOR, 'bicycle', world.nowMs);
    const events = world.input({
      kind: 'travel',
      source: 'osrm',
      holdsMs: HOUR_MS,
      times: answer(wants()),
    });
    const told = only(events, 'travel.told');
    assert.equal(told.untilMs, world.nowMs + HOUR_MS);
    assert.notEqual(before, 777_000);
    const now = world.zone.travel.ms(HOME, DOOR, 'bicycle', world.nowMs);
    assert.ok(Math.abs(now - 777_000) < 500, `${now}: meters are asked for rounded`);
    assert.equal([...wants()].length, 0);
    world.wait(HOUR_MS);
    assert.equal([...wants()].length, 2);
  });

  it('leave other vehicles, points without a cell and ends in one cell to the fallback', () => {
    const { world, wants } = asking();
    world.input({ kind: 'travel', source: 'osrm', holdsMs: HOUR_MS, times: answer(wants()) });
    const guess = new DistanceSpeed(world.zone.config);
    const { travel } = world.zone;
    assert.equal(travel.ms(HOME, DOOR, 'car', world.nowMs), guess.ms(HOME, DOOR, 'car'));
    const { latE7, lonE7 } = HOME;
    const bare = { latE7, lonE7 };
    assert.equal(travel.ms(bare, DOOR, 'bicycle', 0), guess.ms(bare, DOOR, 'bicycle'));
    assert.equal(travel.ms(HOME, HOME, 'bicycle', world.nowMs), 0);
  });

  it('grow with the straight line inside a pair, and keep the spread of the fallback', () => {
    const { world, wants } = asking();
    world.input({ kind: 'travel', source: 'osrm', holdsMs: HOUR_MS, times: answer(wants()) });
    const { travel, plane } = world.zone;
    const nearer = { ...DOOR, latE7: DOOR.latE7 - 5_000, lonE7: DOOR.lonE7 - 5_000 };
    assert.ok(plane.meters(HOME, nearer) < plane.meters(HOME, DOOR));
    const here = travel.ms(HOME, DOOR, 'bicycle', world.nowMs);
    assert.ok(travel.ms(HOME, nearer, 'bicycle', world.nowMs) < here);
    const into = emptyAnswer();
    travel.answer(HOME, DOOR, 'bicycle', world.nowMs, into);
    assert.equal(into.p50Ms, here);
    assert.ok(Math.abs(into.p90Ms - here * 1.5) <= 2, `${into.p90Ms}`);
  });

  it('of far pairs are known by coarser cells', () => {
    const { world } = asking();
    const far = place(0.95, 0.95);
    const parent = (cell: number) => Math.floor(cell / 8);
    const near = Array.from({ length: 100 }, (_, n) => place(0.9 + n / 1_000, 0.95)).find(
      ({ cell }) => cell !== far.cell && parent(cell) === parent(far.cell),
    );
    assert.ok(near);
    const areas = [HOME, far].map(({ cell }) => Math.floor(cell / 8) * 8 + 7);
    const [from = 0, to = 0] = areas;
    const meters = Math.round(world.zone.plane.meters(HOME, far));
    const times: RoutedAnswer[] = [['bicycle', from, to, 5_000_000, meters]];
    world.input({ kind: 'travel', source: 'osrm', holdsMs: HOUR_MS, times });
    const told = world.zone.travel.ms(HOME, near, 'bicycle', world.nowMs);
    assert.ok(Math.abs(told - 5_000_000) < 300_000, `${told}`);
  });

  it('that cannot be believed are left out, and nothing is committed for nothing', () => {
    const { world, wants } = asking();
    const [good] = answer(wants());
    assert.ok(good);
    const [vehicle, from, to, ms, meters] = good;
    const nonsense: RoutedAnswer[] = [
      [vehicle, from, to, -1, meters],
      [vehicle, from, to, Number.NaN, meters],
      [vehicle, from, to, Number.POSITIVE_INFINITY, meters],
      [vehicle, from, to, 1.5, meters],
      [vehicle, from, to, 1_000, 50_000],
      [vehicle, from, to, 7 * HOUR_MS, meters],
      [vehicle, from, from, ms, meters],
      [vehicle, -1, to, ms, meters],
      [vehicle, from, CELL_KEY_MAX + 1, ms, meters],
      ['rocket' as 'car', from, to, ms, meters],
    ];
    const input = { kind: 'travel', source: 'osrm' } as const;
    assert.deepEqual(world.input({ ...input, holdsMs: HOUR_MS, times: nonsense }), []);
    const events = world.input({ ...input, holdsMs: HOUR_MS, times: [...nonsense, good] });
    assert.deepEqual(only(events, 'travel.told').times, [good]);
    for (const holdsMs of [0, -1, Number.NaN, 25 * HOUR_MS]) {
      assert.deepEqual(world.input({ ...input, holdsMs, times: [good] }), []);
    }
  });

  it('come back from the log and from a snapshot alike', () => {
    const { world, wants } = asking();
    world.input({ kind: 'travel', source: 'osrm', holdsMs: HOUR_MS, times: answer(wants()) });
    const before = world.zone.travel.ms(HOME, DOOR, 'bicycle', world.nowMs);
    world.checkRecovery();
    world.restoreFromSnapshot();
    assert.equal(world.zone.travel.ms(HOME, DOOR, 'bicycle', world.nowMs), before);
    world.wait(2 * HOUR_MS);
    world.round();
    world.checkRecovery();
    assert.equal(world.zone.routed.size, 0, 'a round drops what ran out');
  });

  it('are answered at the pace of the zone’s own drivers, which comes back as well', () => {
    const { world, wants } = asking();
    const times = answer(wants());
    const tell = (source: string) => {
      world.input({ kind: 'travel', source, holdsMs: 4 * HOUR_MS, times });
      return world.zone.travel.ms(HOME, DOOR, 'bicycle', world.nowMs);
    };
    const asTold = tell('osrm');
    const observe = (count: number, tookMs: number) => {
      const drive = {
        vehicle: 'bicycle',
        driver: profile(1).driver,
        from: HOME,
        to: DOOR,
      } as const;
      const { nowMs } = world;
      for (let n = 0; n < count; n++) {
        const event = { ...drive, leftMs: nowMs, arrivedMs: nowMs + tookMs };
        world.applied({ type: 'drive.observed', ...event });
      }
    };
    observe(200, Math.round(asTold * 1.5));
    const atPace = tell('osrm');
    assert.ok(atPace > asTold * 1.4 && atPace < asTold * 1.5, `${atPace} of ${asTold}`);
    world.checkRecovery();
    world.restoreFromSnapshot();
    assert.equal(world.zone.travel.ms(HOME, DOOR, 'bicycle', world.nowMs), atPace);
    observe(3_000, Math.round(asTold * 0.8));
    const later = tell('osrm');
    assert.ok(later < asTold, 'what is past fades');
    observe(50, asTold * 100);
    assert.ok(tell('osrm') < later * 1.3, 'a detour is not the pace');
    assert.equal(tell('google'), asTold, 'another source is another map');
  });

  it('survive a new configuration of the zone', () => {
    const { world, wants } = asking();
    world.input({ kind: 'travel', source: 'osrm', holdsMs: HOUR_MS, times: answer(wants()) });
    const before = world.zone.travel.ms(HOME, DOOR, 'bicycle', world.nowMs);
    world.command({ type: 'zone.open', config: { ...world.config, version: 2 } });
    assert.equal(world.zone.travel.ms(HOME, DOOR, 'bicycle', world.nowMs), before);
  });

  it('stay within their bound, the pair told longest ago going first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (extra) => {
        const times = new RoutedTimes();
        for (let at = 0; at < ROUTED_TIMES_MAX + extra; at += 100) {
          const count = Math.min(100, ROUTED_TIMES_MAX + extra - at);
          const batch = Array.from({ length: count }, (_, i): RoutedAnswer => {
            return ['car', at + i, at + i + 1, 60_000, 500];
          });
          times.learn(batch, HOUR_MS, 0);
        }
        assert.equal(times.size, ROUTED_TIMES_MAX);
        assert.ok(!times.has('car', { from: extra - 1, to: extra }, 0));
        assert.ok(times.has('car', { from: extra, to: extra + 1 }, 0));
      }),
      { numRuns: 5 },
    );
  });
});
