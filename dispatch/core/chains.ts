/**
 * Chains: for every driver the runs it would make one after the other. A run is one visit to a
 * vendor (or near ones) with the drop-offs that follow. Nothing in a chain is committed but what the
 * driver already has; a chain is a thought that each round improves, and whose first run becomes an
 * offer when it is time to leave. Costs are integer milliseconds, weighted per mille.
 */
import type { PointE7 } from '../../contracts/geo.ts';
import type { Load, VehicleKind } from '../../contracts/states.ts';
import type { Delivery } from './records.ts';
import { isSamePlace } from './schedule.ts';
import type { TravelTime } from './travel-time.ts';
import type { Zone } from './zone.ts';

/** What must be picked up: a delivery, or a group that rides together. */
export interface Task {
  readonly unit: readonly Delivery[];
  /** Index in the problem; fixed tasks of committed runs have one too. */
  readonly index: number;
  readonly load: Load;
  /** Carriers that may have it, by index; empty for a fixed task. */
  readonly carriers: readonly number[];
  /** The carrier whose committed run holds it; it stays there. */
  readonly fixedTo: number | null;
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
  readonly freeMs: number;
  readonly vehicle: VehicleKind;
  readonly capacity: Load;
  /** Last moment for a pickup; Infinity when the shift has no known end. */
  readonly untilMs: number;
  /** The first run is committed: new tasks may join it, none may leave or go before it. */
  readonly committed: boolean;
}

/** Times of a chain's first run, for the decision when to leave. */
export interface Departure {
  /** At the first door when leaving now. */
  readonly arriveMs: number;
  /** Being there this late still delays nothing. */
  readonly latestArriveMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Evaluates chains of one round. Reads the zone, changes nothing. */
export class ChainCosts {
  private readonly travel: TravelTime;
  private readonly pickupServiceMs: number;
  private readonly dropoffServiceMs: number;
  private readonly delayPerMille: number;
  private readonly latePerMille: number;
  private readonly travelPerMille: number;
  private readonly stackRadiusMeters: number;
  private readonly zone: Zone;
  readonly stackMax: number;

  constructor(zone: Zone, stackMax: number) {
    const { policy, weights } = zone.config;
    this.zone = zone;
    this.travel = zone.travel;
    this.pickupServiceMs = policy.pickupServiceMs;
    this.dropoffServiceMs = policy.dropoffServiceMs;
    this.delayPerMille = weights.delayPerMille;
    this.latePerMille = weights.latePerMille;
    this.travelPerMille = weights.travelPerMille;
    this.stackRadiusMeters = policy.stackRadiusMeters;
    this.stackMax = stackMax;
  }

  /** Weighted cost of a chain; Infinity when it breaks a limit. */
  cost(carrier: Carrier, runs: readonly Run[]): number {
    let at = carrier.from;
    let nowMs = carrier.freeMs;
    let cost = 0;
    for (const run of runs) {
      for (let n = 0; n < run.length; n++) {
        const door = doorOf(run, n);
        if (n > 0 && isSamePlace(door, at)) continue;
        const driveMs = this.travel.ms(at, door, carrier.vehicle, nowMs);
        cost += driveMs * this.travelPerMille;
        nowMs = Math.max(nowMs + driveMs + this.pickupServiceMs, readyAt(run, door));
        if (nowMs > carrier.untilMs) return NEVER;
        at = door;
      }
      for (const task of run) {
        for (const delivery of task.unit) {
          const { dropoff } = delivery.request;
          const driveMs = this.travel.ms(at, dropoff, carrier.vehicle, nowMs);
          nowMs += driveMs + this.dropoffServiceMs;
          if (nowMs > task.latestMs) return NEVER;
          const base = Math.max(delivery.readyMs, delivery.request.placedMs);
          cost += driveMs * this.travelPerMille + (nowMs - base) * this.delayPerMille;
          const lateMs = nowMs - delivery.promiseMs;
          if (lateMs > 0) cost += lateMs * this.latePerMille;
          at = dropoff;
        }
      }
    }
    return cost;
  }

  /** When the driver would stand at the first door of the chain, and when that is ready. */
  departure(carrier: Carrier, run: Run): Departure {
    const door = doorOf(run, 0);
    const driveMs = this.travel.ms(carrier.from, door, carrier.vehicle, carrier.freeMs);
    const arriveMs = carrier.freeMs + driveMs;
    const readyMs = readyAt(run, door);
    return { arriveMs, latestArriveMs: Math.max(arriveMs, readyMs - this.pickupServiceMs) };
  }

  /** Whether a task may join a run: near enough, few enough, and it all fits at once. */
  mayJoin(carrier: Carrier, run: Run, task: Task): boolean {
    const first = run[0];
    if (!first) return true;
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
    const door = doorOf(run, 0);
    return task.unit.every(
      (delivery) =>
        isSamePlace(delivery.request.pickup, door) ||
        this.zone.plane.meters(delivery.request.pickup, door) <= this.stackRadiusMeters,
    );
  }
}

function doorOf(run: Run, n: number): PointE7 {
  const pickup = run[n]?.unit[0]?.request.pickup;
  if (!pickup) throw new Error('chain: a run without a task');
  return pickup;
}

/** When everything that a run takes at a door is ready. */
function readyAt(run: Run, door: PointE7): number {
  let readyMs = 0;
  for (const task of run) {
    for (const delivery of task.unit) {
      if (delivery.readyMs > readyMs && isSamePlace(delivery.request.pickup, door)) {
        readyMs = delivery.readyMs;
      }
    }
  }
  return readyMs;
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
