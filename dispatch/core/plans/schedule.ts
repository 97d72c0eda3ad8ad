/**
 * What a plan costs: driving its stops in order gives times, and times give a cost in integer
 * seconds from the zone's named weights. Also the customer's ETA: the whole chain of stops, ready
 * time and service times.
 */
import type { Stop } from '../../../contracts/events.ts';
import type { PointE7 } from '../../../contracts/geo.ts';
import type { DeliveryId } from '../../../contracts/ids.ts';
import type { VehicleKind } from '../../../contracts/states.ts';
import { handedOutMs, readyTimeOf } from '../kitchens/ready-times.ts';
import type { Delivery } from '../records.ts';
import type { CellPoint } from '../travel/travel-time.ts';
import type { Zone } from '../zone.ts';

/** Where and when a drive begins, and with what. */
export interface Departure {
  readonly from: CellPoint;
  readonly atMs: number;
  readonly vehicle: VehicleKind;
  /** What is known is known by this time, zone ms; absent: `atMs`. */
  readonly knownMs?: number;
}

/** Times of one stop of a driven plan; zone ms. */
export interface StopTimes {
  readonly stop: Stop;
  readonly arriveMs: number;
  /** Pickup, hand-over or return done. */
  readonly doneMs: number;
}

/** Finds a delivery by id: the zone's own, or one that is about to be asked about. */
export type FindDelivery = (id: DeliveryId) => Delivery | undefined;

/**
 * When a driver sets out for its next stop. A fix may lie ahead, where the way is known: then the
 * driver is there from that time on. One who stands at the stop's door began its service there when
 * it came, which may be as long ago as the service takes.
 */
export function departureMs(
  zone: Zone,
  fix: PointE7 & { readonly atMs: number },
  next: Stop | undefined,
  atMs: number,
): number {
  if (!next || fix.atMs >= atMs || !isSamePlace(fix, next)) return Math.max(atMs, fix.atMs);
  const { pickupServiceMs, dropoffServiceMs } = zone.policy;
  const serviceMs = next.kind === 'pickup' ? pickupServiceMs : dropoffServiceMs;
  return Math.max(fix.atMs, atMs - serviceMs);
}

/** From done at a stop to driving off, ms. */
export function leaveMs(zone: Zone, kind: Stop['kind']): number {
  return kind === 'pickup' ? zone.policy.pickupLeaveMs : zone.policy.dropoffLeaveMs;
}

/** Drives the stops in order. A pickup waits for the ready time; every stop has its service time. */
export function drive(
  zone: Zone,
  departure: Departure,
  stops: readonly Stop[],
  find: FindDelivery,
): StopTimes[] {
  const times: StopTimes[] = [];
  let at: CellPoint = departure.from;
  let nowMs = departure.atMs;
  const knownMs = departure.knownMs ?? nowMs;
  let previous: Stop | null = null;
  const { pickupServiceMs, dropoffServiceMs } = zone.policy;
  for (const stop of stops) {
    const together =
      previous !== null && previous.kind === stop.kind && isSamePlace(previous, stop);
    if (previous !== null && !together) nowMs += leaveMs(zone, previous.kind);
    const travelMs = stop.arrived ? 0 : zone.travel.ms(at, stop, departure.vehicle, nowMs);
    const arriveMs = nowMs + travelMs;
    const serviceMs = together ? 0 : stop.kind === 'pickup' ? pickupServiceMs : dropoffServiceMs;
    const waiting = stop.kind === 'pickup' ? find(stop.delivery) : undefined;
    const servedMs = arriveMs + serviceMs;
    const doneMs = waiting ? handedOutMs(readyTimeOf(zone, waiting, knownMs), servedMs) : servedMs;
    times.push({ stop, arriveMs, doneMs });
    at = stop;
    nowMs = doneMs;
    previous = stop;
  }
  return times;
}

/** Whether two stops are at one door. */
export function isSamePlace(a: PointE7, b: PointE7): boolean {
  return a.latE7 === b.latE7 && a.lonE7 === b.lonE7;
}

/** The weighted cost of a driven plan, seconds. */
export function costOf(
  zone: Zone,
  departure: Departure,
  times: readonly StopTimes[],
  find: FindDelivery,
): number {
  let travelMs = 0;
  let lateMs = 0;
  let readyWaitMs = 0;
  let driverWaitMs = 0;
  let leftMs = departure.atMs;
  for (const { stop, arriveMs, doneMs } of times) {
    travelMs += arriveMs - leftMs;
    leftMs = doneMs;
    const delivery = find(stop.delivery);
    if (!delivery) continue;
    if (stop.kind === 'pickup') {
      readyWaitMs += Math.max(0, arriveMs - delivery.readyMs);
      driverWaitMs += Math.max(0, delivery.readyMs - arriveMs);
    } else if (stop.kind === 'dropoff') {
      lateMs += Math.max(0, doneMs - delivery.promiseMs);
    }
  }
  const { weights } = zone.config;
  const weighted =
    travelMs * weights.travelPerMille +
    lateMs * weights.latePerMille +
    readyWaitMs * weights.readyWaitPerMille +
    driverWaitMs * weights.driverWaitPerMille;
  return Math.round(weighted / 1_000_000);
}
