/**
 * Why a round decided as it did. Looks at the finished search and prices, for the deliveries that the
 * round touched, what each likely driver would have added to the whole plan; for those who could not
 * have it, it names the limit. It uses the search's own prices and limits, and changes nothing.
 */

import {
  costOf,
  type ExplainedCandidate,
  type ExplainedOutcome,
  type ExplainedUnit,
  type Explanation,
  type Rejection,
} from '../../../contracts/explanations.ts';
import { type DeliveryId, type DriverId, hash32 } from '../../../contracts/ids.ts';
import type { ZoneInput } from '../input.ts';
import type { Delivery, Driver } from '../records.ts';
import { autoAssigns, type Zone } from '../zone.ts';
import type { Carrier, Run, Task } from './chains.ts';
import type { Deciding } from './deciding.ts';
import { availability } from './eligibility.ts';
import { whyNot } from './problem.ts';
import { TERM_WEIGHTS, TERMS, Trail } from './trail.ts';

/** Units explained per round: those committed come first, then some that changed chains. */
const UNITS_MAX = 12;
const MOVED_MAX = 4;
/** Candidates priced per unit, the likeliest by what each would cost at least; of thoughts fewer. */
const CANDIDATES_MAX = 6;
const CANDIDATES_PLANNED_MAX = 3;
/** Rejected drivers named per unit; of a thought none. */
const REJECTED_MAX = 12;
/** Zones with more places for drivers than this do not count how many could have been asked. */
const COUNTED_MAX = 10_000;
/** What nobody can take is explained when it comes and then in every so many rounds. */
const UNPLACED_EVERY = 60;

/** A round that has decided and not yet committed anything. */
export interface DecidedRound extends Deciding {
  readonly input: Extract<ZoneInput, { kind: 'round' }>;
  /** What is about to be committed; a unit may be offered to several drivers. */
  readonly proposals: readonly { readonly driver: Driver; readonly unit: readonly Delivery[] }[];
}

/** The explanation of a round; null when it touched nothing, or the zone wants none. */
export function explainRound(round: DecidedRound): Explanation | null {
  const { zone } = round;
  if (!zone.policy.explain) return null;
  const touched = touchedTasks(round);
  if (touched.length === 0) return null;
  const names = new DriverNames();
  const explainer = new Explainer(round, names);
  const units = chosenOf(touched).map((each) => explainer.unit(each));
  return {
    round: zone.rounds + 1,
    version: zone.config.weights.version,
    terms: TERMS,
    weights: explainer.weights,
    planCost: round.search.planCost,
    ...(zone.drivers.length > COUNTED_MAX ? {} : { available: availableDrivers(zone, round.atMs) }),
    drivers: names.all,
    units,
    leftOff: touched.length - units.length,
  };
}

interface Touched {
  readonly task: Task;
  readonly outcome: ExplainedOutcome;
  readonly before: DriverId | null;
}

/** What this round committed, moved to another chain, or could place nowhere; in this order. */
function touchedTasks({ zone, atMs, problem, search, proposals }: DecidedRound): Touched[] {
  const settled = new Set(proposals.flatMap(({ unit }) => unit.map(({ id }) => id)));
  const before = new Map<DeliveryId, DriverId>();
  for (const [driver, runs] of zone.thoughts) {
    for (const run of runs) for (const id of run) before.set(id, driver);
  }
  const committed: Touched[] = [];
  const moved: Touched[] = [];
  const unplaced: Touched[] = [];
  for (const task of problem.tasks) {
    const [first] = task.unit;
    if (task.fixedTo !== null || !first) continue;
    const had = before.get(first.id) ?? null;
    const has = problem.drivers[search.carrierOf[task.index] as number]?.id ?? null;
    if (settled.has(first.id)) {
      const outcome = autoAssigns(zone) ? 'assigned' : 'offered';
      committed.push({ task, outcome, before: had });
    } else if (had !== has) {
      moved.push({ task, outcome: has === null ? 'unplaced' : 'planned', before: had });
    } else if (has === null && isUnplacedDue(zone, first, atMs)) {
      unplaced.push({ task, outcome: 'unplaced', before: null });
    }
  }
  return [...committed, ...moved, ...unplaced];
}

