/**
 * Watches the dispatch nodes through GET /ops/nodes: who owns which shard, takeovers, and what became
 * of the positions. Counters of a node start anew when its process does; this adds them up.
 */
import type { NodePicture } from '../contracts/push.ts';
import { percentile } from './verdict.ts';

/** Samples of position age kept, newest last; one a second and node. */
const AGE_SAMPLES_MAX = 20_000;
/** A picture older than this says nothing about now, wall ms. */
const PICTURE_MS_MAX = 5_000;

export interface PositionTotals {
  readonly indexed: number;
  readonly dropped: number;
  readonly perSecond: number;
  readonly ageMs: { readonly p50: number | null; readonly p99: number | null };
}

interface Counted {
  indexed: number;
  dropped: number;
}

export class NodeWatch {
  readonly takeoversMs: number[] = [];
  pictures: readonly NodePicture[] = [];
  private readonly last = new Map<string, Counted>();
  private readonly total: Counted = { indexed: 0, dropped: 0 };
  private readonly epochs = new Map<number, number>();
  private readonly agesP50: number[] = [];
  private readonly agesP99: number[] = [];
  private isFirst = true;

  /** Takes what the API said; the first picture is where the run's counting starts. */
  take(pictures: readonly NodePicture[]): void {
    const newestMs = Math.max(0, ...pictures.map((picture) => picture.atMs));
    this.pictures = pictures.filter((picture) => newestMs - picture.atMs < PICTURE_MS_MAX);
    for (const picture of pictures) {
      this.count(picture);
      this.noteTakeovers(picture);
    }
    if (pictures.length > 0) this.isFirst = false;
  }

  /** The owner of the shard with most open deliveries, then drivers; null when nobody owns one. */
  busiest(): { readonly node: string; readonly shard: number } | null {
    let best: { node: string; shard: number; load: number } | null = null;
    for (const { node, shards } of this.pictures) {
      for (const { shard, open, drivers } of shards) {
        const load = open * 10_000 + drivers;
        if (!best || load > best.load) best = { node, shard, load };
      }
    }
    return best;
  }

  totals(): PositionTotals {
    const p99 = percentile(this.agesP99, 0.99);
    return {
      ...this.total,
      perSecond: this.pictures.reduce((sum, { positions }) => sum + positions.perSecond, 0),
      ageMs: { p50: percentile(this.agesP50, 0.5), p99 },
    };
  }

  private count({ node, positions }: NodePicture): void {
    const { indexed, dropped, perSecond, ageP50Ms, ageP99Ms } = positions;
    const before = this.last.get(node);
    const isSame = before && indexed >= before.indexed && dropped >= before.dropped;
    this.last.set(node, { indexed, dropped });
    if (this.isFirst) return;
    this.total.indexed += indexed - (isSame ? before.indexed : 0);
    this.total.dropped += dropped - (isSame ? before.dropped : 0);
    if (perSecond === 0) return;
    this.agesP50.push(ageP50Ms);
    this.agesP99.push(ageP99Ms);
    if (this.agesP50.length > AGE_SAMPLES_MAX) {
      this.agesP50.shift();
      this.agesP99.shift();
    }
  }

  private noteTakeovers({ shards }: NodePicture): void {
    for (const { shard, epoch, takeoverMs, zones } of shards) {
      const known = this.epochs.get(shard) ?? 0;
      if (epoch <= known) continue;
      this.epochs.set(shard, epoch);
      // Shards without a zone move as well, but nobody waits for them.
      if (!this.isFirst && known > 0 && takeoverMs !== null && zones.length > 0) {
        this.takeoversMs.push(Math.round(takeoverMs));
      }
    }
  }
}
