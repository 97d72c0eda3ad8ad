/**
 * Snapshots of one tenure: copies on the commit path (the pause is measured), encodes and writes in
 * the background slice by slice, flips the pointer with the fence, then trims the log behind the
 * older generation. One at a time; a tenure that ends leaves its half-written chunks to expire.
 */
import { hash32 } from '../../contracts/ids.ts';
import type { LogPosition } from '../../contracts/push.ts';
import type { Engine } from './engine.ts';
import { SNAPSHOT_MS, SNAPSHOT_RECORDS, TRIM_PAGE } from './limits.ts';
import type { Clock, Fence, LogPort, SnapshotMeta, SnapshotPort } from './ports.ts';

export interface SnapshotterDeps<S, C> {
  readonly engine: Engine<S, C>;
  readonly clock: Clock;
  readonly log: LogPort;
  readonly snapshots: SnapshotPort;
  readonly report: (problem: string, error: unknown) => void;
  /** Monotone ms for measuring the pause; not part of any decision. */
  readonly stopwatchMs: () => number;
  /** Records between snapshots; default SNAPSHOT_RECORDS. */
  readonly everyRecords?: number;
}

const TRIM_EVERY_MS = 5_000;

export class Snapshotter<S, C> {
  /** Pause of the last copy on the commit path, ms; its length when written, UTF-16 units. */
  lastPauseMs = 0;
  lastSize = 0;
  written = 0;
  private readonly deps: SnapshotterDeps<S, C>;
  private readonly fence: Fence;
  private generations: readonly SnapshotMeta[];
  private lastSeq: number;
  private lastMs: number;
  private trimmedMs = 0;
  private work: Promise<void> | null = null;
  private stopped = false;

  constructor(
    deps: SnapshotterDeps<S, C>,
    fence: Fence,
    from: { readonly generations: readonly SnapshotMeta[] },
  ) {
    this.deps = deps;
    this.fence = fence;
    this.generations = from.generations;
    this.lastSeq = from.generations[0]?.position.seq ?? 0;
    this.lastMs = deps.clock.hostMs();
  }

  /** Starts whatever is due at this committed state. `urgent`: the log is full. */
  consider(
    shard: S,
    at: { readonly position: LogPosition; readonly cursor: string; readonly atMs: number },
    urgent = false,
  ): void {
    if (this.work || this.stopped) return;
    const records = at.position.seq - this.lastSeq;
    const nowMs = this.deps.clock.hostMs();
    const due =
      records >= (this.deps.everyRecords ?? SNAPSHOT_RECORDS) ||
      (records > 0 && (urgent || nowMs - this.lastMs >= SNAPSHOT_MS));
    if (due) {
      const startMs = this.deps.stopwatchMs();
      const copy = this.deps.engine.copy(shard);
      this.lastPauseMs = this.deps.stopwatchMs() - startMs;
      this.lastSeq = at.position.seq;
      this.lastMs = nowMs;
      this.begin(this.write(copy, at).then(() => this.trim()));
    } else if (urgent || nowMs - this.trimmedMs >= TRIM_EVERY_MS) {
      this.begin(this.trim());
    }
  }

  /**
   * Whether both generations stand at or behind `seq`. Until they do, a full log cannot be trimmed
   * up to it, and it takes one more record and one more snapshot.
   */
  covers(seq: number): boolean {
    return (this.generations[1]?.position.seq ?? 0) >= seq;
  }

  /** Whether the newest generation stands exactly at `seq`, with nothing under way. */
  standsAt(seq: number): boolean {
    return !this.work && this.generations[0]?.position.seq === seq;
  }

  /** Resolves when nothing is under way. */
  async settle(): Promise<void> {
    await this.work;
  }

  stop(): void {
    this.stopped = true;
  }

  private begin(work: Promise<void>): void {
    this.work = work
      .catch((error: unknown) => {
        // Not written this time: the pointer did not move, the log is whole, the next one is due soon.
        if (!this.stopped) this.deps.report(`snapshot of shard ${this.fence.shard} failed`, error);
      })
      .finally(() => {
        this.work = null;
      });
  }

  private async write(
    copy: C,
    at: { readonly position: LogPosition; readonly cursor: string; readonly atMs: number },
  ): Promise<void> {
    let [chunks, size, hash] = [0, 0, 0];
    for (const chunk of this.deps.engine.encode(copy)) {
      if (this.stopped) return;
      await this.deps.snapshots.writeChunk(this.fence, at.position, chunks, chunk);
      chunks++;
      size += chunk.length;
      hash = (hash ^ hash32(chunk)) >>> 0;
    }
    const meta: SnapshotMeta = { v: 1, ...at, chunks, size, hash };
    if (this.stopped || !(await this.deps.snapshots.flip(this.fence, meta))) return;
    this.generations = [meta, ...this.generations.slice(0, 1)];
    this.lastSize = size;
    this.written++;
  }

  private async trim(): Promise<void> {
    this.trimmedMs = this.deps.clock.hostMs();
    const older = this.generations[1];
    if (!older) return;
    while (!this.stopped) {
      const removed = await this.deps.log.trim(this.fence, older.position, TRIM_PAGE);
      if (removed < TRIM_PAGE) return;
    }
  }
}