/** Those that are explained: all that matter most, and of mere thoughts a few. */
function chosenOf(touched: readonly Touched[]): Touched[] {
  let moved = 0;
  return touched
    .filter(({ outcome }) => outcome !== 'planned' || moved++ < MOVED_MAX)
    .slice(0, UNITS_MAX);
}

/** Spread over the rounds by delivery, so that no state is needed to say it only now and then. */
function isUnplacedDue(zone: Zone, delivery: Delivery, atMs: number): boolean {
  if (atMs - delivery.requestedMs <= zone.policy.roundMs) return true;
  return (zone.rounds + hash32(delivery.id)) % UNPLACED_EVERY === 0;
}

/** Drivers are named once per round and then by index: their ids are most of the bytes. */
class DriverNames {
  readonly all: DriverId[] = [];
  private readonly known = new Map<DriverId, number>();

  indexOf(id: DriverId): number {
    const found = this.known.get(id);
    if (found !== undefined) return found;
    this.known.set(id, this.all.length);
    return this.all.push(id) - 1;
  }
}

class Explainer {
  private readonly round: DecidedRound;
  private readonly names: DriverNames;
  private readonly near: ReadonlyMap<DeliveryId, readonly number[]>;
  private readonly carrierAt: ReadonlyMap<number, number>;
  /** Per mille, in the order of TERMS. */
  readonly weights: readonly number[];

  constructor(round: DecidedRound, names: DriverNames) {
    this.round = round;
    this.names = names;
    const { weights } = round.zone.config;
    this.weights = TERMS.map((term) => weights[TERM_WEIGHTS[term]]);
    this.near = new Map(round.input.candidates);
    this.carrierAt = new Map(round.problem.carriers.map(({ slot }, index) => [slot, index]));
  }

  unit({ task, outcome, before }: Touched): ExplainedUnit {
    const { problem, search } = this.round;
    const [taker, ...others] = this.takers(task);
    const chosen = taker ? problem.drivers.indexOf(taker) : -1;
    const planned = search.carrierOf[task.index] as number;
    const candidates: ExplainedCandidate[] = [];
    const rejected: [Driver, Rejection][] = [];
    const likely = search.likelyFor(task).map(({ carrier }) => carrier);
    const priced = [...new Set([chosen, planned, ...likely])].filter((n) => n >= 0);
    const isThought = outcome === 'planned';
    const pricedMax = isThought ? CANDIDATES_PLANNED_MAX : CANDIDATES_MAX;
    for (const n of priced.slice(0, pricedMax)) {
      const candidate = this.candidate(n, task);
      const driver = problem.drivers[n];
      if (candidate) candidates.push(candidate);
      else if (driver) rejected.push([driver, this.limitAgainst(n, task)]);
    }
    const slots = new Set(task.unit.flatMap(({ id }) => this.near.get(id) ?? []));
    for (const n of priced) slots.add((problem.carriers[n] as Carrier).slot);
    for (const slot of isThought ? [] : slots) {
      const n = this.carrierAt.get(slot);
      if (n !== undefined && priced.includes(n)) continue;
      const driver = this.round.zone.drivers[slot];
      if (driver) rejected.push([driver, this.refusal(driver, n, task)]);
    }
    const { weights } = this;
    candidates.sort((a, b) => costOf(a, weights) - costOf(b, weights) || a.driver - b.driver);
    const shown = rejected.slice(0, REJECTED_MAX);
    const wasPlanned = chosen === planned ? undefined : problem.drivers[planned];
    return {
      deliveries: task.unit.map(({ id }) => id),
      outcome,
      ...this.named('chosen', taker?.id),
      ...this.named('insteadOf', wasPlanned?.id),
      ...this.named('before', before ?? undefined),
      ...(others.length > 0 ? { alsoAsked: others.map(({ id }) => this.names.indexOf(id)) } : {}),
      stayOut: task.stayOut,
      shortlisted: slots.size,
      candidates,
      rejected: shown.map(([{ id }, why]) => [this.names.indexOf(id), why]),
      leftOff: slots.size - candidates.length - shown.length,
    };
  }

