/** A small seeded simulation of the real core and runtime; `npm run sim` runs fresh seeds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawFaultPlan } from '../../dispatch/sim/fault-plan.ts';
import { simulate } from '../../dispatch/sim/simulator.ts';

/** Chosen for what they do: many crashes, many stalls, drivers between zones, much loss. */
const SEEDS = [507_712_312, 467_223_115, 6_977_971, 705_868_179];
const FAULTY_MS = 3 * 60_000;

for (const seed of SEEDS) {
  test(`seed ${seed} holds through its faults, and a second run gives the same trace`, async (t) => {
    const plan = drawFaultPlan(seed, FAULTY_MS);
    t.diagnostic(`plan ${JSON.stringify(plan)}`);
    const first = await simulate(plan);
    assert.deepEqual(first.problems, []);
    assert.equal(first.counts.requested, plan.deliveries);
    const second = await simulate(plan);
    assert.equal(second.trace, first.trace);
  });
}
