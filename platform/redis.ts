/** Connections to Redis for service streams. Keys of the engine are the door's business, not ours. */
import { Redis } from 'ioredis';

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_LONGEST_MS = 2_000;

/**
 * A connection that comes back by itself. Commands fail at once while it is away, so that relays
 * back off instead of piling up; `blocking` ones (XREADGROUP) are for one consumer only.
 */
export function connectRedis(url: string, name: string): Redis {
  const redis = new Redis(url, {
    connectionName: `waggle-${name}`,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(RETRY_LONGEST_MS, 50 * 2 ** Math.min(times, 10)),
  });
  // Without a listener ioredis prints to the console; each failing command reports by itself.
  redis.on('error', () => {});
  return redis;
}
