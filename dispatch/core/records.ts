/**
 * The records a zone keeps. Every record is immutable and replaced when it changes, so a snapshot
 * copies references in no time and encodes them while the zone goes on.
 */
import type {
  DeliveryRequest,
  DriverProfile,
  DriverTransfer,
  Presence,
} from '../../contracts/commands.ts';
import type { Fix, OfferTerms, Stop } from '../../contracts/events.ts';
import type { Place } from '../../contracts/geo.ts';
import type { DeliveryId, DriverId, OfferId, StopId, ZoneId } from '../../contracts/ids.ts';
import type { Deed, RefusalReason } from '../../contracts/refusals.ts';
import type {
  DeliveryState,
  Duty,
  EndReason,
  OfferOutcome,
  ReadySource,
} from '../../contracts/states.ts';
import type { ToldEta } from './travel/eta-record.ts';

/** A driver's ordered stops. `version` grows with every change, also when stops are only ticked off. */
export interface Plan {
  readonly version: number;
  readonly stops: readonly Stop[];
}

/** An offer that has its outcome; `taken`: it was withdrawn because another driver accepted first. */
export type PastOffer = readonly [offer: OfferId, outcome: OfferOutcome, why?: 'taken'];

/** An action that was taken in, kept so that the same number gets the same answer. */
export interface Outcome {
  readonly action: number;
  readonly deed: Deed;
  readonly refused?: RefusalReason;
}

/** A drive under way: where and when it began, and one fix on its way. */
export interface UnderWay {
  readonly from: Place;
  /** Zone ms at which it left; may lie ahead, where leaving takes time. */
  readonly leftMs: number;
  readonly via?: Place & { readonly atMs: number };
}

/**
 * A driver in a zone.
 *
 * Modes (`duty`): `off` keeps the record for late re-sends and takes no work; `available` may get
 * offers; `on_break` may not, and has an empty plan; `last_job` finishes its plan, then turns `off`.
 * Beside duty: `leaving` freezes an idle driver on its way to another zone until that one answers;
 * `silence` is `live`, `stale` (gets no offers) or `suspended` (its parcels not yet picked up are
 * dispatched again). Must hold: at most one open offer; parcels within capacity; a plan only while
 * `available` or `last_job`; each stop's delivery names this driver.
 */
export interface Driver {
  readonly id: DriverId;
  readonly slot: number;
  /** Counts the stays in slots of this zone; a position with another tenancy is not this driver's. */
  readonly tenancy: number;
  readonly profile: DriverProfile;
  readonly duty: Duty;
  readonly presence: Presence | null;
  readonly silence: 'live' | 'stale' | 'suspended';
  /** Greatest action number taken in; the next must be one more. */
  readonly lastAction: number;
  readonly outcomes: readonly Outcome[];
  /** Version of what the app must know, and the greatest one it has confirmed. */
  readonly view: number;
  readonly seenView: number;
  /** Zone time at which an unseen view or unanswered transfer is sent again. */
  readonly nudgeMs: number;
  readonly plan: Plan;
  readonly offer: OfferId | null;
  readonly pastOffers: readonly PastOffer[];
  /** The last position a round recorded. */
  readonly fix: Fix | null;
  /** The drive to its next stop; absent while it stands, or where its start is not known. */
  readonly underWay?: UnderWay | undefined;
  readonly leaving: {
    readonly to: ZoneId;
    readonly transfer: number;
    readonly record: DriverTransfer;
  } | null;
  /** Zone time until which it is on its way to where it was asked to wait. */
  readonly sentUntilMs?: number;
  /** Where it was asked to wait; until it gets something to do, or changes duty. */
  readonly sentTo?: Place | null;
  /** It gets no nearer to its next pickup, since when, and when it was told; absent or null: it does. */
  readonly stall?: {
    readonly stop: StopId;
    readonly sinceMs: number;
    readonly toldMs: number;
  } | null;
  /** Zone time until which it is given nothing new. */
  readonly restUntilMs?: number;
  /** Zone time since when it has nothing to do. */
  readonly idleSinceMs: number;
}

/**
 * A delivery in a zone. States and their order: `contracts/states.ts`. `scheduled` waits for its
 * time; `pending` waits for a driver, with open offers to as many drivers as the zone asks at once;
 * from `assigned` on exactly one driver has it in its plan. It leaves the zone's books when it ends;
 * a tombstone stays.
 */
export interface Delivery {
  readonly id: DeliveryId;
  /** Greatest command number taken in. */
  readonly number: number;
  readonly request: DeliveryRequest;
  readonly promiseMs: number;
  readonly readyMs: number;
  readonly readySource: ReadySource;
  readonly state: DeliveryState;
  readonly driver: DriverId | null;
  /** The open offer it stands in; the oldest one where several drivers are asked. */
  readonly offer: OfferId | null;
  /** Further open offers of the same unit, oldest first; absent: none. */
  readonly alsoOffered?: readonly OfferId[];
  /** Ops hold it back from matching. */
  readonly held: boolean;
  readonly coolDowns: readonly (readonly [DriverId, number])[];
  readonly requestedMs: number;
  readonly pickedUpMs: number | null;
  /** When its driver last came to one of its doors. */
  readonly arrivedMs?: number;
  /** Its driver waits at the door for a customer who does not answer. */
  readonly wait?: {
    readonly sinceMs: number;
    readonly untilMs: number;
    readonly attempts: number;
  } | null;
  /** The ranges its customer was told, one per stage; judged at the door. */
  readonly told?: readonly ToldEta[];
  /** What a return will end with. */
  readonly returnReason: EndReason | null;
  /** How often the zone took it from a driver: who did not come, or for a better one; absent: never. */
  readonly reliefs?: number;
  /** Problems ever raised to ops, each once; which of them are open: `zone.exceptions`. */
  readonly raised: readonly string[];
}

/** What remains of an ended delivery: enough to answer a late or repeated command. */
export interface Tombstone {
  readonly id: DeliveryId;
  readonly number: number;
  readonly state: DeliveryState;
  readonly driver: DriverId | null;
  readonly endedMs: number;
}

/**
 * An open offer: a proposed plan change with its terms frozen. It has one outcome: `accepted`,
 * `declined`, `expired` (seen, unanswered), `undelivered` (never seen) or `withdrawn`; then it is gone
 * from here and only the driver's `pastOffers` remember it.
 */
export interface Offer {
  readonly id: OfferId;
  readonly driver: DriverId;
  readonly deliveries: readonly DeliveryId[];
  readonly stops: readonly Stop[];
  readonly planVersion: number;
  readonly terms: OfferTerms;
  readonly madeMs: number;
  /** The view version that carries it; seen once the app confirmed that view. */
  readonly view: number;
  readonly unseenTold: boolean;
}
