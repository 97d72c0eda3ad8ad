/**
 * Chains: for every driver the runs it would make one after the other. A run is one visit to a
 * vendor (or near ones) with the drop-offs that follow. Nothing in a chain is committed but what the
 * driver already has; a chain is a thought that each round improves, and whose first run becomes an
 * offer when it is time to leave. Costs are integer milliseconds, weighted per mille.
 */
import type { PointE7 } from '../../../contracts/geo.ts';
import type { Load } from '../../../contracts/states.ts';
import type { ZonePolicy } from '../../../contracts/zone.ts';
import type { ReadyTime } from '../kitchens/ready-times.ts';
import type { Delivery } from '../records.ts';
import type { Zone } from '../zone.ts';
import { allInHandMs, leaveForDoorMs } from './hand-out.ts';
import type { TravelTable } from './places.ts';
import { breaks, type Trail } from './trail.ts';

/** One delivery of a task, as the search needs it: places by index, times in zone ms. */
export interface Leg {
  readonly pickup: number;
  readonly dropoff: number;
  /** Expected ready time, what is known of it as a distribution, and when to be there for it. */
  readonly readyMs: number;
  readonly ready: ReadyTime;
  readonly leaveForMs: number;
  /** Ready, or placed if that is later: delay counts from here. */
  readonly baseMs: number;
  readonly promiseMs: number;
}

/** What must be picked up: a delivery, or a group that rides together. */
export interface Task {
  readonly unit: readonly Delivery[];
  readonly legs: readonly Leg[];
  /** Place of the vendor's door. */
  readonly door: number;
  /** Index in the problem; fixed tasks of committed runs have one too. */
  readonly index: number;
  readonly load: Load;
  /** Carriers that may have it, by index; empty for a fixed task. */
  readonly carriers: readonly number[];
  /** The carrier whose committed run holds it; it stays there. */
  readonly fixedTo: number | null;
  /** Already picked up: only its drop-off is still to come. */
  readonly aboard: boolean;
  /** Cost of leaving it out, weighted ms. */
  readonly stayOut: number;
  /** The last moment a fixed delivery may reach its door; zone ms. */
  readonly latestMs: number;
}

export type Run = Task[];

/** A driver as the search sees it. */
export interface Carrier {
  readonly slot: number;
  /** Where and when it is free for the first run of the chain (a joinable run counts as such). */
  readonly from: PointE7;
  /** `from` as a place of the round. */
  readonly place: number;
  readonly freeMs: number;
  readonly travel: TravelTable;
  readonly capacity: Load;
  /** Last moment for a pickup; Infinity when the shift has no known end. */
  readonly untilMs: number;
  /** The first run is committed: new tasks may join it, none may leave or go before it. */
  readonly committed: boolean;
}

/** Times of a chain's first run, for the decision when to leave and when to settle it; zone ms. */
export interface Departure {
  /** At the first door when leaving now. */
  readonly arriveMs: number;
  /** Being there this late still delays nothing. */
  readonly latestArriveMs: number;
  /** Everything in hand at the first door. */
  readonly pickupMs: number;
}

/** Where a walk along a chain has come to. */
export interface Walk {
  place: number;
  nowMs: number;
  /** Weighted cost so far. */
  cost: number;
  /** Told of every term and time, for explanations; the search goes without. */
  readonly trail: Trail | undefined;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Evaluates chains of one round. Reads the zone, changes nothing. */
export class ChainCosts {
  private readonly policy: ZonePolicy;
  private readonly delayPerMille: number;
  private readonly latePerMille: number;
  private readonly travelPerMille: number;
  private readonly zone: Zone;
  readonly stackMax: number;

  constructor(zone: Zone, stackMax: number) {
    const { policy, weights } = zone.config;
    this.zone = zone;
    this.policy = policy;
    this.delayPerMille = weights.delayPerMille;
    this.latePerMille = weights.latePerMille;
    this.travelPerMille = weights.travelPerMille;
    this.stackMax = stackMax;
  }

  /** Weighted cost of a chain; Infinity when it breaks a limit. */
  cost(carrier: Carrier, runs: readonly Run[], trail?: Trail): number {
    const walk: Walk = { place: carrier.place, nowMs: carrier.freeMs, cost: 0, trail };
    for (const run of runs) if (!this.walk(walk, carrier, run)) return NEVER;
    return walk.cost;
  }

