/**
 * States and reasons, everywhere the same.
 *
 * A delivery: `scheduled → pending → assigned → at_pickup → picked_up → at_dropoff → delivered`;
 * from `picked_up` or `at_dropoff` also `returning → returned`; `cancelled` before pickup; `failed`
 * from anywhere. A physical fact may skip states forward (a phone without signal reports the pickup
 * without the arrival), never backward.
 */
export const DELIVERY_STATES = [
  'scheduled',
  'pending',
  'assigned',
  'at_pickup',
  'picked_up',
  'at_dropoff',
  'delivered',
  'returning',
  'returned',
  'cancelled',
  'failed',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export const DELIVERY_END_STATES = ['delivered', 'returned', 'cancelled', 'failed'] as const;

/** Whether a delivery in this state will not change any more. */
export function isEnded(state: DeliveryState): boolean {
  return (DELIVERY_END_STATES as readonly string[]).includes(state);
}

/** Whether the parcel has left the vendor: from here on a cancel is too late. */
export function isAboard(state: DeliveryState): boolean {
  return state === 'picked_up' || state === 'at_dropoff' || state === 'returning';
}

export const FAULTS = ['customer', 'vendor', 'driver', 'platform', 'account'] as const;
export type Fault = (typeof FAULTS)[number];

export const END_CODES = [
  'completed',
  'cancelled_by_customer',
  'cancelled_by_vendor',
  'cancelled_by_account',
  'cancelled_by_ops',
  'no_driver_found',
  'zone_closed',
  'customer_unreachable',
  'refused_by_customer',
  'wrong_address',
  'age_check_failed',
  'damaged',
  'lost_parcel',
  'vendor_closed',
  'item_unavailable',
  'driver_incident',
  'never_completed',
] as const;
export type EndCode = (typeof END_CODES)[number];

/** Why a delivery ended: refund and pay follow from it. */
export interface EndReason {
  readonly code: EndCode;
  /** The state in which the end was decided. */
  readonly stage: DeliveryState;
  readonly fault: Fault;
}

/** Driver duty. `last_job`: finishes what it has, gets nothing new, then off. */
export const DUTIES = ['off', 'available', 'on_break', 'last_job'] as const;
export type Duty = (typeof DUTIES)[number];

export const OFFER_OUTCOMES = [
  'accepted',
  'declined',
  'expired',
  'undelivered',
  'withdrawn',
] as const;
export type OfferOutcome = (typeof OFFER_OUTCOMES)[number];

export const DECLINE_REASONS = [
  'too_far',
  'low_pay',
  'vendor',
  'vehicle',
  'busy',
  'other',
] as const;
export type DeclineReason = (typeof DECLINE_REASONS)[number];

export const VEHICLE_KINDS = ['foot', 'bicycle', 'ebike', 'scooter', 'car', 'van'] as const;
export type VehicleKind = (typeof VEHICLE_KINDS)[number];

/** What to do with a parcel that cannot be handed over. */
export const UNDELIVERABLE = ['return', 'leave', 'discard'] as const;
export type Undeliverable = (typeof UNDELIVERABLE)[number];

export const READY_SOURCES = ['promised', 'estimated', 'kitchen'] as const;
export type ReadySource = (typeof READY_SOURCES)[number];

/** Load of a vehicle or parcel set: a vector that must fit component by component. */
export interface Load {
  readonly parcels: number;
  readonly volumeMl: number;
  readonly weightG: number;
}
