/**
 * One dispatch node: says that it is alive, works out which shards it should host from who else is,
 * and tells its crew. All of that is a hint: two nodes that disagree both try, and the lease decides.
 * It stops by saying that it is leaving, then handing over, then being gone.
 */
import type { NodePicture } from '../../contracts/push.ts';
import { AgeHistogram } from './age-histogram.ts';
import { hostOf } from './assignment.ts';
import type { Clock, NodesPort } from './ports.ts';
import { totalRoutes } from './routes-port.ts';
import type { SquadReport } from './squad.ts';

/** The threads (or the one thread) that host shards for a node. */
export interface Crew {
  hold(shards: readonly number[]): void;
  nudge(shard: number): void;
  /** Newest report of each thread, since the last call. */
  reports(): readonly SquadReport[];
  /** False while a thread does not answer: the node then does not claim to be alive. */
  isWell(): boolean;
  stop(): Promise<void>;
}

export interface ShardNodeOptions {
  readonly node: string;
  readonly shards: number;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly nodes: NodesPort;
  readonly crew: Crew;
  readonly publish: (picture: NodePicture) => Promise<void>;
  readonly report: (problem: string, error: unknown) => void;
}

/** How often a node looks around and says that it is there, host ms. */
const LOOK_EVERY_MS = 250;
const BEAT_EVERY_MS = 500;
const PICTURE_EVERY_MS = 1_000;
/** A newcomer is trusted with shards that somebody serves only after this long. */
const NEWCOMER_MS = 1_500;

export class ShardNode {
  /** Shards it should host, as last worked out. */
  assigned: readonly number[] = [];
  picture: NodePicture;
  private readonly options: ShardNodeOptions;
  private readonly firstSeenMs = new Map<string, number>();
  private readonly ages = new AgeHistogram();
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;
  private lookAgain = false;
  private stopping = false;
  private beatMs = 0;
  private pictureMs = 0;
  private unlisten: (() => Promise<void>) | null = null;

  constructor(options: ShardNodeOptions) {
    this.options = options;
    this.picture = emptyPicture(options.node, 0);
  }

  async start(): Promise<void> {
    const { nodes, node } = this.options;
    await nodes.beat(node, false);
    this.beatMs = this.options.clock.hostMs();
    this.unlisten = await nodes.onRelease((shard) => {
      this.options.crew.nudge(shard);
      this.lookNow();
    });
    await this.look();
    this.timer = setInterval(() => this.lookNow(), LOOK_EVERY_MS);
  }

  /** Hands every shard over and leaves. */
  async stop(): Promise<void> {
    const { nodes, node, crew, report } = this.options;
    this.stopping = true;
    if (this.timer) clearInterval(this.timer);
    await this.looking;
    await nodes.beat(node, true).catch((error: unknown) => report('last heartbeat', error));
    await crew.stop();
    await this.unlisten?.().catch((error: unknown) => report('release channel', error));
    await nodes.leave(node).catch((error: unknown) => report('leaving', error));
  }

  /** Shards assigned to this node that it does not serve yet. */
  missing(): readonly number[] {
    const served = new Set(this.picture.shards.map((entry) => entry.shard));
    return this.assigned.filter((shard) => !served.has(shard));
  }

  private lookNow(): void {
    if (this.stopping) return;
    if (this.looking) {
      this.lookAgain = true;
      return;
    }
    this.looking = this.look()
      .catch((error: unknown) => this.options.report('looking around', error))
      .finally(() => {
        this.looking = null;
        if (!this.lookAgain) return;
        this.lookAgain = false;
        this.lookNow();
      });
  }

  private async look(): Promise<void> {
    const { nodes, node, crew, clock, leaseMs } = this.options;
    const nowMs = clock.hostMs();
    if (crew.isWell() && nowMs - this.beatMs >= BEAT_EVERY_MS) {
      await nodes.beat(node, false);
      this.beatMs = nowMs;
    }
    // Gone before its leases are: the successor then waits for the lease, not for the news.
    const live = await nodes.live(Math.max((leaseMs * 2) / 3, BEAT_EVERY_MS * 3));
    if (this.stopping) return;
    const present = live.filter((beat) => !beat.draining).map((beat) => beat.node);
    this.assigned = this.assign(present, nowMs);
    crew.hold(this.assigned);
    // Whoever waits for a start or a takeover learns of it at once.
    const isDue = nowMs - this.pictureMs >= PICTURE_EVERY_MS;
    if (isDue || this.missing().length > 0) await this.show(nowMs);
  }

  private assign(present: readonly string[], nowMs: number): number[] {
    const { node, shards } = this.options;
    for (const known of this.firstSeenMs.keys()) {
      if (!present.includes(known)) this.firstSeenMs.delete(known);
    }
    for (const other of present) {
      if (!this.firstSeenMs.has(other)) this.firstSeenMs.set(other, nowMs);
    }
    const isSettled = (other: string): boolean =>
      other === node || nowMs - (this.firstSeenMs.get(other) ?? nowMs) >= NEWCOMER_MS;
    const everybody = [...new Set([...present, node])];
    const settled = everybody.filter(isSettled);
    const held = new Set(this.assigned);
    const mine: number[] = [];
    for (let shard = 0; shard < shards; shard++) {
      // What we serve we keep until a settled node should have it; the rest goes by who is there.
      const candidates = held.has(shard) ? settled : everybody;
      if (hostOf(shard, candidates) === node) mine.push(shard);
    }
    return mine;
  }

  private async show(nowMs: number): Promise<void> {
    const { crew, node, publish } = this.options;
    const seconds = this.pictureMs === 0 ? 1 : (nowMs - this.pictureMs) / 1_000;
    this.pictureMs = nowMs;
    this.ages.clear();
    let [indexed, dropped] = [0, 0];
    const reports = crew.reports();
    for (const report of reports) {
      this.ages.merge(report.ages);
      indexed += report.indexed;
      dropped += report.dropped;
    }
    this.picture = {
      node,
      atMs: Math.round(nowMs),
      shards: reports.flatMap((report) => report.shards),
      positions: {
        perSecond: Math.round(indexed / seconds),
        ageP50Ms: this.ages.quantileMs(0.5),
        ageP99Ms: this.ages.quantileMs(0.99),
        indexed: this.picture.positions.indexed + indexed,
        dropped: this.picture.positions.dropped + dropped,
      },
    };
    const routes = totalRoutes(reports.flatMap((report) => report.routes ?? []));
    if (routes) this.picture = { ...this.picture, routes };
    await publish(this.picture);
  }
}

function emptyPicture(node: string, atMs: number): NodePicture {
  const positions = { perSecond: 0, ageP50Ms: 0, ageP99Ms: 0, indexed: 0, dropped: 0 };
  return { node, atMs, shards: [], positions };
}
