/**
 * The way of positions: LOC frame → filter → one batch per zone → the door, each flush. It owns the
 * batches and the traces waiting for a flush. Nothing here waits for Redis: what a slow Redis cannot
 * take is lost and counted, because the next position is better than a late one.
 */

import { polygonContains } from '../../contracts/geo.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import { BatchWriter } from '../../contracts/position-batch.ts';
import { type LocDecoder, POINT_MOCK } from '../../contracts/wire/loc-frame.ts';
import type { Door, TracePoint } from '../../dispatch/redis/door.ts';
import type { DriverLink } from './driver-link.ts';
import { STRAY_FIXES, STRAY_INTERVAL_MS, TRACE_INTERVAL_MS, TRACE_POINTS_MAX } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import { CellCircles, judgeFix, measureClock } from './position-filter.ts';

/** Flushes on their way to Redis at once, by zone; beyond it batches are lost. */
const FLUSHES_IN_FLIGHT_MAX = 8;

interface ZoneBatch {
  readonly writer: BatchWriter;
  inFlight: number;
}

export interface PositionFlowOptions {
  readonly door: Door;
  readonly metrics: GatewayMetrics;
  readonly onStrayed: (link: DriverLink, to: ZoneId) => void;
  readonly warn: (fields: object, text: string) => void;
}

export class PositionFlow {
  private readonly options: PositionFlowOptions;
  private readonly circles = new CellCircles();
  private readonly batches = new Map<ZoneId, ZoneBatch>();
  private traces: TracePoint[] = [];
  /** Reused for every judged fix, and for every written position. */
  private readonly fix = { latE7: 0, lonE7: 0, fixMs: 0 };
  private readonly out = {
    slot: 0,
    tenancy: 0,
    latE7: 0,
    lonE7: 0,
    cell: 0,
    fixMs: 0,
    headingDegrees: 0,
    speedCmps: 0,
    accuracyMeters: 0,
  };

  constructor(options: PositionFlowOptions) {
    this.options = options;
  }

  /** Takes a live frame in: every point for the trace, the newest one for the zone. */
  takeLive(link: DriverLink, frame: LocDecoder, nowMs: number): void {
    measureClock(link.fix, frame.sentMs, nowMs);
    const { positions } = this.options.metrics;
    const { offsetMs } = link.fix;
    const { speed } = this.options.door.clock;
    let isNewer = false;
    for (let i = 0; i < frame.count; i++) {
      if ((frame.flags[i] as number) & POINT_MOCK) {
        positions.mock += 1;
        continue;
      }
      const { fix } = this;
      fix.latE7 = frame.latE7[i] as number;
      fix.lonE7 = frame.lonE7[i] as number;
      fix.fixMs = (frame.deviceMs[i] as number) + offsetMs;
      const outcome = judgeFix(link.fix, this.circles, fix, nowMs, speed);
      if (outcome === 'history') {
        positions.backlog += 1;
        this.trace(link, fix.latE7, fix.lonE7, fix.fixMs);
        continue;
      }
      if (outcome !== 'live') {
        positions[outcome] += 1;
        continue;
      }
      isNewer = true;
      positions.live += 1;
      link.fix.headingDegrees = frame.headingDegrees[i] as number;
      link.fix.speedCmps = frame.speedCmps[i] as number;
      link.fix.accuracyMeters = frame.accuracyMeters[i] as number;
      if (link.hasWork) this.traceLive(link);
    }
    link.seenMs = nowMs;
    link.liveSeq = Math.max(link.liveSeq, frame.seq + frame.count - 1);
    if (!isNewer) return;
    if (link.zone === null || link.slot < 0) positions.no_zone += 1;
    else this.forward(link);
    this.watchStray(link, nowMs);
  }

