/**
 * Where a vendor delivers to: within a radius, inside a polygon, or anywhere. Pure; says the same as
 * the vendor's own terms but for the last metre of a circle, which is drawn on a plane here.
 */
import type { DeliveryArea } from '../../contracts/api/vendors.ts';
import type { PointE7 } from '../../contracts/geo.ts';
import { LAT_E7_MAX, LON_E7_MAX } from '../../contracts/geo.ts';
import { NORTH_METERS_PER_E7 } from './ranking.ts';

/** E7. */
export interface Box {
  readonly southE7: number;
  readonly westE7: number;
  readonly northE7: number;
  readonly eastE7: number;
}

/** Both null: anywhere. The box holds all of it. */
export interface Reach extends Box {
  readonly reachMeters: number | null;
  /** Of all rings: lon, lat, lon, lat of each edge, degrees. */
  readonly reachEdges: readonly number[] | null;
}

/** A little more than it is: the plane of a circle stands at whoever asks, not at its centre. */
const BOX_MARGIN = 1.02;

export function reachOf(area: DeliveryArea | null, place: PointE7): Reach {
  if (area === null) return { reachMeters: null, reachEdges: null, ...EVERYWHERE };
  if ('radiusMeters' in area) {
    const north = Math.ceil((area.radiusMeters * BOX_MARGIN) / NORTH_METERS_PER_E7);
    const farthest = Math.min(LAT_E7_MAX, Math.abs(place.latE7) + north);
    const east = north / Math.max(0.001, Math.cos((farthest * Math.PI) / 180e7));
    return {
      reachMeters: area.radiusMeters,
      reachEdges: null,
      ...boxOf(
        [place.latE7 - north, place.latE7 + north],
        [place.lonE7 - east, place.lonE7 + east],
      ),
    };
  }
  const points = area.polygon.coordinates.flat();
  return {
    reachMeters: null,
    reachEdges: edgesOf(area.polygon.coordinates),
    ...boxOf(
      points.map(([, lat = 0]) => lat * 1e7),
      points.map(([lon = 0]) => lon * 1e7),
    ),
  };
}

const EVERYWHERE: Box = {
  southE7: -LAT_E7_MAX,
  westE7: -LON_E7_MAX,
  northE7: LAT_E7_MAX,
  eastE7: LON_E7_MAX,
};

/** What would cross the 180th meridian goes around the globe. */
function boxOf(lats: readonly number[], lons: readonly number[]): Box {
  const west = Math.floor(Math.min(...lons));
  const east = Math.ceil(Math.max(...lons));
  const crosses = west < -LON_E7_MAX || east > LON_E7_MAX;
  return {
    southE7: Math.max(-LAT_E7_MAX, Math.floor(Math.min(...lats))),
    northE7: Math.min(LAT_E7_MAX, Math.ceil(Math.max(...lats))),
    westE7: crosses ? -LON_E7_MAX : west,
    eastE7: crosses ? LON_E7_MAX : east,
  };
}

function edgesOf(rings: readonly (readonly (readonly number[])[])[]): number[] {
  return rings.flatMap((ring) =>
    ring.flatMap((point, n) => {
      const [x = 0, y = 0] = point;
      const [fromX = 0, fromY = 0] = ring[n === 0 ? ring.length - 1 : n - 1] ?? [];
      return [x, y, fromX, fromY];
    }),
  );
}

/** Even-odd rule, in the same operations as `polygonContains` and as the SQL. */
export function isInside(edges: ArrayLike<number>, lat: number, lon: number): boolean {
  let inside = false;
  for (let n = 0; n + 3 < edges.length; n += 4) {
    const xi = edges[n] ?? 0;
    const yi = edges[n + 1] ?? 0;
    const xj = edges[n + 2] ?? 0;
    const yj = edges[n + 3] ?? 0;
    if (yi > lat !== yj > lat && lon < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
