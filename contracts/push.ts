/**
 * What a shard sends out after a commit: entries of the gateways' short streams (`gw:{G}`, field
 * `m`, JSON) and messages of the sharded pub/sub channels. Receivers drop what is older than what
 * they have: every message carries (epoch, seq), which only grows for one zone.
 */
import type { OfferTerms, Stop } from './events.ts';
import type { Place } from './geo.ts';
import type { DeliveryId, DriverId, OfferId, ZoneId } from './ids.ts';
import type { Deed, RefusalReason } from './refusals.ts';
import type { DeliveryState, Duty, EndReason } from './states.ts';

export interface LogPosition {
  readonly epoch: number;
  readonly seq: number;
}

/**
 * All that a driver app must know, whole each time. `version` grows with every change; the app acks
 * it (ACK) and the zone repeats the view until it does. Acking a view acks the offer in it.
 */
export interface DriverView {
  readonly driver: DriverId;
  readonly zone: ZoneId;
  readonly version: number;
  readonly duty: Duty;
  readonly slot: number;
  /** Marks this stay in the slot; positions carry both so that a reused slot is never moved. */
  readonly tenancy: number;
  readonly planVersion: number;
  readonly stops: readonly Stop[];
  readonly offer: {
    readonly id: OfferId;
    readonly deliveries: readonly DeliveryId[];
    readonly stops: readonly Stop[];
    readonly terms: OfferTerms;
  } | null;
  /** Doors at which the driver waits for a customer who does not answer; zone ms. */
  readonly waits?: readonly {
    readonly delivery: DeliveryId;
    readonly sinceMs: number;
    /** From then on the driver may end the delivery as undeliverable. */
    readonly untilMs: number;
    readonly attempts: number;
  }[];
  /** Greatest action number the zone has taken in. */
  readonly lastAction: number;
  /** Zone ms since when it has come no nearer to its pickup: the app asks whether it is on its way. */
  readonly stalledSinceMs?: number;
  /** Where an idle driver is asked to wait, and the zone ms at which it may be there. */
  readonly waitAt?: WaitingPlace;
}

/** Nobody is bound to go there: whoever stays away gets work as before, only from where it is. */
export interface WaitingPlace extends Place {
  readonly byMs: number;
}

export type GatewayPush = LogPosition &
  (
    | { readonly t: 'view'; readonly session: number; readonly view: DriverView }
    | {
        readonly t: 'ack';
        readonly driver: DriverId;
        readonly session: number;
        readonly action: number;
        readonly deed: Deed;
        readonly refused?: RefusalReason;
      }
    /** The driver is not in the zone the command went to; ask the directory again. */
    | { readonly t: 'elsewhere'; readonly driver: DriverId; readonly session: number }
    /** A newer session of the driver exists: close this one. */
    | { readonly t: 'superseded'; readonly driver: DriverId; readonly session: number }
  );

/** On channel `track:{D}`: the state of one delivery, or its driver's live position. */
export type TrackMessage = LogPosition &
  (
    | {
        readonly t: 'status';
        readonly delivery: DeliveryId;
        readonly state: DeliveryState;
        readonly atMs: number;
        readonly promiseMs: number;
        readonly etaMs: number | null;
        /** The range around `etaMs`, in whole minutes; absent where none is known. */
        readonly etaFromMs?: number;
        readonly etaToMs?: number;
        readonly reason?: EndReason;
      }
    | {
        readonly t: 'pos';
        readonly delivery: DeliveryId;
        readonly latE7: number;
        readonly lonE7: number;
        readonly heading: number;
        /** Host ms UTC of the fix, corrected. Never goes back for one delivery. */
        readonly fixMs: number;
        /** Zone time at the door. */
        readonly etaMs: number | null;
        /** As in a status. */
        readonly etaFromMs?: number;
        readonly etaToMs?: number;
      }
  );

/** A driver on the ops map. `a`: 0 idle, 1 offered, 2 to pickup, 3 at pickup, 4 to drop-off, 5 at drop-off, 6 off. */
export interface MapDriver {
  readonly d: DriverId;
  readonly lat: number;
  readonly lon: number;
  readonly a: number;
  /** `waits`: idle, and asked to wait elsewhere; `stalled`: comes no nearer to its pickup. */
  readonly n?: 'waits' | 'stalled';
}

/** A delivery on the ops map (E7 coordinates of pickup and drop-off). */
export interface MapDelivery {
  readonly id: DeliveryId;
  readonly s: DeliveryState;
  readonly p: readonly [number, number];
  readonly q: readonly [number, number];
  readonly eta: number | null;
  /** The range around `eta`, in whole minutes; absent where none is known. */
  readonly etaFrom?: number;
  readonly etaTo?: number;
  readonly drv: DriverId | null;
}

/** On channel `cell:{C}` (C: H3 resolution-6 text): the picture of a coarse cell, about once a second. */
export interface CellPicture {
  readonly zone: ZoneId;
  readonly cell: string;
  readonly atMs: number;
  readonly drivers: readonly MapDriver[];
  readonly deliveries: readonly MapDelivery[];
  /** Idle drivers by resolution-8 cell. */
  readonly idle: readonly (readonly [string, number])[];
}

/** On channel `nodes`: what one dispatch node hosts, about once a second. */
export interface NodePicture {
  readonly node: string;
  readonly atMs: number;
  readonly shards: readonly {
    readonly shard: number;
    readonly epoch: number;
    readonly seq: number;
    readonly zones: readonly ZoneId[];
    readonly drivers: number;
    readonly open: number;
    readonly idle: number;
    readonly oldestUnassignedMs: number | null;
    /** How far the longest idle drivers are off the median idle time, zone ms; the worst of its zones. */
    readonly idleSpreadMs?: number;
    /** How often told ranges held since its zones were opened, by when they were told. */
    readonly etas?: readonly {
      readonly stage: 'assigned' | 'picked_up';
      readonly inside: number;
      readonly before: number;
      readonly after: number;
    }[];
    readonly mailboxLag: number;
    readonly takeoverMs: number | null;
  }[];
  readonly positions: {
    readonly perSecond: number;
    readonly ageP50Ms: number;
    readonly ageP99Ms: number;
    readonly indexed: number;
    readonly dropped: number;
  };
  /** Absent when no routes source is configured. */
  readonly routes?: RoutesPicture;
}

/** What a node's asking for road times came to since its start; totals over its threads. */
export interface RoutesPicture {
  readonly source: string;
  /** Resting after failures: the fallback answers meanwhile. */
  readonly resting: boolean;
  readonly requests: number;
  /** Origins × destinations of these requests: what a provider bills. */
  readonly elements: number;
  /** Times handed to zones. */
  readonly told: number;
  /** Pairs without a road, or that the source failed on. */
  readonly noRoad: number;
  /** Times that nothing on wheels can have; left out. */
  readonly unbelievable: number;
  /** Pairs not asked for: too many waited, they waited too long, or no profile fits. */
  readonly dropped: number;
  /** Elements not asked for because the budget of the day was spent. */
  readonly overBudget: number;
  /** Requests that failed, by kind. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Resolution of the cells that viewers subscribe to. */
export const VIEW_RESOLUTION = 6;
/** Resolution of the shaded cells on the map. */
export const SHADE_RESOLUTION = 8;
