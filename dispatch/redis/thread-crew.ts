/**
 * A crew of worker threads. Shard n belongs to thread n mod count. A thread that dies is started
 * anew; its leases run out meanwhile, so nothing is served twice.
 */
import { Worker } from 'node:worker_threads';
import type { RoutesOptions } from '../routes/open.ts';
import { AgeHistogram } from '../runtime/age-histogram.ts';
import type { Crew } from '../runtime/shard-node.ts';
import type { SquadReport } from '../runtime/squad.ts';

export interface ThreadOptions {
  readonly node: string;
  readonly redisUrl: string;
  readonly keyPrefix: string;
  readonly leaseMs: number;
  readonly mailboxMax?: number;
  readonly mailboxReserve?: number;
  readonly positionsMax?: number;
  readonly logBytesMax?: number;
  readonly snapshotRecords?: number;
  /** Where road times are asked for; absent: nowhere. */
  readonly routes?: RoutesOptions;
}

export type CrewOrder =
  | { readonly t: 'hold'; readonly shards: readonly number[] }
  | { readonly t: 'nudge'; readonly shard: number }
  | { readonly t: 'stop' };

export type CrewNews =
  | { readonly t: 'report'; readonly report: SquadReport }
  | { readonly t: 'problem'; readonly problem: string; readonly reason: string }
  | { readonly t: 'stopped' };

/** A thread that has not reported for this long is not well. */
const SILENT_MS_MAX = 3_000;
/** A thread that ended by itself is started again after this long. */
const RESTART_MS = 500;
/** A thread that does not stop is ended after this long; its leases then have to run out. */
const STOP_MS_MAX = 5_000;

interface Thread {
  worker: Worker;
  held: readonly number[];
  report: SquadReport | null;
  heardMs: number;
}

export class ThreadCrew implements Crew {
  private readonly options: ThreadOptions;
  private readonly onProblem: (problem: string, error: unknown) => void;
  private readonly threads: Thread[] = [];
  private stopping = false;

  constructor(
    options: ThreadOptions,
    count: number,
    onProblem: (problem: string, error: unknown) => void,
  ) {
    this.options = options;
    this.onProblem = onProblem;
    for (let index = 0; index < count; index++) {
      this.threads.push({
        worker: this.launch(index),
        held: [],
        report: null,
        heardMs: performance.now(),
      });
    }
  }

  hold(shards: readonly number[]): void {
    this.threads.forEach((thread, index) => {
      const held = shards.filter((shard) => shard % this.threads.length === index);
      if (held.join() === thread.held.join()) return;
      thread.held = held;
      this.order(thread, { t: 'hold', shards: held });
    });
  }

  nudge(shard: number): void {
    const thread = this.threads[shard % this.threads.length];
    if (thread) this.order(thread, { t: 'nudge', shard });
  }

  reports(): readonly SquadReport[] {
    return this.threads.flatMap((thread) => {
      const { report } = thread;
      // Counts are since the report before: each is handed on once, its shards stay true.
      if (report) thread.report = { ...report, indexed: 0, dropped: 0, ages: [] };
      return report ? [report] : [];
    });
  }

  isWell(): boolean {
    const nowMs = performance.now();
    return this.threads.every((thread) => nowMs - thread.heardMs <= SILENT_MS_MAX);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.threads.map((thread) => this.stopThread(thread)));
  }

  private order(thread: Thread, order: CrewOrder): void {
    thread.worker.postMessage(order);
  }

  private launch(index: number): Worker {
    const worker = new Worker(new URL('./shard-thread.ts', import.meta.url), {
      workerData: this.options,
    });
    worker.on('message', (news: CrewNews) => this.hear(index, news));
    worker.on('error', (error) => this.onProblem(`shard thread ${index}`, error));
    worker.on('exit', () => this.restart(index));
    return worker;
  }

  private hear(index: number, news: CrewNews): void {
    const thread = this.threads[index];
    if (news.t === 'problem') this.onProblem(news.problem, news.reason);
    if (!thread || news.t !== 'report') return;
    thread.heardMs = performance.now();
    thread.report = thread.report ? merged(thread.report, news.report) : news.report;
  }

  private restart(index: number): void {
    if (this.stopping) return;
    this.onProblem(`shard thread ${index} ended`, 'it is started again');
    setTimeout(() => {
      const thread = this.threads[index];
      if (this.stopping || !thread) return;
      thread.worker = this.launch(index);
      thread.report = null;
      this.order(thread, { t: 'hold', shards: thread.held });
    }, RESTART_MS);
  }

  private async stopThread(thread: Thread): Promise<void> {
    const ended = new Promise<void>((resolve) => thread.worker.once('exit', () => resolve()));
    this.order(thread, { t: 'stop' });
    const timer = setTimeout(() => void thread.worker.terminate(), STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
  }
}

function merged(old: SquadReport, fresh: SquadReport): SquadReport {
  const ages = new AgeHistogram();
  ages.merge(old.ages);
  ages.merge(fresh.ages);
  return {
    ...fresh,
    indexed: old.indexed + fresh.indexed,
    dropped: old.dropped + fresh.dropped,
    ages: [...ages.counts],
  };
}
