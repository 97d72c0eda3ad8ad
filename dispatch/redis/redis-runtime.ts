/**
 * The runtime's ports on Redis, for one thread of shard hosts. It owns their connections: one that
 * never re-sends (leases, commits, effects, so that these keep their order), one for bulk (snapshots,
 * recovery), one that blocks per shard.
 */
import type { Redis } from 'ioredis';
import { POSITION_BATCHES_MAX } from '../runtime/limits.ts';
import type { RuntimePorts } from '../runtime/ports.ts';
import { connectRedis } from './connection.ts';
import { Keys } from './keys.ts';
import { MailboxWriter, mailboxBounds } from './mailbox-writer.ts';
import { RedisClock } from './redis-clock.ts';
import { RedisIntake } from './redis-intake.ts';
import { redisLease, redisPoison } from './redis-lease.ts';
import { redisLog } from './redis-log.ts';
import { redisOutbox } from './redis-outbox.ts';
import { redisSnapshots } from './redis-snapshots.ts';
import { routesBudget } from './routes-budget.ts';
import { Scripts } from './scripts.ts';
import { ZoneCache } from './zone-cache.ts';

export interface RedisRuntimeOptions {
  readonly redisUrl: string;
  readonly keyPrefix: string;
  readonly mailboxMax?: number;
  /** Places on top of it for driver actions; default: a quarter. */
  readonly mailboxReserve?: number;
  /** Position batches kept per shard. */
  readonly positionsMax?: number;
  readonly logBytesMax?: number;
  readonly speed?: number;
  readonly onProblem?: (problem: string, error: unknown) => void;
}

export interface RedisRuntime {
  readonly ports: RuntimePorts;
  readonly keys: Keys;
  readonly bulk: Redis;
  /** Takes billed elements out of the day's budget that all nodes share. */
  routesBudget(elementsPerDay: number): (elements: number) => Promise<boolean>;
  close(): void;
}

/** Connects and reads the clock. Rejects when Redis is away. */
export async function openRedisRuntime(options: RedisRuntimeOptions): Promise<RedisRuntime> {
  const { redisUrl, onProblem = () => {} } = options;
  const bounds = mailboxBounds(options);
  const { logBytesMax } = bounds;
  const keys = new Keys(options.keyPrefix);
  const scripts = new Scripts();
  const once = await connectRedis(redisUrl, 'once', onProblem);
  const bulk = await connectRedis(redisUrl, 'repeating', onProblem);
  const clock = await RedisClock.start(bulk, keys, scripts, options.speed);
  const zones = new ZoneCache(bulk, keys);
  await zones.start();
  const mailbox = new MailboxWriter(scripts, keys, bounds);
  const nowMs = (): number => clock.hostMs();
  const ports: RuntimePorts = {
    clock,
    lease: redisLease({ once, keys, scripts }),
    poison: redisPoison({ once, keys, scripts }),
    log: redisLog({ once, reader: bulk, keys, scripts, logBytesMax }),
    snapshots: redisSnapshots({ client: bulk, keys, scripts }),
    outbox: redisOutbox({ client: once, keys, scripts, zones, mailbox, nowMs }),
    positions: {
      async append(shard, zone, batch) {
        const key = keys.positions(shard);
        await appendPositions(once, { key, keep: options.positionsMax }, zone, batch);
      },
      idAt: (hostMs) => `${Math.max(0, Math.floor(hostMs))}-0`,
    },
    mailbox: {
      append: (shard, envelopes) =>
        mailbox.append(
          once,
          shard,
          envelopes,
          envelopes.map((e) => JSON.stringify(e)),
        ),
      length: (shard) => once.xlen(keys.mailbox(shard)),
      async open(shard, cursor, positionsAfter) {
        const client = await connectRedis(redisUrl, 'blocking', onProblem);
        const source = {
          client,
          mailboxKey: keys.mailbox(shard),
          positionsKey: keys.positions(shard),
        };
        return new RedisIntake(source, cursor, positionsAfter);
      },
    },
  };
  return {
    ports,
    keys,
    bulk,
    routesBudget: (perDay) => routesBudget({ client: bulk, keys, scripts, clock }, perDay),
    close() {
      clock.stop();
      zones.stop();
      once.disconnect();
      bulk.disconnect();
    },
  };
}

/** One entry; the stream keeps its newest `keep` (default POSITION_BATCHES_MAX). */
export async function appendPositions(
  client: Redis,
  stream: { readonly key: string; readonly keep: number | undefined },
  zone: string,
  batch: Uint8Array,
): Promise<void> {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
  const keep = stream.keep ?? POSITION_BATCHES_MAX;
  await client.xadd(stream.key, 'MAXLEN', '~', keep, '*', 'z', zone, 'b', bytes);
}
