/** Configuration of a zone as the engine sees it, and the live controls ops set on it. */
import type { DeliveryTerms } from './delivery-terms.ts';
import type { GeoPolygon } from './geo.ts';
import type { MarketId, ZoneId } from './ids.ts';
import type { ZoneShadow } from './shadow.ts';
import type { VehicleKind } from './states.ts';

/** Integer weights of the cost, in seconds or per mille. Versioned; part of the log. */
export interface Weights {
  /** Grows by one with every change. */
  readonly version: number;
  /** Per mille: every second from ready (or placed, if later) to the door. */
  readonly delayPerMille: number;
  /** Per mille: seconds of lateness past the promise count this much more. */
  readonly latePerMille: number;
  /** Per mille: seconds the parcel waits ready at the vendor. */
  readonly readyWaitPerMille: number;
  /** Per mille: seconds a driver waits at the vendor. */
  readonly driverWaitPerMille: number;
  /** Per mille: seconds of driving. */
  readonly travelPerMille: number;
  /** Seconds that a delivery without any driver counts as delayed, on top of its age. */
  readonly unassignedSeconds: number;
}

/** Rules and limits of a zone. All times are zone milliseconds, all distances metres. */
export interface ZonePolicy {
  readonly roundMs: number;
  readonly offerTtlMs: number;
  /** After this long without a sign that the driver saw the offer, a push is asked for. */
  readonly offerUnseenMs: number;
  /** A driver who declined is not asked again for the same delivery for this long. */
  readonly declineCoolDownMs: number;
  /** Drivers asked at once for the same unit; the first accept wins. 1: one after the other. */
  readonly broadcastMax: number;
  /** A driver who declined as busy, or lost a pickup by standing still, is given nothing for this long. */
  readonly restMs: number;
  /** A driver who comes no nearer to its pickup for this long has stalled; 0: nobody looks. */
  readonly stallMs: number;
  /** Its pickup is given to another who is expected there this much sooner. */
  readonly stallGainMs: number;
  /** Idle this much longer than the zone's median earns a driver the full preference; 0: nobody is preferred. */
  readonly fairIdleMs: number;
  /** What that preference may cost for each run at most, seconds of cost. */
  readonly fairCostSeconds: number;
  /** A committed plan of which nothing is reached goes to another driver for this gain, ms of cost; 0: never. */
  readonly reassignGainMs: number;
  /** Commit assignments without asking the driver. */
  readonly autoAssign: boolean;
  /** How far a driver may be from the pickup. */
  readonly radiusMeters: number;
  /** Ruin-and-recreate steps of one round's search: a budget of steps, so that replay stays exact. */
  readonly searchSteps: number;
  /** Nearest idle drivers considered for each delivery; as many that are about to finish near it. */
  readonly candidatesMax: number;
  /** Most deliveries in one plan. A group must ride together and may be larger, alone. */
  readonly stackMax: number;
  /** A pickup may join a plan when the vendors are this near. */
  readonly stackRadiusMeters: number;
  /** Longest time that one join may add to a delivery already in the plan. */
  readonly detourMsMax: number;
  /** Longest time from ready to door for deliveries that ride together. */
  readonly foodAgeMsMax: number;
  /** Added to a request without a promise: ready time + travel + this. */
  readonly promiseSlackMs: number;
  /** Correct ready times by what each vendor's were before; false: believe what is told. */
  readonly learnReadyTimes: boolean;
  /** A parcel that the kitchen puts off by this much is taken back from its driver; 0: never. */
  readonly releaseLaterMs: number;
  /** Learn how long drives take from those that end, and plan with it. */
  readonly learnTravel: boolean;
  /** Dispatch so that the driver is there this long before the ready time. */
  readonly arriveEarlyMs: number;
  readonly pickupServiceMs: number;
  readonly dropoffServiceMs: number;
  /** From the parcels in hand, and from the hand-over, to driving off. 0: at once. */
  readonly pickupLeaveMs: number;
  readonly dropoffLeaveMs: number;
  /** An idle driver is sent to where pickups are likely, this far at most; 0: never. */
  readonly repositionMsMax: number;
  /** What that must save of the mean way to a pickup, per mille of the driver's own way. */
  readonly repositionGainPerMille: number;
  /** What joins a committed run is settled this long before its pickup; until then it may change. */
  readonly joinBeforeMs: number;
  /** A pickup may go in before the drop-offs of parcels that are aboard already. */
  readonly joinAboard: boolean;
  /** Nothing goes before a drop-off that the driver reaches within this long. */
  readonly keepNextMs: number;
  /** Rounds commit why they decided so; off in runs that nobody will ask. */
  readonly explain: boolean;
  /** A pending delivery without a driver fails after this long past its ready time. */
  readonly giveUpMs: number;
  /** Without a driver for this long past ready and placed, a delivery is raised to ops. 0: never. */
  readonly unassignedRaiseMs: number;
  /** A driver who waits at the vendor this long past the ready time is raised to ops. 0: never. */
  readonly vendorLateMs: number;
  /** A driver waits this long for a customer who does not answer before it may give up. 0: not. */
  readonly unreachableWaitMs: number;
  /** A delivery aboard that has not ended this long after pickup is raised to ops, then failed. */
  readonly aboardMsMax: number;
  /** An unseen view or unanswered transfer is sent again after this long. */
  readonly repeatMs: number;
  /** A driver silent for this long is stale, then suspended. */
  readonly staleMs: number;
  readonly suspendMs: number;
  /** Metres per second by vehicle, times 1000. */
  readonly speedMmps: Readonly<Record<VehicleKind, number>>;
  /** Streets against the straight line, per mille. */
  readonly detourPerMille: number;
  /** Pay per offer: base, per metre × 1000, in minor units of the market's currency. */
  readonly payBaseMinor: number;
  readonly payPerKmMinor: number;
}

