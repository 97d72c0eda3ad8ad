/**
 * One tenure: what an owner does with a shard between restoring it and letting go. It owns the state
 * in memory and is its only writer. A turn runs to completion: take inputs, step each, commit once,
 * then send out. Whatever goes wrong between step and commit makes the memory worthless: the turn
 * throws and the host restores. It must never act on a lease that may have expired.
 */
import type { ZoneId } from '../../contracts/ids.ts';
import type { LogPosition } from '../../contracts/push.ts';
import type { TwoClocks } from '../core/index.ts';
import { commitOnce, RestoreNeededError } from './commit-once.ts';
import { Draft } from './draft.ts';
import type { Engine, ZoneIndex } from './engine.ts';
import { HashCadence } from './hash-cadence.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { LeaseLostError } from './lease-keeper.ts';
import {
  ASK_AGAIN_MS,
  COMMIT_COMMANDS_MAX,
  EFFECT_BATCHES_MAX,
  LOG_BYTES_MAX,
  POISON_STOPS,
  TURN_POSITIONS_MAX,
} from './limits.ts';
import type { LogRecord } from './log-record.ts';
import { LOG_RECORD_VERSION } from './log-record.ts';
import { PicturePublisher } from './picture-publisher.ts';
import { eventsByZone, placeEffect } from './placing.ts';
import type { Intake, MailboxEntry, Outgoing, RuntimePorts } from './ports.ts';
import type { PositionFeed } from './position-feed.ts';
import type { Restored } from './restore.ts';
import { RouteAsker } from './route-asker.ts';
import type { RoutesPort } from './routes-port.ts';
import type { Snapshotter } from './snapshotter.ts';
import { STREAM_START, streamIdMs } from './stream-id.ts';
import { unfitReason } from './unfit.ts';
import type { OwnFailures } from './zone-agenda.ts';
import { ZoneAgenda } from './zone-agenda.ts';

/** At this multiple of its byte bound the log takes nothing more; the store refuses at 5/4. */
const HOLD_PART = 1.2;

export interface TenureDeps<S, C> {
  readonly engine: Engine<S, C>;
  readonly ports: RuntimePorts;
  readonly lease: LeaseKeeper;
  readonly snapshotter: Snapshotter<S, C>;
  readonly feed: PositionFeed;
  readonly failures: OwnFailures;
  readonly report: (problem: string, error: unknown) => void;
  readonly stopwatchMs: () => number;
  /** Waits in host time. */
  readonly pause: (ms: number) => Promise<void>;
  readonly logBytesMax?: number;
  readonly flags?: readonly number[];
  /** Called after every commit, with the state as committed (checks of tests and the simulator). */
  readonly onCommitted?: (shard: S, record: LogRecord) => void;
  /** Where road times are asked for. Absent: nowhere. */
  readonly routes?: RoutesPort;
}

export interface TenureStart<S> {
  readonly restored: Restored<S>;
  readonly intake: Intake;
  /** Zone ms nobody was in; null when there was no owner before. */
  readonly gapMs: number | null;
  /** Entries up to this host time are suspects: the owner before stopped without a word. */
  readonly suspectsUntilMs: number;
  /** Entries to set aside, with why. */
  readonly quarantine: ReadonlyMap<string, string>;
  readonly logBytes: number;
}

export class Tenure<S, C> {
  readonly shard: S;
  position: LogPosition;
  atMs: number;
  commits = 0;
  private cursor: string;
  private readonly deps: TenureDeps<S, C>;
  private readonly start: TenureStart<S>;
  private readonly intake: Intake;
  private readonly agendas = new Map<ZoneId, ZoneAgenda<S, C>>();
  private readonly pictures: PicturePublisher;
  private effects: Promise<void> = Promise.resolve();
  private effectsQueued = 0;
  /** Positions from before were meant for the owner before; they only seed the index. */
  private readonly startedMs: number;
  private suspectsLeft: number;
  private logBytes: number;
  /** The log's end when it was first found full. */
  private fullSinceSeq: number | null = null;
  private firstRecord = true;
  private readonly hashes: HashCadence<S, C>;
  private readonly asker: RouteAsker<S, C> | null;

