/**
 * Positions until they are sent. The newest goes out live; what could not be sent while there was no
 * connection is history: kept in a bounded buffer, a point a second at most, and uploaded in chunks
 * until the gateway confirms it. When full, the oldest history is dropped.
 */
import { pointE7 } from '../contracts/geo.ts';
import { encodeLoc, type LocPoint } from '../contracts/wire/loc-frame.ts';
import { WIRE_LIMITS } from '../contracts/wire/messages.ts';
import type { Position } from './types.ts';

/** An hour at a point a second. */
export const HISTORY_MAX = 3_600;
const HISTORY_SPACING_MS = 1_000;

interface NumberedPoint {
  readonly seq: number;
  readonly point: LocPoint;
}

export class PointBuffer {
  reported = 0;
  sent = 0;
  dropped = 0;
  private seq = 0;
  /** History counts for itself, without gaps, so that one number confirms all before it. */
  private historySeq = 0;
  private latest: NumberedPoint | null = null;
  private history: NumberedPoint[] = [];
  /** Greatest sequence of the chunk on its way; 0: none is. */
  private uploading = 0;

  get backlog(): number {
    return this.history.length;
  }

  get hasLatest(): boolean {
    return this.latest !== null;
  }

  /** Takes a position in. Throws RangeError when it is not on the globe. */
  add(position: Position, nowMs: number, isLive: boolean): void {
    const point = pointOf(position, nowMs);
    this.reported += 1;
    if (this.latest) {
      if (isLive) this.dropped += 1;
      else this.remember(this.latest);
    }
    this.seq += 1;
    this.latest = { seq: this.seq, point };
  }

  /** The frame of the newest point, which counts as sent; null: nothing waits. */
  takeLive(session: number, sentMs: number): Uint8Array<ArrayBuffer> | null {
    const { latest } = this;
    if (!latest) return null;
    this.latest = null;
    this.sent += 1;
    const { seq, point } = latest;
    return encodeLoc({ kind: 'live', session, seq, sentMs, points: [point] });
  }

  /** The next chunk of history; null: none waits, or one is still on its way. */
  nextChunk(session: number, sentMs: number): Uint8Array<ArrayBuffer> | null {
    if (this.uploading !== 0 || this.history.length === 0) return null;
    const chunk = this.history.slice(0, WIRE_LIMITS.locPointsMax);
    const [first] = chunk;
    if (!first) return null;
    this.uploading = first.seq + chunk.length - 1;
    this.sent += chunk.length;
    const points = chunk.map(({ point }) => point);
    return encodeLoc({ kind: 'backlog', session, seq: first.seq, sentMs, points });
  }

  /** The gateway has stored history up to this sequence. */
  confirmed(seq: number): void {
    if (this.uploading === 0 || seq < this.uploading) return;
    this.history = this.history.filter((each) => each.seq > this.uploading);
    this.uploading = 0;
  }

  /** The connection is gone: what was on its way is sent again. */
  restart(): void {
    if (this.uploading === 0) return;
    this.sent -= this.history.filter((each) => each.seq <= this.uploading).length;
    this.uploading = 0;
  }

  private remember(entry: NumberedPoint): void {
    const last = this.history.at(-1);
    if (last && entry.point.deviceMs - last.point.deviceMs < HISTORY_SPACING_MS) {
      this.dropped += 1;
      return;
    }
    this.historySeq += 1;
    this.history.push({ seq: this.historySeq, point: entry.point });
    if (this.history.length <= HISTORY_MAX) return;
    this.history.shift();
    this.dropped += 1;
  }
}

function pointOf(position: Position, nowMs: number): LocPoint {
  const { lat, lon, deviceMs, mock, accuracyMeters, speedMps, heading } = position;
  if (!Number.isFinite(lat) || !Number.isFinite(lon)) {
    throw new RangeError('latitude and longitude must be finite');
  }
  return {
    ...pointE7(lat, lon),
    deviceMs: Math.round(deviceMs ?? nowMs),
    ...(mock ? { mock } : {}),
    ...(accuracyMeters === undefined ? {} : { accuracyMeters: Math.round(accuracyMeters) }),
    ...(speedMps === undefined ? {} : { speedCmps: Math.round(speedMps * 100) }),
    ...(heading === undefined ? {} : { headingDegrees: (Math.round(heading) + 360) % 360 }),
  };
}
