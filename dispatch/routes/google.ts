/**
 * Google Routes API, computeRouteMatrix (v2): POST /distanceMatrix/v2:computeRouteMatrix.
 * https://developers.google.com/maps/documentation/routes/compute_route_matrix, read in 2026. Every
 * element is billed, found or not; the key travels in a header and appears in no error.
 */
import type { PointE7 } from '../../contracts/geo.ts';
import { askJson, failureOf } from './http.ts';
import {
  fieldsOf,
  isDuration,
  type Matrix,
  RouteError,
  type RoutesSource,
  type Seconds,
} from './source.ts';

/** Published limit of elements per request for anything but TRANSIT and TRAFFIC_AWARE_OPTIMAL. */
const ELEMENTS_MAX = 625;
/** Published rate of a project; several nodes that share one are told 429, and rest. */
const ELEMENTS_PER_MINUTE = 3_000;
/** Without `status` in the mask every element would seem to be fine. */
const FIELD_MASK = 'originIndex,destinationIndex,status,condition,duration';
/** google.protobuf.Duration as JSON: seconds with up to nine fractional digits. */
const DURATION = /^(\d{1,9}(?:\.\d{1,9})?)s$/;
/** Travel modes that take a routing preference; with any other the request fails. */
const MOTORISED = new Set(['DRIVE', 'TWO_WHEELER']);

export interface GoogleOptions {
  readonly url: string;
  readonly key: string;
  /** Whether times know the traffic of now; billed at the higher rate. */
  readonly traffic: boolean;
}

export function googleSource({ url, key, traffic }: GoogleOptions): RoutesSource {
  const preference = traffic ? 'TRAFFIC_AWARE' : 'TRAFFIC_UNAWARE';
  return {
    name: 'google',
    limits: {
      ...{ places: ELEMENTS_MAX + 1, elements: ELEMENTS_MAX },
      ...{ elementsPerMinute: ELEMENTS_PER_MINUTE, billed: true },
    },
    async ask(matrix, signal) {
      const { profile, origins, destinations } = matrix;
      const answer = await askJson(
        `${url.replace(/\/$/, '')}/distanceMatrix/v2:computeRouteMatrix`,
        {
          method: 'POST',
          signal,
          headers: {
            'content-type': 'application/json',
            'x-goog-api-key': key,
            'x-goog-fieldmask': FIELD_MASK,
          },
          body: JSON.stringify({
            origins: origins.map(waypoint),
            destinations: destinations.map(waypoint),
            travelMode: profile,
            // No departure time: it is then the time of the request.
            ...(MOTORISED.has(profile) ? { routingPreference: preference } : {}),
          }),
        },
      );
      const problem = problemOf(answer.body);
      if (answer.status !== 200) throw failureOf(answer, problem ?? '');
      if (problem !== null) throw new RouteError('unavailable', problem.slice(0, 120));
      return read(answer.body, matrix);
    },
  };
}

function waypoint({ latE7, lonE7 }: PointE7): unknown {
  const latLng = { latitude: latE7 / 1e7, longitude: lonE7 / 1e7 };
  return { waypoint: { location: { latLng } } };
}

/** The status of an error for the whole request: an object, or an element of the streamed list. */
function problemOf(body: unknown): string | null {
  const list: unknown[] = Array.isArray(body) ? body : [body];
  for (const item of list) {
    const { error } = fieldsOf(item);
    if (error === undefined) continue;
    const { status } = fieldsOf(error);
    return typeof status === 'string' ? status : 'an error without a status';
  }
  return null;
}

/** The elements come in any order; one that is missing or failed is a pair without an answer. */
function read(body: unknown, { origins, destinations }: Matrix): Seconds {
  if (!Array.isArray(body)) throw new RouteError('nonsense', 'the answer is no list of elements');
  const rows = origins.map(() => new Array<number | null>(destinations.length).fill(null));
  const seen = new Set<number>();
  for (const item of body as unknown[]) {
    const element = fieldsOf(item);
    const origin = indexOf(element.originIndex, origins.length);
    const destination = indexOf(element.destinationIndex, destinations.length);
    const at = origin * destinations.length + destination;
    if (seen.has(at)) throw new RouteError('nonsense', 'an element came twice');
    seen.add(at);
    const row = rows[origin];
    if (row) row[destination] = secondsOf(element);
  }
  return rows;
}

/** JSON of protocol buffers may leave out a number that is 0. */
function indexOf(value: unknown, count: number): number {
  const index = value === undefined ? 0 : value;
  if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count) {
    throw new RouteError('nonsense', 'an element names no place that was asked for');
  }
  return index;
}

function secondsOf({
  status,
  condition,
  duration,
}: Readonly<Record<string, unknown>>): number | null {
  const { code = 0 } = fieldsOf(status);
  if (code !== 0 || condition !== 'ROUTE_EXISTS') return null;
  const [, text] = typeof duration === 'string' ? (DURATION.exec(duration) ?? []) : [];
  const seconds = Number(text);
  if (text === undefined || !isDuration(seconds)) {
    throw new RouteError('nonsense', 'an element has no duration');
  }
  return seconds;
}
