/**
 * What the runtime needs of the world, and nothing more. Two adapters pass one contract suite:
 * dispatch/redis (streams and fenced scripts) and dispatch/memory (tests and simulator). Whatever
 * can fail for reasons of operation rejects; whatever is an answer is a value of a closed union.
 */
import type { Envelope, ZoneCommand } from '../../contracts/commands.ts';
import type { DeliveryId, DriverId, ZoneId } from '../../contracts/ids.ts';
import type {
  CellPicture,
  GatewayPush,
  LogPosition,
  NodePicture,
  TrackMessage,
} from '../../contracts/push.ts';
import type { LogRecord } from './log-record.ts';

/**
 * Host time in whole ms UTC, corrected to the time of the store, never going back; and zone time with
 * it, in whole ms too.
 */
export interface Clock {
  /** Zone ms per host ms. */
  readonly speed: number;
  hostMs(): number;
  zoneMs(): number;
  zoneMsAt(hostMs: number): number;
  hostMsAt(zoneMs: number): number;
}

/** Proof of ownership that every write of a shard carries. */
export interface Fence {
  readonly shard: number;
  readonly nonce: string;
  readonly epoch: number;
}

export interface LeaseGrant {
  readonly fence: Fence;
  /** The last record of the log, `{0, 0}` when it is empty. */
  readonly last: LogPosition;
  /** The owner before; null when the shard never had one. Times by the clock of the store. */
  readonly previous: {
    readonly owner: string;
    readonly renewedMs: number;
    /** It let go by itself; otherwise its lease ran out: an abnormal stop. */
    readonly released: boolean;
  } | null;
}

export type AcquireOutcome =
  | { readonly kind: 'acquired'; readonly grant: LeaseGrant }
  | { readonly kind: 'held'; readonly owner: string; readonly expiresInMs: number };

export interface LeasePort {
  /** Epoch = max(previous + 1, time of the store in ms). Never takes a lease that has not expired. */
  acquire(shard: number, owner: string, nonce: string, ttlMs: number): Promise<AcquireOutcome>;
  /** False: the lease belongs to somebody else now. */
  renew(fence: Fence, ttlMs: number): Promise<boolean>;
  /** Lets go at once. False: it was not ours any more. */
  release(fence: Fence): Promise<boolean>;
}

export interface MailboxEntry {
  readonly id: string;
  readonly zone: ZoneId;
  /** Null when the entry cannot be read; `problem` says why. */
  readonly envelope: Envelope | null;
  readonly problem?: string;
}

export interface PositionEntry {
  readonly id: string;
  readonly zone: ZoneId;
  readonly batch: Uint8Array;
}

/** Requests wait in their outbox when the mailbox is full; everything else may use the reserve. */
export type AppendOutcome = 'ok' | 'full';

/** The reading side of one shard, from a cursor on, ahead of its owner by a bounded buffer. */
export interface Intake {
  /** Removes and returns what has arrived, in order, at most `countMax` commands. */
  takeCommands(countMax: number): readonly MailboxEntry[];
  takePositions(countMax: number): readonly PositionEntry[];
  /**
   * Whether everything that stood in the mailbox at the last look has been taken. Timers wait for
   * it, so that an accept in the queue beats its deadline.
   */
  readonly drained: boolean;
  /** Entries waiting, as of the last look. */
  readonly lag: number;
  /** Set when reading fails; the owner then restores. */
  readonly failure: Error | null;
  /** Resolves when something has arrived, after `timeoutMs` of host time, or on `wake`. */
  wait(timeoutMs: number): Promise<void>;
  wake(): void;
  close(): Promise<void>;
}

export interface MailboxPort {
  append(shard: number, envelopes: readonly Envelope[]): Promise<readonly AppendOutcome[]>;
  length(shard: number): Promise<number>;
  /** Reads commands after `cursor` and positions after `positionsAfter`. */
  open(shard: number, cursor: string, positionsAfter: string): Promise<Intake>;
}

export interface PositionPort {
  /** Capped: the oldest go first. */
  append(shard: number, zone: ZoneId, batch: Uint8Array): Promise<void>;
  /** The entry id at this age, to read the last minute after a takeover. */
  idAt(hostMs: number): string;
}

export const COMMIT_OUTCOMES = ['committed', 'lost_lease', 'wrong_seq', 'log_full'] as const;
export type CommitOutcome = (typeof COMMIT_OUTCOMES)[number];

