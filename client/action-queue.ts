/**
 * The driver's actions until the zone has them: numbered, one on its way at a time, in order, sent
 * again until answered. Acknowledged ones are kept for two minutes more and sent again when a view
 * of a later log shows that they were lost. Knows nothing of sockets.
 */
import type { DriverView, LogPosition } from '../contracts/push.ts';
import type { ActAckMessage, ActMessage, WireDeed } from '../contracts/wire/messages.ts';
import { type ActionStorage, type ActResult, ClientError, type ClientErrorCode } from './types.ts';

/** Actions that may wait; more reject with `overflow`. */
export const ACTIONS_MAX = 64;
const KEPT_MS = 120_000;
const KEPT_MAX = 64;
/** Refusals after which the zone has not taken the action in. */
const NOT_TAKEN_IN: ReadonlySet<string> = new Set(['number_gap', 'driver_leaving']);

interface Entry {
  readonly deed: WireDeed;
  readonly deviceMs: number;
  readonly planVersion: number | undefined;
  /** Null until it is first sent. */
  action: number | null;
  readonly resolve: (result: ActResult) => void;
  readonly reject: (error: ClientError) => void;
}

interface Kept extends LogPosition {
  readonly action: number;
  readonly deed: WireDeed;
  readonly deviceMs: number;
  readonly zone: string | null;
  readonly keptMs: number;
}

interface Stored {
  readonly next: number;
  readonly waiting: readonly {
    readonly action: number | null;
    readonly deed: WireDeed;
    readonly deviceMs: number;
  }[];
}

export class ActionQueue {
  /** Greatest number known to be answered or taken in. */
  lastAction = 0;
  private readonly entries: Entry[] = [];
  private kept: Kept[] = [];
  private readonly storage: ActionStorage | undefined;

  constructor(storage?: ActionStorage) {
    this.storage = storage;
    this.restore();
  }

  get size(): number {
    return this.entries.length;
  }

  add(deed: WireDeed, deviceMs: number, planVersion?: number): Promise<ActResult> {
    if (this.entries.length >= ACTIONS_MAX) return Promise.reject(new ClientError('overflow'));
    return new Promise((resolve, reject) => {
      this.entries.push({ deed, deviceMs, planVersion, action: null, resolve, reject });
      this.save();
    });
  }

  /** The message to send now, with its number; null when nothing waits. */
  next(): ActMessage | null {
    const [head] = this.entries;
    if (!head) return null;
    if (head.action === null) {
      head.action = this.lastAction + 1;
      this.save();
    }
    const { action, deed, deviceMs, planVersion } = head;
    return {
      t: 'act',
      action,
      deed,
      deviceMs,
      ...(planVersion === undefined ? {} : { planVersion }),
    };
  }

  /** The zone's answer. `retry`: it was not taken in and must be sent again after a while. */
  answered(ack: ActAckMessage, zone: string | null, nowMs: number): 'done' | 'retry' | 'unknown' {
    const [head] = this.entries;
    if (!head || head.action !== ack.action) return 'unknown';
    if (ack.refused && NOT_TAKEN_IN.has(ack.refused)) {
      // The number did not fit what the zone knows; the view says what does.
      if (ack.refused === 'number_gap') head.action = null;
      return 'retry';
    }
    this.entries.shift();
    this.lastAction = Math.max(this.lastAction, ack.action);
    const { action, deed, refused, epoch, seq } = ack;
    this.keep({
      action,
      deed: head.deed,
      deviceMs: head.deviceMs,
      zone,
      keptMs: nowMs,
      epoch,
      seq,
    });
    this.save();
    head.resolve({ action, deed, ...(refused === undefined ? {} : { refused }) });
    return 'done';
  }

  /** The gateway would not pass it on, for good. Its number stays free. */
  rejected(action: number, code: ClientErrorCode, detail: string): boolean {
    const [head] = this.entries;
    if (!head || head.action !== action) return false;
    this.entries.shift();
    this.save();
    head.reject(new ClientError(code, detail));
    return true;
  }

  /**
   * A view of the zone: its last action is where numbers go on. What it should contain and does not
   * is put in front again.
   */
  seen(view: DriverView, position: LogPosition, nowMs: number): void {
    const lost = this.kept.filter(
      (each) =>
        each.action > view.lastAction &&
        nowMs - each.keptMs <= KEPT_MS &&
        (each.zone !== view.zone || isAfter(position, each)),
    );
    const [head] = this.entries;
    // A view cannot take back what was answered later than it; only a later log can.
    const isStale = this.kept.some(
      (each) =>
        each.zone === view.zone && each.action > view.lastAction && !isAfter(position, each),
    );
    if (isStale) return;
    this.lastAction = view.lastAction;
    if (lost.length > 0) {
      this.kept = this.kept.filter((each) => !lost.includes(each));
      if (head) head.action = null;
      const ignore = (): void => {};
      this.entries.unshift(
        ...lost.map(({ action, deed, deviceMs }) => {
          return {
            action,
            deed,
            deviceMs,
            planVersion: undefined,
            resolve: ignore,
            reject: ignore,
          };
        }),
      );
      return;
    }
    // A number far beyond the zone's came from another life of the app: it starts where the zone is.
    if (head && head.action !== null && head.action > view.lastAction + 1) head.action = null;
  }

  /** Nothing more will be sent. */
  rejectAll(error: ClientError): void {
    for (const entry of this.entries.splice(0)) entry.reject(error);
  }

  private keep(entry: Kept): void {
    const oldestMs = entry.keptMs - KEPT_MS;
    this.kept = this.kept.filter((each) => each.keptMs >= oldestMs).slice(1 - KEPT_MAX);
    this.kept.push(entry);
  }

  private save(): void {
    if (!this.storage) return;
    const waiting = this.entries.map(({ action, deed, deviceMs }) => ({ action, deed, deviceMs }));
    const stored: Stored = { next: this.lastAction + 1, waiting };
    this.storage.save(JSON.stringify(stored));
  }

  private restore(): void {
    const text = this.storage?.load();
    if (!text) return;
    const stored = JSON.parse(text) as Stored;
    this.lastAction = stored.next - 1;
    const ignore = (): void => {};
    for (const { action, deed, deviceMs } of stored.waiting.slice(0, ACTIONS_MAX)) {
      const entry = { action, deed, deviceMs, planVersion: undefined };
      this.entries.push({ ...entry, resolve: ignore, reject: ignore });
    }
  }
}

function isAfter(a: LogPosition, b: LogPosition): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);
}
