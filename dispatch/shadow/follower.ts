/**
 * Follows the log of one shard for its zones' shadows: a copy of the state, kept by applying what was
 * committed, and each live round shown to the trial of its zone just before its events. It only
 * reads: it holds no lease, registers no position (so that nothing is kept for it) and has no way to
 * write. Whoever falls behind goes on from the newest state, and says so.
 */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import type { LogPosition } from '../../contracts/push.ts';
import type { ShadowReport } from '../../contracts/shadow.ts';
import type { Shard } from '../core/index.ts';
import { coreEngine } from '../runtime/core-engine.ts';
import type { LogRecord, RecordedInput } from '../runtime/log-record.ts';
import type { LogPort, SnapshotPort } from '../runtime/ports.ts';
import { restoreShard } from '../runtime/restore.ts';
import { SHADOW_LAG_RECORDS_MAX, SHADOW_PAGE, SHADOW_SKIP_RECORDS } from './limits.ts';
import { type KeptTrial, ZoneTrial } from './trial.ts';

/** What the runner may see of a shard's keys: nothing here can write. */
export interface ShadowSources {
  readonly log: Pick<LogPort, 'read' | 'last'>;
  readonly snapshots: Pick<SnapshotPort, 'generations' | 'readChunk'>;
}

export interface FollowerOptions {
  readonly shard: number;
  readonly node: string;
  readonly sources: ShadowSources;
  readonly report: (problem: string, error: unknown) => void;
  /** Monotone ms, to say how much it works. */
  readonly stopwatchMs: () => number;
  readonly lagRecordsMax?: number;
  readonly skipRecords?: number;
}

/** The copy is not what the log goes on from. */
class OutOfStepError extends Error {
  override readonly name = 'OutOfStepError';
}

export class ShardFollower {
  private readonly options: FollowerOptions;
  private readonly wanted = new Set<ZoneId>();
  private readonly trials = new Map<ZoneId, ZoneTrial>();
  /** Used once: whoever begins anew later begins with nothing. */
  private readonly kept = new Map<ZoneId, KeptTrial>();
  private copy: Shard | null = null;
  private position: LogPosition = { epoch: 0, seq: 0 };
  private atMs = 0;
  private lag = 0;
  private drops = 0;
  private recordsDropped = 0;
  private workedMs = 0;

  constructor(options: FollowerOptions) {
    this.options = options;
  }

  /**
   * Zones to try shadows of from now on; those of them that carry one get a trial.
   * @param kept trials of before to go on from, where they are of the same shadow
   */
  hold(zones: readonly ZoneId[], kept: readonly KeptTrial[] = []): void {
    for (const each of kept) if (!this.wanted.has(each.zone)) this.kept.set(each.zone, each);
    this.wanted.clear();
    for (const zone of zones) this.wanted.add(zone);
    this.followTrials();
  }

  /** What another may go on from, should this one end. */
  get keeps(): KeptTrial[] {
    return [...this.trials.values()].map((trial) => trial.kept);
  }

  /** Reads and takes one page in. True: there may be more at once. Rejects when reading fails. */
  async advance(): Promise<boolean> {
    const { sources, shard } = this.options;
    if (!this.copy) await this.restore();
    const end = await sources.log.last(shard);
    this.lag = Math.max(0, end.seq - this.position.seq);
    if (this.lag > (this.options.lagRecordsMax ?? SHADOW_LAG_RECORDS_MAX)) {
      this.drop();
      return true;
    }
    const page = await sources.log.read(shard, this.position, SHADOW_PAGE);
    const beganMs = this.options.stopwatchMs();
    try {
      for (const record of page) this.take(record);
    } catch (error) {
      this.options.report(`the shadow of shard ${shard} goes on from the newest state`, error);
      this.drop();
    } finally {
      this.workedMs += this.options.stopwatchMs() - beganMs;
    }
    // A log that begins after our position, or lost what we have seen, shows nothing or strangers.
    if (page.length === 0 && this.lag > 0) this.drop();
    return page.length === SHADOW_PAGE || this.copy === null;
  }

