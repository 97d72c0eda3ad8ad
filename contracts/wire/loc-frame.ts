/**
 * The binary LOC frame: positions of a driver, little-endian.
 *
 *   0  u8   type: 1 live, 2 backlog
 *   1  u8   count of points, 1–64
 *   2  u16  reserved, 0
 *   4  u32  sequence of the first point; the others follow on
 *   8  f64  session from WELCOME
 *  16  f64  device ms UTC at which the frame was sent
 *  24  points, each: flags u8 (1 mock, 2 accuracy, 4 speed, 8 heading), then varints:
 *      zigzag Δ latE7, zigzag Δ lonE7, zigzag Δ device ms, and accuracy (m), speed (cm/s), heading
 *      (degrees) as far as the flags say. Deltas are to the point before, for the first point to
 *      (0, 0, time of sending), modulo 2³².
 *
 * The decoder keeps its arrays: reading a frame allocates nothing.
 */
import { LAT_E7_MAX, LON_E7_MAX } from '../geo.ts';
import { WIRE_LIMITS } from './messages.ts';

export const LOC_LIVE = 1;
export const LOC_BACKLOG = 2;
export const LOC_HEADER_BYTES = 24;
/** A varint of 32 bits takes at most five bytes; a point has six of them and its flags. */
const POINT_BYTES_MAX = 31;

export const POINT_MOCK = 1;
const POINT_ACCURACY = 2;
const POINT_SPEED = 4;
const POINT_HEADING = 8;
const POINT_FLAGS = 15;

/** `range`: readable, but a value is out of its range. The others: not a frame of ours. */
export type LocProblem = 'type' | 'truncated' | 'count' | 'trailing' | 'range';

export interface LocPoint {
  readonly latE7: number;
  readonly lonE7: number;
  readonly deviceMs: number;
  readonly mock?: boolean;
  readonly accuracyMeters?: number;
  readonly speedCmps?: number;
  /** Degrees, 0–359. */
  readonly headingDegrees?: number;
}

export interface LocFrame {
  readonly kind: 'live' | 'backlog';
  readonly session: number;
  /** Sequence of the first point. */
  readonly seq: number;
  readonly sentMs: number;
  readonly points: readonly LocPoint[];
}

/** Writes a frame. Throws RangeError when there are no points or too many. */
export function encodeLoc(frame: LocFrame): Uint8Array<ArrayBuffer> {
  const { points } = frame;
  if (points.length < 1 || points.length > WIRE_LIMITS.locPointsMax) {
    throw new RangeError(`a LOC frame holds 1 to ${WIRE_LIMITS.locPointsMax} points`);
  }
  const bytes = new Uint8Array(LOC_HEADER_BYTES + points.length * POINT_BYTES_MAX);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, frame.kind === 'live' ? LOC_LIVE : LOC_BACKLOG);
  view.setUint8(1, points.length);
  view.setUint32(4, frame.seq, true);
  view.setFloat64(8, frame.session, true);
  view.setFloat64(16, frame.sentMs, true);
  let at = LOC_HEADER_BYTES;
  let lat = 0;
  let lon = 0;
  let ms = frame.sentMs;
  for (const point of points) {
    bytes[at++] = flagsOf(point);
    at = writeVarint(bytes, at, zigzag(point.latE7 - lat));
    at = writeVarint(bytes, at, zigzag(point.lonE7 - lon));
    at = writeVarint(bytes, at, zigzag(point.deviceMs - ms));
    if (point.accuracyMeters !== undefined) at = writeVarint(bytes, at, point.accuracyMeters);
    if (point.speedCmps !== undefined) at = writeVarint(bytes, at, point.speedCmps);
    if (point.headingDegrees !== undefined) at = writeVarint(bytes, at, point.headingDegrees);
    lat = point.latE7;
    lon = point.lonE7;
    ms = point.deviceMs;
  }
  return bytes.slice(0, at);
}

function flagsOf(point: LocPoint): number {
  return (
    (point.mock ? POINT_MOCK : 0) |
    (point.accuracyMeters === undefined ? 0 : POINT_ACCURACY) |
    (point.speedCmps === undefined ? 0 : POINT_SPEED) |
    (point.headingDegrees === undefined ? 0 : POINT_HEADING)
  );
}

function zigzag(value: number): number {
  const int = value | 0;
  return ((int << 1) ^ (int >> 31)) >>> 0;
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0;
  let next = at;
  while (rest >= 0x80) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}