export interface CommitAnswer {
  readonly outcome: CommitOutcome;
  /** Bytes of records in the log after it. */
  readonly logBytes: number;
  /** Commands that wait in the mailbox after it. */
  readonly mailboxLength: number;
}

export interface LogPort {
  /**
   * Writes `record` if the fence holds and the last seq is `record.seq - 1`; trims the mailbox up to
   * `record.cursor` in the same step. Never re-sent by the adapter: a rejection means that the
   * outcome is unknown.
   */
  commit(fence: Fence, record: LogRecord): Promise<CommitAnswer>;
  read(shard: number, after: LogPosition, countMax: number): Promise<readonly LogRecord[]>;
  last(shard: number): Promise<LogPosition>;
  /** Bytes of records in the log. */
  bytes(shard: number): Promise<number>;
  setConsumer(shard: number, name: string, position: LogPosition): Promise<void>;
  consumers(shard: number): Promise<ReadonlyMap<string, LogPosition>>;
  /**
   * Removes at most `countMax` records up to the least of `upTo` and all consumers' positions.
   * Returns how many it removed; 0 also when the fence does not hold.
   */
  trim(fence: Fence, upTo: LogPosition, countMax: number): Promise<number>;
}

export interface SnapshotMeta {
  readonly v: 1;
  readonly position: LogPosition;
  readonly cursor: string;
  readonly atMs: number;
  readonly chunks: number;
  /** Length of all chunks together, in UTF-16 code units. */
  readonly size: number;
  readonly hash: number;
}

export interface SnapshotPort {
  /** Writes one chunk of a generation that nobody sees yet. */
  writeChunk(fence: Fence, position: LogPosition, index: number, chunk: string): Promise<void>;
  /** Makes the generation current, the current one older, and drops the oldest. Fenced. */
  flip(fence: Fence, meta: SnapshotMeta): Promise<boolean>;
  /** Newest first, at most two. */
  generations(shard: number): Promise<readonly SnapshotMeta[]>;
  /** Null when the chunk is missing. */
  readChunk(shard: number, position: LogPosition, index: number): Promise<string | null>;
}

/** What a commit sends out, with its log position filled in. */
export type Outgoing =
  | { readonly kind: 'push'; readonly gateway: string; readonly push: GatewayPush }
  | { readonly kind: 'track'; readonly delivery: DeliveryId; readonly message: TrackMessage }
  | { readonly kind: 'send'; readonly zone: ZoneId; readonly command: ZoneCommand }
  | {
      readonly kind: 'directory';
      readonly driver: DriverId;
      readonly zone: ZoneId | null;
      readonly from: ZoneId;
    };

export interface OutboxPort {
  /**
   * Carries them out in order, in one go. What could not be carried out is dropped: the zone repeats
   * what must arrive. Resolves with how many failed.
   */
  carryOut(items: readonly Outgoing[]): Promise<number>;
  publishCells(pictures: readonly CellPicture[]): Promise<void>;
  /** How many listen to each of these cells. */
  cellListeners(cells: readonly string[]): Promise<readonly number[]>;
  publishNode(picture: NodePicture): Promise<void>;
}

export interface PoisonPort {
  /** Counts an attempt at (or an abnormal stop in) an entry; returns the count so far. */
  count(fence: Fence, entry: string): Promise<number>;
  clear(fence: Fence): Promise<void>;
}

export interface NodeBeat {
  readonly node: string;
  readonly draining: boolean;
  /** Time of the store at its last heartbeat, ms. */
  readonly seenMs: number;
}

/** Who is there: a hint for placing shards, never an authority. */
export interface NodesPort {
  beat(node: string, draining: boolean): Promise<void>;
  leave(node: string): Promise<void>;
  live(maxAgeMs: number): Promise<readonly NodeBeat[]>;
  /** Called when some owner let go of a shard. Returns how to stop listening. */
  onRelease(listener: (shard: number) => void): Promise<() => Promise<void>>;
}

/** Everything a thread of shard hosts stands on. */
export interface RuntimePorts {
  readonly clock: Clock;
  readonly lease: LeasePort;
  readonly mailbox: MailboxPort;
  readonly positions: PositionPort;
  readonly log: LogPort;
  readonly snapshots: SnapshotPort;
  readonly outbox: OutboxPort;
  readonly poison: PoisonPort;
}
