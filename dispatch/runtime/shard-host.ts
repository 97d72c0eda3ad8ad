/**
 * Hosts one shard on this thread.
 *
 * Modes: `off` (no lease) → `restoring` (lease held, memory being rebuilt) → `running` → `off`.
 * `off` is entered when the lease is lost or let go; `restoring` again, under the same lease, when
 * the memory became worthless (a step threw, a commit's outcome did not match). `stopped` is the end.
 * In `running`, and only there, a tenure exists and the intake is open. One method sets the mode.
 */
import { randomUUID } from 'node:crypto';
import { RestoreNeededError } from './commit-once.ts';
import { StepError } from './draft.ts';
import type { Engine } from './engine.ts';
import { LeaseKeeper, LeaseLostError } from './lease-keeper.ts';
import { GATHER_MS, LEASE_MS, POISON_STOPS, POSITIONS_SEED_MS, RETRY_MS_MAX } from './limits.ts';
import type { LogRecord } from './log-record.ts';
import { LOG_START } from './log-record.ts';
import type { Intake, LeaseGrant, RuntimePorts } from './ports.ts';
import { PositionFeed } from './position-feed.ts';
import { restoreShard } from './restore.ts';
import type { RoutesPort } from './routes-port.ts';
import { Snapshotter } from './snapshotter.ts';
import { Tenure } from './tenure.ts';
import { isOwnKind, OwnFailures } from './zone-agenda.ts';

export type HostMode = 'off' | 'restoring' | 'running' | 'stopped';

export interface HostOptions<S, C> {
  readonly shard: number;
  readonly owner: string;
  readonly engine: Engine<S, C>;
  readonly ports: RuntimePorts;
  readonly report: (problem: string, error: unknown) => void;
  readonly leaseMs?: number;
  readonly snapshotRecords?: number;
  readonly logBytesMax?: number;
  readonly flags?: readonly number[];
  readonly onCommitted?: (shard: S, record: LogRecord) => void;
  /** Where road times are asked for, shared by the hosts of a thread. Absent: nowhere. */
  readonly routes?: RoutesPort;
  /** Names this attempt at the lease; unique for ever. Default: a random UUID. */
  readonly newNonce?: () => string;
  /** Monotone ms, for measuring pauses only. Default: performance.now. */
  readonly stopwatchMs?: () => number;
  /** Waits in host time. Default: a timer. */
  readonly pause?: (ms: number) => Promise<void>;
}

const IDLE_WAIT_MS_MAX = 5_000;

export class ShardHost<S, C> {
  readonly shard: number;
  readonly feed: PositionFeed;
  mode: HostMode = 'off';
  /** Host ms from the last sign of the owner before to our first turn; null: there was none. */
  takeoverMs: number | null = null;
  restores = 0;
  private readonly options: HostOptions<S, C>;
  private readonly failures = new OwnFailures();
  private readonly quarantine = new Map<string, string>();
  private readonly pause: (ms: number) => Promise<void>;
  private grant: LeaseGrant | null = null;
  private keeper: LeaseKeeper | null = null;
  private gapMs: number | null = null;
  private takeoverNoted: LeaseGrant | null = null;
  private suspectsUntilMs = 0;
  private tenureNow: Tenure<S, C> | null = null;
  private snapshotterNow: Snapshotter<S, C> | null = null;
  private leaving = false;
  private retryMs = 0;
  private wakePause: (() => void) | null = null;

  constructor(options: HostOptions<S, C>) {
    this.options = options;
    this.shard = options.shard;
    this.feed = new PositionFeed(options.ports.clock);
    this.pause = options.pause ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  }

  get tenure(): Tenure<S, C> | null {
    return this.tenureNow;
  }

  get snapshotter(): Snapshotter<S, C> | null {
    return this.snapshotterNow;
  }

  get epoch(): number {
    return this.grant?.fence.epoch ?? 0;
  }

