/** What `deliveries` tells others, and what it may be asked for by stream. */
import type { ProofNeeds } from '../api/proofs.ts';
import type { AccountId, DeliveryId, DriverId, UserId, VendorId, ZoneId } from '../ids.ts';
import type { DeliveryState, EndCode, EndReason, Fault } from '../states.ts';

export const DELIVERY_STREAM = 'events:deliveries';
export const DELIVERY_REQUESTS = 'requests:deliveries';

/** Position of the fact in the log of its shard; compares by epoch, seq, index. */
export type FactVersion = readonly [epoch: number, seq: number, index: number];

/** Something changed about a delivery: its state or who has it. */
export interface DeliveryChanged {
  readonly type: 'delivery.changed';
  readonly delivery: DeliveryId;
  readonly account: string;
  readonly externalId: string;
  readonly customer: UserId | null;
  readonly zone: ZoneId;
  readonly state: DeliveryState;
  readonly driver: DriverId | null;
  /** Zone ms. */
  readonly atMs: number;
  readonly reason: EndReason | null;
  readonly version: FactVersion;
  /** Absent in what was told before webhooks. */
  readonly times?: DeliveryTimes;
}

/** When what happened to a delivery; zone ms, null: not (yet). */
export interface DeliveryTimes {
  readonly placedMs: number;
  readonly readyMs: number;
  readonly promiseMs: number | null;
  readonly assignedMs: number | null;
  readonly pickedUpMs: number | null;
  readonly deliveredMs: number | null;
  readonly endedMs: number | null;
}

/** Negative when `a` is before `b`. */
export function compareVersions(a: FactVersion, b: FactVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

interface Point {
  readonly lat: number;
  readonly lon: number;
}

/** Asks for a delivery whose id was promised to the customer already. Idempotent by external id. */
export interface DeliveryWanted {
  readonly type: 'delivery.wanted';
  readonly id: DeliveryId;
  readonly account: AccountId;
  /** The order. */
  readonly externalId: string;
  readonly customer: UserId;
  readonly vendor: VendorId;
  readonly pickup: Point;
  readonly dropoff: Point;
  /** Zone ms, both. */
  readonly placedMs: number;
  readonly readyMs: number;
  readonly pickupName: string;
  readonly pickupNote?: string;
  readonly dropoffNote?: string;
  /** What the driver must show at the door; absent: nothing. */
  readonly proof?: ProofNeeds;
}

/** Calls a delivery off; the log of its shard decides whether that is still possible. */
export interface DeliveryUnwanted {
  readonly type: 'delivery.unwanted';
  readonly id: DeliveryId;
  readonly code: EndCode;
  readonly fault: Fault;
}

/** The kitchen says when the parcel will be (or is) ready. */
export interface DeliveryReadyAt {
  readonly type: 'delivery.ready_at';
  readonly id: DeliveryId;
  /** Zone ms. */
  readonly readyMs: number;
}

export type DeliveryAsked = DeliveryWanted | DeliveryUnwanted | DeliveryReadyAt;