/** What the engine needs to know of a zone. Built at the edge; the core does no trigonometry. */
export interface ZoneConfig {
  readonly id: ZoneId;
  readonly market: MarketId;
  readonly shard: number;
  readonly version: number;
  readonly currency: string;
  /** IANA zone, for people only. */
  readonly timeZone: string;
  /** Local plane: metres = (E7 − origin) × factor. `xPerE7` carries the cosine of the latitude. */
  readonly plane: {
    readonly latE7: number;
    readonly lonE7: number;
    readonly xPerE7: number;
    readonly yPerE7: number;
  };
  /** The cell grid: local IJ coordinates around `originCell`, the zone's box with a margin. */
  readonly grid: {
    readonly originCell: number;
    readonly iMin: number;
    readonly jMin: number;
    readonly iSpan: number;
    readonly jSpan: number;
    /** Least distance between the centres of neighbouring cells in the box, metres. */
    readonly spacingMeters: number;
  };
  readonly weights: Weights;
  readonly policy: ZonePolicy;
  /** What is tried beside them; decides nothing. */
  readonly shadow?: ZoneShadow;
}

/** Who changed a zone's configuration, and why; `request` finds it in the audit list. */
export interface ZoneChange {
  readonly request: string;
  readonly actor: string;
  readonly reason: string;
}

/** The directory entry of a zone: what gateways and services need to route to it. */
export interface ZoneEntry {
  readonly id: ZoneId;
  readonly market: MarketId;
  readonly name: string;
  readonly shard: number;
  readonly version: number;
  readonly currency: string;
  readonly timeZone: string;
  readonly polygon: GeoPolygon;
  /** What a delivery costs and takes; absent in entries written before there were quotes. */
  readonly terms?: DeliveryTerms;
  /** Version of its shadow, for who runs shadows; absent: it has none. */
  readonly shadow?: number;
}

export const CONTROL_KINDS = [
  'pause_intake',
  'stretch_promises',
  'shrink_radius',
  'raise_pay',
  'stacking_limit',
  'auto_assign',
] as const;
export type ControlKind = (typeof CONTROL_KINDS)[number];

/**
 * A live control: who set it, why, and until when. `value`: minutes for stretch_promises, metres for
 * shrink_radius, per cent for raise_pay, deliveries for stacking_limit, 0 or 1 for the switches.
 */
export interface Control {
  readonly kind: ControlKind;
  readonly value: number;
  readonly actor: string;
  readonly reason: string;
  /** Zone time; a control always ends by itself. */
  readonly untilMs: number;
}

export const DEFAULT_WEIGHTS: Weights = {
  version: 1,
  delayPerMille: 1000,
  latePerMille: 500,
  readyWaitPerMille: 1000,
  driverWaitPerMille: 300,
  travelPerMille: 20,
  unassignedSeconds: 14_400,
};

export const DEFAULT_POLICY: ZonePolicy = {
  roundMs: 1000,
  offerTtlMs: 45_000,
  offerUnseenMs: 3_000,
  declineCoolDownMs: 300_000,
  broadcastMax: 1,
  reassignGainMs: 0,
  fairIdleMs: 0,
  fairCostSeconds: 0,
  restMs: 120_000,
  stallMs: 300_000,
  stallGainMs: 120_000,
  autoAssign: false,
  radiusMeters: 6_000,
  searchSteps: 100,
  candidatesMax: 12,
  stackMax: 3,
  stackRadiusMeters: 400,
  detourMsMax: 600_000,
  foodAgeMsMax: 2_700_000,
  promiseSlackMs: 1_200_000,
  learnReadyTimes: true,
  releaseLaterMs: 900_000,
  learnTravel: true,
  arriveEarlyMs: 120_000,
  pickupServiceMs: 120_000,
  dropoffServiceMs: 120_000,
  pickupLeaveMs: 0,
  dropoffLeaveMs: 0,
  joinBeforeMs: 180_000,
  joinAboard: true,
  keepNextMs: 180_000,
  explain: true,
  repositionMsMax: 0,
  repositionGainPerMille: 50,
  giveUpMs: 5_400_000,
  unassignedRaiseMs: 300_000,
  vendorLateMs: 600_000,
  unreachableWaitMs: 300_000,
  aboardMsMax: 10_800_000,
  repeatMs: 3_000,
  staleMs: 60_000,
  suspendMs: 300_000,
  speedMmps: {
    foot: 1_400,
    bicycle: 4_200,
    ebike: 5_500,
    scooter: 7_500,
    car: 7_500,
    van: 7_000,
  },
  detourPerMille: 1_300,
  payBaseMinor: 300,
  payPerKmMinor: 80,
};

/**
 * The policy of a zone whose time runs `speed` times as fast as the host's: limits that really bound
 * sockets and phones (repeats, unseen, silence) are stretched, so that they stay wall time.
 */
export function policyAtSpeed(policy: ZonePolicy, speed: number): ZonePolicy {
  const stretch = (ms: number) => Math.round(ms * Math.max(1, speed));
  return {
    ...policy,
    offerUnseenMs: stretch(policy.offerUnseenMs),
    repeatMs: stretch(policy.repeatMs),
    staleMs: stretch(policy.staleMs),
    suspendMs: stretch(policy.suspendMs),
  };
}
