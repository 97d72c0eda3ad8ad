/**
 * Puts deliveries into a driver's plan outside of a round: for facts, for orders of ops, and for an
 * accepted offer whose plan has moved on. The driver's next stop stays; limits of stacking do not
 * apply to what has happened or was ordered, capacity is checked by whoever decides.
 */
import type { Stop } from '../../../contracts/events.ts';
import type { Delivery, Driver } from '../records.ts';
import type { Zone } from '../zone.ts';
import { costOf, type Departure, departureMs, drive, type FindDelivery } from './schedule.ts';
import { stopOf } from './stops.ts';

/** Where and when a driver's drive begins: its last recorded fix. Null when none is known. */
export function departureOf(zone: Zone, driver: Driver, atMs: number): Departure | null {
  const { fix } = driver;
  if (!fix) return null;
  const leavesMs = departureMs(zone, fix, driver.plan.stops[0], atMs);
  return { from: fix, atMs: leavesMs, vehicle: driver.profile.vehicleKind, knownMs: atMs };
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
      const cost = costOf(zone, departure, drive(zone, departure, tried, find), find);
      if (cost < bestCost) {
        bestCost = cost;
        best = tried;
      }
    }
  }
  return best;
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
  const departure = departureOf(zone, driver, atMs);
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
