/**
 * A matching round: all open units and all shortlisted drivers together. It starts from the chains
 * of the last round, seats newcomers by a sparse minimum-cost assignment, improves everything within
 * a budget of steps, and commits (or offers) what should leave now; the rest stays a thought. It
 * decides from the state and the recorded input alone, so that an audit finds the same.
 */
import type { Stop } from '../../../contracts/events.ts';
import { type DeliveryId, type DriverId, derivedId } from '../../../contracts/ids.ts';
import { isAboard } from '../../../contracts/states.ts';
import { assignTo } from '../commands/moves.ts';
import type { Decision } from '../decision.ts';
import type { ZoneInput } from '../input.ts';
import { isSamePlace } from '../plans/schedule.ts';
import { stopOf } from '../plans/stops.ts';
import { RandomStream } from '../random.ts';
import type { Delivery, Driver } from '../records.ts';
import { autoAssigns, stackMax, type Zone } from '../zone.ts';
import { type Arc, assign } from './assignment.ts';
import { askedAtOnce, type Taker, takersOf } from './broadcast.ts';
import { ChainCosts, type Run } from './chains.ts';
import type { Deciding } from './deciding.ts';
import { explainRound } from './explain.ts';
import { Fairness } from './fairness.ts';
import { type Problem, problemOf } from './problem.ts';
import { exchangesOf, reassigns, release } from './reassign.ts';
import { repositionIdle } from './reposition.ts';
import { ChainSearch } from './search.ts';

type Round = Extract<ZoneInput, { kind: 'round' }>;

/** Steps per open task that are worth taking; a small problem needs no large budget. */
const STEPS_PER_TASK = 20;

/** What a round wants to commit: these deliveries into this driver's plan. */
export interface Proposal {
  readonly driver: Driver;
  /** The driver's index in the problem. */
  readonly index: number;
  /** The run whose time has come. */
  readonly run: Run;
  readonly unit: readonly Delivery[];
  readonly stops: readonly Stop[];
  /** What the plan costs, seconds. */
  readonly cost: number;
}

export function decideRound(step: Decision, round: Round): void {
  const { zone, atMs } = step;
  if (round.fixes.length > 0) step.emit({ type: 'driver.fix', fixes: round.fixes });
  if (round.candidates.length === 0 && zone.thoughts.size === 0) {
    return repositionIdle(step, new Set());
  }
  const problem = problemOf(zone, round, atMs);
  const model = new ChainCosts(zone, stackMax(zone));
  const search = think(zone, problem, model, round.greedy === true);
  const deciding = { zone, atMs, problem, model, search };
  const proposals = fairly(deciding, ripe(deciding));
  const assigns = autoAssigns(zone);
  const asked = assigns ? proposals : broadcast(deciding, proposals);
  const explanation = explainRound({ ...deciding, input: round, proposals: asked });
  for (const proposal of asked) {
    if (assigns) commit(step, proposal);
    else offer(step, proposal);
  }
  if (reassigns(zone)) exchange(step, deciding, proposals);
  rememberThoughts(step, problem, search, proposals);
  repositionIdle(step, occupiedSlots(problem, search));
  step.emit({
    type: 'round.done',
    round: zone.rounds + 1,
    considered: round.candidates.length,
    offered: proposals.length,
    ...(round.greedy ? { greedy: true } : {}),
  });
  if (explanation) step.emit({ type: 'round.explained', ...explanation });
}

/** Slots of drivers that the round has given something to do. */
function occupiedSlots(problem: Problem, search: ChainSearch): Set<number> {
  const busy = problem.drivers.filter((_, index) => (search.chains[index]?.length ?? 0) > 0);
  return new Set(busy.map(({ slot }) => slot));
}

/** Seats newcomers and improves the chains. */
export function think(
  zone: Zone,
  problem: Problem,
  model: ChainCosts,
  greedy: boolean,
): ChainSearch {
  const seed = new RandomStream(zone.hash, zone.rounds, 'search', zone.config.weights.version);
  const search = new ChainSearch(problem, problem.chains, model, seed);
  search.seat(seatNewcomers(problem, search));
  search.fill();
  const open = problem.tasks.filter((task) => task.fixedTo === null).length;
  if (!greedy) search.improve(Math.min(zone.policy.searchSteps, open * STEPS_PER_TASK));
  return search;
}

