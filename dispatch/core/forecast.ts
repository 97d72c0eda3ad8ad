/**
 * When a delivery in trouble is expected at its door: what sorts the exceptions. With a driver it is the
 * driver's plan; without one a best guess from the nearest driver who may have it. Deterministic, from
 * the state alone.
 */
import { eligibility } from './eligibility.ts';
import { etaMs } from './eta.ts';
import { departureOf, finder } from './insertion.ts';
import type { Delivery, Driver } from './records.ts';
import { drive } from './schedule.ts';
import type { Zone } from './zone.ts';

/** Drivers looked at for one guess, evenly spread over the slots of a larger zone. */
const LOOKED_AT_MAX = 500;

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
  const startMs = delivery.pickedUpMs === null ? arriveMs + pickupServiceMs : atMs;
  const leaveMs = Math.max(startMs, delivery.readyMs, atMs);
  return leaveMs + zone.travel.ms(pickup, dropoff, vehicle, leaveMs) + dropoffServiceMs;
}

/** Nobody may have it: as if somebody came just before it is given up. That sorts it with the worst. */
function lastMs(zone: Zone, delivery: Delivery): number {
  return Math.max(delivery.readyMs, delivery.requestedMs) + zone.policy.giveUpMs;
}

/** Who could be at the pickup first, after what they have to do. Others may want them, too. */
function nearestDriver(
  zone: Zone,
  delivery: Delivery,
  atMs: number,
): { readonly driver: Driver; readonly arriveMs: number } | null {
  const stride = Math.max(1, Math.ceil(zone.drivers.length / LOOKED_AT_MAX));
  let best: { driver: Driver; arriveMs: number } | null = null;
  for (let slot = 0; slot < zone.drivers.length; slot += stride) {
    const driver = zone.drivers[slot];
    if (driver?.duty !== 'available' || driver.leaving) continue;
    if (driver.silence !== 'live' || eligibility(driver, delivery, atMs) !== null) continue;
    const departure = departureOf(zone, driver, atMs);
    if (!departure) continue;
    const { stops } = driver.plan;
    const last = drive(zone, departure, stops, finder(zone, [])).at(-1);
    const from = last?.stop ?? departure.from;
    const freeMs = last?.doneMs ?? atMs;
    const { vehicleKind } = driver.profile;
    const arriveMs = freeMs + zone.travel.ms(from, delivery.request.pickup, vehicleKind, freeMs);
    if (best === null || arriveMs < best.arriveMs) best = { driver, arriveMs };
  }
  return best;
}