  /** Runs until `stop`; then lets go of the lease and resolves. */
  async run(): Promise<void> {
    while (!this.leaving) {
      const busy = await this.advance();
      if (this.leaving) break;
      if (this.tenureNow) {
        if (!busy) await this.tenureNow.wait(IDLE_WAIT_MS_MAX);
        // Other shards of the thread, timers and sockets get their turn after each of ours. With
        // nothing left to take in, a moment lets commands gather: a commit costs what ten of them do.
        else if (this.tenureNow.lag === 0) await this.pause(GATHER_MS);
        else await new Promise<void>((resolve) => setImmediate(resolve));
      } else {
        await this.rest();
      }
    }
    await this.letGo();
  }

  /** Asks `run` to end soon. */
  stop(): void {
    this.leaving = true;
    this.tenureNow?.wake();
    this.wakePause?.();
  }

  /** Tries at once if it waits for a lease. */
  nudge(): void {
    this.retryMs = 0;
    this.wakePause?.();
  }

  /** One step of the mode machine or one turn. True: call again without waiting. */
  async advance(): Promise<boolean> {
    try {
      if (this.mode === 'off') {
        if (!(await this.acquire())) return false;
      }
      if (this.mode === 'restoring') await this.restore();
      const busy = (await this.tenureNow?.turn()) ?? false;
      this.retryMs = 0;
      return busy;
    } catch (error) {
      await this.recover(error);
      return false;
    }
  }

  /** Ends the tenure and gives the lease back: the next owner need not wait for it to expire. */
  async letGo(): Promise<void> {
    const { grant } = this;
    await this.dropMemory();
    this.setMode('stopped');
    if (!grant) return;
    this.grant = null;
    try {
      await this.options.ports.lease.release(grant.fence);
    } catch (error) {
      this.options.report(`shard ${this.shard}: the lease could not be released`, error);
    }
  }

  /** As after a crash: forgets everything and tells nobody. For tests and the simulator. */
  async abandon(): Promise<void> {
    this.leaving = true;
    await this.dropMemory();
    this.grant = null;
    this.setMode('stopped');
    this.wakePause?.();
  }

  private setMode(mode: HostMode): void {
    this.mode = mode;
  }

  private async acquire(): Promise<boolean> {
    const { ports, owner, newNonce } = this.options;
    const ttlMs = this.options.leaseMs ?? LEASE_MS;
    const askedMs = ports.clock.hostMs();
    const nonce = newNonce?.() ?? randomUUID();
    const outcome = await ports.lease.acquire(this.shard, owner, nonce, ttlMs);
    if (outcome.kind === 'held') {
      this.retryMs = Math.min(outcome.expiresInMs + 1, RETRY_MS_MAX);
      return false;
    }
    const { grant } = outcome;
    this.grant = grant;
    const deps = { port: ports.lease, clock: ports.clock, ttlMs };
    this.keeper = new LeaseKeeper(deps, grant.fence, askedMs);
    const { previous } = grant;
    this.suspectsUntilMs = previous && !previous.released ? ports.clock.hostMs() : 0;
    this.setMode('restoring');
    return true;
  }

  private async restore(): Promise<void> {
    const { options, keeper, grant } = this;
    if (!keeper || !grant) throw new LeaseLostError('restoring without a lease');
    const { engine, ports, report } = options;
    const onProgress = (): void => {
      keeper.renewWhenDue();
      keeper.assertSafe();
    };
    onProgress();
    const restored = await restoreShard(
      { engine, log: ports.log, snapshots: ports.snapshots, report, onProgress },
      this.shard,
    );
    if (restored.position.seq < grant.last.seq) {
      throw new RestoreNeededError(`restored to ${restored.position.seq} of ${grant.last.seq}`);
    }
    this.noteTakeover(grant);
    const seedFrom = ports.positions.idAt(ports.clock.hostMs() - POSITIONS_SEED_MS);
    const intake = await ports.mailbox.open(this.shard, restored.cursor, seedFrom);
    const logBytes = await ports.log.bytes(this.shard);
    this.beginTenure(keeper, restored, intake, logBytes);
    this.setMode('running');
    this.restores++;
  }

