/** The log of a shard on a Redis stream: fenced commits, reading, consumers, trimming. */
import type { Redis } from 'ioredis';
import type { LogPosition } from '../../contracts/push.ts';
import type { LogRecord } from '../runtime/log-record.ts';
import { parsePosition, positionText } from '../runtime/log-record.ts';
import type { CommitAnswer, Fence, LogPort } from '../runtime/ports.ts';
import { nextStreamId } from '../runtime/stream-id.ts';
import type { Keys } from './keys.ts';
import { COMMIT_CODES } from './result-codes.ts';
import type { Scripts } from './scripts.ts';
import { asNumbers } from './scripts.ts';
import { fieldOf, readEntries } from './stream-reply.ts';

/** Over its bound by this much a log takes nothing more, not even driver actions. */
const LOG_HARD_PART = 1.25;

/** Reads records after a position. */
export async function readLogRecords(
  client: Redis,
  key: string,
  after: LogPosition,
  countMax: number,
): Promise<LogRecord[]> {
  const start = `(${positionText(after)}`;
  const reply = await client.callBuffer('XRANGE', [key, start, '+', 'COUNT', countMax]);
  return readEntries(reply).map(
    (entry) => JSON.parse(fieldOf(entry, 'r')?.toString() ?? '') as LogRecord,
  );
}

/** The last committed position. */
export async function readLogEnd(client: Redis, keys: Keys, shard: number): Promise<LogPosition> {
  const [epoch, seq] = await client.hmget(keys.head(shard), 'epoch', 'seq');
  return { epoch: Number(epoch ?? 0), seq: Number(seq ?? 0) };
}

/**
 * @param once connection that never re-sends: commits and trims
 * @param reader connection that may re-send: reads
 */
export function redisLog(deps: {
  readonly once: Redis;
  readonly reader: Redis;
  readonly keys: Keys;
  readonly scripts: Scripts;
  readonly logBytesMax: number;
}): LogPort {
  const { once, reader, keys, scripts } = deps;
  const hardMax = Math.floor(deps.logBytesMax * LOG_HARD_PART);
  return {
    async commit(fence: Fence, record: LogRecord): Promise<CommitAnswer> {
      const { shard, nonce, epoch } = fence;
      const lock = [keys.lease(shard), keys.head(shard), keys.log(shard), keys.mailbox(shard)];
      const keepFrom = nextStreamId(record.cursor);
      const text = JSON.stringify(record);
      const args = [nonce, epoch, record.seq, text, hardMax, keepFrom];
      const answer = asNumbers(await scripts.run(once, 'commit-4', lock, args));
      const [code = -1, logBytes = 0, mailboxLength = 0] = answer;
      const outcome = COMMIT_CODES[code as keyof typeof COMMIT_CODES];
      if (!outcome) throw new TypeError(`commit answered ${code}`);
      return { outcome, logBytes, mailboxLength };
    },
    read: (shard, after, countMax) => readLogRecords(reader, keys.log(shard), after, countMax),
    last: (shard) => readLogEnd(reader, keys, shard),
    async bytes(shard) {
      return Number((await reader.hget(keys.head(shard), 'bytes')) ?? 0);
    },
    async setConsumer(shard, name, position) {
      await reader.hset(keys.consumers(shard), name, positionText(position));
    },
    async consumers(shard) {
      const found = Object.entries(await reader.hgetall(keys.consumers(shard)));
      return new Map(found.map(([name, text]) => [name, parsePosition(text)]));
    },
    async trim(fence, upTo, countMax) {
      const { shard, nonce, epoch } = fence;
      const lock = [keys.lease(shard), keys.head(shard), keys.log(shard), keys.consumers(shard)];
      const args = [nonce, epoch, upTo.epoch, upTo.seq, countMax];
      return Number(await scripts.run(once, 'log-trim-4', lock, args));
    },
  };
}
