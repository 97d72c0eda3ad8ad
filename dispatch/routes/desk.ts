/**
 * Where a thread's hosts ask for road times. It owns the queue, the pace, the breaker and the budget in
 * front of one source, and trusts no answer. What it cannot ask for is dropped: the zones plan by
 * their fallback. It never blocks a turn and never throws at who asks.
 */
import type { RoutedAnswer } from '../../contracts/events.ts';
import type { RoutesPicture } from '../../contracts/push.ts';
import type { VehicleKind } from '../../contracts/states.ts';
import { isBelievable, type RouteWant } from '../core/index.ts';
import type { RoutesPort, RoutesTold } from '../runtime/routes-port.ts';
import { type Batch, nameOf, takeBatch, type Wanted } from './batching.ts';
import { Breaker } from './breaker.ts';
import { RouteError, type RoutesSource, type Seconds, type SourceLimits } from './source.ts';

/** Wants waiting; beyond, the oldest are dropped. */
export const QUEUE_MAX = 5_000;
/** A want that waited this long is dropped: the drivers are elsewhere by now. Host ms. */
const WAIT_MS_MAX = 60_000;
/** Requests under way at once. */
const UNDER_WAY_MAX = 4;
/** A want is asked for again when a request failed for a reason that may pass, this often in all. */
const ATTEMPTS_MAX = 2;
/** One drive. A source that does not even take that rests for this long, host ms. */
const PLACES_MIN = 2;
const REFUSED_REST_MS = 60_000;
/** Nonsense is reported at most this often, host ms. */
const DOUBT_EVERY_MS = 60_000;
/** How long nothing is asked for once the budget of the day is spent, host ms. */
const BUDGET_REST_MS = 60_000;

export interface DeskOptions {
  readonly source: RoutesSource;
  /** What the source calls the roads of each vehicle kind; kinds left out are not asked for. */
  readonly profiles: Readonly<Partial<Record<VehicleKind, string>>>;
  /** Zone ms that an answer holds. */
  readonly holdsMs: number;
  /** Host ms for one request. */
  readonly timeoutMs: number;
  readonly requestsPerSecond: number;
  /** Takes elements out of the budget of the day; false: it is spent. Absent: there is none. */
  readonly budget?: (elements: number) => Promise<boolean>;
  readonly report: (problem: string, error: unknown) => void;
  /** Monotone host ms. Default: performance.now. */
  readonly nowMs?: () => number;
}

interface Job extends Wanted {
  readonly tell: (told: RoutesTold) => void;
  readonly sinceMs: number;
  attempts: number;
}

type Counts = { -readonly [K in keyof RoutesPicture]: RoutesPicture[K] };

export class RoutesDesk implements RoutesPort {
  private readonly options: DeskOptions;
  private readonly nowMs: () => number;
  private readonly queue: Job[] = [];
  private readonly breaker = new Breaker();
  private readonly closing = new AbortController();
  private readonly failures: Record<string, number> = {};
  private readonly counts: Counts;
  private limits: SourceLimits;
  private underWay = 0;
  private nextSendMs = 0;
  private timer: NodeJS.Timeout | null = null;
  private lastDoubtMs = Number.NEGATIVE_INFINITY;
  /** Numbers the halves of requests that were split. */
  private halves = 0;

  constructor(options: DeskOptions) {
    this.options = options;
    this.limits = options.source.limits;
    this.nowMs = options.nowMs ?? (() => performance.now());
    this.counts = {
      ...{ source: options.source.name, resting: false, requests: 0, elements: 0, told: 0 },
      ...{ noRoad: 0, unbelievable: 0, dropped: 0, overBudget: 0, failures: this.failures },
    };
  }

  get ready(): boolean {
    return this.breaker.restMs(this.nowMs()) === 0;
  }

  picture(): RoutesPicture {
    return { ...this.counts, resting: !this.ready, failures: { ...this.failures } };
  }

  ask(wants: readonly RouteWant[], tell: (told: RoutesTold) => void): void {
    if (this.closing.signal.aborted) return;
    const sinceMs = this.nowMs();
    for (const want of wants) {
      const profile = this.options.profiles[want.vehicle];
      if (profile === undefined) this.counts.dropped++;
      else this.queue.push(jobOf(want, profile, { tell, sinceMs, attempts: 0 }));
    }
    const excess = this.queue.length - QUEUE_MAX;
    if (excess > 0) this.counts.dropped += this.queue.splice(0, excess).length;
    this.pump();
  }