/** An assignment, optimal for its costs, of tasks without a place to drivers; per task a carrier or -1. */
function seatNewcomers(problem: Problem, search: ChainSearch): Map<number, number> {
  const rows = problem.tasks.filter(
    (task) => task.fixedTo === null && search.carrierOf[task.index] === -1,
  );
  const arcs = rows.map((task) =>
    task.carriers.flatMap((column): Arc[] => {
      const cost = search.costOfJoining(column, task);
      return cost === null ? [] : [{ column, cost: Math.round(cost / 1000) }];
    }),
  );
  const stayOut = rows.map((task) => Math.round(task.stayOut / 1000));
  const chosen = assign(arcs, stayOut, problem.carriers.length);
  return new Map(rows.map((task, row) => [task.index, chosen[row] ?? -1]));
}

/** First runs whose time has come, and joins of committed runs that cannot wait. */
function ripe({ zone, problem, search, model, atMs }: Deciding): Proposal[] {
  const proposals: Proposal[] = [];
  const askingMs = autoAssigns(zone) ? 0 : Math.floor(zone.policy.offerTtlMs / 2);
  problem.carriers.forEach((carrier, index) => {
    const driver = problem.drivers[index];
    const [run] = search.chains[index] ?? [];
    if (!driver || !run) return;
    const fresh = run.filter((task) => task.fixedTo === null);
    // A plan that cannot be joined must be finished first, however near its end may look.
    const isBusy = driver.plan.stops.length > 0 && !carrier.committed;
    if (fresh.length === 0 || isBusy || carrier.freeMs > atMs) return;
    const { arriveMs, latestArriveMs, pickupMs } = model.departure(carrier, run);
    // A join goes to a door that the driver heads for anyway, unless all it has is aboard.
    const joins = carrier.committed && run.some((task) => task.fixedTo !== null && !task.aboard);
    const timely = joins
      ? pickupMs - atMs <= zone.policy.joinBeforeMs + askingMs
      : arriveMs + askingMs >= latestArriveMs - zone.policy.arriveEarlyMs;
    if (!timely) return;
    proposals.push({
      driver,
      index,
      run,
      unit: fresh.flatMap((task) => task.unit),
      stops: stopsOf(driver, run),
      cost: Math.round(model.cost(carrier, [run]) / 1_000_000),
    });
  });
  return proposals;
}

/** The proposals, each with the driver who should have it where idle time is shared. */
function fairly(deciding: Deciding, proposals: readonly Proposal[]): readonly Proposal[] {
  const fairness = Fairness.of(deciding.zone, deciding.atMs);
  if (!fairness) return proposals;
  const taken = new Set(proposals.map(({ index }) => index));
  return proposals.map((proposal) => {
    const taker = fairness.takerFor(deciding, proposal.index, taken);
    if (!taker) return proposal;
    taken.add(taker.index);
    return proposalOf(deciding.problem, taker, proposal.unit) ?? proposal;
  });
}

function proposalOf(
  problem: Problem,
  { index, run, cost }: Taker,
  unit: readonly Delivery[],
): Proposal | null {
  const driver = problem.drivers[index];
  if (!driver) return null;
  const seconds = Math.round(cost / 1_000_000);
  return { driver, index, run, unit, stops: stopsOf(driver, run), cost: seconds };
}

/** Each proposal, and in a zone that broadcasts the same unit to further drivers, cheapest first. */
function broadcast(deciding: Deciding, proposals: readonly Proposal[]): readonly Proposal[] {
  const count = askedAtOnce(deciding.zone);
  if (count === 1) return proposals;
  const taken = new Set(proposals.map(({ index }) => index));
  return proposals.flatMap((proposal) => {
    const takers = takersOf(deciding, proposal.run, taken);
    const rivals = takers.slice(0, count - 1).flatMap((taker) => {
      taken.add(taker.index);
      return proposalOf(deciding.problem, taker, proposal.unit) ?? [];
    });
    return [proposal, ...rivals];
  });
}

