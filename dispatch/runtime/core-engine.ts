/** The real core behind the runtime's engine interface. */
import {
  applyShard,
  checkShard,
  copyShard,
  decodeShard,
  dueMs,
  effectsOf,
  encodeCopy,
  hashShard,
  LiveIndex,
  recoveryEffects,
  routeWants,
  Shard,
  type ShardCopy,
  stepShard,
  zoneStats,
} from '../core/index.ts';
import type { Engine, ZoneStats } from './engine.ts';
import { engineVersion } from './engine-version.ts';

const NOBODY: ZoneStats = {
  ...{ drivers: 0, idle: 0, open: 0, oldestUnassignedMs: null, idleSpreadMs: 0 },
  etas: [],
};

export const coreEngine: Engine<Shard, ShardCopy> = {
  get version() {
    return engineVersion();
  },
  create: (shard) => new Shard(shard),
  zoneIds: (shard) => shard.zones.keys(),
  roundMs: (shard, zone) => shard.zones.get(zone)?.policy.roundMs ?? Number.POSITIVE_INFINITY,
  weightsVersion: (shard, zone) => shard.zones.get(zone)?.config.weights.version ?? 0,
  step: stepShard,
  apply: applyShard,
  effects: effectsOf,
  recoveryEffects,
  dueMs,
  copy: copyShard,
  encode: encodeCopy,
  decode: decodeShard,
  hash: hashShard,
  check: checkShard,
  stats: (shard, zone, atMs) => zoneStats(shard, zone, atMs) ?? NOBODY,
  routeWants,
  index: (shard, zone, clocks, hostMs) => new LiveIndex(shard, zone, clocks, hostMs),
};
