/**
 * What everybody who follows the logs of shards must know of them, and where it has come to. Owns the
 * table `positions` of a service's schema, which moves in the transaction of what was read.
 */
import type { LogEntry, LogPosition } from '../dispatch/redis/door.ts';
import type { Queryable, Transaction } from './database.ts';

export async function readPositions(db: Queryable): Promise<Map<number, LogPosition>> {
  const rows: { shard: number; epoch: number; seq: number }[] = await db('positions').select();
  return new Map(rows.map(({ shard, epoch, seq }) => [shard, { epoch, seq }]));
}

/** Moves the position of a shard if it is still `from`; false when another follower was first. */
export async function movePosition(
  trx: Transaction,
  shard: number,
  from: LogPosition,
  to: LogPosition,
): Promise<boolean> {
  await trx.raw(
    'INSERT INTO positions (shard, epoch, seq) VALUES (?, 0, 0) ON CONFLICT DO NOTHING',
    [shard],
  );
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    'UPDATE positions SET epoch = ?, seq = ? WHERE shard = ? AND epoch = ? AND seq = ?',
    [to.epoch, to.seq, shard, from.epoch, from.seq],
  );
  return rowCount === 1;
}

/** Where the log really went on, when it lost records that were followed already. */
export function lostAfter(
  from: LogPosition,
  entries: readonly LogEntry[],
): LogPosition | undefined {
  const predecessor = entries[0]?.record.predecessor;
  if (predecessor === undefined) return undefined;
  const isBefore =
    predecessor.epoch < from.epoch ||
    (predecessor.epoch === from.epoch && predecessor.seq < from.seq);
  return isBefore ? predecessor : undefined;
}
