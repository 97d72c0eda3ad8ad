/**
 * Broadcast offers: the same unit asked of several drivers at once, the first accept wins. It finds
 * who else to ask. It makes no offer itself and takes nobody's chain apart: a rival is idle, and what
 * it is asked costs what putting the unit before everything it would do next adds to its chain.
 */

import { ZONE_LIMITS } from '../limits.ts';
import type { Zone } from '../zone.ts';
import type { Run } from './chains.ts';
import type { Deciding } from './deciding.ts';

/** A driver that could take a run at once, by index of the problem, and what that adds. */
export interface Taker {
  readonly index: number;
  readonly run: Run;
  /** Weighted ms, as `ChainCosts`. */
  readonly cost: number;
}

/** How many drivers a zone asks at once for one unit, the chain's own driver included. */
export function askedAtOnce(zone: Zone): number {
  return Math.min(zone.policy.broadcastMax, ZONE_LIMITS.offersPerDelivery);
}

/**
 * Idle drivers who could start with the tasks of `run` that nobody has yet, cheapest first, ties by
 * slot. `taken`: indexes that are asked something else already.
 */
export function takersOf(deciding: Deciding, run: Run, taken: ReadonlySet<number>): Taker[] {
  const fresh = run.filter((task) => task.fixedTo === null);
  const [first] = fresh;
  if (!first) return [];
  const takers: Taker[] = [];
  for (const index of first.carriers) {
    if (taken.has(index)) continue;
    const cost = costOfTaking(deciding, index, fresh);
    if (cost !== null) takers.push({ index, run: fresh, cost });
  }
  // Carriers ascend by slot and sorting is stable, so ties stay in the order of slots.
  return takers.sort((a, b) => a.cost - b.cost);
}

function costOfTaking(
  { problem, model, search, atMs }: Deciding,
  index: number,
  run: Run,
): number | null {
  const carrier = problem.carriers[index];
  const isIdle = problem.drivers[index]?.plan.stops.length === 0;
  if (!carrier || !isIdle || carrier.freeMs > atMs) return null;
  const joined: Run = [];
  for (const task of run) {
    if (!task.carriers.includes(index) || !model.mayJoin(carrier, joined, task)) return null;
    joined.push(task);
  }
  // The tasks may stand in a later place of this very chain: they cannot be done twice.
  const chain = search.chains[index] ?? [];
  const rest = chain.map((each) => each.filter((task) => !run.includes(task))).filter(hasTasks);
  const alone = model.cost(carrier, [run]);
  if (alone === Number.POSITIVE_INFINITY) return null;
  const after = model.cost(carrier, [run, ...rest]) - model.cost(carrier, rest);
  // What it would do afterwards is a thought: when it no longer fits, another takes that over.
  return Number.isFinite(after) ? after : alone;
}

function hasTasks(run: Run): boolean {
  return run.length > 0;
}
