/** Owns one key prefix per test on the shared Redis, and the clients opened through it. */
import { randomBytes } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import { sharedRedisUrl } from './private-servers.ts';
import { cleanUpInReverse, type Scope } from './scope.ts';

const SCAN_COUNT = 1_000;

export interface TestRedis {
  readonly url: string;
  /** Put before every key and channel; the keys are deleted at the end. */
  readonly prefix: string;
  /** A client that is closed at the end. No key prefix is set on it: keys come from key builders. */
  connect(options?: RedisOptions): Redis;
}

/** A corner of the shared Redis for this test. */
export async function withRedis(scope: Scope): Promise<TestRedis> {
  const url = await sharedRedisUrl();
  const prefix = `t${process.pid}-${randomBytes(6).toString('hex')}:`;
  const clients: Redis[] = [];
  const connect = (options: RedisOptions = {}): Redis => {
    const client = new Redis(url, options);
    clients.push(client);
    return client;
  };
  cleanUpInReverse(scope, async () => {
    for (const client of clients) client.disconnect();
    await deleteKeys(url, prefix);
  });
  return { url, prefix, connect };
}

async function deleteKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: 0 });
  // Tests that end the server themselves leave nothing to delete.
  client.on('error', () => {});
  try {
    let cursor = '0';
    do {
      const [next, keys] = await client.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_COUNT);
      if (keys.length > 0) await client.unlink(...keys);
      cursor = next;
    } while (cursor !== '0');
  } finally {
    client.disconnect();
  }
}
