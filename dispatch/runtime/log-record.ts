/**
 * The log record: what one commit of a shard wrote. Inputs stand beside the events they caused, so
 * that recovery can apply the events and audit can decide again from the inputs. Additive only.
 */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import type { LogPosition } from '../../contracts/push.ts';
import type { ZoneInput } from '../core/input.ts';

export const LOG_RECORD_VERSION = 1;

export interface RecordedInput {
  readonly zone: ZoneId;
  readonly input: ZoneInput;
  /** Mailbox entry it came from; absent for inputs of the runtime itself. */
  readonly entry?: string;
  /** Correlation id of the request that caused it, for the logs of people. */
  readonly correlation?: string;
}

export interface RecordedEvent {
  readonly zone: ZoneId;
  readonly event: ZoneEvent;
  /** Index of the input that caused it. */
  readonly i: number;
}

export interface LogRecord {
  readonly v: typeof LOG_RECORD_VERSION;
  readonly epoch: number;
  /** Counts commits of the shard from 1, on through all epochs. */
  readonly seq: number;
  /** Zone time, ms; never less than that of the record before. */
  readonly atMs: number;
  /** Last mailbox entry taken in, `0-0` when none was yet. */
  readonly cursor: string;
  readonly inputs: readonly RecordedInput[];
  readonly events: readonly RecordedEvent[];
  /** Version of the weights by zone, for the zones that this record decided a round in. */
  readonly weights: Readonly<Record<ZoneId, number>>;
  /** Numbered behaviour flags that were in force. */
  readonly flags: readonly number[];
  /** State hash after this record, now and then. */
  readonly hash?: number;
  /** The core that decided a round or came to that hash; another one may rightly come to another. */
  readonly engine?: string;
  /** On the first record of an epoch: zone ms nobody was in. */
  readonly gapMs?: number;
  /** On the first record of an epoch: the record it follows. A consumer past it rolls back to it. */
  readonly predecessor?: LogPosition;
}

/** Before the first record. */
export const LOG_START: LogPosition = { epoch: 0, seq: 0 };

/** The stream entry id of a position: `<epoch>-<seq>`. */
export function positionText(position: LogPosition): string {
  return `${position.epoch}-${position.seq}`;
}

/** Reads `<epoch>-<seq>`. Throws RangeError on anything else. */
export function parsePosition(text: string): LogPosition {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(text);
  if (!match) throw new RangeError(`not a log position: ${text}`);
  return { epoch: Number(match[1]), seq: Number(match[2]) };
}

/** Negative when `a` is before `b`. */
export function comparePositions(a: LogPosition, b: LogPosition): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}
