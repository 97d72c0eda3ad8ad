/**
 * The entry of the thread that runs shadows: reads the logs of the shards it is told, and leaves its
 * reports in the store and with the main thread. It runs at the lowest priority and may be ended at
 * any moment: it holds nothing that anybody waits for. It must not be imported, only started.
 */
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Redis } from 'ioredis';
import { connectRedis } from '../redis/connection.ts';
import { Keys } from '../redis/keys.ts';
import { readLogEnd, readLogRecords } from '../redis/redis-log.ts';
import { redisSnapshots } from '../redis/redis-snapshots.ts';
import { Scripts } from '../redis/scripts.ts';
import { type ShadowSources, ShardFollower } from './follower.ts';
import {
  SHADOW_KEEP_MS,
  SHADOW_LOOK_MS,
  SHADOW_REPORT_MS,
  SHADOW_REPORT_TTL_MS,
  SHADOW_RETRY_MS,
} from './limits.ts';
import type { ShadowNews, ShadowOrder, ShadowThreadOptions, ShadowZone } from './shadow-crew.ts';
import type { KeptTrial } from './trial.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function main(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('this file runs as a worker thread only');
  // Linux counts priority by thread; elsewhere it would slow the whole process down.
  if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW);
  const { node, redisUrl, keyPrefix } = workerData as ShadowThreadOptions;
  const tell = (news: ShadowNews): void => port.postMessage(news);
  const report = (problem: string, error: unknown): void => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error ?? '');
    tell({ t: 'problem', problem, reason });
  };
  const client = await connectRedis(redisUrl, 'repeating', report);
  const keys = new Keys(keyPrefix);
  const scripts = new Scripts();
  const sources: ShadowSources = {
    log: {
      read: (shard, after, countMax) => readLogRecords(client, keys.log(shard), after, countMax),
      last: (shard) => readLogEnd(client, keys, shard),
    },
    snapshots: redisSnapshots({ client, keys, scripts }),
  };
  const followers = new Map<number, ShardFollower>();
  const hold = async ({ zones }: ShadowOrder): Promise<void> => {
    const kept = await readKept(client, keys, zones);
    const shards = new Set(zones.map(({ shard }) => shard));
    for (const shard of followers.keys()) if (!shards.has(shard)) followers.delete(shard);
    for (const shard of shards) {
      const known = followers.get(shard);
      const stopwatchMs = () => performance.now();
      const follower = known ?? new ShardFollower({ shard, node, sources, report, stopwatchMs });
      const held = zones.filter((each) => each.shard === shard).map(({ zone }) => zone);
      follower.hold(held, kept);
      followers.set(shard, follower);
    }
  };
  port.on('message', (order: ShadowOrder) => {
    hold(order).catch((error: unknown) => report('shadows to run', error));
  });
  let [reportedMs, keptMs] = [0, performance.now()];
  const publish = async (): Promise<void> => {
    const nowMs = performance.now();
    if (nowMs - reportedMs < SHADOW_REPORT_MS) return;
    reportedMs = nowMs;
    const all = [...followers.values()];
    const reports = all.flatMap((each) => each.reports(Date.now()));
    tell({ t: 'reports', reports });
    for (const each of reports) await store(client, keys.shadowReport(each.zone), each);
    if (nowMs - keptMs < SHADOW_KEEP_MS) return;
    keptMs = nowMs;
    const keeps = all.flatMap((each) => each.keeps);
    for (const each of keeps) await store(client, keys.shadowKept(each.zone), each);
  };
  for (;;) {
    const busy = await advance([...followers.values()], report);
    await publish().catch((error: unknown) => report('shadow reports', error));
    await sleep(busy ? 0 : SHADOW_LOOK_MS);
  }
}

/** What threads before have come to. */
async function readKept(
  client: Redis,
  keys: Keys,
  zones: readonly ShadowZone[],
): Promise<KeptTrial[]> {
  const kept: KeptTrial[] = [];
  for (const { zone } of zones) {
    const text = await client.get(keys.shadowKept(zone));
    if (text !== null) kept.push(JSON.parse(text) as KeptTrial);
  }
  return kept;
}

/** One page of each shard's log. True: one of them may have more at once. */
async function advance(
  followers: readonly ShardFollower[],
  report: (problem: string, error: unknown) => void,
): Promise<boolean> {
  let busy = false;
  for (const follower of followers) {
    try {
      if (await follower.advance()) busy = true;
    } catch (error) {
      report('the shadow could not follow its shard; trying again', error);
      await sleep(SHADOW_RETRY_MS);
    }
  }
  return busy;
}

async function store(client: Redis, key: string, value: object): Promise<void> {
  await client.set(key, JSON.stringify(value), 'PX', SHADOW_REPORT_TTL_MS);
}

await main();
