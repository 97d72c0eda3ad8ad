/** A dispatch node on Redis, put together: threads, membership, pictures. What a service hosts. */
import type { NodePicture } from '../../contracts/push.ts';
import { assertLimits, LEASE_MS } from '../runtime/limits.ts';
import { ShardNode } from '../runtime/shard-node.ts';
import { connectRedis } from './connection.ts';
import { redisNodes } from './redis-nodes.ts';
import { openRedisRuntime } from './redis-runtime.ts';
import type { ThreadOptions } from './thread-crew.ts';
import { ThreadCrew } from './thread-crew.ts';

export interface RedisShardNodeOptions extends Omit<ThreadOptions, 'leaseMs'> {
  readonly leaseMs?: number;
  readonly shards: number;
  readonly workers: number;
  /** Zone speed of the installation; given by those who decide it. */
  readonly speed?: number;
  readonly onProblem: (problem: string, error: unknown) => void;
}

/** Nodes show themselves every second; host ms. */
const PICTURE_FRESH_MS = 2_000;

export interface RunningShardNode {
  readonly node: ShardNode;
  /**
   * Its shards that nobody serves. A newcomer's shards may be in good hands until the handing over;
   * that is no reason to call it unready.
   */
  unserved(): Promise<readonly number[]>;
  /** Hands over, then closes everything. */
  stop(): Promise<void>;
}

/** Starts a node. Rejects when Redis is away. */
export async function startRedisShardNode(
  options: RedisShardNodeOptions,
): Promise<RunningShardNode> {
  const { onProblem, shards, workers, speed, routes, ...given } = options;
  const leaseMs = options.leaseMs ?? LEASE_MS;
  assertLimits(leaseMs);
  const runtime = await openRedisRuntime({
    ...given,
    ...(speed === undefined ? {} : { speed }),
    onProblem,
  });
  const subscriber = await connectRedis(options.redisUrl, 'subscriber', onProblem);
  const { clock, outbox } = runtime.ports;
  const crew = new ThreadCrew(
    { ...given, ...eachThread(routes, workers), leaseMs },
    workers,
    onProblem,
  );
  const node = new ShardNode({
    ...{ node: options.node, shards, leaseMs, clock, crew },
    nodes: redisNodes({ client: runtime.bulk, subscriber, keys: runtime.keys, clock }),
    publish: (picture) => outbox.publishNode(picture),
    report: onProblem,
  });
  await node.start();
  return {
    node,
    async unserved() {
      const missing = node.missing();
      if (missing.length === 0) return missing;
      const texts = await runtime.bulk.hvals(runtime.keys.nodePictures);
      const freshMs = clock.hostMs() - PICTURE_FRESH_MS;
      const pictures = texts.map((text) => JSON.parse(text) as NodePicture);
      const served = pictures
        .filter((picture) => picture.atMs >= freshMs)
        .flatMap((picture) => picture.shards.map(({ shard }) => shard));
      return missing.filter((shard) => !served.includes(shard));
    },
    async stop() {
      await node.stop();
      subscriber.disconnect();
      runtime.close();
    },
  };
}

/** A node's rate of asking for road times, divided among its threads. */
function eachThread(
  routes: ThreadOptions['routes'],
  workers: number,
): Pick<ThreadOptions, 'routes'> {
  if (!routes) return {};
  return { routes: { ...routes, requestsPerSecond: routes.requestsPerSecond / workers } };
}
