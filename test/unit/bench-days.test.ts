/** The simulated day that engine and peer are compared on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineDispatcher } from '../../bench/days/engine.ts';
import { GreedyDispatcher } from '../../bench/days/greedy.ts';
import { DayWorld } from '../../bench/days/world.ts';
import { DEFAULT_POLICY } from '../../contracts/zone.ts';
import { boxRing, ordersFrom, type Scenario } from '../../demo/scenario.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** One vendor, orders to one street, all placed at once. */
function day(couriers: number, orders: number): Scenario {
  const list = Array.from({ length: orders }, (_, n) => ({
    key: `o${n}`,
    vendor: 0,
    dropoff: { lat: 38.72 + n * 0.0005, lon: -9.13 },
    placedMs: MINUTE_MS,
    readyMs: 5 * MINUTE_MS,
  }));
  return {
    name: 'made-up',
    market: { name: 'Hive', timeZone: 'Europe/Lisbon', currency: 'EUR' },
    zones: [{ name: 'Hive', ring: boxRing(38.7, -9.16, 38.74, -9.11), policy: {} }],
    vendors: [{ key: 'v', name: 'Kitchen', at: { lat: 38.72, lon: -9.14 } }],
    couriers: Array.from({ length: couriers }, (_, n) => ({
      key: `c${n}`,
      vehicle: 'scooter',
      at: { lat: 38.721, lon: -9.141 },
      onMs: 0,
      offMs: 6 * HOUR_MS,
    })),
    orders: ordersFrom(list),
    orderCount: orders,
    trade: null,
    manners: {
      speedMmps: DEFAULT_POLICY.speedMmps,
      detourPerMille: DEFAULT_POLICY.detourPerMille,
      travelStepMs: 0,
      pickupServiceMs: 2 * MINUTE_MS,
      dropoffServiceMs: 2 * MINUTE_MS,
      answerMsMin: 3_000,
      answerMsMax: 9_000,
      declinePerMille: 200,
      ignorePerMille: 0,
      wanders: false,
    },
    cancelPerMille: 0,
    unreachablePerMille: 0,
    trackPerMille: 0,
    notes: [],
  };
}

test('both sides deliver a quiet day, and the same seed gives the same figures', () => {
  const play = (seed: number) => {
    const world = new DayWorld(day(4, 3));
    const engine = new EngineDispatcher(world, seed);
    const figures = world.run(engine);
    engine.check();
    return figures;
  };
  const ours = play(1);
  assert.equal(ours.delivered, 3);
  assert.ok(ours.excessMs >= 0 && ours.excessMs < 10 * MINUTE_MS);
  assert.deepEqual(play(1), ours);
  const world = new DayWorld(day(4, 3));
  const greedy = world.run(new GreedyDispatcher(world.scenario, HOUR_MS));
  assert.equal(greedy.delivered, 3);
  assert.ok((greedy.p50Ms ?? 0) > 5 * MINUTE_MS);
});

test('with one courier, riding together beats first come, first served', () => {
  const world = new DayWorld(day(1, 6));
  const ours = world.run(new EngineDispatcher(world, 1));
  const again = new DayWorld(day(1, 6));
  const greedy = again.run(new GreedyDispatcher(again.scenario, 6 * HOUR_MS));
  assert.equal(ours.delivered, 6);
  assert.ok(ours.excessMs < greedy.excessMs);
});