/** Reads frames into arrays of its own, which hold until the next `decode`. */
export class LocDecoder {
  kind: 'live' | 'backlog' = 'live';
  count = 0;
  seq = 0;
  session = 0;
  sentMs = 0;
  readonly latE7 = new Int32Array(WIRE_LIMITS.locPointsMax);
  readonly lonE7 = new Int32Array(WIRE_LIMITS.locPointsMax);
  readonly deviceMs = new Float64Array(WIRE_LIMITS.locPointsMax);
  readonly flags = new Uint8Array(WIRE_LIMITS.locPointsMax);
  readonly accuracyMeters = new Uint32Array(WIRE_LIMITS.locPointsMax);
  readonly speedCmps = new Uint32Array(WIRE_LIMITS.locPointsMax);
  readonly headingDegrees = new Uint16Array(WIRE_LIMITS.locPointsMax);
  /** Index of the point that was out of range. */
  badPoint = 0;
  private readonly words = new Float64Array(2);
  private readonly wordBytes = new Uint8Array(this.words.buffer);
  private bytes: Uint8Array = this.wordBytes;
  private at = 0;
  private isBroken = false;

  /** Reads a frame; null: its contents stand in the fields. */
  decode(bytes: Uint8Array): LocProblem | null {
    const type = bytes[0];
    if (type !== LOC_LIVE && type !== LOC_BACKLOG) return 'type';
    if (bytes.length < LOC_HEADER_BYTES) return 'truncated';
    const count = bytes[1] as number;
    if (count < 1 || count > WIRE_LIMITS.locPointsMax) return 'count';
    this.kind = type === LOC_LIVE ? 'live' : 'backlog';
    this.count = count;
    this.readHeader(bytes);
    const problem = this.readPoints(bytes, count);
    this.bytes = this.wordBytes;
    if (problem) return problem;
    if (!Number.isSafeInteger(this.session) || this.session < 0) return 'range';
    return this.rangeProblem();
  }

  private readHeader(bytes: Uint8Array): void {
    const [a = 0, b = 0, c = 0, d = 0] = [bytes[4], bytes[5], bytes[6], bytes[7]];
    this.seq = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
    for (let i = 0; i < 16; i++) this.wordBytes[i] = bytes[8 + i] as number;
    this.session = this.words[0] as number;
    this.sentMs = this.words[1] as number;
  }

  private readPoints(bytes: Uint8Array, count: number): LocProblem | null {
    this.bytes = bytes;
    this.at = LOC_HEADER_BYTES;
    this.isBroken = false;
    let lat = 0;
    let lon = 0;
    let ms = this.sentMs;
    for (let i = 0; i < count; i++) {
      if (this.at >= bytes.length) return 'truncated';
      const flags = bytes[this.at++] as number;
      lat = (lat + this.signed()) | 0;
      lon = (lon + this.signed()) | 0;
      ms += this.signed();
      this.flags[i] = flags;
      this.latE7[i] = lat;
      this.lonE7[i] = lon;
      this.deviceMs[i] = ms;
      this.accuracyMeters[i] = flags & POINT_ACCURACY ? this.unsigned() : 0;
      this.speedCmps[i] = flags & POINT_SPEED ? this.unsigned() : 0;
      const heading = flags & POINT_HEADING ? this.unsigned() : 0;
      // A heading that a 16-bit field would wrap into range must stay out of it.
      this.headingDegrees[i] = Math.min(heading, 0xffff);
    }
    if (this.isBroken) return 'truncated';
    return this.at === bytes.length ? null : 'trailing';
  }

  private rangeProblem(): LocProblem | null {
    for (let i = 0; i < this.count; i++) {
      const isGood =
        Math.abs(this.latE7[i] as number) <= LAT_E7_MAX &&
        Math.abs(this.lonE7[i] as number) <= LON_E7_MAX &&
        Math.abs(this.deviceMs[i] as number) <= Number.MAX_SAFE_INTEGER &&
        (this.headingDegrees[i] as number) < 360 &&
        ((this.flags[i] as number) & ~POINT_FLAGS) === 0;
      if (isGood) continue;
      this.badPoint = i;
      return 'range';
    }
    return null;
  }

  private signed(): number {
    const value = this.unsigned();
    return (value >>> 1) ^ -(value & 1);
  }

  private unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    this.isBroken = true;
    return 0;
  }
}

/** Reads a frame into an object of its own; for tools and tests. Throws RangeError with the problem. */
export function decodeLoc(bytes: Uint8Array): LocFrame {
  const decoder = new LocDecoder();
  const problem = decoder.decode(bytes);
  if (problem) throw new RangeError(`LOC frame: ${problem}`);
  const points = Array.from({ length: decoder.count }, (_, i): LocPoint => {
    const flags = decoder.flags[i] as number;
    return {
      latE7: decoder.latE7[i] as number,
      lonE7: decoder.lonE7[i] as number,
      deviceMs: decoder.deviceMs[i] as number,
      ...(flags & POINT_MOCK ? { mock: true } : {}),
      ...(flags & POINT_ACCURACY ? { accuracyMeters: decoder.accuracyMeters[i] as number } : {}),
      ...(flags & POINT_SPEED ? { speedCmps: decoder.speedCmps[i] as number } : {}),
      ...(flags & POINT_HEADING ? { headingDegrees: decoder.headingDegrees[i] as number } : {}),
    };
  });
  const { kind, session, seq, sentMs } = decoder;
  return { kind, session, seq, sentMs, points };
}
