/**
 * Packs a trace: differences of time, latitude and longitude as zigzag varints, deflated. About four
 * bytes a point for a moving driver. Pure; reading what was not written here throws RangeError.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

export interface TimedPoint {
  /** Host ms UTC. */
  readonly atMs: number;
  readonly latE7: number;
  readonly lonE7: number;
}

/** Bound of one trace: a day of one point a second. */
export const TRACE_POINTS_MAX = 86_400;
const BYTES_MAX = TRACE_POINTS_MAX * 30;

/** Points in order of time; those past the bound are left out. */
export function encodeTrace(points: readonly TimedPoint[]): Buffer {
  const bytes: number[] = [];
  let last: TimedPoint = { atMs: 0, latE7: 0, lonE7: 0 };
  for (const point of points.slice(0, TRACE_POINTS_MAX)) {
    writeVarint(bytes, point.atMs - last.atMs);
    writeVarint(bytes, point.latE7 - last.latE7);
    writeVarint(bytes, point.lonE7 - last.lonE7);
    last = point;
  }
  return deflateRawSync(Buffer.from(bytes));
}

export function decodeTrace(data: Uint8Array): TimedPoint[] {
  const bytes = inflateRawSync(data, { maxOutputLength: BYTES_MAX });
  const points: TimedPoint[] = [];
  const reader = { bytes, at: 0 };
  let last: TimedPoint = { atMs: 0, latE7: 0, lonE7: 0 };
  while (reader.at < bytes.length) {
    last = {
      atMs: last.atMs + readVarint(reader),
      latE7: last.latE7 + readVarint(reader),
      lonE7: last.lonE7 + readVarint(reader),
    };
    points.push(last);
  }
  return points;
}

/** Times need more than 32 bits, so this divides instead of shifting. */
function writeVarint(bytes: number[], value: number): void {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

function readVarint(reader: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined || scale > Number.MAX_SAFE_INTEGER) {
      throw new RangeError('the trace is cut or damaged');
    }
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    scale *= 0x80;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** About 100 m: what is left of old traces. */
const COARSE_E7 = 10_000;

/** The same way on a coarse grid, without the points that fall together. */
export function coarsen(points: readonly TimedPoint[]): TimedPoint[] {
  const coarse: TimedPoint[] = [];
  for (const { atMs, latE7, lonE7 } of points) {
    const point = {
      atMs,
      latE7: Math.round(latE7 / COARSE_E7) * COARSE_E7,
      lonE7: Math.round(lonE7 / COARSE_E7) * COARSE_E7,
    };
    const last = coarse.at(-1);
    if (last?.latE7 !== point.latE7 || last.lonE7 !== point.lonE7) coarse.push(point);
  }
  return coarse;
}
