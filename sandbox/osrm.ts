/**
 * A stand-in for `osrm-routed`: the table service of its HTTP API v1, with its checks, codes and limits
 * as published in docs/http.md of Project-OSRM/osrm-backend.
 */
import type { PointE7 } from '../contracts/geo.ts';
import { PLAIN_ROADS, pointOf, type Roads } from './roads.ts';
import { type Asked, type Reply, type StandIn, serve } from './server.ts';

export interface OsrmOptions {
  readonly port?: number;
  readonly roads?: Roads;
  /** As `--max-table-size`: its square bounds sources × destinations. */
  readonly maxTableSize?: number;
  /** A stock server has one speed for all: the path's profile is not looked at. */
  readonly metersPerSecond?: number;
}

const OPTIONS = new Set([
  ...['sources', 'destinations', 'annotations', 'fallback_speed', 'fallback_coordinate'],
  ...['scale_factor', 'bearings', 'radiuses', 'generate_hints', 'hints', 'approaches'],
  ...['exclude', 'snapping', 'skip_waypoints'],
]);
const ANNOTATIONS = new Set(['duration', 'distance', 'duration,distance', 'distance,duration']);
/** `osrm-routed` reads at least this much of a request's head. */
const HEAD_BYTES_MAX = 8 * 1024;

export function startOsrm(options: OsrmOptions = {}): Promise<StandIn> {
  return serve(options.port ?? 0, (asked) => answer(asked, options));
}

class Refusal extends Error {
  readonly reply: Reply;

  constructor(code: string, message: string) {
    super(message);
    this.reply = { status: 400, body: { code, message } };
  }
}

function answer(asked: Asked, options: OsrmOptions): Reply {
  try {
    return table(asked, options);
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}

function table({ method, path }: Asked, options: OsrmOptions): Reply {
  if (path.length > HEAD_BYTES_MAX) return { status: 431, body: {} };
  const [, service, version, rest] = /^\/([^/]+)\/([^/]+)\/[^/]+\/(.*)$/.exec(path) ?? [];
  if (method !== 'GET' || rest === undefined) throw new Refusal('InvalidUrl', 'URL is invalid');
  if (service !== 'table') throw new Refusal('InvalidService', `Service ${service} not found!`);
  if (version !== 'v1') throw new Refusal('InvalidVersion', 'Service version is not supported');
  const [places = '', query = ''] = rest.split('?');
  const points = places
    .replace(/\.json$/, '')
    .split(';')
    .map(parsePlace);
  const given = new URLSearchParams(query);
  for (const name of given.keys()) {
    if (!OPTIONS.has(name)) throw new Refusal('InvalidQuery', `Query string malformed at ${name}`);
  }
  if (!ANNOTATIONS.has(given.get('annotations') ?? 'duration')) {
    throw new Refusal('InvalidQuery', 'Query string malformed at annotations');
  }
  const sources = parseIndexes(given.get('sources'), points.length);
  const destinations = parseIndexes(given.get('destinations'), points.length);
  const { maxTableSize = 100, roads = PLAIN_ROADS, metersPerSecond = 8 } = options;
  if (sources.length * destinations.length > maxTableSize * maxTableSize) {
    throw new Refusal('TooBig', 'Too many table coordinates');
  }
  const lost = points.findIndex((point) => !roads.hasRoad(point));
  if (lost >= 0) {
    throw new Refusal('NoSegment', `Could not find a matching segment for coordinate ${lost}`);
  }
  const at = (index: number): PointE7 => points[index] as PointE7;
  const durations = sources.map((from) =>
    destinations.map((to) => tenths(roads.seconds(at(from), at(to), metersPerSecond))),
  );
  const waypoints = (indexes: readonly number[]) =>
    indexes.map((index) => ({
      location: [at(index).lonE7 / 1e7, at(index).latE7 / 1e7],
      name: '',
    }));
  const all = { sources: waypoints(sources), destinations: waypoints(destinations) };
  return { status: 200, body: { code: 'Ok', durations, ...all } };
}

function parsePlace(text: string): PointE7 {
  const [lon, lat, more] = text.split(',').map(Number);
  const point = more === undefined ? pointOf(lat, lon) : null;
  if (!point) throw new Refusal('InvalidQuery', 'Query string malformed: coordinates');
  return point;
}

function parseIndexes(text: string | null, count: number): number[] {
  if (text === null || text === 'all') return Array.from({ length: count }, (_, index) => index);
  const indexes = text.split(';').map(Number);
  if (indexes.some((index) => !Number.isInteger(index) || index < 0 || index >= count)) {
    throw new Refusal('InvalidValue', 'An index is out of range');
  }
  return indexes;
}

/** Durations come with one decimal. */
function tenths(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 10) / 10;
}
