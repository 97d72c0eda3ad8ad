/**
 * Events: facts a zone committed. They are all that recovery needs (`apply`), all that projections
 * see, and the source of every effect. Additive only: `EVENT_VERSION` moves when a field is added.
 */

import type {
  DeliveryRequest,
  DriverProfile,
  DriverTransfer,
  Envelope,
  Presence,
} from './commands.ts';
import type { Explanation } from './explanations.ts';
import type { Place } from './geo.ts';
import type { DeliveryId, DriverId, OfferId, StopId, ZoneId } from './ids.ts';
import type { ContactWay, DeliveryProblem } from './problems.ts';
import type { Deed, RefusalReason } from './refusals.ts';
import type {
  DeliveryState,
  Duty,
  EndReason,
  OfferOutcome,
  ReadySource,
  VehicleKind,
} from './states.ts';
import type { Control, ZoneChange, ZoneConfig } from './zone.ts';

export const EVENT_VERSION = 1;

export type StopKind = 'pickup' | 'dropoff' | 'return';

/** A stop of a plan. Places are repeated from the delivery so that a plan can be read alone. */
export interface Stop {
  readonly id: StopId;
  readonly kind: StopKind;
  readonly delivery: DeliveryId;
  readonly latE7: number;
  readonly lonE7: number;
  readonly cell: number;
  /** The driver has arrived here. */
  readonly arrived: boolean;
}

/** A recorded position: `slot`'s fix as the round saw it. Age is zone ms at the round. */
export interface Fix {
  readonly slot: number;
  readonly latE7: number;
  readonly lonE7: number;
  readonly cell: number;
  readonly atMs: number;
}

/**
 * A road time that a routes source told, between two areas (resolution-9 cell keys; a coarser area has
 * 7 for its last digit). `ms` is zone ms; `meters` the straight line between the points asked about.
 */
export type RoutedAnswer = readonly [
  vehicle: VehicleKind,
  from: number,
  to: number,
  ms: number,
  meters: number,
];

/** What is frozen in an offer when it is made. */
export interface OfferTerms {
  readonly payMinor: number;
  readonly currency: string;
  readonly toPickupMeters: number;
  readonly toDropoffMeters: number;
  readonly expiresMs: number;
}

