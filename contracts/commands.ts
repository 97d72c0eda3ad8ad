/**
 * Commands: the inputs of a zone. Services, gateways and other zones append them to the mailbox of
 * the zone's shard; the zone decides. Every command can be sent again without harm: deliveries number
 * theirs (`number`), drivers theirs (`action`), the rest are idempotent by content.
 */
import type { Place } from './geo.ts';
import type {
  AccountId,
  DeliveryId,
  DriverId,
  FleetId,
  OfferId,
  StopId,
  VehicleId,
  VendorId,
  ZoneId,
} from './ids.ts';
import type { ContactWay } from './problems.ts';
import type {
  DeclineReason,
  Duty,
  EndCode,
  Fault,
  Load,
  ReadySource,
  Undeliverable,
  VehicleKind,
} from './states.ts';
import type { Control, ZoneChange, ZoneConfig } from './zone.ts';

/** One pickup and one drop-off, as the outside asks for it. Times are zone ms. */
export interface DeliveryRequest {
  readonly id: DeliveryId;
  readonly account: AccountId;
  /** Whose kitchen it comes from, so that its ready times are learned; absent: account and door. */
  readonly vendor?: VendorId;
  readonly pickup: Place;
  readonly dropoff: Place;
  /** When it was placed, for click-to-door. */
  readonly placedMs: number;
  /** When the parcel is expected to be ready. */
  readonly readyMs: number;
  readonly readySource: ReadySource;
  /** Latest promised hand-over; absent: the zone promises by its policy. */
  readonly promiseMs?: number;
  /** Not before this time (a scheduled delivery); absent: now. */
  readonly notBeforeMs?: number;
  readonly load: Load;
  readonly ifUndeliverable: Undeliverable;
  /** Deliveries of one group ride together: its name and how many belong to it. */
  readonly group?: { readonly id: string; readonly size: number };
  /** Vehicle kinds that may carry it; absent: any. */
  readonly vehicles?: readonly VehicleKind[];
  readonly skills?: readonly string[];
  /** Fleets that may carry it; absent: any. */
  readonly fleets?: readonly FleetId[];
}

/** What a driver is when it goes on duty; taken from its token and vehicle, checked at the edge. */
export interface DriverProfile {
  readonly driver: DriverId;
  readonly fleet?: FleetId;
  readonly vehicle: VehicleId;
  readonly vehicleKind: VehicleKind;
  readonly capacity: Load;
  readonly skills: readonly string[];
  /** When the shift ends, zone ms: no pickup is planned after it. Absent: not known. */
  readonly untilMs?: number;
}

/** Which gateway socket holds a driver. The session with the greatest number wins. */
export interface Presence {
  readonly gateway: string;
  readonly session: number;
}

/** What a driver does. Physical facts are never refused for lateness or a changed plan. */
export type DriverDeed =
  | {
      readonly kind: 'duty';
      readonly duty: Duty;
      readonly profile?: DriverProfile;
      readonly at?: Place;
    }
  | { readonly kind: 'accept'; readonly offer: OfferId }
  | { readonly kind: 'decline'; readonly offer: OfferId; readonly reason: DeclineReason }
  | { readonly kind: 'arrived'; readonly delivery: DeliveryId; readonly stop?: StopId }
  | { readonly kind: 'picked_up'; readonly delivery: DeliveryId }
  | { readonly kind: 'delivered'; readonly delivery: DeliveryId }
  | {
      readonly kind: 'undeliverable';
      readonly delivery: DeliveryId;
      readonly code: EndCode;
      readonly fault: Fault;
    }
  /** At the door and nobody answers: starts a wait; said again, it is a further attempt. */
  | { readonly kind: 'unreachable'; readonly delivery: DeliveryId; readonly tried?: ContactWay }
  | { readonly kind: 'returned'; readonly delivery: DeliveryId }
  | { readonly kind: 'give_back'; readonly delivery: DeliveryId; readonly reason: string };