  /** Goes on along one more run; false when that breaks a limit, and then the walk is void. */
  walk(walk: Walk, carrier: Carrier, run: Run): boolean {
    const { travel } = carrier;
    const { trail } = walk;
    const { pickupServiceMs, pickupLeaveMs, dropoffServiceMs, dropoffLeaveMs } = this.policy;
    let at = walk.place;
    let nowMs = walk.nowMs;
    let driveMs = 0;
    let delayMs = 0;
    let lateMs = 0;
    let visited = false;
    for (let n = 0; n < run.length; n++) {
      const { door, aboard, unit } = run[n] as Task;
      if (aboard) continue;
      if (!visited || door !== at) {
        if (visited) nowMs += pickupLeaveMs;
        const ms = travel.ms(at, door);
        driveMs += ms;
        nowMs = allInHandMs(run, door, nowMs + ms + pickupServiceMs);
        if (nowMs > carrier.untilMs) return breaks(trail, 'shift_end');
        at = door;
        visited = true;
      }
      if (trail) trail.pickedUp(unit, nowMs);
    }
    if (visited) nowMs += pickupLeaveMs;
    // Only riding together is limited by food age: alone, late is better than never.
    const ageMsMax = run.length > 1 ? this.policy.foodAgeMsMax : NEVER;
    for (let n = 0; n < run.length; n++) {
      const task = run[n] as Task;
      for (let m = 0; m < task.legs.length; m++) {
        const leg = task.legs[m] as Leg;
        const ms = travel.ms(at, leg.dropoff);
        driveMs += ms;
        nowMs += ms + dropoffServiceMs;
        if (nowMs > task.latestMs) return breaks(trail, 'delays_committed');
        if (task.fixedTo === null && nowMs - leg.baseMs > ageMsMax) {
          return breaks(trail, 'food_age');
        }
        if (trail) trail.doorMs.set((task.unit[m] as Delivery).id, nowMs);
        delayMs += nowMs - leg.baseMs;
        if (nowMs > leg.promiseMs) lateMs += nowMs - leg.promiseMs;
        nowMs += dropoffLeaveMs;
        at = leg.dropoff;
      }
    }
    walk.place = at;
    walk.nowMs = nowMs;
    trail?.add(driveMs, delayMs, lateMs);
    walk.cost +=
      driveMs * this.travelPerMille + delayMs * this.delayPerMille + lateMs * this.latePerMille;
    return true;
  }

  /** No place in the carrier's chain makes a task cheaper than this, weighted ms. */
  atLeast(carrier: Carrier, task: Task): number {
    const { pickupServiceMs, pickupLeaveMs, dropoffServiceMs } = this.policy;
    const toDoorMs = carrier.travel.ms(carrier.place, task.door);
    const [leg] = task.legs;
    if (!leg || task.legs.length > 1) return 0;
    const pickupMs = Math.max(carrier.freeMs + toDoorMs + pickupServiceMs, leg.readyMs);
    if (pickupMs > carrier.untilMs) return NEVER;
    const rideMs = carrier.travel.ms(task.door, leg.dropoff);
    return (pickupMs + pickupLeaveMs + rideMs + dropoffServiceMs - leg.baseMs) * this.delayPerMille;
  }

  /** When the driver would stand at the first door of the chain, and when that is ready. */
  departure(carrier: Carrier, run: Run): Departure {
    const door = firstVisit(run)?.door ?? carrier.place;
    const arriveMs = carrier.freeMs + carrier.travel.ms(carrier.place, door);
    const readyMs = leaveForDoorMs(run, door);
    const { pickupServiceMs } = this.policy;
    return {
      arriveMs,
      latestArriveMs: Math.max(arriveMs, readyMs - pickupServiceMs),
      pickupMs: Math.max(arriveMs + pickupServiceMs, readyMs),
    };
  }

  /** Whether a task may join a run: near enough, few enough, and it all fits at once. */
  mayJoin(carrier: Carrier, run: Run, task: Task): boolean {
    if (run.length === 0) return true;
    const first = firstVisit(run);
    if (first && first.door !== task.door && this.policy.stackRadiusMeters === 0) return false;
    let count = task.unit.length;
    let parcels = task.load.parcels;
    let volumeMl = task.load.volumeMl;
    let weightG = task.load.weightG;
    for (const other of run) {
      count += other.unit.length;
      parcels += other.load.parcels;
      volumeMl += other.load.volumeMl;
      weightG += other.load.weightG;
    }
    const { capacity } = carrier;
    if (count > this.stackMax || parcels > capacity.parcels) return false;
    if (volumeMl > capacity.volumeMl || weightG > capacity.weightG) return false;
    const door = first?.unit[0]?.request.pickup;
    if (!first || !door) return true;
    return task.unit.every(
      ({ request }, n) =>
        task.legs[n]?.pickup === first.door ||
        this.zone.plane.meters(request.pickup, door) <= this.policy.stackRadiusMeters,
    );
  }
}

/** The task whose door a run visits first; undefined when all of it is aboard. */
export function firstVisit(run: Run): Task | undefined {
  for (let n = 0; n < run.length; n++) if (!(run[n] as Task).aboard) return run[n];
  return undefined;
}

/** The load of a unit, component by component. */
export function loadOf(unit: readonly Delivery[]): Load {
  return unit.reduce(
    (sum, { request }) => ({
      parcels: sum.parcels + request.load.parcels,
      volumeMl: sum.volumeMl + request.load.volumeMl,
      weightG: sum.weightG + request.load.weightG,
    }),
    { parcels: 0, volumeMl: 0, weightG: 0 },
  );
}
