/**
 * Keeps what the engine forgets: log records in packed blocks, and a snapshot an hour to start reading
 * from, so that a decision can be audited days later. It follows the log as a registered consumer, so
 * nothing is trimmed before it is kept; while it is away the logs grow up to their bound. It changes
 * nothing in the engine and is asked by nobody on a hot path.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Door, LogPosition, LogRecord, SnapshotMeta } from '../../dispatch/redis/door.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import { lostAfter, movePosition, readPositions } from '../../platform/log-following.ts';
import * as queries from './queries.ts';

/** Name under which the positions are registered with the log. */
export const ARCHIVE_NAME = 'archive';
/** Records of one block at most. */
const BLOCK_RECORDS_MAX = 1_000;
/** Host ms between two stored snapshots of a shard. */
const SNAPSHOT_EVERY_MS = 3_600_000;
const START: LogPosition = { epoch: 0, seq: 0 };

const zip = promisify(gzip);
const unzip = promisify(gunzip);

export interface ArchiveDeps {
  readonly database: Database;
  readonly door: Door;
  /** Host ms. */
  readonly nowMs: () => number;
}

/** Keeps what is new in every shard; true when there is more to keep at once. */
export async function archiveLogs(deps: ArchiveDeps): Promise<boolean> {
  const { door, database } = deps;
  const stored = await readPositions(database.knex);
  let more = false;
  for (let shard = 0; shard < door.shards; shard++) {
    const from = stored.get(shard) ?? START;
    const to = await archiveShard(deps, shard, from);
    await door.setConsumer(shard, ARCHIVE_NAME, to);
    if (to.seq - from.seq >= BLOCK_RECORDS_MAX) more = true;
  }
  return more;
}

/** Keeps one block of a shard; gives the position up to which everything is kept. */
async function archiveShard(
  { door, database, nowMs }: ArchiveDeps,
  shard: number,
  from: LogPosition,
): Promise<LogPosition> {
  const entries = await door.readLog(shard, from, BLOCK_RECORDS_MAX);
  const last = entries.at(-1);
  if (!last) return from;
  const block = await pack(entries.map(({ record }) => record));
  const lost = lostAfter(from, entries);
  const moved = await database.transaction(async (trx) => {
    if (!(await movePosition(trx, shard, from, last.position))) return false;
    // The log went on from an earlier record: what was kept after that never happened.
    if (lost) await cutAfter(trx, shard, lost.seq, nowMs());
    await queries.insertBlock(trx, shard, block, nowMs());
    return true;
  });
  // Another archiver was first: its position holds, and the next look starts there.
  return moved ? last.position : from;
}

async function cutAfter(trx: Transaction, shard: number, seq: number, nowMs: number) {
  for (const block of await queries.takeBlocksAfter(trx, shard, seq)) {
    const kept = (await recordsOf(block)).filter((record) => record.seq <= seq);
    await queries.insertBlock(trx, shard, await pack(kept), nowMs);
  }
}

async function pack(records: readonly LogRecord[]): Promise<queries.Block> {
  const [first, last] = [records[0], records.at(-1)];
  if (!first || !last) throw new RangeError('archive: a block has at least one record');
  const text = records.map((record) => JSON.stringify(record)).join('\n');
  return {
    from_seq: first.seq,
    to_seq: last.seq,
    to_epoch: last.epoch,
    data: await zip(text),
  };
}

/** The records of a block, in order. */
export async function recordsOf({ data }: queries.Block): Promise<LogRecord[]> {
  const text = (await unzip(data)).toString();
  return text.split('\n').map((line) => JSON.parse(line) as LogRecord);
}

/** Keeps the newest snapshot of every shard whose last kept one is an hour old. */
export async function archiveSnapshots(deps: ArchiveDeps): Promise<void> {
  const { door, database, nowMs } = deps;
  for (let shard = 0; shard < door.shards; shard++) {
    const lastMs = await queries.lastStoredMs(database.knex, shard);
    if (lastMs !== null && nowMs() - lastMs < SNAPSHOT_EVERY_MS) continue;
    const [newest] = await door.snapshots(shard);
    if (newest) await keepSnapshot(deps, shard, newest);
  }
}

async function keepSnapshot(
  { door, database, nowMs }: ArchiveDeps,
  shard: number,
  meta: SnapshotMeta,
): Promise<void> {
  const known = await queries.snapshotMetas(database.knex, shard);
  const { epoch, seq } = meta.position;
  if (known.some(({ position }) => position.epoch === epoch && position.seq === seq)) return;
  await database.transaction(async (trx) => {
    await queries.insertSnapshot(trx, shard, meta, nowMs());
    for (let chunk = 0; chunk < meta.chunks; chunk++) {
      const text = await door.snapshotChunk(shard, meta.position, chunk);
      if (text === null)
        throw new Error(`archive: a snapshot of shard ${shard} went while it was read`);
      await queries.insertChunk(trx, shard, meta.position, chunk, await zip(text));
    }
  });
}

/** What an auditor reads: the same questions as the engine's own store answers. */
export interface ArchiveReader {
  generations(shard: number): Promise<readonly SnapshotMeta[]>;
  readChunk(shard: number, position: LogPosition, chunk: number): Promise<string | null>;
  /** Records that follow `after`, at most those of one block; empty: nothing more is kept. */
  read(shard: number, after: LogPosition): Promise<readonly LogRecord[]>;
}

/** Reads what is kept. */
export function archiveReader({ knex }: Pick<Database, 'knex'>): ArchiveReader {
  return {
    generations: (shard) => queries.snapshotMetas(knex, shard),
    async readChunk(shard, position, chunk) {
      const data = await queries.readChunk(knex, shard, position, chunk);
      return data && (await unzip(data)).toString();
    },
    async read(shard, after) {
      const block = await queries.blockFrom(knex, shard, after.seq + 1);
      if (!block) return [];
      return (await recordsOf(block)).filter(({ seq }) => seq > after.seq);
    },
  };
}

/** Forgets what is past its days. */
export async function forget({ database, nowMs }: ArchiveDeps, days: number): Promise<void> {
  await queries.deleteStoredBefore(database.knex, nowMs() - days * 86_400_000);
}