export type DeliveryCommand =
  | {
      readonly type: 'delivery.request';
      readonly number: number;
      readonly request: DeliveryRequest;
    }
  | {
      readonly type: 'delivery.cancel';
      readonly number: number;
      readonly delivery: DeliveryId;
      readonly code: EndCode;
      readonly fault: Fault;
    }
  | {
      readonly type: 'delivery.ready';
      readonly number: number;
      readonly delivery: DeliveryId;
      readonly readyMs: number;
      readonly readySource: ReadySource;
    };

export type DriverCommand =
  | {
      readonly type: 'driver.connected';
      readonly driver: DriverId;
      readonly presence: Presence;
      readonly holds?: readonly DeliveryId[];
    }
  | { readonly type: 'driver.disconnected'; readonly driver: DriverId; readonly presence: Presence }
  | {
      readonly type: 'driver.acted';
      readonly driver: DriverId;
      /** Numbered by the app, 1, 2, 3…; the same number is the same deed. */
      readonly action: number;
      readonly deed: DriverDeed;
      /** Device time corrected to zone time. */
      readonly atMs: number;
      /** Where the answer goes. */
      readonly presence?: Presence;
    }
  | { readonly type: 'driver.seen'; readonly driver: DriverId; readonly view: number }
  /** The driver's live position left the zone for another one. */
  | { readonly type: 'driver.strayed'; readonly driver: DriverId; readonly to: ZoneId };

/** Ops and configuration; `actor` and `reason` go into the log. `request` makes a repeat harmless. */
export type OpsCommand =
  | {
      readonly type: 'zone.open';
      readonly config: ZoneConfig;
      /** Who asked for this version; absent: it is the first. */
      readonly change?: ZoneChange;
    }
  | { readonly type: 'zone.control'; readonly request: string; readonly control: Control }
  | {
      readonly type: 'zone.redispatch';
      readonly request: string;
      readonly actor: string;
      readonly reason: string;
    }
  | {
      readonly type: 'delivery.ops';
      readonly request: string;
      readonly actor: string;
      readonly reason: string;
      readonly delivery: DeliveryId;
      readonly verb:
        | { readonly kind: 'assign'; readonly driver: DriverId }
        | { readonly kind: 'unassign' }
        | { readonly kind: 'hold' }
        | { readonly kind: 'release' }
        | { readonly kind: 'picked_up'; readonly driver?: DriverId }
        | { readonly kind: 'delivered' }
        /** The driver need not wait any longer for a customer who does not answer. */
        | { readonly kind: 'end_wait' }
        | { readonly kind: 'fail'; readonly code: EndCode; readonly fault: Fault };
    };

/** A driver on its way from one zone to another, with all that must not be lost. */
export interface DriverTransfer {
  readonly profile: DriverProfile;
  readonly duty: Duty;
  readonly presence: Presence | null;
  readonly lastAction: number;
  /** Zone ms until which it is given nothing new; absent: it does not rest. */
  readonly restUntilMs?: number;
  readonly fix: {
    readonly latE7: number;
    readonly lonE7: number;
    readonly cell: number;
    readonly atMs: number;
  } | null;
}

export type ZoneToZoneCommand =
  | {
      readonly type: 'transfer.offered';
      readonly from: ZoneId;
      readonly transfer: number;
      readonly driver: DriverTransfer;
    }
  | { readonly type: 'transfer.taken'; readonly driver: DriverId; readonly transfer: number }
  | { readonly type: 'transfer.refused'; readonly driver: DriverId; readonly transfer: number };

/** Everything that may stand in a mailbox. */
export type ZoneCommand = DeliveryCommand | DriverCommand | OpsCommand | ZoneToZoneCommand;

/** A mailbox entry: the zone it is for, the command, and who caused it (for the logs of people). */
export interface Envelope {
  readonly zone: ZoneId;
  readonly command: ZoneCommand;
  readonly correlation?: string;
}
