/**
 * The engine as the runtime drives it: the pure core behind one object, so that tests can drive the
 * same host with a toy. `S` is the shard's state, `C` its frozen copy; both are opaque here.
 */

import type { ZoneEvent } from '../../contracts/events.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import type { BatchPosition } from '../../contracts/position-batch.ts';
import type { CellPicture, NodePicture, TrackMessage } from '../../contracts/push.ts';
import type {
  Effect,
  PositionOutcome,
  RouteWant,
  TwoClocks,
  Unplaced,
  ZoneInput,
} from '../core/index.ts';

export type RoundInput = Extract<ZoneInput, { kind: 'round' }>;
export type StalledInput = Extract<ZoneInput, { kind: 'stalled' }>;
export type SilenceInput = Extract<ZoneInput, { kind: 'silence' }>;

export interface ZoneStats {
  readonly drivers: number;
  readonly idle: number;
  readonly open: number;
  /** Age of the oldest delivery without a driver, zone ms; null: none. */
  readonly oldestUnassignedMs: number | null;
  /** How far the longest idle drivers are off the median idle time, zone ms. */
  readonly idleSpreadMs: number;
  /** How often told ranges held, by when they were told. */
  readonly etas: NonNullable<NodePicture['shards'][number]['etas']>;
}

/** The live index of one zone: not state, seeded anew after a takeover. All its times are host ms. */
export interface ZoneIndex {
  position(position: Readonly<BatchPosition>): PositionOutcome;
  /** Follows what a commit changed. */
  sync(events: readonly ZoneEvent[], hostMs: number): void;
  shortlist(hostMs: number): RoundInput;
  /** `stretchMs`: zone ms added to the limits after nobody was in. */
  silence(hostMs: number, stretchMs: number): SilenceInput | null;
  stalled(hostMs: number): StalledInput | null;
  /** Positions of deliveries on the way, at most one a second of host time for each. */
  tracked(hostMs: number): readonly Unplaced<TrackMessage>[];
  pictures(hostMs: number): readonly CellPicture[];
}

export interface PlacedEffect {
  readonly zone: ZoneId;
  readonly effect: Effect;
}

export interface Engine<S, C> {
  /** Names this core; hashes and audits are compared within one version only. */
  readonly version: string;
  create(shard: number): S;
  zoneIds(shard: S): Iterable<ZoneId>;
  /** Zone ms between rounds. */
  roundMs(shard: S, zone: ZoneId): number;
  weightsVersion(shard: S, zone: ZoneId): number;
  /** Decides and applies; throws when an invariant breaks, and the state is then worthless. */
  step(shard: S, zone: ZoneId, input: ZoneInput, atMs: number): readonly ZoneEvent[];
  apply(shard: S, zone: ZoneId, event: ZoneEvent, atMs: number): void;
  effects(shard: S, zone: ZoneId, events: readonly ZoneEvent[], atMs: number): readonly Effect[];
  recoveryEffects(shard: S): readonly PlacedEffect[];
  /** Earliest zone time at which a timer input has something to do; Infinity: none. */
  dueMs(shard: S, zone: ZoneId): number;
  copy(shard: S): C;
  encode(copy: C): Iterable<string>;
  decode(chunks: Iterable<string>): S;
  hash(shard: S): number;
  check(shard: S): readonly string[];
  stats(shard: S, zone: ZoneId, atMs: number): ZoneStats;
  /** Road times that would help after this round, most useful first; taken lazily. */
  routeWants(shard: S, zone: ZoneId, round: RoundInput, atMs: number): Iterable<RouteWant>;
  index(shard: S, zone: ZoneId, clocks: TwoClocks, hostMs: number): ZoneIndex;
}
