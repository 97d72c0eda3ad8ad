/**
 * A stand-in for Google's Routes API: computeRouteMatrix (v2) with its field mask, its limits and its two
 * kinds of errors, as published at developers.google.com/maps/documentation/routes and in
 * google/maps/routing/v2/routes_service.proto.
 */
import type { PointE7 } from '../contracts/geo.ts';
import { PLAIN_ROADS, pointOf, type Roads } from './roads.ts';
import { type Asked, type Reply, type StandIn, serve } from './server.ts';

export interface GoogleOptions {
  readonly port?: number;
  readonly roads?: Roads;
  readonly key?: string;
  /** Makes elements fail on their own; null: the element is fine. */
  readonly elementError?: (origin: number, destination: number) => { code: number } | null;
}

const PATH = '/distanceMatrix/v2:computeRouteMatrix';
const FIELDS = new Set([
  ...['origins', 'destinations', 'travelMode', 'routingPreference', 'departureTime'],
  ...['arrivalTime', 'languageCode', 'regionCode', 'units', 'extraComputations'],
  ...['trafficModel', 'transitPreferences'],
]);
/** Metres per second by travel mode. */
const MODES: Readonly<Record<string, number>> = {
  DRIVE: 8,
  BICYCLE: 4,
  WALK: 1.4,
  TWO_WHEELER: 7,
};
const PREFERENCES = new Set(['TRAFFIC_UNAWARE', 'TRAFFIC_AWARE', 'TRAFFIC_AWARE_OPTIMAL']);

export function startGoogleRoutes(options: GoogleOptions = {}): Promise<StandIn> {
  return serve(options.port ?? 0, (asked) => answer(asked, options));
}

class Refusal extends Error {
  readonly reply: Reply;

  constructor(code: number, status: string, message: string) {
    super(message);
    // The method streams: over REST its errors come as a list, too.
    this.reply = { status: code, body: [{ error: { code, message, status } }] };
  }
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'INVALID_ARGUMENT', message);
}

function answer(asked: Asked, options: GoogleOptions): Reply {
  try {
    return { status: 200, body: matrix(asked, options) };
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}

type Json = Readonly<Record<string, unknown>>;

function matrix({ method, path, headers, body }: Asked, options: GoogleOptions): Json[] {
  if (method !== 'POST' || path !== PATH) throw new Refusal(404, 'NOT_FOUND', 'Not found.');
  if (headers['x-goog-api-key'] !== (options.key ?? 'sandbox-key')) {
    throw new Refusal(403, 'PERMISSION_DENIED', 'The request is missing a valid API key.');
  }
  const mask = headers['x-goog-fieldmask'];
  if (typeof mask !== 'string') throw invalid('FieldMask is a required parameter.');
  const request = parse(body);
  const origins = places(request.origins, 'origins');
  const destinations = places(request.destinations, 'destinations');
  const { travelMode = 'DRIVE', routingPreference } = request;
  const metersPerSecond = typeof travelMode === 'string' ? MODES[travelMode] : undefined;
  if (metersPerSecond === undefined) throw invalid('Invalid value at travel_mode.');
  checkPreference(routingPreference, travelMode);
  const elementsMax = routingPreference === 'TRAFFIC_AWARE_OPTIMAL' ? 100 : 625;
  if (origins.length * destinations.length > elementsMax) {
    throw invalid(`The number of elements must not exceed ${elementsMax}.`);
  }
  const roads = options.roads ?? PLAIN_ROADS;
  const elements = origins.flatMap((from, originIndex) =>
    destinations.map((to, destinationIndex): Json => {
      const index = { originIndex, destinationIndex };
      const error = options.elementError?.(originIndex, destinationIndex) ?? null;
      if (error) return { ...index, status: { ...error, message: 'element failed' } };
      const isNear = roads.hasRoad(from) && roads.hasRoad(to);
      const seconds = isNear ? roads.seconds(from, to, metersPerSecond) : null;
      if (seconds === null) return { ...index, status: {}, condition: 'ROUTE_NOT_FOUND' };
      const duration = `${Math.round(seconds)}s`;
      const route = {
        condition: 'ROUTE_EXISTS',
        distanceMeters: Math.round(seconds * 8),
        duration,
      };
      return { ...index, status: {}, ...route, staticDuration: duration };
    }),
  );
  // The elements stream in as they are found, in no order.
  return elements.toReversed().map((element) => masked(element, mask));
}

function checkPreference(preference: unknown, travelMode: unknown): void {
  if (preference === undefined) return;
  if (typeof preference !== 'string' || !PREFERENCES.has(preference)) {
    throw invalid('Invalid value at routing_preference.');
  }
  if (travelMode !== 'DRIVE' && travelMode !== 'TWO_WHEELER') {
    throw invalid('Routing preference cannot be set for this travel mode.');
  }
}

function parse(body: string): Json {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    throw invalid('Invalid JSON payload received.');
  }
  if (typeof request !== 'object' || request === null) throw invalid('Invalid JSON payload.');
  for (const name of Object.keys(request)) {
    if (!FIELDS.has(name)) throw invalid(`Invalid JSON payload received. Unknown name "${name}".`);
  }
  return request as Json;
}

function places(list: unknown, name: string): PointE7[] {
  if (!Array.isArray(list) || list.length === 0) throw invalid(`${name} must be set.`);
  return (list as { waypoint?: { location?: { latLng?: Json } } }[]).map((item) => {
    const { latitude, longitude } = item.waypoint?.location?.latLng ?? {};
    const point = pointOf(latitude, longitude);
    if (!point) throw invalid(`Invalid value at ${name}.`);
    return point;
  });
}

function masked(element: Json, mask: string): Json {
  const fields = mask.split(',').map((field) => field.trim());
  if (fields.includes('*')) return element;
  return Object.fromEntries(Object.entries(element).filter(([name]) => fields.includes(name)));
}
