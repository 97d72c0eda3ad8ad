/**
 * An installation in memory: everything the Redis adapter keeps, as plain data, for tests and the
 * simulator. It owns the data and the fault hook; the ports on it hold nothing of their own, so
 * that a host can be thrown away at any point and another one started on the same store.
 */

import type { CellPicture, LogPosition, NodePicture, TrackMessage } from '../../contracts/push.ts';
import type { ZoneEntry } from '../../contracts/zone.ts';
import { LOG_BYTES_MAX, MAILBOX_MAX } from '../runtime/limits.ts';
import type { LogRecord } from '../runtime/log-record.ts';
import { LOG_START } from '../runtime/log-record.ts';
import type { MailboxEntry, Outgoing, PositionEntry, SnapshotMeta } from '../runtime/ports.ts';
import { STREAM_START } from '../runtime/stream-id.ts';

export interface MemoryLease {
  owner: string;
  nonce: string;
  epoch: number;
  renewedMs: number;
  expiresMs: number;
  released: boolean;
}

export interface StoredRecord {
  readonly position: LogPosition;
  /** JSON text: what is read back is never the writer's own object. */
  readonly text: string;
}

export interface MemoryShard {
  lease: MemoryLease | null;
  readonly mailbox: MailboxEntry[];
  lastMailboxId: string;
  readonly positions: PositionEntry[];
  lastPositionId: string;
  readonly log: StoredRecord[];
  last: LogPosition;
  logBytes: number;
  readonly consumers: Map<string, LogPosition>;
  readonly chunks: Map<string, string>;
  generations: SnapshotMeta[];
  readonly poison: Map<string, number>;
  /** Called when something arrives; owners that wait stand in here. */
  readonly waiters: Set<() => void>;
}

/** Where a fault may strike: before the operation took effect, or after (its answer is lost). */
export type FaultPoint = 'before' | 'after';
/** Throws, or waits, to disturb an operation. */
export type FaultHook = (operation: string, point: FaultPoint) => Promise<void> | void;

export interface MemoryStoreOptions {
  /** Time of the store, host ms. */
  readonly nowMs: () => number;
  readonly mailboxMax?: number;
  readonly logBytesMax?: number;
  readonly fault?: FaultHook;
}

export class MemoryStore {
  readonly nowMs: () => number;
  readonly mailboxMax: number;
  readonly logBytesMax: number;
  readonly zones = new Map<string, ZoneEntry>();
  readonly drivers = new Map<string, string>();
  readonly sent: Outgoing[] = [];
  readonly lastTrack = new Map<string, TrackMessage>();
  readonly cells: CellPicture[] = [];
  readonly nodes = new Map<string, { draining: boolean; seenMs: number }>();
  readonly nodePictures = new Map<string, NodePicture>();
  readonly releaseListeners = new Set<(shard: number) => void>();
  /** Sees everything carried out; the simulator delivers from here. */
  onOutgoing: ((item: Outgoing) => void) | null = null;
  private readonly shards = new Map<number, MemoryShard>();
  private readonly fault: FaultHook | undefined;

  constructor(options: MemoryStoreOptions) {
    this.nowMs = options.nowMs;
    this.mailboxMax = options.mailboxMax ?? MAILBOX_MAX;
    this.logBytesMax = options.logBytesMax ?? LOG_BYTES_MAX;
    this.fault = options.fault;
  }

  shard(number: number): MemoryShard {
    let shard = this.shards.get(number);
    if (!shard) {
      shard = emptyShard();
      this.shards.set(number, shard);
    }
    return shard;
  }

  /** The same data as seen by one owner whose operations fail in their own way. */
  withFaults(fault: FaultHook): MemoryStore {
    const view = Object.create(this) as MemoryStore;
    Object.defineProperty(view, 'fault', { value: fault });
    return view;
  }

  /** Runs an operation between its two fault points. */
  async perform<T>(operation: string, run: () => T): Promise<T> {
    if (this.fault) await this.fault(operation, 'before');
    const answer = run();
    if (this.fault) await this.fault(operation, 'after');
    return answer;
  }

  /** Records of the log, parsed anew. */
  records(shard: number): LogRecord[] {
    return this.shard(shard).log.map((stored) => JSON.parse(stored.text) as LogRecord);
  }
}

function emptyShard(): MemoryShard {
  return {
    lease: null,
    mailbox: [],
    lastMailboxId: STREAM_START,
    positions: [],
    lastPositionId: STREAM_START,
    log: [],
    last: LOG_START,
    logBytes: 0,
    consumers: new Map(),
    chunks: new Map(),
    generations: [],
    poison: new Map(),
    waiters: new Set(),
  };
}