  constructor(deps: TenureDeps<S, C>, start: TenureStart<S>) {
    this.deps = deps;
    this.start = start;
    this.shard = start.restored.shard;
    this.position = start.restored.position;
    this.cursor = start.restored.cursor;
    this.atMs = start.restored.atMs;
    this.intake = start.intake;
    this.suspectsLeft = start.suspectsUntilMs > 0 ? COMMIT_COMMANDS_MAX : 0;
    this.logBytes = start.logBytes;
    this.hashes = new HashCadence(deps);
    this.startedMs = deps.ports.clock.hostMs();
    this.pictures = new PicturePublisher({
      clock: deps.ports.clock,
      outbox: deps.ports.outbox,
      report: deps.report,
    });
    this.asker = deps.routes ? new RouteAsker(deps, deps.routes, () => this.wake()) : null;
    this.followZones();
    this.sendOut(
      deps.engine
        .recoveryEffects(this.shard)
        .map(({ effect }) => placeEffect(effect, this.positionOfEpoch())),
    );
  }

  get zones(): readonly ZoneId[] {
    return [...this.agendas.keys()];
  }

  get lag(): number {
    return this.intake.lag;
  }

  /** One turn. True: it committed something, so another turn may have work at once. */
  async turn(): Promise<boolean> {
    const { lease, ports } = this.deps;
    lease.renewWhenDue();
    lease.assertSafe();
    if (this.intake.failure) throw this.intake.failure;
    if (this.effectsQueued >= EFFECT_BATCHES_MAX) await this.effects;
    this.takePositions();
    if (this.logBytes >= this.logBytesMax) await this.makeRoom();
    if (this.logBytes >= this.logBytesMax * HOLD_PART) return this.holdBack();
    const batchMax = this.suspectsLeft > 0 ? 1 : COMMIT_COMMANDS_MAX;
    const entries = this.intake.takeCommands(batchMax);
    const { drained } = this.intake;
    this.moveTime(drained ? undefined : entries.at(-1)?.id);
    const draft = this.newDraft();
    for (const entry of entries) await this.stepEntry(draft, entry);
    if (drained) await this.endSuspicion();
    this.stepOwn(draft);
    const committed = draft.commands > 0 || draft.inputs.length > 0;
    if (committed) await this.commit(draft);
    this.pictures.consider(this.indexes());
    const urgent = this.logBytes >= this.logBytesMax;
    this.deps.snapshotter.consider(this.shard, this.standing(), urgent);
    this.sendTracked(ports.clock.hostMs());
    return committed;
  }

  /** Waits until something is there to do, in host time. */
  wait(maxMs: number): Promise<void> {
    let waitMs = Math.min(maxMs, this.deps.lease.renewInMs);
    for (const agenda of this.agendas.values())
      waitMs = Math.min(waitMs, agenda.waitMs(this.shard));
    if (this.agendas.size > 0) waitMs = Math.min(waitMs, this.pictures.waitMs);
    return this.intake.wait(Math.max(1, Math.ceil(waitMs)));
  }

  wake(): void {
    this.intake.wake();
  }

  /** Ends everything in the background. The state must not be used afterwards. */
  async close(): Promise<void> {
    this.deps.snapshotter.stop();
    this.asker?.close();
    await Promise.all([
      this.intake.close(),
      this.effects,
      this.pictures.settle(),
      this.deps.snapshotter.settle(),
      this.deps.lease.settle(),
    ]);
  }

  private get logBytesMax(): number {
    return this.deps.logBytesMax ?? LOG_BYTES_MAX;
  }

  /**
   * The log is at its bound. It can be trimmed behind the older snapshot only, so when nothing else
   * moves the log on, an empty record does, once for each of the two generations.
   */
  private async makeRoom(): Promise<void> {
    const { snapshotter } = this.deps;
    this.fullSinceSeq ??= this.position.seq;
    const waitsForRecord =
      !snapshotter.covers(this.fullSinceSeq) && snapshotter.standsAt(this.position.seq);
    if (waitsForRecord) await this.commit(this.newDraft());
    snapshotter.consider(this.shard, this.standing(), true);
  }

