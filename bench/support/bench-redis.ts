/** Owns the Redis of a benchmark: private, in a folder that goes away with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningRedis } from '../../launch/redis.ts';
import { startRedis } from '../../launch/redis.ts';

/**
 * Runs `use` on a Redis of its own and stops it afterwards.
 * @param durable append-only file with everysec, as in production; otherwise nothing on disk
 */
export async function withBenchRedis<T>(
  durable: boolean,
  use: (redis: RunningRedis) => Promise<T>,
): Promise<T> {
  const stateDir = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
  try {
    const notify = (line: string): void => void process.stderr.write(`${line}\n`);
    const redis = await startRedis({ stateDir, ephemeral: !durable, notify });
    try {
      return await use(redis);
    } finally {
      await redis.stop();
    }
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}
