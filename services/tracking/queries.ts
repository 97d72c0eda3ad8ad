/** What the tracking service asks of its tables. */
import type { DeliveryId, DriverId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';

export interface WindowRow {
  readonly delivery: DeliveryId;
  readonly driver: DriverId;
  readonly account: string;
  /** Host ms, like all times here. */
  readonly from_ms: number;
  readonly to_ms: number | null;
}

export interface ChunkRow {
  readonly driver: DriverId;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly data: Buffer;
}

export async function readCursor(db: Queryable, name: string): Promise<string | undefined> {
  const row = await db('cursors').where({ name }).first('position');
  return row?.position;
}

export async function writeCursor(trx: Transaction, name: string, position: string): Promise<void> {
  await trx('cursors').insert({ name, position }).onConflict('name').merge();
}

export async function insertChunks(trx: Transaction, chunks: readonly ChunkRow[]): Promise<void> {
  if (chunks.length === 0) return;
  await trx.raw(
    `INSERT INTO chunks (driver, from_ms, to_ms, data)
     SELECT * FROM unnest(?::text[], ?::bigint[], ?::bigint[], ?::bytea[])
     ON CONFLICT DO NOTHING`,
    [
      chunks.map((chunk) => chunk.driver),
      chunks.map((chunk) => chunk.from_ms),
      chunks.map((chunk) => chunk.to_ms),
      chunks.map((chunk) => chunk.data),
    ],
  );
}

/** The driver of a delivery from this time on; null: nobody. Closes what was open before. */
export async function setCarrier(
  trx: Transaction,
  carrier: {
    readonly delivery: DeliveryId;
    readonly driver: DriverId | null;
    readonly account: string;
  },
  atMs: number,
): Promise<void> {
  const { delivery, driver, account } = carrier;
  const open = await trx('windows').where({ delivery }).whereNull('to_ms').first('driver');
  if (open?.driver === driver) return;
  await trx('windows').where({ delivery }).whereNull('to_ms').update({ to_ms: atMs });
  if (driver === null) return;
  await trx('windows')
    .insert({ delivery, driver, account, from_ms: atMs })
    .onConflict(['delivery', 'from_ms'])
    .merge(['driver']);
}

export async function setEnded(
  trx: Transaction,
  delivery: DeliveryId,
  account: string,
  endedMs: number,
): Promise<void> {
  await trx('windows').where({ delivery }).whereNull('to_ms').update({ to_ms: endedMs });
  await trx('ended').insert({ delivery, account, ended_ms: endedMs }).onConflict().ignore();
}

export async function windowsOf(db: Queryable, delivery: string): Promise<WindowRow[]> {
  return db('windows').where({ delivery }).orderBy('from_ms');
}

export async function chunksBetween(
  db: Queryable,
  driver: DriverId,
  fromMs: number,
  toMs: number,
): Promise<ChunkRow[]> {
  return db('chunks')
    .where({ driver })
    .where('to_ms', '>=', fromMs)
    .where('from_ms', '<=', toMs)
    .orderBy('from_ms');
}

export interface EndedRow {
  readonly delivery: DeliveryId;
  readonly account: string;
  readonly ended_ms: number;
}

export async function endedBefore(
  trx: Transaction,
  beforeMs: number,
  limit: number,
): Promise<EndedRow[]> {
  return trx('ended')
    .where('ended_ms', '<', beforeMs)
    .orderBy('ended_ms')
    .limit(limit)
    .forUpdate()
    .skipLocked();
}

export interface TraceRow {
  readonly delivery: DeliveryId;
  readonly account: string;
  readonly points: number;
  readonly data: Buffer;
  readonly ended_ms: number;
}

export async function archiveTrace(trx: Transaction, trace: TraceRow): Promise<void> {
  await trx('traces').insert(trace).onConflict('delivery').merge();
  await trx('ended').where({ delivery: trace.delivery }).delete();
  await trx('windows').where({ delivery: trace.delivery }).delete();
}

export async function traceOf(db: Queryable, delivery: string): Promise<TraceRow | undefined> {
  return db('traces').where({ delivery }).first();
}

export async function fineTracesBefore(
  trx: Transaction,
  beforeMs: number,
  limit: number,
): Promise<TraceRow[]> {
  return trx('traces')
    .where({ coarse: false })
    .where('ended_ms', '<', beforeMs)
    .limit(limit)
    .forUpdate()
    .skipLocked();
}

export async function setCoarse(
  trx: Transaction,
  delivery: DeliveryId,
  points: number,
  data: Buffer,
): Promise<void> {
  await trx('traces').where({ delivery }).update({ points, data, coarse: true });
}

const PURGE_BATCH = 5_000;

export async function deleteChunksBefore(db: Queryable, beforeMs: number): Promise<void> {
  await db.raw(
    'DELETE FROM chunks WHERE ctid IN (SELECT ctid FROM chunks WHERE to_ms < ? LIMIT ?)',
    [beforeMs, PURGE_BATCH],
  );
}