  private named<K extends string>(key: K, id: DriverId | undefined): { [P in K]?: number } {
    return id === undefined ? {} : ({ [key]: this.names.indexOf(id) } as { [P in K]?: number });
  }

  /** Who is to have the task, or is asked: the plan's own driver first, unless fairness had another. */
  private takers(task: Task): Driver[] {
    const { problem, search, proposals } = this.round;
    const planned = problem.drivers[search.carrierOf[task.index] as number];
    const asked = proposals
      .filter(({ unit }) => unit.some(({ id }) => id === task.unit[0]?.id))
      .map(({ driver }) => driver);
    return asked.length > 0 || !planned ? asked : [planned];
  }

  /** What a driver would add to the plan; of the one who has it, what it does add. */
  private candidate(n: number, task: Task): ExplainedCandidate | null {
    const { problem, search, atMs } = this.round;
    const carrier = problem.carriers[n];
    const driver = problem.drivers[n];
    const chain = search.chains[n];
    if (!carrier || !driver || !chain) return null;
    const rest = without(chain, task);
    const has = search.carrierOf[task.index] === n;
    const runs = has ? chain : search.joined(n, task, rest)?.runs;
    if (!runs) return null;
    const trail = this.walked(carrier, runs);
    const left = this.walked(carrier, rest);
    const terms = TERMS.map((term) => trail.ms[term] - left.ms[term]);
    const times = task.unit.map(({ id }) => id);
    return {
      driver: this.names.indexOf(driver.id),
      alone: search.joined(n, task, committedOf(carrier, chain))?.cost ?? null,
      pickupMs: Math.min(...times.map((id) => trail.pickupMs.get(id) ?? atMs)) - atMs,
      doorMs: Math.max(...times.map((id) => trail.doorMs.get(id) ?? atMs)) - atMs,
      terms,
    };
  }

  /** As the search counts it: a chain that breaks a limit as it stands costs nothing to begin with. */
  private walked(carrier: Carrier, runs: readonly Run[]): Trail {
    const trail = new Trail();
    const cost = this.round.model.cost(carrier, runs, trail);
    return cost === Number.POSITIVE_INFINITY ? new Trail() : trail;
  }

  /** Why a shortlisted driver whom the search did not price could not have the task. */
  private refusal(driver: Driver, n: number | undefined, task: Task): Rejection {
    const { zone, problem, atMs } = this.round;
    const carrier = n === undefined ? undefined : problem.carriers[n];
    if (n === undefined || !carrier) {
      return availability(driver, !autoAssigns(zone), atMs) ?? 'no_position';
    }
    return whyNot(zone, driver, carrier.from, task.unit, atMs) ?? this.limitAgainst(n, task);
  }

  /** The limit that the task breaks with this driver even after all that is planned. */
  private limitAgainst(n: number, task: Task): Rejection {
    const { problem, search, model } = this.round;
    const carrier = problem.carriers[n];
    if (!carrier) return 'no_position';
    const trail = new Trail();
    const committed = committedOf(carrier, search.chains[n] ?? []);
    model.cost(carrier, [...committed, [task]], trail);
    return trail.broken ?? 'breaks_others';
  }
}

/** A chain less one task. */
function without(chain: readonly Run[], task: Task): Run[] {
  return chain.map((run) => run.filter((other) => other !== task)).filter((run) => run.length > 0);
}

/** What of a chain is not a thought: the committed run as it stands. */
function committedOf(carrier: Carrier, chain: readonly Run[]): Run[] {
  const [first] = chain;
  if (!carrier.committed || !first) return [];
  return [first.filter((task) => task.fixedTo !== null)];
}

function availableDrivers(zone: Zone, atMs: number): number {
  const asks = !autoAssigns(zone);
  let count = 0;
  for (const driver of zone.drivers)
    if (driver && availability(driver, asks, atMs) === null) count++;
  return count;
}
