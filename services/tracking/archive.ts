/**
 * Stores where drivers were: raw points as they come, one packed trace per delivery when it has
 * ended, a coarse one when it is old. Points are at most once; a gap is a gap.
 */

import type { DriverId } from '../../contracts/ids.ts';
import type { DeliveryChanged } from '../../contracts/messages/deliveries.ts';
import { type DeliveryState, isEnded } from '../../contracts/states.ts';
import type { Door, TraceEntry } from '../../dispatch/redis/door.ts';
import type { Database, Queryable, Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { purgeInbox } from '../../platform/inbox.ts';
import * as queries from './queries.ts';
import { coarsen, decodeTrace, encodeTrace, type TimedPoint } from './trace-codec.ts';

const CURSOR = 'traces';
const READ_MAX = 500;
/** States in which a delivery may have come to another driver, or to none. */
const CARRIER_CHANGES: ReadonlySet<DeliveryState> = new Set(['pending', 'assigned', 'picked_up']);
const ARCHIVE_BATCH = 50;
const COARSEN_BATCH = 50;
/** Host ms after the end until the last points have surely been read. */
const SETTLE_MS = 5_000;
/** Host ms raw points are kept: longer than any delivery lives. */
const CHUNKS_KEPT_MS = 24 * 3_600_000;
const DAY_MS = 86_400_000;

/** Reads one batch of points; true when there may be more at once. */
export async function storePoints(database: Database, door: Door): Promise<boolean> {
  const after = (await queries.readCursor(database.knex, CURSOR)) ?? '0-0';
  const entries = await door.readTraces(after, READ_MAX);
  const last = entries.at(-1);
  if (last === undefined) return false;
  await database.transaction(async (trx) => {
    await queries.insertChunks(trx, chunksOf(entries));
    await queries.writeCursor(trx, CURSOR, last.id);
  });
  return entries.length === READ_MAX;
}

/** One chunk per driver: far fewer rows than points. */
function chunksOf(entries: readonly TraceEntry[]): queries.ChunkRow[] {
  const byDriver = new Map<DriverId, TimedPoint[]>();
  for (const { points } of entries) {
    for (const { driver, latE7, lonE7, fixMs } of points) {
      const own = byDriver.get(driver) ?? [];
      own.push({ atMs: Math.round(fixMs), latE7, lonE7 });
      byDriver.set(driver, own);
    }
  }
  return [...byDriver].map(([driver, points]) => {
    points.sort((a, b) => a.atMs - b.atMs);
    const times = { from_ms: points[0]?.atMs ?? 0, to_ms: points.at(-1)?.atMs ?? 0 };
    return { driver, ...times, data: encodeTrace(points) };
  });
}

/** Notes who carries a delivery from when on. Once per event. */
export async function follow(
  trx: Transaction,
  door: Door,
  entries: readonly EventEntry<DeliveryChanged>[],
): Promise<void> {
  for (const { event } of entries) {
    const atMs = Math.round(door.clock.hostMsAt(event.atMs));
    const { delivery, driver, account } = event;
    if (isEnded(event.state)) await queries.setEnded(trx, delivery, account, atMs);
    // Nothing to note while the carrier stays the same.
    else if (CARRIER_CHANGES.has(event.state)) {
      await queries.setCarrier(trx, { delivery, driver, account }, atMs);
    }
  }
}

/** Packs the traces of deliveries that have ended; true when there may be more at once. */
export async function archiveEnded(database: Database, nowMs: number): Promise<boolean> {
  return database.transaction(async (trx) => {
    const ended = await queries.endedBefore(trx, nowMs - SETTLE_MS, ARCHIVE_BATCH);
    for (const { delivery, account, ended_ms } of ended) {
      const points = await collect(trx, delivery, ended_ms);
      const data = encodeTrace(points);
      await queries.archiveTrace(trx, { delivery, account, points: points.length, data, ended_ms });
    }
    return ended.length === ARCHIVE_BATCH;
  });
}

/** The points of everybody who carried the delivery, while they did. */
export async function collect(
  db: Queryable,
  delivery: string,
  untilMs: number,
): Promise<TimedPoint[]> {
  const points: TimedPoint[] = [];
  for (const window of await queries.windowsOf(db, delivery)) {
    const toMs = window.to_ms ?? untilMs;
    const chunks = await queries.chunksBetween(db, window.driver, window.from_ms, toMs);
    for (const point of chunks.flatMap((chunk) => decodeTrace(chunk.data))) {
      if (point.atMs >= window.from_ms && point.atMs <= toMs) points.push(point);
    }
  }
  return points.sort((a, b) => a.atMs - b.atMs);
}

/** Forgets what is past its time: raw points, old details, handled event ids. */
export async function forget(database: Database, nowMs: number, days: number): Promise<void> {
  await queries.deleteChunksBefore(database.knex, nowMs - CHUNKS_KEPT_MS);
  await purgeInbox(database.knex);
  await database.transaction(async (trx) => {
    for (const row of await queries.fineTracesBefore(trx, nowMs - days * DAY_MS, COARSEN_BATCH)) {
      const points = coarsen(decodeTrace(row.data));
      await queries.setCoarse(trx, row.delivery, points.length, encodeTrace(points));
    }
  });
}
