/**
 * What the gateway knows of one connected driver. A plain record: `driver-desk.ts` moves it between
 * zones, `position-flow.ts` its positions.
 *
 * Placing: placed (zone known) → seeking (the zone said elsewhere; the directory is asked) → placed,
 * or homeless (no zone). Actions that come while seeking wait, in order.
 */
import type { DriverDeed } from '../../contracts/commands.ts';
import type { DeliveryId, DriverId, ZoneId } from '../../contracts/ids.ts';
import type { LogPosition } from '../../contracts/push.ts';
import type { Deed, RefusalReason } from '../../contracts/refusals.ts';
import type { DriverClaims } from '../../platform/auth/tokens.ts';
import { FixMemory } from './position-filter.ts';
import type { Session } from './session.ts';

/** An action on its way to the zone or waiting for its answer. */
export interface WaitingAction {
  readonly action: number;
  readonly deed: DriverDeed;
  /** Host ms UTC, corrected. */
  readonly deviceHostMs: number;
}

/** How an action ended, for whoever waits over HTTP. */
export type ActionEnd =
  | { readonly kind: 'answered'; readonly deed: Deed; readonly refused?: RefusalReason }
  | { readonly kind: 'failed'; readonly error: unknown };

export class DriverLink {
  readonly driver: DriverId;
  readonly session: number;
  claims: DriverClaims;
  /** Null: known over HTTP only. */
  socket: Session | null;
  holds: readonly DeliveryId[];
  zone: ZoneId | null = null;
  isSeeking = false;
  seekAttempts = 0;
  seekAtMs = 0;
  /** The zone has not been told of this session yet, or must be told again. */
  needsPresence = false;
  isTelling = false;
  /** −1 until the first view. */
  slot = -1;
  tenancy = 0;
  viewVersion = -1;
  position: LogPosition = { epoch: 0, seq: 0 };
  lastAction = 0;
  hasWork = false;
  readonly fix = new FixMemory();
  forwardedMs = Number.NEGATIVE_INFINITY;
  tracedMs = Number.NEGATIVE_INFINITY;
  strayCell = -1;
  strayZone: ZoneId | null = null;
  strayFixes = 0;
  strayToldMs = Number.NEGATIVE_INFINITY;
  liveSeq = 0;
  backlogSeq = 0;
  locAckMs = 0;
  seenMs = 0;
  waiting: WaitingAction[] = [];
  waiters: Map<number, (end: ActionEnd) => void> | null = null;

  constructor(options: {
    readonly driver: DriverId;
    readonly session: number;
    readonly claims: DriverClaims;
    readonly socket: Session | null;
    readonly holds: readonly DeliveryId[];
  }) {
    this.driver = options.driver;
    this.session = options.session;
    this.claims = options.claims;
    this.socket = options.socket;
    this.holds = options.holds;
  }

  /** Ends the waiting of an HTTP call for this action. */
  settle(action: number, end: ActionEnd): void {
    const waiter = this.waiters?.get(action);
    if (!waiter) return;
    this.waiters?.delete(action);
    waiter(end);
  }
}
