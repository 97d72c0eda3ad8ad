/** What the archive asks of its tables. Host ms in `stored_ms`, zone ms in `at_ms`. */
import type { LogPosition, SnapshotMeta } from '../../dispatch/redis/door.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';

export interface Block {
  readonly from_seq: number;
  readonly to_seq: number;
  readonly to_epoch: number;
  /** Records as lines of JSON, gzipped. */
  readonly data: Buffer;
}

export async function insertBlock(
  trx: Transaction,
  shard: number,
  block: Block,
  storedMs: number,
): Promise<void> {
  await trx('blocks').insert({ shard, ...block, stored_ms: storedMs });
}

/** The block that ends with, or after, the record `seq`; undefined when nothing reaches it. */
export async function blockFrom(
  db: Queryable,
  shard: number,
  seq: number,
): Promise<Block | undefined> {
  return db('blocks')
    .where({ shard })
    .andWhere('to_seq', '>=', seq)
    .orderBy('from_seq')
    .first('from_seq', 'to_seq', 'to_epoch', 'data');
}

/** Removes the blocks that hold anything after `seq`; gives back those that hold more than that. */
export async function takeBlocksAfter(
  trx: Transaction,
  shard: number,
  seq: number,
): Promise<Block[]> {
  const taken: Block[] = await trx('blocks')
    .where({ shard })
    .andWhere('to_seq', '>', seq)
    .delete(['from_seq', 'to_seq', 'to_epoch', 'data']);
  return taken.filter(({ from_seq }) => from_seq <= seq);
}

/** Metas of the stored snapshots of a shard, newest first. */
export async function snapshotMetas(db: Queryable, shard: number): Promise<SnapshotMeta[]> {
  const rows: { meta: SnapshotMeta }[] = await db('snapshots')
    .where({ shard })
    .orderBy([
      { column: 'epoch', order: 'desc' },
      { column: 'seq', order: 'desc' },
    ])
    .select('meta');
  return rows.map(({ meta }) => meta);
}

/** When the newest snapshot of a shard was stored; null: none is. */
export async function lastStoredMs(db: Queryable, shard: number): Promise<number | null> {
  const row = await db('snapshots').where({ shard }).max({ ms: 'stored_ms' }).first();
  return row?.ms ?? null;
}

export async function insertSnapshot(
  trx: Transaction,
  shard: number,
  meta: SnapshotMeta,
  storedMs: number,
): Promise<void> {
  const { epoch, seq } = meta.position;
  const row = { shard, epoch, seq, at_ms: meta.atMs, stored_ms: storedMs };
  await trx('snapshots').insert({ ...row, meta: JSON.stringify(meta) });
}

export async function insertChunk(
  trx: Transaction,
  shard: number,
  { epoch, seq }: LogPosition,
  chunk: number,
  data: Buffer,
): Promise<void> {
  await trx('snapshot_chunks').insert({ shard, epoch, seq, chunk, data });
}

export async function readChunk(
  db: Queryable,
  shard: number,
  { epoch, seq }: LogPosition,
  chunk: number,
): Promise<Buffer | null> {
  const row = await db('snapshot_chunks').where({ shard, epoch, seq, chunk }).first('data');
  return row?.data ?? null;
}

export async function deleteStoredBefore(db: Queryable, storedMs: number): Promise<void> {
  await db('blocks').where('stored_ms', '<', storedMs).delete();
  await db('snapshots').where('stored_ms', '<', storedMs).delete();
}