  /** Far over the bound: nothing is taken in, nothing dropped, until trimming has made room. */
  private async holdBack(): Promise<boolean> {
    const { ports, snapshotter, lease } = this.deps;
    await snapshotter.settle();
    await this.deps.pause(ASK_AGAIN_MS);
    this.logBytes = await ports.log.bytes(lease.fence.shard);
    return false;
  }

  private newDraft(): Draft<S, C> {
    return new Draft(this.deps.engine, this.shard, { cursor: this.cursor, atMs: this.atMs });
  }

  private standing(): { position: LogPosition; cursor: string; atMs: number } {
    return { position: this.position, cursor: this.cursor, atMs: this.atMs };
  }

  private positionOfEpoch(): LogPosition {
    return { epoch: this.deps.lease.fence.epoch, seq: this.position.seq };
  }

  /**
   * Zone time never goes back. While entries still wait it stays at the last one taken, so that
   * what is queued beats deadlines that passed while it was queued.
   */
  private moveTime(behindEntry: string | undefined): void {
    const { clock } = this.deps.ports;
    let nowMs = clock.zoneMs();
    if (behindEntry !== undefined) {
      nowMs = Math.min(nowMs, clock.zoneMsAt(streamIdMs(behindEntry)));
    }
    this.atMs = Math.max(this.atMs, Math.floor(nowMs));
  }

  private takePositions(): void {
    const entries = this.intake.takePositions(TURN_POSITIONS_MAX);
    if (entries.length === 0) return;
    const measured = streamIdMs(entries[0]?.id ?? STREAM_START) >= this.startedMs;
    this.deps.feed.feed(entries, (zone) => this.agendas.get(zone)?.index, measured);
  }

  private async stepEntry(draft: Draft<S, C>, entry: MailboxEntry): Promise<void> {
    const problem = await this.setAside(entry);
    const { envelope, id, zone } = entry;
    if (problem === null && envelope) {
      const { command, correlation } = envelope;
      const from = correlation === undefined ? { id } : { id, correlation };
      draft.stepEntry(from, zone, { kind: 'command', command });
      return;
    }
    const error = problem ?? entry.problem ?? 'unreadable';
    this.deps.report(`mailbox entry ${id} of ${zone} is set aside`, error);
    if (this.agendas.has(zone)) {
      const kept = envelope === null ? {} : { envelope };
      draft.stepEntry({ id }, zone, { kind: 'quarantined', entry: id, error, ...kept });
    } else draft.skipEntry(id);
  }

  /** Why an entry must not be stepped; null: it may. Counts attempts at suspects. */
  private async setAside(entry: MailboxEntry): Promise<string | null> {
    const known = this.start.quarantine.get(entry.id) ?? unfitReason(entry);
    if (known !== undefined) return known;
    if (this.suspectsLeft === 0) return null;
    if (streamIdMs(entry.id) > this.start.suspectsUntilMs) {
      await this.endSuspicion();
      return null;
    }
    this.suspectsLeft--;
    const { fence } = this.deps.lease;
    const stops = await this.deps.ports.poison.count(fence, entry.id);
    return stops >= POISON_STOPS ? `its owners stopped ${stops} times` : null;
  }

  private async endSuspicion(): Promise<void> {
    if (this.suspectsLeft === 0) return;
    this.suspectsLeft = 0;
    await this.deps.ports.poison.clear(this.deps.lease.fence);
  }

  private stepOwn(draft: Draft<S, C>): void {
    const stretchMs = this.start.gapMs ?? 0;
    for (const agenda of this.agendas.values()) {
      const timer = agenda.timer(this.shard, this.atMs);
      if (timer) draft.stepOwn(agenda.zone, timer);
      const silence = agenda.silence(stretchMs);
      if (silence) draft.stepOwn(agenda.zone, silence);
      const stalled = agenda.stalled();
      if (stalled) draft.stepOwn(agenda.zone, stalled);
      const told = this.asker?.take(agenda.zone);
      if (told) draft.stepOwn(agenda.zone, told);
      const round = agenda.round(this.shard, this.atMs);
      if (round) {
        draft.stepOwn(agenda.zone, round);
        this.deps.failures.forgive(agenda.zone, 'round');
      }
    }
  }

