/**
 * When a customer can expect the driver: the whole chain of stops, ready time and service times, as the
 * likely time and a range around it. Eight in ten deliveries shall arrive within the range.
 *
 * What is assumed: how far a leg, a service and a ready time are off does not hang on the others, so
 * their spreads add as squares; where a driver waits for a parcel, the later of the two counts at either
 * end. Legs of one trip share their traffic and are not quite independent: `EtaRecord` measures what
 * comes of it and stretches the ranges until they hold.
 */
import { isAboard } from '../../../contracts/states.ts';
import { readyTimeOf } from '../kitchens/ready-times.ts';
import { finder } from '../plans/insertion.ts';
import { type Departure, drive, isSamePlace, type StopTimes } from '../plans/schedule.ts';
import type { Delivery, Driver } from '../records.ts';
import type { Zone } from '../zone.ts';
import type { EtaStage } from './eta-record.ts';
import { type CellPoint, emptyAnswer } from './travel-time.ts';

/** Zone ms. `fromMs` and `toMs` are whole minutes, around `likelyMs`. */
export interface EtaRange {
  readonly likelyMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
/** A service takes from this part less to this part more than the policy says. */
const SERVICE_LESS = 0.5;
const SERVICE_MORE = 1;
/** Spreads from the mean of a normal law beyond which one in ten lies, on either side. */
const TENTH_OF_NORMAL = 1.2816;
/** How far a told ready time may be off while nothing is known of any kitchen, ms. */
const READY_EARLIER_MS = 120_000;
const READY_LATER_MS = 300_000;
/** A range that was shown is looked at again after this long at the earliest, ms. */
const LOOK_AGAIN_MS = 10_000;
/** A range is told anew when an end moved by more than this, or the likely time left it; ms. */
const STEADY_MS = 120_000;

interface Chain {
  readonly departure: Departure;
  readonly driver: Driver;
  /** Up to the delivery's own last stop. */
  readonly times: readonly StopTimes[];
  readonly doneMs: number;
}

function chainTo(zone: Zone, delivery: Delivery, atMs: number, from?: CellPoint): Chain | null {
  if (delivery.driver === null) return null;
  const driver = zone.driver(delivery.driver);
  const start = from ?? (driver && lastSeen(driver));
  if (!driver || !start) return null;
  const { stops } = driver.plan;
  const own = stops.findLastIndex((stop) => stop.delivery === delivery.id);
  if (own < 0) return null;
  const departure = { from: start, atMs, vehicle: driver.profile.vehicleKind };
  const times = drive(zone, departure, stops.slice(0, own + 1), finder(zone, [delivery]));
  return { departure, driver, times, doneMs: times.at(-1)?.doneMs ?? atMs };
}

/** Its last fix, or the door that it left since. */
function lastSeen({ fix, underWay }: Driver): CellPoint | null {
  return underWay && (!fix || fix.atMs < underWay.leftMs) ? underWay.from : fix;
}

/**
 * Zone ms at which the delivery is expected at its door, or null while no driver has it. `from`: a
 * fresher position than the recorded fix, where the caller has one.
 */
export function etaMs(
  zone: Zone,
  delivery: Delivery,
  atMs: number,
  from?: CellPoint,
): number | null {
  return chainTo(zone, delivery, atMs, from)?.doneMs ?? null;
}

/** As `etaMs`, with the range. Decided from the state alone. */
export function etaRange(
  zone: Zone,
  delivery: Delivery,
  atMs: number,
  from?: CellPoint,
): EtaRange | null {
  const chain = chainTo(zone, delivery, atMs, from);
  if (!chain) return null;
  const { lessMs, moreMs } = spreadOf(zone, chain);
  const { lessPerMille, morePerMille } = zone.etas.stretchOf(stageOf(delivery));
  const likelyMs = Math.round(chain.doneMs);
  const earliestMs = Math.max(atMs, likelyMs - (lessMs * lessPerMille) / 1_000);
  const latestMs = likelyMs + (moreMs * morePerMille) / 1_000;
  return {
    likelyMs,
    fromMs: Math.floor(Math.min(earliestMs, likelyMs) / MINUTE_MS) * MINUTE_MS,
    toMs: Math.ceil(latestMs / MINUTE_MS) * MINUTE_MS,
  };
}

/** What the record of ranges tells apart: on its way to the vendor, or to the customer. */
export function stageOf(delivery: Delivery): EtaStage {
  return isAboard(delivery.state) ? 'picked_up' : 'assigned';
}

/** How much earlier and later than expected the end of a chain may be, as a range of eight in ten. */
function spreadOf(zone: Zone, { departure, times }: Chain): { lessMs: number; moreMs: number } {
  const { pickupServiceMs, dropoffServiceMs } = zone.policy;
  const answer = emptyAnswer();
  let less = 0;
  let more = 0;
  let at = departure.from;
  let leftMs = departure.atMs;
  let previous: StopTimes['stop'] | null = null;
  for (const { stop, arriveMs, doneMs } of times) {
    const isTogether = previous?.kind === stop.kind && isSamePlace(previous, stop);
    if (!stop.arrived) {
      zone.travel.answer(at, stop, departure.vehicle, leftMs, answer);
      less += square(answer.p50Ms - answer.p10Ms);
      more += square(answer.p90Ms - answer.p50Ms);
    }
    const policyMs = stop.kind === 'pickup' ? pickupServiceMs : dropoffServiceMs;
    const serviceMs = isTogether ? 0 : policyMs;
    less += square(serviceMs * SERVICE_LESS);
    more += square(serviceMs * SERVICE_MORE);
    const waiting = stop.kind === 'pickup' ? zone.deliveries.get(stop.delivery) : undefined;
    if (waiting) {
      const servedMs = arriveMs + serviceMs;
      const ready = readyBounds(zone, waiting, departure.atMs);
      less = square(doneMs - Math.max(servedMs - Math.sqrt(less), ready.fromMs));
      more = square(Math.max(servedMs + Math.sqrt(more), ready.toMs) - doneMs);
    }
    at = stop;
    leftMs = doneMs;
    previous = stop;
  }
  return { lessMs: Math.sqrt(less), moreMs: Math.sqrt(more) };
}

/** Between which times a parcel will be ready, in eight of ten cases; zone ms. */
function readyBounds(
  zone: Zone,
  delivery: Delivery,
  atMs: number,
): { fromMs: number; toMs: number } {
  const { meanMs, spreadMs } = readyTimeOf(zone, delivery, atMs);
  const isUnknown = delivery.readySource !== 'kitchen' && !zone.kitchens.isTaught;
  if (isUnknown) return { fromMs: meanMs - READY_EARLIER_MS, toMs: meanMs + READY_LATER_MS };
  const offMs = TENTH_OF_NORMAL * spreadMs;
  return { fromMs: meanMs - offMs, toMs: meanMs + offMs };
}

function square(value: number): number {
  const positive = Math.max(0, value);
  return positive * positive;
}

/** The fields of a message that say when it will be there. */
export function etaFields(range: EtaRange | null) {
  if (!range) return { etaMs: null };
  return { etaMs: range.likelyMs, etaFromMs: range.fromMs, etaToMs: range.toMs };
}

/** What was shown last, and when that was looked at. */
export interface ShownEta {
  readonly range: EtaRange;
  readonly lookedMs: number;
}

/**
 * The range to show now: the one shown last while it still holds, so that it does not flicker. Not
 * for decisions: what was shown is no part of the state. `isChanged`: look again at once.
 */
export function shownEta(
  zone: Zone,
  delivery: Delivery,
  atMs: number,
  { from, isChanged = false }: { readonly from?: CellPoint; readonly isChanged?: boolean } = {},
): EtaRange | null {
  const { driver } = delivery;
  const shown = zone.shownEtas.get(delivery.id);
  const isRecent = shown !== undefined && atMs - shown.lookedMs < LOOK_AGAIN_MS;
  if (driver !== null && isRecent && !isChanged) return shown.range;
  const fresh = driver === null ? null : etaRange(zone, delivery, atMs, from);
  if (!fresh) {
    zone.shownEtas.delete(delivery.id);
    return null;
  }
  const isKept = shown !== undefined && isSteady(shown.range, fresh);
  const range = isKept ? { ...shown.range, likelyMs: fresh.likelyMs } : fresh;
  zone.shownEtas.set(delivery.id, { range, lookedMs: atMs });
  return range;
}

function isSteady(shown: EtaRange, fresh: EtaRange): boolean {
  return (
    fresh.likelyMs >= shown.fromMs &&
    fresh.likelyMs <= shown.toMs &&
    Math.abs(fresh.fromMs - shown.fromMs) <= STEADY_MS &&
    Math.abs(fresh.toMs - shown.toMs) <= STEADY_MS
  );
}
