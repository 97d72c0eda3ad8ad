/**
 * What a routes source is to the desk that asks it: a matrix of seconds for places by profile. Each
 * source has one file that knows its published API; nothing else does.
 */
import type { PointE7 } from '../../contracts/geo.ts';

export interface Matrix {
  /** Name of the kind of road use at the source: an OSRM profile, a Google travel mode. */
  readonly profile: string;
  readonly origins: readonly PointE7[];
  readonly destinations: readonly PointE7[];
}

/** Seconds by origin, then by destination; null where the source knows no road. */
export type Seconds = readonly (readonly (number | null)[])[];

export interface SourceLimits {
  /** Most origins and destinations together in one request. */
  readonly places: number;
  /** Most elements (origins × destinations) in one request. */
  readonly elements: number;
  /** Most elements a minute; Infinity: no limit is known. */
  readonly elementsPerMinute: number;
  /** Elements cost money: none is asked for that nobody wants. */
  readonly billed: boolean;
}

export interface RoutesSource {
  readonly name: string;
  readonly limits: SourceLimits;
  /** Asks once. Rejects with RouteError, and with nothing else. */
  ask(matrix: Matrix, signal: AbortSignal): Promise<Seconds>;
}

/**
 * Why there was no answer. `unplaceable`: a point is nowhere near a road, the others may be fine.
 * `too_big`: the same in smaller parts may be taken. `refused`: the request or the key is wrong,
 * asking again is no use. The rest may pass.
 */
export const ROUTE_FAILURES = [
  'timeout',
  'unreachable',
  'rate_limited',
  'unavailable',
  'refused',
  'nonsense',
  'unplaceable',
  'too_big',
] as const;
export type RouteFailure = (typeof ROUTE_FAILURES)[number];

/** Never carries a key or the text of an answer beyond a few words. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
  readonly failure: RouteFailure;
  /** What the source asked us to wait, host ms; 0: it did not say. */
  readonly retryAfterMs: number;

  constructor(failure: RouteFailure, reason: string, retryAfterMs = 0) {
    super(`${failure}: ${reason}`);
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Longest drive a source is believed to mean, seconds; more is nonsense. */
const SECONDS_MAX = 7 * 86_400;

/** Whether a number can be a duration in seconds. */
export function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= SECONDS_MAX;
}

/** The fields of a JSON object; none when it is something else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