  private async commit(draft: Draft<S, C>): Promise<void> {
    const record = this.record(draft);
    this.deps.lease.assertSafe();
    const answer = await commitOnce(this.deps, record);
    if (answer) {
      if (answer.outcome === 'lost_lease') throw new LeaseLostError('the commit was fenced off');
      if (answer.outcome !== 'committed') throw new RestoreNeededError(answer.outcome);
      this.logBytes = answer.logBytes;
      if (this.logBytes < this.logBytesMax) this.fullSinceSeq = null;
    }
    this.position = { epoch: record.epoch, seq: record.seq };
    this.cursor = record.cursor;
    this.firstRecord = false;
    this.commits++;
    this.afterCommit(record);
    this.deps.onCommitted?.(this.shard, record);
  }

  private record(draft: Draft<S, C>): LogRecord {
    const seq = this.position.seq + 1;
    const { gapMs } = this.start;
    const decidedRound = Object.keys(draft.weights).length > 0;
    return {
      v: LOG_RECORD_VERSION,
      epoch: this.deps.lease.fence.epoch,
      seq,
      atMs: this.atMs,
      cursor: draft.cursor,
      inputs: draft.inputs,
      events: draft.events,
      weights: draft.weights,
      flags: this.deps.flags ?? [],
      ...(decidedRound ? { engine: this.deps.engine.version } : {}),
      ...this.hashes.at(seq, this.shard, this.atMs),
      ...(this.firstRecord ? { predecessor: this.position } : {}),
      ...(this.firstRecord && gapMs !== null ? { gapMs } : {}),
    };
  }

  private afterCommit(record: LogRecord): void {
    const items: Outgoing[] = [];
    const hostMs = this.deps.ports.clock.hostMs();
    for (const [zone, events] of eventsByZone(record.events)) {
      const agenda = this.agendas.get(zone);
      agenda?.index.sync(events, hostMs);
      agenda?.touched();
      // A new grid or plane: the index is drawn anew from the state's fixes.
      if (events.some((event) => event.type === 'zone.configured')) this.agendas.delete(zone);
      for (const effect of this.deps.engine.effects(this.shard, zone, events, this.atMs)) {
        items.push(placeEffect(effect, this.position));
      }
    }
    this.followZones();
    this.sendOut(items);
    this.asker?.follow(this.shard, record);
  }

  /** One batch of effects is under way at a time, in order; `turn` waits while many are queued. */
  private sendOut(items: readonly Outgoing[]): void {
    if (items.length === 0) return;
    this.effectsQueued++;
    this.effects = this.effects
      .then(() => this.deps.ports.outbox.carryOut(items))
      .then((failed) => {
        if (failed > 0) this.deps.report(`${failed} effects were not carried out`, null);
      })
      .catch((error: unknown) => this.deps.report('effects were not carried out', error))
      .finally(() => {
        this.effectsQueued--;
      });
  }

  private sendTracked(hostMs: number): void {
    const items: Outgoing[] = [];
    for (const agenda of this.agendas.values()) {
      for (const message of agenda.index.tracked(hostMs)) {
        const { delivery } = message;
        items.push(placeEffect({ kind: 'track', delivery, message }, this.positionOfEpoch()));
      }
    }
    this.sendOut(items);
  }

  private followZones(): void {
    const { engine, failures } = this.deps;
    const { clock } = this.deps.ports;
    const clocks: TwoClocks = {
      zoneAt: (hostMs) => clock.zoneMsAt(hostMs),
      hostAt: (zoneMs) => clock.hostMsAt(zoneMs),
    };
    for (const zone of engine.zoneIds(this.shard)) {
      if (this.agendas.has(zone)) continue;
      const index = engine.index(this.shard, zone, clocks, clock.hostMs());
      this.agendas.set(zone, new ZoneAgenda({ engine, clock, failures }, zone, index));
    }
  }

  private indexes(): readonly ZoneIndex[] {
    return [...this.agendas.values()].map((agenda) => agenda.index);
  }
}
