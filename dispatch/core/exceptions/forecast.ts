/**
 * When a delivery in trouble is expected at its door: what sorts the exceptions. With a driver it is the
 * driver's plan; without one a best guess from the nearest driver who may have it. Deterministic, from
 * the state alone.
 */
import type { PointE7 } from '../../../contracts/geo.ts';
import { handedOutMs, readyTimeOf } from '../kitchens/ready-times.ts';
import { eligibility } from '../matching/eligibility.ts';
import { departureOf, finder } from '../plans/insertion.ts';
import { drive } from '../plans/schedule.ts';
import type { Delivery, Driver } from '../records.ts';
import { etaMs } from '../travel/eta.ts';
import type { Zone } from '../zone.ts';

/** Drivers looked at for one guess, evenly spread over the slots of a larger zone. */
const LOOKED_AT_MAX = 500;
/** So many of them, nearest by a rough reckoning, are driven through for their true times. */
const DRIVEN_MAX = 3;

/** Zone ms, never before now. */
export function forecastMs(zone: Zone, delivery: Delivery, atMs: number): number {
  const planned = delivery.driver === null ? null : etaMs(zone, delivery, atMs);
  const doorMs = planned ?? guessMs(zone, delivery, atMs);
  return Math.round(Math.max(atMs, doorMs, delivery.wait?.untilMs ?? 0));
}

/** Nobody has it, or nobody knows where its driver is. */
function guessMs(zone: Zone, delivery: Delivery, atMs: number): number {
  const { pickup, dropoff } = delivery.request;
  const { pickupServiceMs, dropoffServiceMs } = zone.policy;
  const nearest = delivery.driver === null ? nearestDriver(zone, delivery, atMs) : null;
  const vehicle = nearest?.driver.profile.vehicleKind ?? 'bicycle';
  const arriveMs = nearest?.arriveMs ?? (delivery.driver === null ? lastMs(zone, delivery) : atMs);
  const isAboard = delivery.pickedUpMs !== null;
  const takesMs = handedOutMs(readyTimeOf(zone, delivery, atMs), arriveMs + pickupServiceMs);
  const leaveMs = isAboard ? atMs : Math.max(takesMs, atMs);
  return leaveMs + zone.travel.ms(pickup, dropoff, vehicle, leaveMs) + dropoffServiceMs;
}

/** Nobody may have it: as if somebody came just before it is given up. That sorts it with the worst. */
function lastMs(zone: Zone, delivery: Delivery): number {
  return Math.max(delivery.readyMs, delivery.requestedMs) + zone.policy.giveUpMs;
}

interface Comer {
  readonly driver: Driver;
  readonly arriveMs: number;
}

/**
 * Who could be at the pickup first, after what they have to do. Those that have been raised for longer
 * are served first: each takes a comer away, and when all are taken, each comer a whole turn.
 */
function nearestDriver(zone: Zone, delivery: Delivery, atMs: number): Comer | null {
  const comers = comersTo(zone, delivery, atMs);
  if (comers.length === 0) return null;
  const ahead = Math.floor(waitingLonger(zone, delivery) / strideOf(zone));
  const first = ahead % comers.length;
  const turnsMs = Math.floor(ahead / comers.length) * turnMs(zone, delivery, atMs);
  let best: Comer | null = null;
  for (const { driver } of comers.slice(first, first + DRIVEN_MAX)) {
    const ownMs = arrivalMs(zone, driver, delivery, atMs);
    if (ownMs === null) continue;
    const arriveMs = ownMs + turnsMs;
    if (best === null || arriveMs < best.arriveMs) best = { driver, arriveMs };
  }
  return best;
}

/** Each driver that is looked at stands for so many. */
function strideOf(zone: Zone): number {
  return Math.max(1, Math.ceil(zone.drivers.length / LOOKED_AT_MAX));
}

/** Drivers who may have it, the nearest first by a rough reckoning. */
function comersTo(zone: Zone, delivery: Delivery, atMs: number): Comer[] {
  const stride = strideOf(zone);
  const comers: Comer[] = [];
  for (let slot = 0; slot < zone.drivers.length; slot += stride) {
    const driver = zone.drivers[slot];
    if (driver?.duty !== 'available' || driver.leaving || driver.silence !== 'live') continue;
    if (!driver.fix || eligibility(driver, delivery, atMs) !== null) continue;
    comers.push({ driver, arriveMs: roughlyMs(zone, driver, driver.fix, delivery, atMs) });
  }
  return comers.sort((a, b) => a.arriveMs - b.arriveMs || a.driver.slot - b.driver.slot);
}

/** How many deliveries without a driver have been raised before this one. */
function waitingLonger(zone: Zone, { id }: Delivery): number {
  const mine = zone.exceptions.sinceMs(id, 'unassigned_too_long') ?? Number.POSITIVE_INFINITY;
  return zone.exceptions.countBefore('unassigned_too_long', mine);
}

/** From one pickup to being free again, and back: roughly. */
function turnMs(zone: Zone, { request }: Delivery, atMs: number): number {
  const { pickupServiceMs, dropoffServiceMs } = zone.policy;
  const rideMs = zone.travel.ms(request.pickup, request.dropoff, 'bicycle', atMs);
  return pickupServiceMs + dropoffServiceMs + 2 * rideMs;
}

/** Straight lines and service times only: cheap enough for hundreds of drivers. */
function roughlyMs(
  zone: Zone,
  driver: Driver,
  fix: PointE7,
  { request }: Delivery,
  atMs: number,
): number {
  const { speedMmps, detourPerMille, pickupServiceMs, dropoffServiceMs } = zone.policy;
  let at = fix;
  let meters = 0;
  let serviceMs = 0;
  for (const stop of driver.plan.stops) {
    meters += zone.plane.meters(at, stop);
    serviceMs += stop.kind === 'pickup' ? pickupServiceMs : dropoffServiceMs;
    at = stop;
  }
  meters += zone.plane.meters(at, request.pickup);
  return (
    atMs + serviceMs + (meters * detourPerMille * 1000) / speedMmps[driver.profile.vehicleKind]
  );
}

/** At the pickup, after the driver's plan; null when nobody knows where it is. */
function arrivalMs(zone: Zone, driver: Driver, delivery: Delivery, atMs: number): number | null {
  const departure = departureOf(zone, driver, atMs);
  if (!departure) return null;
  const last = drive(zone, departure, driver.plan.stops, finder(zone, [])).at(-1);
  const freeMs = last?.doneMs ?? departure.atMs;
  const { vehicle, from } = departure;
  return freeMs + zone.travel.ms(last?.stop ?? from, delivery.request.pickup, vehicle, freeMs);
}
