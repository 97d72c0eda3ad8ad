/**
 * What a kitchen can have ready in each window of time: pure. A ticket takes a slot in the window of
 * its ready time; when that is full it is put off to the next free one, within a limit.
 */
import { localDayOf, type SpanMs, spanMsOf } from '../../contracts/opening-hours.ts';

export interface Rate {
  /** Tickets that may become ready within one window. */
  readonly tickets: number;
  readonly windowMs: number;
}

/** A rate of its own at some time of the week: wall time of the vendor, as its opening hours. */
export interface TimedRate extends Rate {
  /** 1 Monday … 7 Sunday. */
  readonly days: readonly number[];
  readonly from: string;
  /** Not after `from`: the day after. */
  readonly to: string;
}

/** The rate of whenever nothing else is said, and of the times for which it is. */
export interface Capacity extends Rate {
  readonly timed?: { readonly timeZone: string; readonly rates: readonly TimedRate[] };
}

/** How many tickets each window has, by its start in zone ms. */
export type Taken = ReadonlyMap<number, number>;

/** A promised time may be this much later than wanted; beyond it the kitchen is too busy. */
export const PUT_OFF_MS_MAX = 45 * 60_000;
/** Windows looked at for a free one. */
const WINDOWS_MAX = 1_000;

/**
 * Start of the window a time lies in. Windows of a timed rate count from its beginning, others by the
 * clock; where one rate takes over from another, a window ends sooner or begins later.
 */
export function windowOf(capacity: Capacity, atMs: number): number {
  return windowIn(periodAt(capacity, atMs), atMs);
}

/** The first time from `wantedMs` on with a free slot; null: none within reach. */
export function firstFree(capacity: Capacity, taken: Taken, wantedMs: number): number | null {
  let period = periodAt(capacity, wantedMs);
  let atMs = wantedMs;
  for (let n = 0; n < WINDOWS_MAX; n++) {
    if (atMs >= period.toMs) period = periodAt(capacity, atMs);
    const slotMs = windowIn(period, atMs);
    if ((taken.get(slotMs) ?? 0) < period.tickets) return Math.max(slotMs, wantedMs);
    atMs = Math.min(slotMs + period.windowMs, period.toMs);
  }
  return null;
}

/** When the kitchen can promise it; null: too busy for what was wanted. */
export function promiseFor(capacity: Capacity, taken: Taken, wantedMs: number): number | null {
  const freeMs = firstFree(capacity, taken, wantedMs);
  return freeMs === null || freeMs > wantedMs + PUT_OFF_MS_MAX ? null : freeMs;
}

/** Counts of windows out of older counts, also when windows had another length then. */
export function takenOf(
  capacity: Capacity,
  counts: readonly { readonly slotMs: number; readonly count: number }[],
): Map<number, number> {
  const taken = new Map<number, number>();
  for (const { slotMs, count } of counts) {
    const window = windowOf(capacity, slotMs);
    taken.set(window, (taken.get(window) ?? 0) + count);
  }
  return taken;
}

/** A time during which one rate holds. */
interface Period extends Rate, SpanMs {
  readonly isTimed: boolean;
}

function windowIn({ isTimed, fromMs, windowMs }: Period, atMs: number): number {
  if (isTimed) return fromMs + Math.floor((atMs - fromMs) / windowMs) * windowMs;
  return Math.max(fromMs, Math.floor(atMs / windowMs) * windowMs);
}

const ALWAYS: SpanMs = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

/** The rate at a time, and from when until when; further than `AHEAD_MS` is not looked. */
function periodAt({ tickets, windowMs, timed }: Capacity, atMs: number): Period {
  let period: Period = { tickets, windowMs, isTimed: false, ...ALWAYS };
  if (timed === undefined) return period;
  for (const next of timedAround(timed, atMs)) {
    if (next.fromMs > atMs) return { ...period, toMs: Math.min(period.toMs, next.fromMs) };
    if (next.toMs > atMs) return next;
    period = { ...period, fromMs: next.toMs };
  }
  // The next may begin beyond what was looked at.
  return { ...period, toMs: atMs + AHEAD_MS };
}

/** Less than the shortest day: what begins within it begins today or tomorrow. */
const AHEAD_MS = 12 * 3_600_000;

/**
 * Timed rates from two days before to the day after, in order. None overlap but where the clock skips
 * what lies between them: then the earlier one stands.
 */
function timedAround({ timeZone, rates }: NonNullable<Capacity['timed']>, atMs: number): Period[] {
  const today = localDayOf(timeZone, atMs);
  const all: Period[] = [];
  for (let day = today - 2; day <= today + 1; day++) {
    for (const rate of rates) {
      const span = spanMsOf(timeZone, rate, day);
      if (span === null) continue;
      all.push({ tickets: rate.tickets, windowMs: rate.windowMs, isTimed: true, ...span });
    }
  }
  all.sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs);
  let endMs = Number.NEGATIVE_INFINITY;
  return all.flatMap((period) => {
    const fromMs = Math.max(period.fromMs, endMs);
    if (fromMs >= period.toMs) return [];
    endMs = period.toMs;
    return [{ ...period, fromMs }];
  });
}
