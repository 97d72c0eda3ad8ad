/**
 * What goes into a step and what comes out of it besides events. All plain data: an input is
 * recorded in the log as it stands, an effect is carried out by the runtime after the commit.
 */
import type { Envelope, ZoneCommand } from '../../contracts/commands.ts';
import type { Fix, RoutedAnswer, ZoneEvent } from '../../contracts/events.ts';
import type { DeliveryId, DriverId, ZoneId } from '../../contracts/ids.ts';
import type { GatewayPush, TrackMessage } from '../../contracts/push.ts';

import type { StallSign } from './exceptions/stall-watch.ts';

export type { Fix, ZoneEvent };

/** A push without its log position; the runtime adds epoch and seq of the commit. */
export type Unplaced<T> = T extends unknown ? Omit<T, 'epoch' | 'seq'> : never;

/** The inputs of a zone. Commands come from the mailbox, the rest from the runtime. */
export type ZoneInput =
  | { readonly kind: 'command'; readonly command: ZoneCommand }
  /** Time has passed: offers expire, scheduled deliveries come due, unseen views are repeated. */
  | { readonly kind: 'timer' }
  /**
   * A matching round. `fixes`: positions of the shortlisted drivers that changed since the state
   * last recorded them. `candidates`: per open delivery the slots near its pickup, nearest first.
   */
  | {
      readonly kind: 'round';
      /** A round threw before: seat newcomers and search nothing. */
      readonly greedy?: true;
      readonly fixes: readonly Fix[];
      readonly candidates: readonly (readonly [DeliveryId, readonly number[]])[];
    }
  /** Drivers whose last fix is older (or again younger) than the zone's silence limits. */
  | {
      readonly kind: 'silence';
      readonly drivers: readonly {
        readonly slot: number;
        readonly level: 'live' | 'stale' | 'suspended';
      }[];
    }
  /**
   * Drivers who have not come nearer to their pickup since `sinceMs` (null: move again), and per
   * delivery of theirs idle slots near the pickup, nearest first. `fixes`: where all of these are.
   */
  | {
      readonly kind: 'stalled';
      readonly fixes: readonly Fix[];
      readonly drivers: readonly StallSign[];
      readonly candidates: readonly (readonly [DeliveryId, readonly number[]])[];
    }
  /** A routes source told road times; they hold for `holdsMs` of zone time from now on. */
  | {
      readonly kind: 'travel';
      readonly source: string;
      readonly holdsMs: number;
      readonly times: readonly RoutedAnswer[];
    }
  | {
      readonly kind: 'quarantined';
      readonly entry: string;
      readonly error: string;
      /** What it was; absent when it could not be read. */
      readonly envelope?: Envelope;
    };

/** What the runtime carries out after a commit. Recomputed from state where it must arrive. */
export type Effect =
  | { readonly kind: 'push'; readonly gateway: string; readonly push: Unplaced<GatewayPush> }
  | {
      readonly kind: 'track';
      readonly delivery: DeliveryId;
      readonly message: Unplaced<TrackMessage>;
    }
  /** Append a command to another zone's mailbox (or to our own). */
  | { readonly kind: 'send'; readonly zone: ZoneId; readonly command: ZoneCommand }
  /** The directory: which zone a driver belongs to now; null removes it if it still says `from`. */
  | {
      readonly kind: 'directory';
      readonly driver: DriverId;
      readonly zone: ZoneId | null;
      readonly from: ZoneId;
    };

/** An event with the zone it happened in. */
export interface PlacedEvent {
  readonly zone: ZoneId;
  readonly event: ZoneEvent;
}
