/**
 * Changes its mind about committed plans, where a zone assigns without asking: a plan whose driver has
 * reached nothing yet goes to an idle driver when that saves more than the zone's threshold. Every
 * exchange lowers the cost by that much at least, so that plans do not flap; nobody is asked, so it
 * is no way for zones that make offers.
 */

import { isRelievedOften, unassign } from '../commands/moves.ts';
import type { Decision } from '../decision.ts';
import type { Delivery, Driver } from '../records.ts';
import { autoAssigns, type Zone } from '../zone.ts';
import { type Taker, takersOf } from './broadcast.ts';
import type { Run } from './chains.ts';
import type { Deciding } from './deciding.ts';
import { whyNot } from './problem.ts';

/** Deliveries looked at in one round; beyond, those promised first. */
const MOVABLE_MAX = 256;

/** A committed plan and who should have it. */
export interface Exchange {
  readonly from: Driver;
  readonly taker: Taker;
  readonly unit: readonly Delivery[];
}

/** Whether a zone looks at committed plans again. */
export function reassigns(zone: Zone): boolean {
  return zone.policy.reassignGainMs > 0 && autoAssigns(zone);
}

/** Deliveries that another driver might have instead, with the slot of the one who has each. */
export function movableDeliveries(zone: Zone): { delivery: Delivery; slot: number }[] {
  if (!reassigns(zone)) return [];
  const movable: { delivery: Delivery; slot: number }[] = [];
  for (const delivery of zone.deliveries.values()) {
    if (delivery.state !== 'assigned' || delivery.driver === null) continue;
    const driver = zone.driver(delivery.driver);
    if (driver && isUntouched(zone, driver)) movable.push({ delivery, slot: driver.slot });
  }
  if (movable.length <= MOVABLE_MAX) return movable;
  const byPromise = (a: Delivery, b: Delivery) =>
    a.promiseMs - b.promiseMs || (a.id < b.id ? -1 : 1);
  return movable.sort((a, b) => byPromise(a.delivery, b.delivery)).slice(0, MOVABLE_MAX);
}

/** Nothing aboard, no door reached, and none of it was taken from drivers too often. */
function isUntouched(zone: Zone, { plan }: Driver): boolean {
  return plan.stops.every((stop) => {
    const delivery = zone.deliveries.get(stop.delivery);
    return delivery?.state === 'assigned' && !stop.arrived && !isRelievedOften(delivery);
  });
}

/** The exchanges that are worth it, by slot of who has the plan; each driver is in one at most. */
export function exchangesOf(deciding: Deciding, busy: ReadonlySet<number>): Exchange[] {
  const { zone, problem, model, search } = deciding;
  const taken = new Set(busy);
  const exchanges: Exchange[] = [];
  problem.drivers.forEach((from, index) => {
    const run = committedRun(deciding, index);
    const carrier = problem.carriers[index];
    if (!run || !carrier || taken.has(index)) return;
    const [, ...rest] = search.chains[index] ?? [];
    const saved = model.cost(carrier, [run, ...rest]) - model.cost(carrier, rest);
    const unit = run.flatMap((task) => task.unit);
    const [taker] = takersOf(deciding, freedRun(deciding, run, unit), taken);
    // Costs are weighted per mille of ms. A plan that breaks a limit by now is not compared.
    const gain = taker && Number.isFinite(saved) ? saved - taker.cost : 0;
    if (!taker || gain <= zone.policy.reassignGainMs * 1000) return;
    taken.add(index).add(taker.index);
    exchanges.push({ from, taker, unit });
  });
  return exchanges;
}

/** The run a driver is bound to, when all of it could still be another's and nothing would join it. */
function committedRun({ zone, problem, search, atMs }: Deciding, index: number): Run | null {
  const driver = problem.drivers[index];
  const carrier = problem.carriers[index];
  const [run] = search.chains[index] ?? [];
  if (!driver || !carrier?.committed || !run || carrier.freeMs > atMs) return null;
  if (driver.plan.stops.length !== run.length * 2 || !isUntouched(zone, driver)) return null;
  return run.every((task) => task.fixedTo === index) ? run : null;
}

/** The same tasks, free for whoever is idle and may carry all of them. */
function freedRun({ zone, problem, atMs }: Deciding, run: Run, unit: readonly Delivery[]): Run {
  const carriers = problem.carriers.flatMap(({ from }, index) => {
    const driver = problem.drivers[index];
    const isIdle = driver?.plan.stops.length === 0;
    return isIdle && whyNot(zone, driver, from, unit, atMs) === null ? [index] : [];
  });
  const latestMs = Number.POSITIVE_INFINITY;
  return run.map((task) => ({ ...task, carriers, fixedTo: null, latestMs }));
}

/** Takes a plan from its driver; whoever calls gives it to the taker in the same step. */
export function release(step: Decision, { unit }: Exchange): void {
  for (const { id } of unit) {
    const delivery = step.delivery(id);
    if (delivery) unassign(step, delivery, 'reassigned');
  }
}
