/**
 * Hosts a dispatch node in this process: starts it, shows its figures, hands its shards over at the
 * end. Decides nothing; the engine is in dispatch/.
 */
import type { ServiceSchema } from 'moleculer';
import { Gauge } from 'prom-client';
import type { NodePicture } from '../../contracts/push.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import {
  type RunningShardNode,
  startRedisShardNode,
} from '../../dispatch/redis/redis-shard-node.ts';
import { ShadowCrew, type ShadowZone } from '../../dispatch/shadow/shadow-crew.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { showEtaFigures } from './eta-figures.ts';
import { showRouteFigures } from './route-figures.ts';
import { showShadows } from './shadow-metrics.ts';

/** Metrics by name, each read from the node's picture when asked for. */
const FIGURES: Readonly<
  Record<string, { readonly help: string; readonly read: (picture: NodePicture) => number }>
> = {
  waggle_dispatch_shards: {
    help: 'Shards this node serves',
    read: (picture) => picture.shards.length,
  },
  waggle_dispatch_open_deliveries: {
    help: 'Deliveries that have not ended',
    read: (picture) => sum(picture, 'open'),
  },
  waggle_dispatch_idle_drivers: {
    help: 'Drivers who could take a delivery now',
    read: (picture) => sum(picture, 'idle'),
  },
  waggle_dispatch_idle_spread_ms: {
    help: 'Idle time of drivers, 90th percentile less the median, in the worst zone; zone ms',
    read: (picture) => Math.max(0, ...picture.shards.map(({ idleSpreadMs = 0 }) => idleSpreadMs)),
  },
  waggle_dispatch_mailbox_lag: {
    help: 'Commands waiting in the mailboxes of this node',
    read: (picture) => sum(picture, 'mailboxLag'),
  },
  waggle_dispatch_positions_indexed: {
    help: 'Positions taken into the index since the start',
    read: (picture) => picture.positions.indexed,
  },
  waggle_dispatch_positions_dropped: {
    help: 'Positions dropped since the start: stale slot, older, outside, unreadable',
    read: (picture) => picture.positions.dropped,
  },
  waggle_dispatch_position_age_p99_ms: {
    help: 'Age of positions when indexed, 99th percentile of the last second',
    read: (picture) => picture.positions.ageP99Ms,
  },
};

function sum(picture: NodePicture, field: 'open' | 'idle' | 'mailboxLag'): number {
  return picture.shards.reduce((total, shard) => total + shard[field], 0);
}

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log, metrics } = context;
  let running: RunningShardNode | null = null;
  let shadows: ShadowCrew | null = null;
  showShadows(metrics, () => shadows?.reports ?? []);
  for (const [name, { help, read }] of Object.entries(FIGURES)) {
    new Gauge({
      name,
      help,
      registers: [metrics],
      collect() {
        if (running) this.set(read(running.node.picture));
      },
    });
  }
  showEtaFigures(metrics, () => running?.node.picture ?? null);
  if (config.dispatch.routes) {
    showRouteFigures(metrics, () => running?.node.picture.routes ?? null);
  }
  context.addCheck('shards', async () => {
    if (!running) throw new Error('the node has not started');
    const missing = await running.unserved();
    if (missing.length > 0) throw new Error(`shards not served yet: ${missing.join(' ')}`);
  });
  return {
    name: 'dispatch',
    async started() {
      const { dispatch, redis, node } = config;
      running = await startRedisShardNode({
        node: node.name,
        redisUrl: redis.url,
        keyPrefix: redis.keyPrefix,
        shards: dispatch.shards,
        workers: dispatch.workers,
        leaseMs: dispatch.leaseMs,
        speed: dispatch.speed,
        mailboxMax: dispatch.mailboxMax,
        mailboxReserve: dispatch.mailboxDriverReserve,
        positionsMax: dispatch.positionsMax,
        logBytesMax: dispatch.logBytesMax,
        snapshotRecords: dispatch.snapshotRecords,
        ...(dispatch.routes === undefined ? {} : { routes: dispatch.routes }),
        onProblem: (problem, error) => log.warn({ err: error }, problem),
      });
      const door = await context.door();
      shadows = new ShadowCrew({
        node: node.name,
        redisUrl: redis.url,
        keyPrefix: redis.keyPrefix,
        wanted: () => shadowedZones(door, running),
        onProblem: (problem, error) => log.warn({ err: error }, problem),
      });
    },
    async stopped() {
      await shadows?.stop();
      shadows = null;
      await running?.stop();
      running = null;
    },
  };
}

/** Zones that carry a shadow, on shards that this node serves. */
function shadowedZones(door: Door, running: RunningShardNode | null): readonly ShadowZone[] {
  const served = new Set(running?.node.picture.shards.map(({ shard }) => shard));
  return door
    .zones()
    .filter((entry) => entry.shadow !== undefined && served.has(entry.shard))
    .map(({ id, shard }) => ({ zone: id, shard }));
}