  /** History of a phone that was offline: stored, never shown. Resolves when the door has it. */
  async takeBacklog(link: DriverLink, frame: LocDecoder, nowMs: number): Promise<void> {
    measureClock(link.fix, frame.sentMs, nowMs);
    const points: TracePoint[] = [];
    let lastMs = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < frame.count; i++) {
      const fixMs = Math.round((frame.deviceMs[i] as number) + link.fix.offsetMs);
      if ((frame.flags[i] as number) & POINT_MOCK || fixMs > nowMs) continue;
      if (fixMs - lastMs < TRACE_INTERVAL_MS && fixMs >= lastMs) continue;
      lastMs = fixMs;
      const latE7 = frame.latE7[i] as number;
      const lonE7 = frame.lonE7[i] as number;
      points.push({ driver: link.driver, latE7, lonE7, fixMs });
    }
    link.seenMs = nowMs;
    this.options.metrics.positions.backlog += points.length;
    if (points.length > 0) await this.options.door.appendTraces(points);
  }

  /** The zone and slot of a driver became known: what waited in the link goes out now. */
  placed(link: DriverLink): void {
    link.strayFixes = 0;
    link.strayCell = -1;
    if (link.fix.cell !== -1) this.forward(link);
  }

  /** Sends what gathered since the last flush. Never waits. */
  flush(): void {
    for (const [zone, batch] of this.batches) this.send(zone, batch);
    if (this.traces.length === 0) return;
    const points = this.traces;
    this.traces = [];
    this.options.door.appendTraces(points).catch((error: unknown) => {
      this.options.metrics.positions.trace_lost += points.length;
      this.options.warn({ err: error, points: points.length }, 'traces lost');
    });
  }

  private forward(link: DriverLink): void {
    const { zone, fix } = link;
    if (zone === null || link.slot < 0) return;
    let batch = this.batches.get(zone);
    if (!batch) {
      batch = { writer: new BatchWriter(), inFlight: 0 };
      this.batches.set(zone, batch);
    }
    const { out } = this;
    out.slot = link.slot;
    out.tenancy = link.tenancy;
    out.latE7 = fix.latE7;
    out.lonE7 = fix.lonE7;
    out.cell = fix.cell;
    out.fixMs = Math.round(fix.fixMs);
    out.headingDegrees = fix.headingDegrees;
    out.speedCmps = fix.speedCmps;
    out.accuracyMeters = fix.accuracyMeters;
    link.forwardedMs = fix.fixMs;
    if (batch.writer.add(out)) return;
    this.send(zone, batch);
    batch.writer.add(out);
  }

  private send(zone: ZoneId, batch: ZoneBatch): void {
    const { count } = batch.writer;
    const bytes = batch.writer.take();
    if (!bytes) return;
    const { door, metrics, warn } = this.options;
    const lose = (error: unknown): void => {
      metrics.positions.batch_lost += count;
      warn({ zone, count, err: error }, 'positions lost');
    };
    if (batch.inFlight >= FLUSHES_IN_FLIGHT_MAX) return lose(null);
    batch.inFlight += 1;
    door
      .appendPositions(zone, bytes)
      .then((isTaken) => {
        if (!isTaken) lose(null);
      })
      .catch(lose)
      .finally(() => {
        batch.inFlight -= 1;
      });
  }

  private traceLive(link: DriverLink): void {
    const { fix } = link;
    if (fix.fixMs - link.tracedMs < TRACE_INTERVAL_MS) return;
    link.tracedMs = fix.fixMs;
    this.trace(link, fix.latE7, fix.lonE7, fix.fixMs);
  }

  private trace(link: DriverLink, latE7: number, lonE7: number, fixMs: number): void {
    if (this.traces.length >= TRACE_POINTS_MAX) {
      this.options.metrics.positions.trace_lost += 1;
      return;
    }
    this.traces.push({ driver: link.driver, latE7, lonE7, fixMs: Math.round(fixMs) });
  }

  /** Polygons are looked at only when the driver has come into another cell. */
  private watchStray(link: DriverLink, nowMs: number): void {
    const { fix, zone } = link;
    if (zone === null) return;
    if (fix.cell !== link.strayCell) {
      link.strayCell = fix.cell;
      link.strayZone = this.otherZone(zone, fix.latE7 / 1e7, fix.lonE7 / 1e7);
    }
    if (link.strayZone === null) {
      link.strayFixes = 0;
      return;
    }
    link.strayFixes += 1;
    if (link.strayFixes < STRAY_FIXES || nowMs - link.strayToldMs < STRAY_INTERVAL_MS) return;
    link.strayToldMs = nowMs;
    // The answer of the map may be old by now; look again before the next report.
    link.strayCell = -1;
    this.options.onStrayed(link, link.strayZone);
  }

  private otherZone(own: ZoneId, lat: number, lon: number): ZoneId | null {
    const { door } = this.options;
    const zone = door.zone(own);
    if (zone && polygonContains(zone.polygon, lat, lon)) return null;
    const other = door.zoneAt(lat, lon);
    return other && other.id !== own ? other.id : null;
  }
}
