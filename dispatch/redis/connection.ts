/**
 * Connections to Redis, one kind per need. Commits go over a connection that never sends anything
 * twice; what may be repeated goes over one that does; blocking reads have their own.
 */
import type { RedisOptions } from 'ioredis';
import { Redis } from 'ioredis';

/** A command without an answer is given up after this long, host ms. */
const COMMAND_TIMEOUT_MS = 2_000;
const RECONNECT_MS_MAX = 500;

export type ConnectionKind = 'once' | 'repeating' | 'blocking' | 'subscriber';

const reconnect = (attempt: number): number => Math.min(20 * attempt, RECONNECT_MS_MAX);

const KINDS: Readonly<Record<ConnectionKind, RedisOptions>> = {
  // Nothing is queued while away, nothing re-sent: a rejection means that the outcome is unknown.
  once: {
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: reconnect,
  },
  repeating: {
    maxRetriesPerRequest: 5,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: reconnect,
  },
  blocking: {
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: reconnect,
  },
  subscriber: { maxRetriesPerRequest: null, retryStrategy: reconnect },
};

/** Connects. Rejects when Redis does not answer at the first try. */
export async function connectRedis(
  url: string,
  kind: ConnectionKind,
  onProblem: (problem: string, error: unknown) => void,
): Promise<Redis> {
  const client = new Redis(url, { ...KINDS[kind], lazyConnect: true, enableReadyCheck: true });
  client.on('error', (error: unknown) => onProblem(`redis connection (${kind})`, error));
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return client;
}
