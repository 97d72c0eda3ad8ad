/**
 * OSRM's table service (API v1): GET /table/v1/{profile}/{lon,lat;…}?sources=&destinations=.
 * https://github.com/Project-OSRM/osrm-backend/blob/master/docs/http.md, read in 2026.
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

/**
 * `osrm-routed --max-table-size` is 100 unless raised: older versions bound the places by it, newer
 * ones the elements by its square. 100 places stay below both, and below its bound of 8 KiB per
 * request line.
 */
const PLACES_MAX = 100;
const ELEMENTS_MAX = PLACES_MAX * PLACES_MAX;

/** What servers and proxies answer to a request line that is too long for them. */
const TOO_LONG = new Set([413, 414, 431]);

export interface OsrmOptions {
  /**
   * Base URL; `{profile}` in it is replaced. A stock `osrm-routed` serves the one profile its data was
   * prepared with, whatever the path says, so each profile usually has a server of its own.
   */
  readonly url: string;
}

export function osrmSource({ url }: OsrmOptions): RoutesSource {
  return {
    name: 'osrm',
    limits: {
      ...{ places: PLACES_MAX, elements: ELEMENTS_MAX },
      ...{ elementsPerMinute: Number.POSITIVE_INFINITY, billed: false },
    },
    async ask(matrix, signal) {
      const base = url.replaceAll('{profile}', matrix.profile).replace(/\/$/, '');
      const answer = await askJson(`${base}${tablePath(matrix)}`, { signal });
      const { code, message, durations } = fieldsOf(answer.body);
      if (answer.status === 200 && code === 'Ok') return read(durations, matrix);
      if (code === 'NoTable') return matrix.origins.map(() => matrix.destinations.map(() => null));
      const reason = `${textOf(code)} ${textOf(message)}`.trim();
      if (code === 'NoSegment') throw new RouteError('unplaceable', reason);
      if (code === 'TooBig' || TOO_LONG.has(answer.status)) throw new RouteError('too_big', reason);
      if (answer.status === 200) throw new RouteError('nonsense', `no table ${reason}`.trim());
      throw failureOf(answer, reason);
    },
  };
}

function tablePath({ profile, origins, destinations }: Matrix): string {
  const places = [...origins, ...destinations].map(lonLat).join(';');
  const sources = origins.map((_, index) => index).join(';');
  const targets = destinations.map((_, index) => origins.length + index).join(';');
  const options = `sources=${sources}&destinations=${targets}&annotations=duration`;
  return `/table/v1/${encodeURIComponent(profile)}/${places}?${options}&generate_hints=false`;
}

function lonLat({ latE7, lonE7 }: PointE7): string {
  return `${(lonE7 / 1e7).toFixed(6)},${(latE7 / 1e7).toFixed(6)}`;
}

function read(durations: unknown, { origins, destinations }: Matrix): Seconds {
  const isRow = (row: unknown): row is (number | null)[] =>
    Array.isArray(row) &&
    row.length === destinations.length &&
    row.every((value) => value === null || isDuration(value));
  if (!Array.isArray(durations) || durations.length !== origins.length) {
    throw new RouteError('nonsense', 'the table has not the size that was asked for');
  }
  const rows: unknown[] = durations;
  if (!rows.every(isRow)) throw new RouteError('nonsense', 'a row of the table is no durations');
  return rows;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
