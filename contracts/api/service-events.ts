/**
 * Events that services tell each other over Redis Streams. At least once, in order per key; each
 * carries an id to dedupe by and a version that only grows for one delivery. Additive only.
 */
import type { DeliveryId, DriverId, UserId, ZoneId } from '../ids.ts';
import type { DeliveryState, EndReason } from '../states.ts';

export const DELIVERY_STREAM = 'events:deliveries';
export const ORDER_STREAM = 'events:orders';

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
}

export interface OrderChanged {
  readonly type: 'order.changed';
  readonly order: string;
  readonly account: string;
  readonly customer: string;
  readonly vendor: string;
  readonly delivery: DeliveryId;
  readonly state: string;
  /** Zone ms. */
  readonly atMs: number;
}

/** Negative when `a` is before `b`. */
export function compareVersions(a: FactVersion, b: FactVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