  close(): void {
    this.closing.abort();
    this.queue.length = 0;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Sends what may be sent now, and comes back when more may. */
  private pump(): void {
    for (;;) {
      if (this.closing.signal.aborted || this.queue.length === 0) return;
      if (this.underWay >= this.breaker.underWayMax(UNDER_WAY_MAX)) return;
      const nowMs = this.nowMs();
      const waitMs = Math.max(this.breaker.restMs(nowMs), this.nextSendMs - nowMs);
      if (waitMs > 0) return this.pumpLater(waitMs);
      this.dropOld(nowMs);
      const batch = takeBatch(this.queue, this.limits);
      if (!batch) return;
      this.nextSendMs = nowMs + this.paceMs(batch);
      this.underWay++;
      void this.send(batch).finally(() => {
        this.underWay--;
        this.pump();
      });
    }
  }

  /** Host ms between a request and the next. */
  private paceMs({ matrix }: Batch<Job>): number {
    const { requestsPerSecond } = this.options;
    const elements = matrix.origins.length * matrix.destinations.length;
    return Math.max(1_000 / requestsPerSecond, (elements * 60_000) / this.limits.elementsPerMinute);
  }

  private pumpLater(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.pump();
    }, Math.ceil(ms)).unref();
  }

  private dropOld(nowMs: number): void {
    const fresh = this.queue.filter((job) => nowMs - job.sinceMs <= WAIT_MS_MAX);
    this.counts.dropped += this.queue.length - fresh.length;
    if (fresh.length < this.queue.length) this.queue.splice(0, this.queue.length, ...fresh);
  }

  /** One request. Never rejects. */
  private async send(batch: Batch<Job>): Promise<void> {
    const { source, timeoutMs } = this.options;
    const { origins, destinations } = batch.matrix;
    const elements = origins.length * destinations.length;
    try {
      if (!(await this.mayAfford(elements))) return;
      this.counts.requests++;
      this.counts.elements += elements;
      const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(timeoutMs)]);
      const seconds = await source.ask(batch.matrix, signal);
      const isBack = this.breaker.succeeded();
      if (isBack) this.options.report(`routes source ${source.name} answers again`, null);
      this.tell(batch, seconds);
    } catch (error) {
      if (!this.closing.signal.aborted) this.failed(batch, error);
    }
  }

  private async mayAfford(elements: number): Promise<boolean> {
    const { budget, source, report } = this.options;
    if (!budget || (await budget(elements))) return true;
    this.counts.overBudget += elements;
    this.breaker.rest(BUDGET_REST_MS, this.nowMs());
    report(`routes source ${source.name} rests: the budget of the day is spent`, null);
    return false;
  }

  private tell(batch: Batch<Job>, seconds: Seconds): void {
    const answers = new Map<Job['tell'], RoutedAnswer[]>();
    for (const { job, row, column } of batch.jobs) {
      const value = seconds[row]?.[column] ?? null;
      const { vehicle, areas, meters } = job.want;
      if (value === null) {
        this.counts.noRoad++;
        continue;
      }
      const ms = Math.round(value * 1_000);
      const answer: RoutedAnswer = [vehicle, areas.from, areas.to, ms, meters];
      if (!isBelievable(answer)) {
        this.doubt(job, value);
        continue;
      }
      const told = answers.get(job.tell) ?? [];
      told.push(answer);
      answers.set(job.tell, told);
    }
    const { source, holdsMs } = this.options;
    for (const [tell, times] of answers) {
      this.counts.told += times.length;
      tell({ source: source.name, holdsMs, times });
    }
  }

  /** An answer that cannot be: left out and counted. */
  private doubt({ want }: Job, seconds: number): void {
    this.counts.unbelievable++;
    this.reportDoubt(`${want.meters} m in ${seconds} s by ${want.vehicle}`);
  }

  /** Nonsense comes in swarms: one report a minute is enough, the figures count. */
  private reportDoubt(what: string): void {
    const nowMs = this.nowMs();
    if (nowMs - this.lastDoubtMs < DOUBT_EVERY_MS) return;
    this.lastDoubtMs = nowMs;
    const { source, report } = this.options;
    report(`routes source ${source.name} said what cannot be, and is not believed: ${what}`, null);
  }

  private failed(batch: Batch<Job>, cause: unknown): void {
    const { source, report } = this.options;
    const reason = cause instanceof Error ? cause.message : 'no reason';
    const error = cause instanceof RouteError ? cause : new RouteError('unreachable', reason);
    const { failure } = error;
    this.failures[failure] = (this.failures[failure] ?? 0) + 1;
    if (failure === 'unplaceable') return this.split(batch);
    if (failure === 'too_big') return this.shrink(batch, error);
    if (failure === 'nonsense') this.reportDoubt(error.message);
    const restMs = this.breaker.failed(error, this.nowMs());
    if (failure === 'nonsense' || failure === 'refused') this.counts.dropped += batch.jobs.length;
    else this.again(batch);
    if (restMs > 0) report(`routes source ${source.name} rests for ${restMs} ms`, error);
  }

  /** One point without a road near it spoils a request: each half is asked for on its own. */
  private split(batch: Batch<Job>): void {
    if (batch.jobs.length === 1) {
      this.counts.noRoad++;
      return;
    }
    const half = Math.ceil(batch.jobs.length / 2);
    this.halves += 2;
    batch.jobs.forEach(({ job }, index) => {
      const number = index < half ? this.halves : this.halves + 1;
      this.queue.unshift({ ...job, group: `${job.profile} ${number}` });
    });
  }

  /** The source takes less than we thought: from now on requests are half as large. */
  private shrink({ matrix, jobs }: Batch<Job>, error: RouteError): void {
    const places = matrix.origins.length + matrix.destinations.length;
    if (places <= PLACES_MIN) {
      this.counts.dropped += jobs.length;
      this.breaker.rest(REFUSED_REST_MS, this.nowMs());
    } else {
      this.limits = { ...this.limits, places: Math.max(PLACES_MIN, Math.floor(places / 2)) };
      for (const { job } of jobs) this.queue.unshift(job);
    }
    const { source, report } = this.options;
    report(`routes source ${source.name} takes no ${places} places in a request`, error);
  }

  private again(batch: Batch<Job>): void {
    for (const { job } of batch.jobs) {
      job.attempts++;
      if (job.attempts < ATTEMPTS_MAX) this.queue.unshift(job);
      else this.counts.dropped++;
    }
  }
}

function jobOf(
  want: RouteWant,
  profile: string,
  rest: Pick<Job, 'tell' | 'sinceMs' | 'attempts'>,
): Job {
  const names = { origin: nameOf(want.from), destination: nameOf(want.to) };
  return { want, profile, group: profile, ...names, ...rest };
}
