/**
 * Coordinates. Edges speak degrees; inside everything is integer degrees × 10⁷ (about 1.1 cm).
 */
export interface PointE7 {
  readonly latE7: number;
  readonly lonE7: number;
}

/** A place with the H3 cell key that the edge computed for it (see `cellKey`). */
export interface Place extends PointE7 {
  /** H3 cell at resolution 9 as a compact integer (`cellKey`). */
  readonly cell: number;
}

/** The H3 resolution of every cell inside the engine: hexagons of about 0.1 km². */
export const CELL_RESOLUTION = 9;
export const LAT_E7_MAX = 900_000_000;
export const LON_E7_MAX = 1_800_000_000;

/** Degrees to integer E7. Throws RangeError when not finite or out of range. */
export function pointE7(lat: number, lon: number): PointE7 {
  const latE7 = Math.round(lat * 1e7);
  const lonE7 = Math.round(lon * 1e7);
  if (!(Math.abs(latE7) <= LAT_E7_MAX)) throw new RangeError('latitude must be in [-90, 90]');
  if (!(Math.abs(lonE7) <= LON_E7_MAX)) throw new RangeError('longitude must be in [-180, 180]');
  return { latE7, lonE7 };
}

const DIGIT_SPAN = 2 ** (3 * CELL_RESOLUTION);
const UNUSED_BITS = 3 * (15 - CELL_RESOLUTION);

/**
 * Packs a resolution-9 H3 index (15 hex digits) into a safe integer of 34 bits: 7 bits of base cell,
 * then nine 3-bit digits. An integer compares, hashes and travels better than text.
 */
export function cellKey(h3Index: string): number {
  const bits = BigInt(`0x${h3Index}`);
  const base = Number((bits >> 45n) & 0x7fn);
  const digits = Number((bits & ((1n << 45n) - 1n)) >> BigInt(UNUSED_BITS));
  return base * DIGIT_SPAN + digits;
}

/** The H3 index (hexadecimal text) of a cell key. */
export function cellText(key: number): string {
  const base = BigInt(Math.floor(key / DIGIT_SPAN));
  const digits = BigInt(key % DIGIT_SPAN);
  const unused = (1n << BigInt(UNUSED_BITS)) - 1n;
  const head = (1n << 59n) | (BigInt(CELL_RESOLUTION) << 52n) | (base << 45n);
  return (head | (digits << BigInt(UNUSED_BITS)) | unused).toString(16);
}

/** The H3 index (text) of the ancestor of a cell key at a coarser resolution. */
export function ancestorText(key: number, resolution: number): string {
  const dropped = 3 * (CELL_RESOLUTION - resolution);
  const kept = BigInt(Math.floor(key / 2 ** dropped));
  const digitBits = BigInt(3 * resolution);
  const base = kept >> digitBits;
  const digits = kept & ((1n << digitBits) - 1n);
  const unusedBits = BigInt(3 * (15 - resolution));
  const unused = (1n << unusedBits) - 1n;
  const head = (1n << 59n) | (BigInt(resolution) << 52n) | (base << 45n);
  return (head | (digits << unusedBits) | unused).toString(16);
}

/** Largest cell key that can occur (122 base cells). */
export const CELL_KEY_MAX = 122 * DIGIT_SPAN - 1;

/** GeoJSON polygon: rings of [longitude, latitude], the first outer, the others holes. */
export interface GeoPolygon {
  readonly type: 'Polygon';
  readonly coordinates: readonly (readonly (readonly number[])[])[];
}

/** Whether a point lies inside a polygon (even-odd rule over all rings, so holes are outside). */
export function polygonContains(polygon: GeoPolygon, lat: number, lon: number): boolean {
  let inside = false;
  for (const ring of polygon.coordinates) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi = 0, yi = 0] = ring[i] ?? [];
      const [xj = 0, yj = 0] = ring[j] ?? [];
      if (yi > lat !== yj > lat && lon < ((xj - xi) * (lat - yi)) / (yj - yi) + xi)
        inside = !inside;
    }
  }
  return inside;
}

/** Metres between two points on the sphere (haversine, mean radius 6,371,008.8 m). Edge use only. */
export function haversineMeters(a: PointE7, b: PointE7): number {
  const rad = Math.PI / 180e7;
  const dLat = (b.latE7 - a.latE7) * rad;
  const dLon = (b.lonE7 - a.lonE7) * rad;
  const h =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(a.latE7 * rad) * Math.cos(b.latE7 * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
}
