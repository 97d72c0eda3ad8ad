/**
 * Reads what the engine keeps in Redis, for audits: the directory of zones, log records, snapshots. It
 * runs no script and no command that writes, so it may look at an installation that is at work.
 */
import type { ZoneId } from '../../contracts/ids.ts';
import type { LogPosition } from '../../contracts/push.ts';
import type { ZoneEntry } from '../../contracts/zone.ts';
import type { LogRecord } from '../runtime/log-record.ts';
import type { SnapshotPort } from '../runtime/ports.ts';
import { connectRedis } from './connection.ts';
import { Keys } from './keys.ts';
import { readLogRecords } from './redis-log.ts';
import { readGenerations, readSnapshotChunk } from './redis-snapshots.ts';

/** Records of one page. */
const PAGE = 256;

export interface LogReader extends Pick<SnapshotPort, 'generations' | 'readChunk'> {
  /** Records after a position, one page; empty: there is nothing more. */
  read(shard: number, after: LogPosition): Promise<readonly LogRecord[]>;
  /** The directory entry of a zone; null: there is no such zone. */
  zone(id: ZoneId): Promise<ZoneEntry | null>;
  close(): void;
}

/** Connects. Rejects when Redis does not answer. */
export async function openLogReader(options: {
  readonly redisUrl: string;
  readonly keyPrefix: string;
}): Promise<LogReader> {
  const keys = new Keys(options.keyPrefix);
  const client = await connectRedis(options.redisUrl, 'repeating', () => {});
  return {
    generations: (shard) => readGenerations(client, keys, shard),
    readChunk: (shard, position, index) => readSnapshotChunk(client, keys, shard, position, index),
    read: (shard, after) => readLogRecords(client, keys.log(shard), after, PAGE),
    async zone(id) {
      const text = await client.hget(keys.zones, id);
      return text === null ? null : (JSON.parse(text) as ZoneEntry);
    },
    close: () => client.disconnect(),
  };
}
