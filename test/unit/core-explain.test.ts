import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { DriverProfile } from '../../contracts/commands.ts';
import { costOf, type ExplainedUnit, type Explanation } from '../../contracts/explanations.ts';
import type { Weights } from '../../contracts/zone.ts';
import { ChainCosts } from '../../dispatch/core/matching/chains.ts';
import { type DecidedRound, explainRound } from '../../dispatch/core/matching/explain.ts';
import { problemOf } from '../../dispatch/core/matching/problem.ts';
import { think } from '../../dispatch/core/matching/round.ts';
import { TERM_WEIGHTS, TERMS, Trail } from '../../dispatch/core/matching/trail.ts';
import { stackMax } from '../../dispatch/core/zone.ts';
import { place, profile, request, uuid, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const delivery = (n: number) => `del_${uuid(n)}` as const;
const driver = (n: number) => `drv_${uuid(n)}` as const;

function joinAs(world: CoreWorld, n: number, u: number, change: Partial<DriverProfile> = {}): void {
  const who = profile(n, change);
  const at = place(u, 0.5);
  world.act(who.driver, { kind: 'duty', duty: 'available', profile: who, at });
}

function ask(world: CoreWorld, n: number, change: Parameters<typeof request>[1] = {}): void {
  const times = { placedMs: world.nowMs, readyMs: world.nowMs };
  const wanted = request(n, { ...times, ...change });
  world.command({ type: 'delivery.request', number: 1, request: wanted });
}

/** The round's explanation, and its word on one delivery. */
function explained(world: CoreWorld, n: number): { why: Explanation; unit: ExplainedUnit } {
  const why = only(world.round(), 'round.explained');
  const unit = why.units.find(({ deliveries }) => deliveries.includes(delivery(n)));
  assert.ok(unit, `nothing about ${delivery(n)}`);
  return { why, unit };
}

describe('the explanation of a round', () => {
  test('names the chosen driver with its price by term, dearer ones behind it', () => {
    const world = new CoreWorld(zoneConfig(1, { autoAssign: true }));
    joinAs(world, 1, 0.7);
    joinAs(world, 2, 0.52);
    ask(world, 1);
    const { why, unit } = explained(world, 1);
    assert.equal(unit.outcome, 'assigned');
    assert.deepEqual(
      unit.candidates.map((each) => why.drivers[each.driver]),
      [driver(2), driver(1)],
    );
    assert.equal(unit.chosen, unit.candidates[0]?.driver);
    assert.equal(why.version, world.zone.config.weights.version);
    assert.equal(why.round, world.zone.rounds);
    assert.equal(why.available, 2);
    for (const candidate of unit.candidates) {
      const { alone, pickupMs, doorMs } = candidate;
      assert.equal(alone, costOf(candidate, why.weights), 'nothing else is planned');
      assert.ok(0 < pickupMs && pickupMs < doorMs);
    }
  });

  test('names the limit that kept each shortlisted driver out', () => {
    const world = new CoreWorld(zoneConfig(1, { autoAssign: true, radiusMeters: 3_000 }));
    const small = { parcels: 1, volumeMl: 10, weightG: 20_000 };
    joinAs(world, 1, 0.51, { capacity: small });
    joinAs(world, 2, 0.51, { untilMs: world.nowMs + 1_000 });
    joinAs(world, 3, 0.51, { vehicleKind: 'car' });
    joinAs(world, 4, 0.51, { skills: ['alcohol'] });
    joinAs(world, 5, 0.53);
    ask(world, 1, { vehicles: ['bicycle'], skills: ['alcohol'] });
    const { why, unit } = explained(world, 1);
    assert.equal(why.drivers[unit.chosen ?? -1], driver(4));
    const reasons = Object.fromEntries(
      unit.rejected.map(([n, reason]) => [why.drivers[n], reason]),
    );
    assert.deepEqual(reasons, {
      [driver(1)]: 'capacity',
      [driver(2)]: 'skill',
      [driver(3)]: 'vehicle',
      [driver(5)]: 'skill',
    });
    ask(world, 2);
    const second = explained(world, 2);
    const late = second.unit.rejected.find(([n]) => second.why.drivers[n] === driver(2));
    assert.equal(late?.[1], 'shift_end');
  });

  test('says that a driver declined, and who else was asked then', () => {
    const world = new CoreWorld(zoneConfig());
    joinAs(world, 1, 0.51);
    joinAs(world, 2, 0.55);
    ask(world, 1);
    const first = explained(world, 1);
    assert.equal(first.unit.outcome, 'offered');
    const offer = world.zone.driver(driver(1))?.offer;
    assert.ok(offer);
    world.act(driver(1), { kind: 'decline', offer, reason: 'too_far' });
    const { why, unit } = explained(world, 1);
    assert.equal(why.drivers[unit.chosen ?? -1], driver(2));
    assert.deepEqual(
      unit.rejected.map(([n, reason]) => [why.drivers[n], reason]),
      [[driver(1), 'cool_down']],
    );
  });

  test('tells when a delivery moves to another chain, and nothing while it stays', () => {
    const world = new CoreWorld(zoneConfig(1, { autoAssign: true }));
    joinAs(world, 1, 0.6);
    ask(world, 1, { readyMs: world.nowMs + 2_400_000 });
    const planned = explained(world, 1);
    assert.equal(planned.unit.outcome, 'planned');
    assert.equal(planned.unit.before, undefined);
    world.wait(1_000);
    const quiet = world.round();
    assert.ok(!quiet.some(({ type }) => type === 'round.explained'));
    joinAs(world, 2, 0.5);
    world.act(driver(1), { kind: 'duty', duty: 'off' });
    const { why, unit } = explained(world, 1);
    assert.equal(why.drivers[unit.before ?? -1], driver(1));
    assert.equal(why.drivers[unit.chosen ?? -1], driver(2));
  });

  test('says at once that nobody can have it, and again now and then', () => {
    const world = new CoreWorld(zoneConfig(1, { autoAssign: true }));
    joinAs(world, 1, 0.51, { vehicleKind: 'van' });
    ask(world, 1, { vehicles: ['foot'] });
    const { unit } = explained(world, 1);
    assert.equal(unit.outcome, 'unplaced');
    assert.equal(unit.chosen, undefined);
    assert.equal(unit.candidates.length, 0);
    let told = 0;
    for (let n = 0; n < 120; n++) {
      world.wait(1_000);
      if (world.round().some(({ type }) => type === 'round.explained')) told++;
    }
    assert.ok(told >= 2 && told <= 3, `told ${told} times in 120 rounds`);
  });

  test('names who else is asked at once, and who was passed over for one idle far longer', () => {
    const asking = new CoreWorld(zoneConfig(1, { broadcastMax: 2 }));
    joinAs(asking, 1, 0.51);
    joinAs(asking, 2, 0.55);
    joinAs(asking, 3, 0.6);
    ask(asking, 1);
    const { why, unit } = explained(asking, 1);
    assert.equal(why.drivers[unit.chosen ?? -1], driver(1));
    assert.deepEqual(
      unit.alsoAsked?.map((n) => why.drivers[n]),
      [driver(2)],
    );
    const fair = { autoAssign: true, fairIdleMs: 60_000, fairCostSeconds: 900 };
    const sharing = new CoreWorld(zoneConfig(1, fair));
    joinAs(sharing, 2, 0.53);
    sharing.wait(1_200_000);
    joinAs(sharing, 1, 0.51);
    joinAs(sharing, 3, 0.6);
    ask(sharing, 1);
    const shared = explained(sharing, 1);
    assert.equal(shared.why.drivers[shared.unit.chosen ?? -1], driver(2));
    assert.equal(shared.why.drivers[shared.unit.insteadOf ?? -1], driver(1));
  });

  test('is bounded, and says how much it left off', () => {
    const world = new CoreWorld(zoneConfig(1, { autoAssign: true }));
    for (let n = 1; n <= 30; n++) joinAs(world, n, 0.4 + n / 150);
    for (let n = 1; n <= 30; n++) ask(world, n, { pickup: place(0.5, 0.4 + n / 150) });
    const why = only(world.round(), 'round.explained');
    assert.ok(why.units.length <= 12 && why.leftOff === 30 - why.units.length);
    for (const unit of why.units) {
      assert.ok(unit.candidates.length <= 6 && unit.rejected.length <= 12);
      const named = unit.candidates.length + unit.rejected.length;
      assert.ok(named + unit.leftOff === unit.shortlisted);
    }
  });

  test('is left out where the zone wants none, and decides nothing', () => {
    const run = (explain: boolean) => {
      const world = new CoreWorld(zoneConfig(1, { autoAssign: true, explain }));
      for (let n = 1; n <= 6; n++) joinAs(world, n, 0.3 + n / 20);
      for (let n = 1; n <= 9; n++) ask(world, n, { pickup: place(0.5, n / 12) });
      const events = [1, 2, 3].flatMap(() => {
        world.wait(60_000);
        return world.round();
      });
      return events;
    };
    const told = run(true);
    assert.ok(told.some(({ type }) => type === 'round.explained'));
    assert.deepEqual(
      run(false),
      told.filter(({ type }) => type !== 'round.explained'),
    );
  });
});

interface Scenario {
  readonly drivers: readonly {
    readonly u: number;
    readonly shift: number | null;
    readonly parcels: number;
  }[];
  readonly deliveries: readonly {
    readonly from: number;
    readonly u: number;
    readonly v: number;
    readonly ready: number;
    readonly load: number;
  }[];
  readonly weights: Pick<Weights, 'delayPerMille' | 'latePerMille' | 'travelPerMille'>;
  readonly rounds: number;
}

const unit = fc.double({ min: 0.2, max: 0.8, noNaN: true });
const scenario: fc.Arbitrary<Scenario> = fc.record({
  drivers: fc.array(
    fc.record({
      u: unit,
      shift: fc.option(fc.integer({ min: 1, max: 60 }), { nil: null }),
      parcels: fc.nat(4),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  deliveries: fc.array(
    fc.record({ from: fc.nat(4), u: unit, v: unit, ready: fc.nat(40), load: fc.nat(2) }),
    { minLength: 1, maxLength: 14 },
  ),
  weights: fc.record({
    delayPerMille: fc.nat(3_000),
    latePerMille: fc.nat(3_000),
    travelPerMille: fc.nat(3_000),
  }),
  rounds: fc.integer({ min: 1, max: 4 }),
});

/** A world in the middle of its work, and the round it would decide now, before it commits. */
function decidedRound(given: Scenario): DecidedRound {
  const config = zoneConfig(1, { autoAssign: true });
  const world = new CoreWorld({ ...config, weights: { ...config.weights, ...given.weights } });
  given.drivers.forEach(({ u, shift, parcels }, n) => {
    joinAs(world, n + 1, u, {
      capacity: { parcels, volumeMl: 40_000, weightG: 20_000 },
      ...(shift === null ? {} : { untilMs: world.nowMs + shift * 60_000 }),
    });
  });
  given.deliveries.forEach(({ from, u, v, ready, load }, n) => {
    ask(world, n + 1, {
      pickup: place(0.3 + from / 10, 0.5),
      dropoff: place(u, v),
      readyMs: world.nowMs + ready * 60_000,
      load: { parcels: load, volumeMl: 100, weightG: 100 },
    });
  });
  for (let n = 1; n < given.rounds; n++) {
    world.round();
    world.wait(240_000);
  }
  const input = world.shortlist();
  const { zone, nowMs: atMs } = world;
  const problem = problemOf(zone, input, atMs);
  const model = new ChainCosts(zone, stackMax(zone));
  const search = think(zone, problem, model, false);
  return { zone, input, atMs, problem, search, model, proposals: [] };
}

describe('prices', () => {
  test('of a plan are the recomputed sum of its terms, its drives and its door times', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { zone, problem, search, model } = decidedRound(given);
        const { weights } = zone.config;
        let total = 0;
        problem.carriers.forEach((carrier, n) => {
          const trail = new Trail();
          const chain = search.chains[n] ?? [];
          const cost = model.cost(carrier, chain, trail);
          // What is committed stays, also when it is late already; nothing may join it then.
          if (cost === Number.POSITIVE_INFINITY) {
            assert.ok(carrier.committed && chain.flat().every(({ fixedTo }) => fixedTo === n));
            return;
          }
          assert.equal(
            cost,
            TERMS.reduce((sum, term) => sum + trail.ms[term] * weights[TERM_WEIGHTS[term]], 0),
          );
          total += cost;
          let [at, drive, delay, late] = [carrier.place, 0, 0, 0];
          for (const run of chain) {
            const doors = run.flatMap(({ legs }) => legs.map(({ dropoff }) => dropoff));
            for (const to of [
              ...run.filter(({ aboard }) => !aboard).map(({ door }) => door),
              ...doors,
            ]) {
              drive += carrier.travel.ms(at, to);
              at = to;
            }
            for (const task of run) {
              task.legs.forEach(({ baseMs, promiseMs }, m) => {
                const doorMs = trail.doorMs.get(task.unit[m]?.id ?? '') ?? Number.NaN;
                delay += doorMs - baseMs;
                late += Math.max(0, doorMs - promiseMs);
              });
            }
          }
          assert.deepEqual(trail.ms, { drive, delay, late });
        });
        for (const task of problem.tasks) {
          if (task.fixedTo === null && search.carrierOf[task.index] === -1) total += task.stayOut;
        }
        assert.equal(search.planCost, total);
      }),
      { numRuns: 200 },
    );
  });

  test('of candidates are exactly those the search compares', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const round = decidedRound(given);
        const { problem, search, model } = round;
        const before = JSON.stringify(search.chains.map((chain) => chain.map((run) => run.length)));
        const why = explainRound(round);
        if (why === null) return;
        for (const { deliveries, candidates } of why.units) {
          const task = problem.tasks.find(({ unit: [first] }) => first?.id === deliveries[0]);
          assert.ok(task);
          for (const candidate of candidates) {
            const cost = costOf(candidate, why.weights);
            const named = why.drivers[candidate.driver];
            const n = problem.drivers.findIndex(({ id }) => id === named);
            const [carrier, chain] = [problem.carriers[n], search.chains[n]];
            assert.ok(carrier && chain);
            if (search.carrierOf[task.index] !== n) {
              assert.equal(cost, search.costOfJoining(n, task));
              continue;
            }
            const rest = chain.map((run) => run.filter((other) => other !== task));
            const less = model.cost(
              carrier,
              rest.filter((run) => run.length > 0),
            );
            assert.equal(cost, model.cost(carrier, chain) - less);
          }
        }
        const after = JSON.stringify(search.chains.map((chain) => chain.map((run) => run.length)));
        assert.equal(after, before, 'explaining changes nothing');
      }),
      { numRuns: 200 },
    );
  });
});
