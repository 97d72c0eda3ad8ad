/**
 * Where a vendor delivers to: a radius or a polygon, and the cells that cover it. Pure. The cells are
 * a bounded superset that an index can hold; whether a point is inside is exact.
 */
import {
  cellToParent,
  compactCells,
  getHexagonAreaAvg,
  getResolution,
  latLngToCell,
  POLYGON_TO_CELLS_FLAGS,
  polygonToCellsExperimental,
  UNITS,
} from 'h3-js';
import type { DeliveryArea } from '../../contracts/api/vendors.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type GeoPolygon, haversineMeters, pointE7, polygonContains } from '../../contracts/geo.ts';

export interface LatLon {
  readonly lat: number;
  readonly lon: number;
}

/** Cells of one area, after compaction; the resolution is the finest that stays below. */
export const AREA_CELLS_MAX = 300;
const RESOLUTION_FINEST = 9;
const RESOLUTION_COARSEST = 4;
/** Cells that its box may hold before compaction; more are a coarser resolution's business. */
const BOX_CELLS_MAX = 3_000;
/** Corners of a polygon, over all its rings: what covering it costs grows with them. */
const CORNERS_MAX = 500;
/** A polygon's box may be this long on each side. */
const EXTENT_METERS_MAX = 200_000;
/** About twelve square metres: what is less is a line. */
const FLAT_DEGREES2 = 1e-9;
const CIRCLE_CORNERS = 48;
const METERS_PER_DEGREE = 111_195;

/** Cells (H3 text, mixed resolutions) that cover the area. Throws `request.invalid` at `/area`. */
export function cellsOf(area: DeliveryArea, place: LatLon): string[] {
  const rings = ringsOf(area, place);
  if ('polygon' in area) checkRings(rings);
  const boxM2 = boxOf(rings);
  for (let resolution = RESOLUTION_FINEST; resolution >= RESOLUTION_COARSEST; resolution--) {
    if (boxM2 / getHexagonAreaAvg(resolution, UNITS.m2) > BOX_CELLS_MAX) continue;
    const raw = polygonToCellsExperimental(
      rings,
      resolution,
      POLYGON_TO_CELLS_FLAGS.containmentOverlapping,
      true,
    );
    const cells = compactCells(raw);
    if (cells.length > 0 && cells.length <= AREA_CELLS_MAX) return cells.sort();
  }
  throw invalid('an area that a few hundred cells can cover');
}

/** Whether a point is inside: by cell first, then exactly. Null: delivers anywhere. */
export function delivers(
  area: DeliveryArea | null,
  cells: readonly string[] | null,
  place: LatLon,
  to: LatLon,
): boolean {
  if (area === null) return true;
  if (cells !== null && !isCovered(cells, to)) return false;
  if ('radiusMeters' in area) {
    const meters = haversineMeters(pointE7(place.lat, place.lon), pointE7(to.lat, to.lon));
    return meters <= area.radiusMeters;
  }
  return polygonContains(area.polygon as GeoPolygon, to.lat, to.lon);
}

function isCovered(cells: readonly string[], { lat, lon }: LatLon): boolean {
  const known = new Set(cells);
  const resolutions = new Set(cells.map(getResolution));
  const finest = latLngToCell(lat, lon, Math.max(...resolutions));
  return [...resolutions].some((resolution) => known.has(cellToParent(finest, resolution)));
}

/** Rings of [longitude, latitude]. A circle becomes a polygon drawn around it. */
function ringsOf(area: DeliveryArea, { lat, lon }: LatLon): number[][][] {
  if ('polygon' in area) {
    return area.polygon.coordinates.map((ring) => ring.map(([x = 0, y = 0]) => [x, y]));
  }
  const reach = area.radiusMeters / METERS_PER_DEGREE / Math.cos(Math.PI / CIRCLE_CORNERS);
  // A little more, so that the flat reckoning of a circle on the globe stays outside of it.
  const latitude = reach * 1.01;
  const longitude = latitude / Math.max(0.01, Math.cos(((Math.abs(lat) + reach) * Math.PI) / 180));
  const ring = Array.from({ length: CIRCLE_CORNERS + 1 }, (_, corner) => {
    const angle = (2 * Math.PI * corner) / CIRCLE_CORNERS;
    return [lon + longitude * Math.cos(angle), lat + latitude * Math.sin(angle)];
  });
  return [ring];
}

type Rings = readonly (readonly (readonly number[])[])[];

/** Closed rings of some area, and not too many corners. */
function checkRings(rings: Rings): void {
  const corners = rings.reduce((sum, ring) => sum + ring.length, 0);
  if (corners > CORNERS_MAX) throw invalid(`at most ${CORNERS_MAX} corners`);
  for (const ring of rings) {
    const [first, last] = [ring[0], ring.at(-1)];
    const isClosed = first?.[0] === last?.[0] && first?.[1] === last?.[1];
    if (!isClosed) throw invalid('rings that end where they begin');
    if (Math.abs(twiceArea(ring)) < FLAT_DEGREES2) throw invalid('rings around some area');
  }
}

/** Twice the area within a ring, square degrees. */
function twiceArea(ring: readonly (readonly number[])[]): number {
  const parts = ring.map(([x = 0, y = 0], corner) => {
    const [nextX = 0, nextY = 0] = ring[(corner + 1) % ring.length] ?? [];
    return x * nextY - nextX * y;
  });
  return parts.reduce((sum, part) => sum + part, 0);
}

/** Square metres of the box around rings. Throws when it is too wide or near a pole. */
function boxOf(rings: Rings): number {
  const points = rings.flat();
  const lons = points.map(([lon = Number.NaN]) => lon);
  const lats = points.map(([, lat = Number.NaN]) => lat);
  if (lats.some((lat) => !(Math.abs(lat) <= 85))) throw invalid('latitudes within 85 degrees');
  if (lons.some((lon) => !(Math.abs(lon) <= 180))) throw invalid('an area on one side of 180°');
  const widest = (values: readonly number[]): number =>
    (Math.max(...values) - Math.min(...values)) * METERS_PER_DEGREE;
  const cosine = Math.cos((((Math.max(...lats) + Math.min(...lats)) / 2) * Math.PI) / 180);
  const [height, width] = [widest(lats), widest(lons) * cosine];
  if (height > EXTENT_METERS_MAX || width > EXTENT_METERS_MAX) {
    throw invalid(`at most ${EXTENT_METERS_MAX / 1000} km across`);
  }
  return height * width;
}

function invalid(expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field: '/area', expected }]);
}
