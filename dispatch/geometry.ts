/**
 * Geometry computed once at the edge, so that the core needs no trigonometry: the cell of a point,
 * and the plane and grid of a zone.
 */
import { cellToBoundary, cellToLatLng, cellToLocalIj, gridDisk, latLngToCell } from 'h3-js';
import {
  CELL_RESOLUTION,
  cellKey,
  type GeoPolygon,
  haversineMeters,
  type Place,
  pointE7,
} from '../contracts/geo.ts';
import type { ZoneConfig } from '../contracts/zone.ts';

const EARTH_RADIUS_METERS = 6_371_008.8;
/** Drivers this far outside the polygon still find their place in the grid. */
const MARGIN_METERS = 5_000;
/** Bound of the grid: about 2 million cells, a region of 450 km across. */
const GRID_BUCKETS_MAX = 2_000_000;

/** A point with its cell. Throws RangeError when the coordinates are out of range or not finite. */
export function placeOf(lat: number, lon: number): Place {
  const point = pointE7(lat, lon);
  return { ...point, cell: cellKey(latLngToCell(lat, lon, CELL_RESOLUTION)) };
}

interface Box {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

function boxOf(polygon: GeoPolygon): Box {
  const points = polygon.coordinates.flat();
  const lons = points.map(([lon]) => lon ?? Number.NaN);
  const lats = points.map(([, lat]) => lat ?? Number.NaN);
  return {
    south: Math.min(...lats),
    north: Math.max(...lats),
    west: Math.min(...lons),
    east: Math.max(...lons),
  };
}

/**
 * The plane and grid of a zone from its polygon (degrees). The plane is equirectangular around the
 * box's centre: exact to about 0.1 % over a city. Throws RangeError when the zone is too large.
 */
export function zoneGeometry(polygon: GeoPolygon): Pick<ZoneConfig, 'plane' | 'grid'> {
  const box = boxOf(polygon);
  const lat = (box.south + box.north) / 2;
  const lon = (box.west + box.east) / 2;
  const centre = pointE7(lat, lon);
  const metersPerE7 = (Math.PI / 180e7) * EARTH_RADIUS_METERS;
  const cosine = Math.cos((lat * Math.PI) / 180);
  const plane = { ...centre, xPerE7: metersPerE7 * cosine, yPerE7: metersPerE7 };
  const marginLat = MARGIN_METERS / (metersPerE7 * 1e7);
  const marginLon = marginLat / Math.max(0.01, cosine);
  const origin = latLngToCell(lat, lon, CELL_RESOLUTION);
  const border: (readonly [number, number])[] = [];
  const steps = 16;
  for (let n = 0; n <= steps; n++) {
    const part = n / steps;
    const south = box.south - marginLat;
    const north = box.north + marginLat;
    const west = box.west - marginLon;
    const east = box.east + marginLon;
    border.push([south, west + (east - west) * part], [north, west + (east - west) * part]);
    border.push([south + (north - south) * part, west], [south + (north - south) * part, east]);
  }
  const cells = border.map(([a, b]) => latLngToCell(a, b, CELL_RESOLUTION));
  const ij = cells.map((cell) => {
    try {
      return cellToLocalIj(origin, cell);
    } catch {
      throw new RangeError('zone polygon: too large, or across a pentagon of H3');
    }
  });
  const iMin = Math.min(...ij.map((c) => c.i));
  const jMin = Math.min(...ij.map((c) => c.j));
  const iSpan = Math.max(...ij.map((c) => c.i)) - iMin + 1;
  const jSpan = Math.max(...ij.map((c) => c.j)) - jMin + 1;
  if (iSpan * jSpan > GRID_BUCKETS_MAX) throw new RangeError('zone polygon: too large');
  const spacingMeters = Math.min(...[origin, ...cells].map(spacingAt));
  return { plane, grid: { originCell: cellKey(origin), iMin, jMin, iSpan, jSpan, spacingMeters } };
}

function spacingAt(cell: string): number {
  const centre = h3Point(cell);
  const around = gridDisk(cell, 1).filter((other) => other !== cell);
  // A regular hexagon would have equal spacings; H3's are stretched, so the least one counts, and
  // the boundary guards against cells whose corners reach nearer than their centres suggest.
  const centres = around.map((other) => haversineMeters(centre, h3Point(other)));
  const corners = cellToBoundary(cell).map(([a, b]) => haversineMeters(centre, pointE7(a, b)));
  return Math.min(...centres, ...corners.map((meters) => meters * 1.7)) * 0.97;
}

function h3Point(cell: string): { latE7: number; lonE7: number } {
  const [lat, lon] = cellToLatLng(cell);
  return pointE7(lat, lon);
}
