/** When time alone makes an exception of a delivery, or calls for a fresh word on one. */
import type { Delivery } from '../records.ts';
import type { Zone } from '../zone.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** Zone ms from which on a delivery without a driver is a problem. */
export function unassignedDueMs(zone: Zone, delivery: Delivery): number {
  const { unassignedRaiseMs } = zone.policy;
  if (delivery.state !== 'pending' || unassignedRaiseMs === 0) return NEVER;
  return Math.max(delivery.readyMs, delivery.requestedMs) + unassignedRaiseMs;
}

/** Zone ms from which on a driver at the vendor's door has waited too long past the ready time. */
export function vendorLateDueMs(zone: Zone, delivery: Delivery): number {
  const { vendorLateMs } = zone.policy;
  if (delivery.state !== 'at_pickup' || vendorLateMs === 0) return NEVER;
  return Math.max(delivery.readyMs, delivery.arrivedMs ?? 0) + vendorLateMs;
}

/** Zone ms at which the delivery must be looked at for the queue of ops. */
export function exceptionDueMs(zone: Zone, delivery: Delivery): number {
  const { exceptions } = zone;
  const { id } = delivery;
  let dueMs = exceptions.of(id)?.nextMs ?? NEVER;
  if (!exceptions.isOpen(id, 'unassigned_too_long')) {
    dueMs = Math.min(dueMs, unassignedDueMs(zone, delivery));
  }
  if (!exceptions.isOpen(id, 'vendor_late')) {
    dueMs = Math.min(dueMs, vendorLateDueMs(zone, delivery));
  }
  return dueMs;
}