/** The stops of a run: each vendor's door once, in order, then the drop-offs. */
export function stopsOf(driver: Driver, run: Run): Stop[] {
  const deliveries = run.flatMap((task) => task.unit);
  const known = (stop: Stop) => driver.plan.stops.find((other) => other.id === stop.id) ?? stop;
  const pickups: Stop[] = [];
  for (const delivery of deliveries) {
    if (isAboard(delivery.state)) continue;
    const stop = known(stopOf(delivery, 'pickup'));
    const together = pickups.findLastIndex((other) => isSamePlace(other, stop));
    pickups.splice(together < 0 ? pickups.length : together + 1, 0, stop);
  }
  return [...pickups, ...deliveries.map((delivery) => known(stopOf(delivery, 'dropoff')))];
}

/** Keeps the chains for the next round, as changes against the last. */
function rememberThoughts(
  step: Decision,
  problem: Problem,
  search: ChainSearch,
  proposals: readonly Proposal[],
): void {
  const { zone } = step;
  const committed = new Set(proposals.flatMap((p) => p.unit));
  const isCommitted = (delivery: Delivery) => committed.has(delivery);
  const next = new Map<DriverId, DeliveryId[][]>();
  problem.drivers.forEach((driver, index) => {
    // A run that something would join is kept whole, so that the next round knows its order.
    const runs = (search.chains[index] ?? [])
      .filter((run) => run.some(({ fixedTo, unit }) => fixedTo === null && !unit.some(isCommitted)))
      .map((run) => run.flatMap((task) => task.unit.map((delivery) => delivery.id)));
    if (runs.length > 0) next.set(driver.id, runs);
  });
  const changes: [DriverId, DeliveryId[][]][] = [];
  for (const driver of zone.thoughts.keys()) if (!next.has(driver)) changes.push([driver, []]);
  for (const [driver, runs] of next) {
    if (JSON.stringify(zone.thoughts.get(driver)) !== JSON.stringify(runs)) {
      changes.push([driver, runs]);
    }
  }
  if (changes.length > 0) step.emit({ type: 'round.thought', chains: changes });
}

function commit(step: Decision, proposal: Proposal): void {
  const driver = step.driver(proposal.driver.id);
  if (driver) assignTo(step, driver, proposal.unit, proposal.stops, 'auto');
}

/** Hands committed plans on where that is worth it. Who has just been given something keeps it. */
function exchange(step: Decision, deciding: Deciding, proposals: readonly Proposal[]): void {
  const busy = new Set(proposals.map(({ index }) => index));
  for (const each of exchangesOf(deciding, busy)) {
    const proposal = proposalOf(deciding.problem, each.taker, each.unit);
    if (!proposal) continue;
    release(step, each);
    commit(step, proposal);
  }
}

function offer(step: Decision, proposal: Proposal): void {
  const { zone, atMs } = step;
  const { driver, unit, stops, cost } = proposal;
  step.emit({
    type: 'offer.made',
    offer: derivedId('offer', { atMs, zoneHash: zone.hash, counter: zone.counter + 1 }),
    driver: driver.id,
    deliveries: unit.map((d) => d.id),
    stops,
    planVersion: driver.plan.version,
    terms: terms(zone, driver, unit, atMs),
    cost,
  });
}

/** Pay, distances and expiry, frozen when the offer is made. */
function terms(zone: Zone, driver: Driver, unit: readonly Delivery[], atMs: number) {
  const { payBaseMinor, payPerKmMinor, offerTtlMs, detourPerMille } = zone.policy;
  const [first] = unit;
  const road = (meters: number) => Math.round((meters * detourPerMille) / 1000);
  const toPickup = first && driver.fix ? zone.plane.meters(driver.fix, first.request.pickup) : 0;
  const toDropoff = unit.reduce(
    (sum, d) => sum + zone.plane.meters(d.request.pickup, d.request.dropoff),
    0,
  );
  const base = payBaseMinor * unit.length + (payPerKmMinor * road(toPickup + toDropoff)) / 1000;
  const raised = 100 + (zone.control('raise_pay') ?? 0);
  return {
    payMinor: Math.round((base * raised) / 100),
    currency: zone.config.currency,
    toPickupMeters: road(toPickup),
    toDropoffMeters: road(toDropoff),
    expiresMs: atMs + offerTtlMs,
  };
}
