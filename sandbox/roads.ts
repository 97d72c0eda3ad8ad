/** The roads of the stand-ins: straight lines with a detour, at one speed per kind of road use. */
import { haversineMeters, type PointE7, pointE7 } from '../contracts/geo.ts';

const DETOUR = 1.35;

export interface Roads {
  /** Seconds from one point to another; null: no road. */
  seconds(from: PointE7, to: PointE7, metersPerSecond: number): number | null;
  /** Whether a road is near enough to a point. */
  hasRoad(point: PointE7): boolean;
}

/** Roads everywhere. */
export const PLAIN_ROADS: Roads = {
  seconds: (from, to, metersPerSecond) => (haversineMeters(from, to) * DETOUR) / metersPerSecond,
  hasRoad: () => true,
};

/** A point of degrees as text; null when it is none. */
export function pointOf(lat: unknown, lon: unknown): PointE7 | null {
  if (typeof lat !== 'number' || typeof lon !== 'number') return null;
  try {
    return pointE7(lat, lon);
  } catch {
    return null;
  }
}
