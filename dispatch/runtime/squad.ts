/**
 * The shard hosts of one thread: starts and stops them as told, and says what they are doing. Each
 * host gets its own turns; none waits for another.
 */
import type { NodePicture, RoutesPicture } from '../../contracts/push.ts';
import { AgeHistogram } from './age-histogram.ts';
import type { ZoneStats } from './engine.ts';
import type { ShardHost } from './shard-host.ts';

export type ShardPicture = NodePicture['shards'][number];

/** What a thread has done since the report before; plain data, crosses threads. */
export interface SquadReport {
  readonly shards: readonly ShardPicture[];
  readonly indexed: number;
  readonly dropped: number;
  /** Counts per bucket of position ages. */
  readonly ages: readonly number[];
  readonly commits: number;
  readonly restores: number;
  /** Longest pause that a snapshot's copy has caused, ms. */
  readonly snapshotPauseMs: number;
  /** Totals of the thread's asking for road times; absent when it does not ask. */
  readonly routes?: RoutesPicture;
}

interface Member<S, C> {
  readonly host: ShardHost<S, C>;
  readonly done: Promise<void>;
}

export class Squad<S, C> {
  private readonly makeHost: (shard: number) => ShardHost<S, C>;
  private readonly members = new Map<number, Member<S, C>>();
  private readonly leaving = new Map<number, Promise<void>>();
  private wanted: ReadonlySet<number> = new Set();
  private readonly before = new Map<number, { indexed: number; dropped: number }>();

  constructor(makeHost: (shard: number) => ShardHost<S, C>) {
    this.makeHost = makeHost;
  }

  /** Hosts exactly these shards from now on; those let go of are handed over in the background. */
  hold(shards: readonly number[]): void {
    this.wanted = new Set(shards);
    for (const shard of this.members.keys()) if (!this.wanted.has(shard)) this.letGo(shard);
    for (const shard of this.wanted) this.start(shard);
  }

  /** Somebody let go of this shard: try at once if we want it. */
  nudge(shard: number): void {
    this.members.get(shard)?.host.nudge();
  }

  async stop(): Promise<void> {
    this.hold([]);
    await Promise.all(this.leaving.values());
  }

  hosts(): readonly ShardHost<S, C>[] {
    return [...this.members.values()].map((member) => member.host);
  }

  /** Figures since the last call. */
  report(stats: (host: ShardHost<S, C>) => ShardPicture | null): SquadReport {
    const ages = new AgeHistogram();
    let [indexed, dropped, commits, restores, snapshotPauseMs] = [0, 0, 0, 0, 0];
    const shards: ShardPicture[] = [];
    for (const host of this.hosts()) {
      const { feed, shard } = host;
      const old = this.before.get(shard) ?? { indexed: 0, dropped: 0 };
      this.before.set(shard, { indexed: feed.indexed, dropped: feed.droppedTotal });
      indexed += Math.max(0, feed.indexed - old.indexed);
      dropped += Math.max(0, feed.droppedTotal - old.dropped);
      ages.merge(feed.ages.counts);
      feed.ages.clear();
      commits += host.tenure?.commits ?? 0;
      restores += host.restores;
      snapshotPauseMs = Math.max(snapshotPauseMs, host.snapshotter?.lastPauseMs ?? 0);
      const picture = stats(host);
      if (picture) shards.push(picture);
    }
    const counts = [...ages.counts];
    return { shards, indexed, dropped, ages: counts, commits, restores, snapshotPauseMs };
  }

  private start(shard: number): void {
    // A shard that is just being let go of is taken again when that is done.
    if (this.members.has(shard) || this.leaving.has(shard)) return;
    const host = this.makeHost(shard);
    this.before.delete(shard);
    this.members.set(shard, { host, done: host.run() });
  }

  private letGo(shard: number): void {
    const member = this.members.get(shard);
    if (!member) return;
    this.members.delete(shard);
    member.host.stop();
    const left = member.done.finally(() => {
      this.leaving.delete(shard);
      if (this.wanted.has(shard)) this.start(shard);
    });
    this.leaving.set(shard, left);
  }
}

/** The picture of a host that runs; null for one that does not. */
export function pictureOf<S, C>(
  host: ShardHost<S, C>,
  engine: {
    stats(shard: S, zone: string, atMs: number): ZoneStats;
  },
): ShardPicture | null {
  const { tenure, shard, epoch, takeoverMs } = host;
  if (!tenure) return null;
  const sum = { drivers: 0, open: 0, idle: 0 };
  let oldestUnassignedMs: number | null = null;
  let idleSpreadMs = 0;
  const etas = new Map<EtaStage, StageCounts>();
  for (const zone of tenure.zones) {
    const stats = engine.stats(tenure.shard, zone, tenure.atMs);
    sum.drivers += stats.drivers;
    sum.open += stats.open;
    sum.idle += stats.idle;
    idleSpreadMs = Math.max(idleSpreadMs, stats.idleSpreadMs);
    for (const each of stats.etas) etas.set(each.stage, addedUp(etas.get(each.stage), each));
    const waited = stats.oldestUnassignedMs;
    if (waited !== null) oldestUnassignedMs = Math.max(waited, oldestUnassignedMs ?? 0);
  }
  const { zones, lag } = tenure;
  const { seq } = tenure.position;
  return {
    ...{ shard, epoch, seq, zones, ...sum },
    ...(etas.size > 0 ? { etas: [...etas.values()] } : {}),
    ...{ oldestUnassignedMs, idleSpreadMs, mailboxLag: lag, takeoverMs },
  };
}

type StageCounts = NonNullable<ShardPicture['etas']>[number];
type EtaStage = StageCounts['stage'];

function addedUp(sum: StageCounts | undefined, one: StageCounts): StageCounts {
  const { stage, inside, before, after } = one;
  return {
    stage,
    inside: inside + (sum?.inside ?? 0),
    before: before + (sum?.before ?? 0),
    after: after + (sum?.after ?? 0),
  };
}
