/**
 * The city of the benchmarks: 30 km across, most people around twenty centres, as cities are. Seeded,
 * so that both sides of a comparison, and two runs, see the same points.
 */
import type { DriverProfile } from '../../contracts/commands.ts';
import type { GeoPolygon } from '../../contracts/geo.ts';
import type { DeliveryId, DriverId, ZoneId } from '../../contracts/ids.ts';
import type { ZoneConfig, ZonePolicy } from '../../contracts/zone.ts';
import { DEFAULT_POLICY, DEFAULT_WEIGHTS } from '../../contracts/zone.ts';
import { zoneGeometry } from '../../dispatch/geometry.ts';

const CENTRE = { lat: 41.88, lon: -87.63 };
const ACROSS_METERS = 30_000;
const EDGE_METERS = 14_000;
const HUBS = 20;
const HUB_SPREAD_METERS = 1_500;
const HUB_PART = 0.7;
const METERS_PER_DEGREE = 111_195;
const LON_SCALE = Math.cos((CENTRE.lat * Math.PI) / 180);

/** Uniform numbers in [0, 1) from a seed (mulberry32): the same sequence on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

export interface LatLon {
  readonly lat: number;
  readonly lon: number;
}

/** A point so many metres east and north of another; flat, which is exact enough in a city. */
export function movedBy(from: LatLon, eastMeters: number, northMeters: number): LatLon {
  return {
    lat: from.lat + northMeters / METERS_PER_DEGREE,
    lon: from.lon + eastMeters / (METERS_PER_DEGREE * LON_SCALE),
  };
}

/** Draws points where people are. */
export function cityPoints(seed: number): () => LatLon {
  const hubRandom = seededRandom(1);
  const uniform = (random: () => number): LatLon =>
    withinCity(movedBy(CENTRE, (random() - 0.5) * ACROSS_METERS, (random() - 0.5) * ACROSS_METERS));
  const hubs = Array.from({ length: HUBS }, () => uniform(hubRandom));
  const random = seededRandom(seed);
  return () => {
    if (random() >= HUB_PART) return uniform(random);
    const hub = hubs[Math.floor(random() * HUBS)] ?? CENTRE;
    const radius = HUB_SPREAD_METERS * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    return withinCity(movedBy(hub, radius * Math.cos(angle), radius * Math.sin(angle)));
  };
}

/** Drawn in to a little inside the border, so that nobody strays out of the zone by driving. */
function withinCity({ lat, lon }: LatLon): LatLon {
  const edge = movedBy(CENTRE, EDGE_METERS, EDGE_METERS);
  const clamp = (value: number, middle: number, far: number): number =>
    Math.max(2 * middle - far, Math.min(far, value));
  return { lat: clamp(lat, CENTRE.lat, edge.lat), lon: clamp(lon, CENTRE.lon, edge.lon) };
}

/** The n-th id of a kind, of the shape the contracts ask for. */
export function benchUuid(n: number): string {
  return `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

export const BENCH_ZONE: ZoneId = `zon_${benchUuid(1)}`;

/** The polygon of the city. */
export function cityPolygon(): GeoPolygon {
  const half = ACROSS_METERS / 2;
  const corner = (east: number, north: number): number[] => {
    const { lat, lon } = movedBy(CENTRE, east * half, north * half);
    return [lon, lat];
  };
  const ring = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1), corner(-1, -1)];
  return { type: 'Polygon', coordinates: [ring] };
}

/** The city as one zone; `policy` overrides the defaults. */
export function cityZone(policy: Partial<ZonePolicy> = {}): ZoneConfig {
  return {
    id: BENCH_ZONE,
    market: `mkt_${benchUuid(1)}`,
    shard: 0,
    version: 1,
    currency: 'USD',
    timeZone: 'America/Chicago',
    ...zoneGeometry(cityPolygon()),
    weights: DEFAULT_WEIGHTS,
    policy: { ...DEFAULT_POLICY, ...policy },
  };
}

/** The n-th driver. */
export function benchDriver(n: number): DriverId {
  return `drv_${benchUuid(n)}`;
}

/** The n-th delivery. */
export function benchDelivery(n: number): DeliveryId {
  return `del_${benchUuid(n)}`;
}

/** What the n-th driver is when it goes on duty. */
export function benchProfile(n: number): DriverProfile {
  return {
    driver: benchDriver(n),
    vehicle: `veh_${benchUuid(n)}`,
    vehicleKind: 'scooter',
    capacity: { parcels: 4, volumeMl: 40_000, weightG: 20_000 },
    skills: [],
  };
}
