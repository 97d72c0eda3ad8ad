/**
 * What the zone sees of its drivers' driving: a drive begins where one leaves a door, or the place
 * where it got its work, and ends with the arrival at the next door; waiting and service lie outside.
 * A drive that ended teaches the zone's travel times, and so does the rest of it from one clear fix on
 * the way: that is what a customer's ETA asks for while the driver is under way.
 */
import type { Stop } from '../../../contracts/events.ts';
import type { Place } from '../../../contracts/geo.ts';
import type { EventOf } from '../change.ts';
import type { Decision } from '../decision.ts';
import { isSamePlace, leaveMs } from '../plans/schedule.ts';
import type { Driver, UnderWay } from '../records.ts';
import type { Zone } from '../zone.ts';
import { learnedTravelOf } from './zone-travel.ts';

/** Shorter ways are parking and stairs, not driving. */
const METERS_MIN = 100;
const TOOK_MS_MIN = 10_000;
const TOOK_MS_MAX = 2 * 3_600_000;
/** Faster along the straight line is an error of whoever reports it: metres per second. */
const SPEED_MAX = 40;
/** A fix on the way is clear when it is this far from both doors, and this much nearer to the next. */
const CLEAR_METERS = 300;
/** Whoever reports an arrival this far from a fresh fix has not arrived, or the fix is wrong. */
const DOUBT_METERS = 300;
/** Since its fix a driver may have come this far: metres per second. */
const SINCE_FIX_SPEED = 15;

/** The drive of a driver whose plan becomes `stops`; undefined while it stands or its start is unknown. */
export function underWayAfter(
  zone: Zone,
  driver: Driver,
  stops: readonly Stop[],
  atMs: number,
): UnderWay | undefined {
  const [next] = stops;
  if (!zone.policy.learnTravel || !next || next.arrived) return undefined;
  const [before] = driver.plan.stops;
  if (before && isSamePlace(before, next)) return before.arrived ? undefined : driver.underWay;
  if (before?.arrived) {
    return { from: placeOf(before), leftMs: atMs + leaveMs(zone, before.kind) };
  }
  const { fix } = driver;
  if (!fix || atMs - fix.atMs > zone.policy.staleMs) return undefined;
  return { from: placeOf(fix), leftMs: Math.max(atMs, fix.atMs) };
}

/** The driver with a recorded fix, and with that as the fix on its way where it is a clear one. */
export function withFix(zone: Zone, driver: Driver, fix: NonNullable<Driver['fix']>): Driver {
  const { underWay } = driver;
  const [next] = driver.plan.stops;
  if (!underWay || underWay.via || !next || fix.atMs <= underWay.leftMs) return { ...driver, fix };
  const { plane } = zone;
  const left = plane.meters(fix, next);
  const isClear =
    left >= CLEAR_METERS &&
    plane.meters(underWay.from, fix) >= CLEAR_METERS &&
    plane.meters(underWay.from, next) - left >= CLEAR_METERS;
  if (!isClear) return { ...driver, fix };
  return { ...driver, fix, underWay: { ...underWay, via: { ...placeOf(fix), atMs: fix.atMs } } };
}

/** Emits what an arrival teaches. `driver`: as it was before it arrived. */
export function observeArrival(step: Decision, driver: Driver, stop: Stop): void {
  const { underWay, fix } = driver;
  const { zone, atMs } = step;
  if (!underWay || !zone.policy.learnTravel) return;
  const ageMs = fix ? atMs - fix.atMs : Number.POSITIVE_INFINITY;
  if (fix && ageMs <= zone.policy.staleMs) {
    const reachMeters = DOUBT_METERS + (Math.max(0, ageMs) * SINCE_FIX_SPEED) / 1_000;
    if (zone.plane.meters(fix, stop) > reachMeters) return;
  }
  const { from, leftMs, via } = underWay;
  const observe = (start: Place, startMs: number) => {
    if (!isPlausible(zone.plane.meters(start, stop), atMs - startMs)) return;
    step.emit({
      type: 'drive.observed',
      driver: driver.id,
      vehicle: driver.profile.vehicleKind,
      from: start,
      to: placeOf(stop),
      leftMs: startMs,
      arrivedMs: atMs,
    });
  };
  observe(from, leftMs);
  if (via) observe({ latE7: via.latE7, lonE7: via.lonE7, cell: via.cell }, via.atMs);
}

function isPlausible(meters: number, tookMs: number): boolean {
  return (
    meters >= METERS_MIN &&
    tookMs >= TOOK_MS_MIN &&
    tookMs <= TOOK_MS_MAX &&
    meters * 1_000 <= tookMs * SPEED_MAX
  );
}

/**
 * Applies an observed drive: the zone's travel times learn it, with others of its five minutes, so that in
 * between the same question gets the same answer from memory.
 */
export function learnDrive(zone: Zone, event: EventOf<'drive.observed'>): void {
  const due = zone.learned.putOff(event);
  const travel = learnedTravelOf(zone);
  for (const { vehicle, from, to, leftMs, arrivedMs } of due) {
    travel.learn(from, to, vehicle, leftMs, arrivedMs - leftMs);
  }
}

function placeOf({ latE7, lonE7, cell }: Place): Place {
  return { latE7, lonE7, cell };
}