  private beginTenure(
    keeper: LeaseKeeper,
    restored: Awaited<ReturnType<typeof restoreShard<S, C>>>,
    intake: Intake,
    logBytes: number,
  ): void {
    const { options } = this;
    const { engine, ports, report } = options;
    const stopwatchMs = options.stopwatchMs ?? (() => performance.now());
    const { clock, log, snapshots } = ports;
    this.snapshotterNow = new Snapshotter(
      {
        ...{ engine, clock, log, snapshots, report, stopwatchMs },
        ...(options.snapshotRecords === undefined ? {} : { everyRecords: options.snapshotRecords }),
      },
      keeper.fence,
      { generations: restored.generations },
    );
    this.tenureNow = new Tenure(
      {
        ...{ engine, ports, report, stopwatchMs },
        lease: keeper,
        snapshotter: this.snapshotterNow,
        feed: this.feed,
        failures: this.failures,
        pause: this.pause,
        ...(options.logBytesMax === undefined ? {} : { logBytesMax: options.logBytesMax }),
        ...(options.flags === undefined ? {} : { flags: options.flags }),
        ...(options.onCommitted === undefined ? {} : { onCommitted: options.onCommitted }),
        ...(options.routes === undefined ? {} : { routes: options.routes }),
      },
      {
        restored,
        intake,
        gapMs: this.gapMs,
        suspectsUntilMs: this.suspectsUntilMs,
        quarantine: this.quarantine,
        logBytes,
      },
    );
  }

  /** Once per lease: how long nobody was in. */
  private noteTakeover(grant: LeaseGrant): void {
    const { clock } = this.options.ports;
    const { previous, last } = grant;
    if (!previous || this.tenureNow || this.takeoverNoted === grant) return;
    this.takeoverNoted = grant;
    const awayMs = Math.max(0, clock.hostMs() - previous.renewedMs);
    this.gapMs = last.seq === LOG_START.seq ? null : Math.round(awayMs * clock.speed);
    // A shard that never logged anything had nobody waiting for it.
    this.takeoverMs = last.seq === LOG_START.seq ? null : Math.round(awayMs);
  }

  /** Decides what an error of a turn leads to: restore under the same lease, or off. */
  private async recover(error: unknown): Promise<void> {
    const { report } = this.options;
    report(`shard ${this.shard} in mode ${this.mode}`, error);
    const running = this.mode === 'running';
    await this.dropMemory();
    if (!this.grant || error instanceof LeaseLostError || this.leaving) {
      this.grant = null;
      this.keeper = null;
      this.setMode('off');
    } else {
      if (error instanceof StepError) await this.blame(error);
      this.setMode('restoring');
    }
    this.retryMs = running ? 1 : Math.min(RETRY_MS_MAX, Math.max(50, this.retryMs * 2));
  }

  private async blame(error: StepError): Promise<void> {
    const { clock, poison } = this.options.ports;
    const { entry, input, zone } = error;
    if (entry !== undefined) {
      const fence = this.grant?.fence;
      const stops = fence ? await poison.count(fence, entry).catch(() => POISON_STOPS) : 0;
      if (stops >= POISON_STOPS) this.quarantine.set(entry, error.message);
    } else if (isOwnKind(input.kind)) {
      this.failures.note(zone, input.kind, clock.hostMs());
    }
  }

  private async dropMemory(): Promise<void> {
    const tenure = this.tenureNow;
    this.tenureNow = null;
    await tenure?.close();
  }

  private async rest(): Promise<void> {
    const ms = Math.max(1, this.retryMs);
    await Promise.race([
      this.pause(ms),
      new Promise<void>((resolve) => {
        this.wakePause = resolve;
      }),
    ]);
    this.wakePause = null;
  }
}
