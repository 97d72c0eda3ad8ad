/**
 * What the log says of exceptions, as a pure fold: raised, told anew, cleared, or over with the
 * delivery. It never touches what ops did with them (owner, snooze, resolved).
 */
import type { ZoneEvent } from '../../../contracts/events.ts';
import {
  type DeliveryId,
  type DriverId,
  derivedId,
  type ExceptionId,
  hash32,
  type ZoneId,
} from '../../../contracts/ids.ts';
import type { ExceptionKind } from '../../../contracts/problems.ts';
import type { DeliveryRow } from '../rows.ts';

/** The projected columns of an exception; times are zone ms. */
export interface ExceptionState {
  readonly id: ExceptionId;
  readonly delivery: DeliveryId;
  readonly zone: ZoneId;
  readonly problem: ExceptionKind;
  /** Whom it is about. */
  readonly driver: DriverId | null;
  readonly since_ms: number;
  /** When the delivery is expected at its door, how late that is, and when this was reckoned. */
  door_ms: number;
  late_ms: number;
  told_ms: number;
  /** Until when the driver waits for the customer, and how often it tried. */
  wait_until_ms: number | null;
  attempts: number;
  closed_ms: number | null;
  closed_by: 'cleared' | 'ended' | 'ops' | null;
}

interface At {
  readonly zone: ZoneId;
  readonly seq: number;
  readonly index: number;
  readonly atMs: number;
}

export class ExceptionFold {
  /** What must be written. */
  readonly changed = new Set<ExceptionState>();
  private readonly open = new Map<DeliveryId, ExceptionState[]>();
  /** The wait is told before the problem that it belongs to. */
  private readonly waits = new Map<
    DeliveryId,
    Pick<ExceptionState, 'wait_until_ms' | 'attempts'>
  >();

  constructor(open: readonly ExceptionState[]) {
    for (const state of open) this.openOf(state.delivery).push(state);
  }

  follow(event: ZoneEvent, row: DeliveryRow, at: At): void {
    switch (event.type) {
      case 'delivery.raised':
        return this.raised(event, row, at);
      case 'delivery.forecast':
        return this.change(row.id, () => ({
          door_ms: event.doorMs,
          late_ms: lateMsOf(row, event.doorMs),
          told_ms: at.atMs,
        }));
      case 'delivery.waiting': {
        const wait = { wait_until_ms: event.untilMs, attempts: event.attempts };
        this.waits.set(row.id, wait);
        return this.change(row.id, ({ problem }) =>
          problem === 'customer_unreachable' ? wait : null,
        );
      }
      case 'delivery.cleared':
        return this.close(row.id, at.atMs, 'cleared', event.problem);
      case 'delivery.ended':
        return this.close(row.id, at.atMs, 'ended');
      default:
    }
  }

  private raised(
    event: Extract<ZoneEvent, { type: 'delivery.raised' }>,
    row: DeliveryRow,
    at: At,
  ): void {
    const { problem, doorMs = at.atMs, driver = null } = event;
    const { zone, atMs } = at;
    const isWaiting = problem === 'customer_unreachable';
    const wait = (isWaiting && this.waits.get(row.id)) || { wait_until_ms: null, attempts: 0 };
    const state: ExceptionState = {
      id: exceptionId(row.id, problem, at),
      ...{ delivery: row.id, zone, problem, driver, since_ms: atMs },
      ...{ door_ms: doorMs, late_ms: lateMsOf(row, doorMs), told_ms: atMs, ...wait },
      ...{ closed_ms: null, closed_by: null },
    };
    // The log never raises what is open; if one was raised by an older engine, it is over now.
    this.close(row.id, atMs, 'cleared', problem);
    this.openOf(row.id).push(state);
    this.changed.add(state);
  }

  private close(
    id: DeliveryId,
    atMs: number,
    by: 'cleared' | 'ended',
    problem?: ExceptionKind,
  ): void {
    const isClosed = (state: ExceptionState) => problem === undefined || state.problem === problem;
    this.change(id, (state) => (isClosed(state) ? { closed_ms: atMs, closed_by: by } : null));
    this.open.set(
      id,
      this.openOf(id).filter((state) => !isClosed(state)),
    );
  }

  private change(
    id: DeliveryId,
    changeOf: (state: ExceptionState) => Partial<ExceptionState> | null,
  ): void {
    for (const state of this.openOf(id)) {
      const change = changeOf(state);
      if (change === null) continue;
      Object.assign(state, change);
      this.changed.add(state);
    }
  }

  private openOf(id: DeliveryId): ExceptionState[] {
    let list = this.open.get(id);
    if (list === undefined) {
      list = [];
      this.open.set(id, list);
    }
    return list;
  }
}

/** How long after its promise a delivery is (expected) at its door. */
export function lateMsOf(row: DeliveryRow, doorMs: number): number {
  return doorMs - (row.promise_ms ?? doorMs);
}

/** From the place in the log: unique, and the same on every replay. */
function exceptionId(delivery: DeliveryId, problem: string, at: At): ExceptionId {
  const { atMs, seq, index } = at;
  const counter = index * 0x100000000 + (seq % 0x100000000);
  return derivedId('exception', { atMs, zoneHash: hash32(`${delivery} ${problem}`), counter });
}
