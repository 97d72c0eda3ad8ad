/**
 * When a record carries the state hash, so that it never stalls a shard: small states often, slower
 * ones rarely, large ones not at all (the chunk hashes of snapshots and audit then find a difference).
 */
import type { Engine } from './engine.ts';
import { HASH_EVERY } from './limits.ts';

/** Hashing may take this long; slower states are hashed more rarely, by the square of the excess. */
const HASH_MS_MAX = 5;
/** Drivers and open deliveries of a state that is hashed at all (100,000 drivers take 0.4 s). */
const HASH_RECORDS_MAX = 4_000;

export class HashCadence<S, C> {
  private readonly engine: Engine<S, C>;
  private readonly stopwatchMs: () => number;
  private every = HASH_EVERY;

  constructor(deps: { readonly engine: Engine<S, C>; readonly stopwatchMs: () => number }) {
    this.engine = deps.engine;
    this.stopwatchMs = deps.stopwatchMs;
  }

  /** The hash fields of the record with this seq; empty when it has none. */
  at(seq: number, shard: S, atMs: number): { readonly hash?: number; readonly engine?: string } {
    if (seq % this.every !== 0) return {};
    let records = 0;
    for (const zone of this.engine.zoneIds(shard)) {
      const { drivers, open } = this.engine.stats(shard, zone, atMs);
      records += drivers + open;
    }
    if (records > HASH_RECORDS_MAX) return {};
    const startMs = this.stopwatchMs();
    const hash = this.engine.hash(shard);
    const tookMs = this.stopwatchMs() - startMs;
    this.every = HASH_EVERY * Math.max(1, Math.ceil(tookMs / HASH_MS_MAX)) ** 2;
    return { hash, engine: this.engine.version };
  }
}
