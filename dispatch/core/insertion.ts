/**
 * Puts a unit (a delivery, or a group that rides together) into a driver's plan at the cheapest
 * place that breaks no limit. A driver that is under way keeps its next stop: diverting it costs
 * trust, and re-optimising chains belongs to the search that will stand behind the same seam.
 */
import type { Stop } from '../../contracts/events.ts';
import { stopOf } from './apply.ts';
import { ZONE_LIMITS } from './limits.ts';
import type { Delivery, Driver } from './records.ts';
import {
  costOf,
  type Departure,
  drive,
  type FindDelivery,
  isSamePlace,
  type PlanCost,
  type StopTimes,
} from './schedule.ts';
import { stackMax, type Zone } from './zone.ts';

/** A plan with a unit put in. `added`: what the unit costs on top of the plan as it was, seconds. */
export interface Insertion {
  readonly stops: readonly Stop[];
  readonly added: number;
  readonly cost: PlanCost;
  /** When the driver would be at the unit's first pickup; zone ms. */
  readonly arriveMs: number;
}

/** Where a driver's drive begins now: its last recorded fix. Null when none is known. */
export function departureOf(driver: Driver, atMs: number): Departure | null {
  if (!driver.fix) return null;
  return { from: driver.fix, atMs, vehicle: driver.profile.vehicleKind };
}

/** The cheapest insertion of `unit` into the driver's plan, or null when none keeps the limits. */
export function insertUnit(
  zone: Zone,
  driver: Driver,
  unit: readonly Delivery[],
  atMs: number,
): Insertion | null {
  const departure = departureOf(driver, atMs);
  if (!departure) return null;
  const base = driver.plan.stops;
  if (base.length + 2 * unit.length > ZONE_LIMITS.planStops) return null;
  const stacked = base.length > 0;
  if (stacked && countDeliveries(base) + unit.length > stackMax(zone)) return null;
  const find = finder(zone, unit);
  const baseTimes = drive(zone, departure, base, find);
  const baseCost = costOf(zone, departure, baseTimes, find).total;
  let stops: readonly Stop[] = base;
  for (const delivery of unit) {
    const best = insertOne(zone, departure, stops, delivery, find, base);
    if (!best) return null;
    stops = best;
  }
  const times = drive(zone, departure, stops, find);
  if (stacked && !keepsLimits(zone, baseTimes, times, find)) return null;
  if (!isWithinCapacity(driver, stops, find)) return null;
  const cost = costOf(zone, departure, times, find);
  const first = times.find(
    (t) => t.stop.kind === 'pickup' && unit.some((d) => d.id === t.stop.delivery),
  );
  return { stops, cost, added: cost.total - baseCost, arriveMs: first?.arriveMs ?? atMs };
}

/** Finds deliveries of the zone, or of the unit when it is not (yet) in the zone's books. */
export function finder(zone: Zone, unit: readonly Delivery[]): FindDelivery {
  return (id) => zone.deliveries.get(id) ?? unit.find((delivery) => delivery.id === id);
}

function insertOne(
  zone: Zone,
  departure: Departure,
  stops: readonly Stop[],
  delivery: Delivery,
  find: FindDelivery,
  base: readonly Stop[],
): readonly Stop[] | null {
  const pickup = stopOf(delivery, 'pickup');
  const dropoff = stopOf(delivery, 'dropoff');
  // The stop under way stays first; a pickup at that same door may join it.
  const earliest = base.length > 0 ? 1 : 0;
  let best: readonly Stop[] | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let i = earliest; i <= stops.length; i++) {
    for (let j = i; j <= stops.length; j++) {
      const tried = [
        ...stops.slice(0, i),
        pickup,
        ...stops.slice(i, j),
        dropoff,
        ...stops.slice(j),
      ];
      const cost = costOf(zone, departure, drive(zone, departure, tried, find), find).total;
      if (cost < bestCost) {
        bestCost = cost;
        best = tried;
      }
    }
  }
  return best;
}

function countDeliveries(stops: readonly Stop[]): number {
  return stops.reduce((count, stop) => count + (stop.kind === 'pickup' ? 0 : 1), 0);
}

/** Promise, food age and detour of a stacked plan against the plan without the unit. */
function keepsLimits(
  zone: Zone,
  before: readonly StopTimes[],
  after: readonly StopTimes[],
  find: FindDelivery,
): boolean {
  const { detourMsMax, foodAgeMsMax } = zone.policy;
  for (const { stop, doneMs } of after) {
    if (stop.kind !== 'dropoff') continue;
    const delivery = find(stop.delivery);
    if (!delivery) continue;
    const was = before.find((t) => t.stop.id === stop.id)?.doneMs;
    const late = doneMs > delivery.promiseMs;
    if (was === undefined) {
      if (late || doneMs - delivery.readyMs > foodAgeMsMax) return false;
    } else {
      if (doneMs - was > detourMsMax) return false;
      if (late && doneMs > was) return false;
      if (doneMs - delivery.readyMs > foodAgeMsMax && doneMs > was) return false;
    }
  }
  return true;
}

/** Whether the parcels fit at every point of the plan, component by component. */
export function isWithinCapacity(
  driver: Driver,
  stops: readonly Stop[],
  find: FindDelivery,
): boolean {
  const { capacity } = driver.profile;
  const waiting = new Set(stops.filter((s) => s.kind === 'pickup').map((s) => s.delivery));
  const load = { parcels: 0, volumeMl: 0, weightG: 0 };
  const shift = (stop: Stop, sign: 1 | -1) => {
    const parcel = find(stop.delivery)?.request.load;
    if (!parcel) return;
    load.parcels += sign * parcel.parcels;
    load.volumeMl += sign * parcel.volumeMl;
    load.weightG += sign * parcel.weightG;
  };
  const fits = () =>
    load.parcels <= capacity.parcels &&
    load.volumeMl <= capacity.volumeMl &&
    load.weightG <= capacity.weightG;
  for (const stop of stops)
    if (stop.kind !== 'pickup' && !waiting.has(stop.delivery)) shift(stop, 1);
  if (!fits()) return false;
  for (const stop of stops) {
    shift(stop, stop.kind === 'pickup' ? 1 : -1);
    if (!fits()) return false;
  }
  return true;
}

/**
 * A plan that takes a unit in whatever the limits say, for facts and orders of ops: the cheapest
 * insertion, or the unit at the end when no position is known.
 */
export function forceUnit(
  zone: Zone,
  driver: Driver,
  unit: readonly Delivery[],
  atMs: number,
): readonly Stop[] {
  const departure = departureOf(driver, atMs);
  const find = finder(zone, unit);
  let stops = driver.plan.stops;
  for (const delivery of unit) {
    const aboard = stopOf(delivery, 'dropoff');
    const end = [...stops, stopOf(delivery, 'pickup'), aboard];
    stops =
      (departure && insertOne(zone, departure, stops, delivery, find, driver.plan.stops)) ?? end;
  }
  return stops;
}

/** Whether all of a unit is picked up at one door. */
export function isOneDoor(unit: readonly Delivery[]): boolean {
  const [first] = unit;
  return unit.every((d) => !first || isSamePlace(d.request.pickup, first.request.pickup));
}
