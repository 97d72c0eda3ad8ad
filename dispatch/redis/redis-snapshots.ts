/**
 * Snapshots on Redis: the chunks of a generation are fields of one hash that expires unless the
 * fenced flip makes it permanent, so an owner that dies half-way leaves nothing behind.
 */
import type { Redis } from 'ioredis';
import type { LogPosition } from '../../contracts/push.ts';
import { positionText } from '../runtime/log-record.ts';
import type { SnapshotMeta, SnapshotPort } from '../runtime/ports.ts';
import type { Keys } from './keys.ts';
import { DONE_CODES } from './result-codes.ts';
import type { Scripts } from './scripts.ts';

const UNFLIPPED_TTL_MS = 600_000;

/** The generations of a shard, newest first. */
export async function readGenerations(
  client: Redis,
  keys: Keys,
  shard: number,
): Promise<SnapshotMeta[]> {
  const texts = await client.hmget(keys.snapshot(shard), 'current', 'older');
  return texts.filter((text) => text !== null).map((text) => JSON.parse(text) as SnapshotMeta);
}

/** One chunk of a generation; null when it is not there. */
export function readSnapshotChunk(
  client: Redis,
  keys: Keys,
  shard: number,
  position: LogPosition,
  index: number,
): Promise<string | null> {
  return client.hget(keys.snapshotChunks(shard, positionText(position)), String(index));
}

export function redisSnapshots(deps: {
  readonly client: Redis;
  readonly keys: Keys;
  readonly scripts: Scripts;
}): SnapshotPort {
  const { client, keys, scripts } = deps;
  return {
    async writeChunk(fence, position, index, chunk) {
      const key = keys.snapshotChunks(fence.shard, positionText(position));
      await client.multi().hset(key, String(index), chunk).pexpire(key, UNFLIPPED_TTL_MS).exec();
    },
    async flip({ shard, nonce, epoch }, meta) {
      const at = positionText(meta.position);
      const lock = [keys.lease(shard), keys.snapshot(shard), keys.snapshotChunks(shard, at)];
      const args = [nonce, epoch, JSON.stringify(meta), at];
      return (await scripts.run(client, 'snapshot-flip-3', lock, args)) === DONE_CODES.done;
    },
    generations: (shard) => readGenerations(client, keys, shard),
    readChunk: (shard, position, index) => readSnapshotChunk(client, keys, shard, position, index),
  };
}
