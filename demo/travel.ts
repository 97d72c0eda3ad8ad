/**
 * How a courier gets from one place to another: a straight line, driven in the time that streets
 * would take. Pure; times are zone ms.
 */
import { haversineMeters, pointE7 } from '../contracts/geo.ts';
import type { VehicleKind } from '../contracts/states.ts';
import type { CourierManners, LatLon } from './scenario.ts';

export interface Leg {
  readonly from: LatLon;
  readonly to: LatLon;
  readonly startMs: number;
  readonly endMs: number;
}

/** Metres as the crow flies. */
export function metersBetween(a: LatLon, b: LatLon): number {
  return haversineMeters(pointE7(a.lat, a.lon), pointE7(b.lat, b.lon));
}

/** Zone ms that a vehicle needs from one place to another. */
export function travelMs(
  from: LatLon,
  to: LatLon,
  vehicle: VehicleKind,
  manners: CourierManners,
): number {
  const meters = (metersBetween(from, to) * manners.detourPerMille) / 1000;
  const exactMs = (meters * 1_000_000) / manners.speedMmps[vehicle];
  if (manners.travelStepMs === 0) return Math.round(exactMs);
  // A step is forgiven two thousandths, so that E7 rounding does not cost a whole step.
  return Math.ceil(exactMs / manners.travelStepMs - 0.002) * manners.travelStepMs;
}

/** Where a courier on this leg is at a time. */
export function positionAt(leg: Leg, atMs: number): LatLon {
  if (atMs >= leg.endMs) return leg.to;
  if (atMs <= leg.startMs) return leg.from;
  const share = (atMs - leg.startMs) / (leg.endMs - leg.startMs);
  return {
    lat: leg.from.lat + (leg.to.lat - leg.from.lat) * share,
    lon: leg.from.lon + (leg.to.lon - leg.from.lon) * share,
  };
}

/** Compass degrees, 0–359, from one place to another (flat earth: legs are short). */
export function headingDegrees(from: LatLon, to: LatLon): number {
  const north = to.lat - from.lat;
  const east = (to.lon - from.lon) * Math.cos((from.lat * Math.PI) / 180);
  return Math.round((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
}
