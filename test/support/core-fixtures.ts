/** Zones, requests and drivers for tests of the core; coordinates around one point. */
import type { DeliveryRequest, DriverProfile } from '../../contracts/commands.ts';
import type { Place } from '../../contracts/geo.ts';
import { DEFAULT_POLICY, DEFAULT_WEIGHTS, type ZoneConfig } from '../../contracts/zone.ts';
import { placeOf, zoneGeometry } from '../../dispatch/geometry.ts';

const CENTRE = { lat: 41.88, lon: -87.63 };
const EXTENT = 0.05;

export function uuid(n: number): string {
  return `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** A zone around one point; `policy` overrides the defaults. */
export function zoneConfig(n = 1, policy: Partial<ZoneConfig['policy']> = {}): ZoneConfig {
  const west = CENTRE.lon - EXTENT;
  const east = CENTRE.lon + EXTENT;
  const south = CENTRE.lat - EXTENT;
  const north = CENTRE.lat + EXTENT;
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return {
    id: `zon_${uuid(n)}`,
    market: `mkt_${uuid(1)}`,
    shard: 0,
    version: 1,
    currency: 'USD',
    timeZone: 'America/Chicago',
    ...zoneGeometry({ type: 'Polygon', coordinates: [ring] }),
    weights: DEFAULT_WEIGHTS,
    policy: { ...DEFAULT_POLICY, ...policy },
  };
}

/** A place in the zone: `u`, `v` from 0 to 1 across it. */
export function place(u: number, v: number): Place {
  return placeOf(CENTRE.lat + (v - 0.5) * 2 * EXTENT, CENTRE.lon + (u - 0.5) * 2 * EXTENT);
}

export function request(n: number, change: Partial<DeliveryRequest> = {}): DeliveryRequest {
  return {
    id: `del_${uuid(n)}`,
    account: `acc_${uuid(1)}`,
    pickup: place(0.5, 0.5),
    dropoff: place(0.6, 0.6),
    placedMs: 0,
    readyMs: 0,
    readySource: 'promised',
    load: { parcels: 1, volumeMl: 1000, weightG: 500 },
    ifUndeliverable: 'return',
    ...change,
  };
}

export function profile(n: number, change: Partial<DriverProfile> = {}): DriverProfile {
  return {
    driver: `drv_${uuid(n)}`,
    vehicle: `veh_${uuid(n)}`,
    vehicleKind: 'bicycle',
    capacity: { parcels: 4, volumeMl: 40_000, weightG: 20_000 },
    skills: [],
    ...change,
  };
}
