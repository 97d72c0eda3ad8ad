/**
 * Keeps a node's shadow thread: starts it when a zone that this node serves carries a shadow, tells
 * it which ones, and ends it when none does. A thread that dies, or needs more memory than it may
 * have, is started anew; the shards it reads never notice.
 */
import { Worker } from 'node:worker_threads';
import type { ZoneId } from '../../contracts/ids.ts';
import type { ShadowReport } from '../../contracts/shadow.ts';
import { SHADOW_ZONES_MAX } from './limits.ts';

export interface ShadowThreadOptions {
  readonly node: string;
  readonly redisUrl: string;
  readonly keyPrefix: string;
}

export interface ShadowZone {
  readonly zone: ZoneId;
  readonly shard: number;
}

export interface ShadowOrder {
  readonly zones: readonly ShadowZone[];
}

export type ShadowNews =
  | { readonly t: 'reports'; readonly reports: readonly ShadowReport[] }
  | { readonly t: 'problem'; readonly problem: string; readonly reason: string };

export interface ShadowCrewOptions extends ShadowThreadOptions {
  /** Zones with a shadow on shards that this node serves now. */
  readonly wanted: () => readonly ShadowZone[];
  readonly onProblem: (problem: string, error: unknown) => void;
}

/** How often it looks which shadows this node should run, host ms. */
const LOOK_MS = 500;
/** A thread that ended by itself is started again after this long, host ms. */
const RESTART_MS = 5_000;
/** MiB of a thread's heap: copies of the shards and of the zones it tries. */
const HEAP_MB_MAX = 1_024;

export class ShadowCrew {
  private readonly options: ShadowCrewOptions;
  private readonly timer: NodeJS.Timeout;
  private worker: Worker | null = null;
  private held = '';
  private notBeforeMs = 0;
  private newest: readonly ShadowReport[] = [];

  constructor(options: ShadowCrewOptions) {
    this.options = options;
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** The newest report of each zone this node tries a shadow of. */
  get reports(): readonly ShadowReport[] {
    return this.newest;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.end();
  }

  private look(): void {
    const byId = (a: ShadowZone, b: ShadowZone): number => (a.zone < b.zone ? -1 : 1);
    const zones = [...this.options.wanted()].sort(byId).slice(0, SHADOW_ZONES_MAX);
    if (zones.length === 0) {
      void this.end();
      return;
    }
    if (!this.worker && performance.now() >= this.notBeforeMs) this.worker = this.launch();
    const held = JSON.stringify(zones);
    if (!this.worker || held === this.held) return;
    this.held = held;
    const order: ShadowOrder = { zones };
    this.worker.postMessage(order);
  }

  private launch(): Worker {
    const { node, redisUrl, keyPrefix, onProblem } = this.options;
    const workerData: ShadowThreadOptions = { node, redisUrl, keyPrefix };
    const worker = new Worker(new URL('./shadow-thread.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    });
    worker.on('message', (news: ShadowNews) => {
      if (news.t === 'problem') onProblem(news.problem, news.reason);
      else if (worker === this.worker) this.newest = news.reports;
    });
    worker.on('error', (error) => onProblem('shadow thread', error));
    worker.on('exit', () => {
      if (worker !== this.worker) return;
      onProblem('the shadow thread ended', 'it is started again');
      this.forget();
      this.notBeforeMs = performance.now() + RESTART_MS;
    });
    return worker;
  }

  private async end(): Promise<void> {
    const { worker } = this;
    this.forget();
    await worker?.terminate();
  }

  private forget(): void {
    this.worker = null;
    this.held = '';
    this.newest = [];
  }
}