export type ZoneEvent =
  | { readonly type: 'zone.opened'; readonly config: ZoneConfig }
  | {
      readonly type: 'zone.configured';
      readonly config: ZoneConfig;
      readonly change?: ZoneChange;
    }
  | { readonly type: 'control.set'; readonly request: string; readonly control: Control }
  | { readonly type: 'control.ended'; readonly kind: Control['kind'] }
  | {
      readonly type: 'ops.acted';
      readonly request: string;
      readonly actor: string;
      readonly reason: string;
      readonly verb: string;
      readonly delivery?: DeliveryId;
      readonly refused?: RefusalReason;
    }
  // deliveries
  | {
      readonly type: 'delivery.requested';
      readonly number: number;
      readonly request: DeliveryRequest;
      readonly promiseMs: number;
      readonly state: 'scheduled' | 'pending';
    }
  | {
      readonly type: 'delivery.refused';
      readonly delivery: DeliveryId;
      readonly number: number;
      readonly reason: RefusalReason;
    }
  | { readonly type: 'delivery.confirmed'; readonly delivery: DeliveryId; readonly number: number }
  | { readonly type: 'delivery.due'; readonly delivery: DeliveryId }
  | {
      readonly type: 'delivery.ready';
      readonly delivery: DeliveryId;
      readonly readyMs: number;
      readonly readySource: ReadySource;
    }
  | { readonly type: 'delivery.held'; readonly delivery: DeliveryId; readonly held: boolean }
  /** It cannot be handed over and goes back; `reason` is what it will end with. */
  | {
      readonly type: 'delivery.returning';
      readonly delivery: DeliveryId;
      readonly driver: DriverId;
      readonly reason: EndReason;
    }
  | {
      readonly type: 'delivery.assigned';
      readonly delivery: DeliveryId;
      readonly driver: DriverId;
      readonly by: 'offer' | 'auto' | 'ops' | 'fact';
    }
  | {
      readonly type: 'delivery.unassigned';
      readonly delivery: DeliveryId;
      readonly driver: DriverId;
      readonly why: string;
      readonly coolUntilMs?: number;
    }
  | {
      readonly type: 'delivery.moved';
      readonly delivery: DeliveryId;
      readonly state: DeliveryState;
      readonly driver: DriverId;
      readonly atMs: number;
    }
  | {
      readonly type: 'delivery.ended';
      readonly delivery: DeliveryId;
      readonly state: 'delivered' | 'returned' | 'cancelled' | 'failed';
      readonly reason: EndReason;
      readonly driver?: DriverId;
      readonly atMs: number;
    }
  /** A problem for ops. `driver`: whom it is about; `doorMs`: when it is expected at its door. */
  | {
      readonly type: 'delivery.raised';
      readonly delivery: DeliveryId;
      readonly problem: DeliveryProblem;
      readonly doorMs?: number;
      readonly driver?: DriverId;
    }
  /** The problem is over. The end of a delivery clears whatever is open without this. */
  | {
      readonly type: 'delivery.cleared';
      readonly delivery: DeliveryId;
      readonly problem: DeliveryProblem;
    }
  /** While a problem is open: when the delivery is now expected at its door. */
  | { readonly type: 'delivery.forecast'; readonly delivery: DeliveryId; readonly doorMs: number }
  /** The driver waits at the door for a customer who does not answer, until `untilMs`. */
  | {
      readonly type: 'delivery.waiting';
      readonly delivery: DeliveryId;
      readonly driver: DriverId;
      readonly untilMs: number;
      readonly attempts: number;
      readonly tried?: ContactWay;
    }
  /**
   * A pickup taught when the parcel was ready, against what was told: exactly, or at the latest.
   * `vendor`: the vendor's id, or account and door where no vendor is named.
   */
  | {
      readonly type: 'kitchen.observed';
      readonly delivery: DeliveryId;
      readonly vendor: string;
      readonly errorMs: number;
      readonly exact: boolean;
    }
  /**
   * What the customer can expect, as it stood when a driver was found or the parcel picked up: zone
   * ms at the door, the range in whole minutes.
   */
  | {
      readonly type: 'eta.told';
      readonly delivery: DeliveryId;
      readonly stage: 'assigned' | 'picked_up';
      readonly likelyMs: number;
      readonly fromMs: number;
      readonly toMs: number;
    }
  /**
   * A driver drove from one place to the door of a stop: what travel times are learned from. Between
   * `leftMs` and `arrivedMs` lies nothing but driving.
   */
  | {
      readonly type: 'drive.observed';
      readonly driver: DriverId;
      readonly vehicle: VehicleKind;
      readonly from: Place;
      readonly to: Place;
      readonly leftMs: number;
      readonly arrivedMs: number;
    }
  | { readonly type: 'tombstones.dropped'; readonly count: number }
  // offers
  | {
      readonly type: 'offer.made';
      readonly offer: OfferId;
      readonly driver: DriverId;
      readonly deliveries: readonly DeliveryId[];
      readonly stops: readonly Stop[];
      readonly planVersion: number;
      readonly terms: OfferTerms;
      readonly cost: number;
    }
  | { readonly type: 'offer.unseen'; readonly offer: OfferId; readonly driver: DriverId }
  | {
      readonly type: 'offer.closed';
      readonly offer: OfferId;
      readonly driver: DriverId;
      readonly outcome: OfferOutcome;
      readonly why?: string;
      readonly coolUntilMs?: number;
    }
  // drivers
  | {
      readonly type: 'driver.joined';
      readonly slot: number;
      readonly tenancy: number;
      readonly profile: DriverProfile;
      readonly duty: Duty;
      readonly presence: Presence | null;
      readonly action: number;
      readonly transfer?: { readonly from: ZoneId; readonly number: number };
    }
  | {
      readonly type: 'driver.duty';
      readonly driver: DriverId;
      readonly duty: Duty;
      readonly profile?: DriverProfile;
    }
  | {
      readonly type: 'driver.present';
      readonly driver: DriverId;
      readonly presence: Presence | null;
      readonly superseded?: Presence;
    }
  /** A command named a driver this zone does not have; the answer sends the gateway to the directory. */
  | { readonly type: 'driver.unknown'; readonly driver: DriverId; readonly presence: Presence }
  /** An action came again, or out of order; nothing changes but the answer is sent. */
  | {
      readonly type: 'driver.repeated';
      readonly driver: DriverId;
      readonly action: number;
      readonly deed: Deed;
      readonly refused?: RefusalReason;
      readonly via?: Presence;
    }
  /** An unseen view, or an unanswered transfer, is sent again. */
  | { readonly type: 'driver.nudged'; readonly driver: DriverId }
  | { readonly type: 'driver.seen'; readonly driver: DriverId; readonly view: number }
  /** An idle driver is asked to wait elsewhere; it may get work on the way. */
  | {
      readonly type: 'driver.sent';
      readonly driver: DriverId;
      readonly to: Place;
      readonly arrivesMs: number;
    }
  /** It gets no nearer to this pickup since `sinceMs`, which its app is told; null: it moves again. */
  | {
      readonly type: 'driver.stalled';
      readonly driver: DriverId;
      readonly stop: StopId;
      readonly sinceMs: number | null;
    }
  /** It is given nothing new for a while: it said that it is busy, or lost a pickup by standing still. */
  | {
      readonly type: 'driver.rests';
      readonly driver: DriverId;
      readonly untilMs: number;
      readonly why: 'busy' | 'stalled';
    }
  | { readonly type: 'driver.fix'; readonly fixes: readonly Fix[] }
  | {
      readonly type: 'driver.silent';
      readonly driver: DriverId;
      readonly level: 'live' | 'stale' | 'suspended';
    }
  | {
      readonly type: 'driver.acted';
      readonly driver: DriverId;
      readonly action: number;
      readonly deed: Deed;
      readonly refused?: RefusalReason;
      readonly offer?: OfferId;
      readonly delivery?: DeliveryId;
      readonly via?: Presence;
    }
  | {
      readonly type: 'driver.plan';
      readonly driver: DriverId;
      readonly version: number;
      readonly stops: readonly Stop[];
    }
  | {
      readonly type: 'driver.leaving';
      readonly driver: DriverId;
      readonly to: ZoneId;
      readonly transfer: number;
      readonly record: DriverTransfer;
    }
  | { readonly type: 'driver.stayed'; readonly driver: DriverId; readonly transfer: number }
  | {
      readonly type: 'transfer.answered';
      readonly driver: DriverId;
      readonly to: ZoneId;
      readonly transfer: number;
      readonly taken: boolean;
    }
  | { readonly type: 'driver.left'; readonly driver: DriverId; readonly to?: ZoneId }
  // rounds and the runtime
  /** Chains that this round changed: per driver the runs it would make next, none committed. */
  | {
      readonly type: 'round.thought';
      readonly chains: readonly (readonly [DriverId, readonly (readonly DeliveryId[])[]])[];
    }
  | {
      readonly type: 'round.done';
      readonly round: number;
      readonly considered: number;
      readonly offered: number;
      readonly greedy?: true;
    }
  /** Road times from outside, taken in until `untilMs`. */
  | {
      readonly type: 'travel.told';
      readonly source: string;
      readonly untilMs: number;
      readonly times: readonly RoutedAnswer[];
    }
  /** Why it decided so, for people; bounded, and changes no state. */
  | ({ readonly type: 'round.explained' } & Explanation)
  | {
      readonly type: 'input.quarantined';
      readonly entry: string;
      readonly error: string;
      /** What it was, to be sent again; absent when it could not be read. */
      readonly envelope?: Envelope;
    };

export type ZoneEventType = ZoneEvent['type'];