  reports(atMs: number): ShadowReport[] {
    const { lag, drops, recordsDropped } = this;
    return [...this.trials.values()].map((trial) => {
      const { failures, roundsSkipped, resumes, ...figures } = trial.figures();
      return {
        v: 1,
        zone: trial.zone,
        node: this.options.node,
        atMs: Math.round(atMs),
        ...figures,
        following: {
          ...{ lagRecords: lag, roundsSkipped, drops, recordsDropped, resumes, failures },
          workedMs: Math.round(this.workedMs),
        },
      };
    });
  }

  /** Forgets the copy; what was added up so far stays, what was under way is lost. */
  private drop(): void {
    this.drops++;
    this.copy = null;
    for (const trial of this.trials.values()) trial.interrupted();
  }

  private async restore(): Promise<void> {
    const { sources, shard, report } = this.options;
    const before = this.position.seq;
    const restored = await restoreShard(
      { engine: coreEngine, ...sources, report, onProgress: () => {} },
      shard,
    );
    if (before > 0) this.recordsDropped += Math.max(0, restored.position.seq - before);
    this.copy = restored.shard;
    this.position = restored.position;
    this.atMs = restored.atMs;
    this.followTrials();
  }

  /** A trial for each wanted zone that carries a shadow; a new one when either side has changed. */
  private followTrials(): void {
    if (!this.copy) return;
    for (const [id, trial] of this.trials) {
      const zone = this.copy.zones.get(id);
      if (!zone || !this.wanted.has(id) || !trial.isOf(zone)) this.trials.delete(id);
    }
    for (const id of this.wanted) {
      const zone = this.copy.zones.get(id);
      const shadow = zone?.config.shadow;
      if (!zone || !shadow || this.trials.has(id)) continue;
      const kept = this.kept.get(id);
      this.kept.delete(id);
      this.trials.set(id, new ZoneTrial(zone, shadow, this.atMs, this.options.report, kept));
    }
  }

  private take(record: LogRecord): void {
    if (record.seq !== this.position.seq + 1) {
      throw new OutOfStepError(`record ${record.seq} does not follow ${this.position.seq}`);
    }
    const byInput = eventsByInput(record);
    for (const [i, given] of record.inputs.entries()) {
      this.takeInput(given, byInput.get(i) ?? [], record.atMs);
    }
    this.position = { epoch: record.epoch, seq: record.seq };
    this.atMs = record.atMs;
    this.lag = Math.max(0, this.lag - 1);
  }

  private takeInput(given: RecordedInput, events: readonly ZoneEvent[], atMs: number): void {
    const { copy } = this;
    if (!copy) return;
    const { zone: id, input } = given;
    const trial = this.trials.get(id);
    let rest = events;
    if (trial && input.kind === 'round') {
      // The round records its fixes first and decides from them.
      const begins = events.findIndex((event) => event.type !== 'driver.fix');
      const fixes = begins < 0 ? events : events.slice(0, begins);
      for (const event of fixes) coreEngine.apply(copy, id, event, atMs);
      rest = events.slice(fixes.length);
      const zone = copy.zones.get(id);
      const skip = this.lag > (this.options.skipRecords ?? SHADOW_SKIP_RECORDS);
      if (zone) trial.round(zone, input, atMs, skip);
    }
    for (const event of rest) coreEngine.apply(copy, id, event, atMs);
    const after = copy.zones.get(id);
    if (after) trial?.took(after, events, atMs);
    if (events.some(({ type }) => type === 'zone.configured' || type === 'zone.opened')) {
      this.followTrials();
    }
  }
}

function eventsByInput(record: LogRecord): Map<number, ZoneEvent[]> {
  const byInput = new Map<number, ZoneEvent[]>();
  for (const { i, event } of record.events) {
    const list = byInput.get(i);
    if (list) list.push(event);
    else byInput.set(i, [event]);
  }
  return byInput;
}
