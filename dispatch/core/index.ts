/**
 * The engine's pure core, as the runtime sees it. No I/O, no clock, no randomness, no promise.
 */
export { effectsOf, recoveryEffects, viewOf } from './effects.ts';
export type { Effect, Fix, PlacedEvent, Unplaced, ZoneEvent, ZoneInput } from './input.ts';
export { checkShard } from './invariants.ts';
export { LiveIndex, type PositionOutcome, type TwoClocks } from './live/live-index.ts';
export { type ZoneStats, zoneStats } from './live/stats.ts';
export { applyShard, dueMs, Shard, stepShard } from './shard.ts';
export {
  copyShard,
  decodeShard,
  encodeCopy,
  hashCopy,
  hashShard,
  type ShardCopy,
  SNAPSHOT_VERSION,
} from './snapshot.ts';
export { type RouteWant, routeWants } from './travel/route-wants.ts';
export { isBelievable, pairKey, ROUTED_ANSWERS_MAX } from './travel/routed-times.ts';
