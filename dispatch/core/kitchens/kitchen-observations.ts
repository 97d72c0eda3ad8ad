/** What pickups teach of vendors' ready times: the facts that `kitchens.ts` learns from. */
import type { Decision } from '../decision.ts';
import { isSamePlace } from '../plans/schedule.ts';
import type { Delivery, Driver } from '../records.ts';
import { vendorKey } from './ready-times.ts';

/** A driver that waits no longer than this after its service has found the parcel ready; ms. */
const WAIT_TOLERANCE_MS = 60_000;

/**
 * What a pickup teaches of its vendor: the ready time itself, when the kitchen told it or when the
 * driver stood waiting for this parcel alone; else only that it was not later than the pickup.
 */
export function observePickup(step: Decision, driver: Driver, delivery: Delivery): void {
  const { zone, atMs } = step;
  const { request, readySource } = delivery;
  if (!zone.policy.learnReadyTimes || request.readySource === 'kitchen') return;
  const vendor = vendorKey(request);
  const told = (readyMs: number, toldMs: number, exact: boolean) =>
    step.emit({
      type: 'kitchen.observed',
      delivery: delivery.id,
      vendor,
      errorMs: readyMs - toldMs,
      exact,
    });
  if (readySource === 'kitchen') return told(delivery.readyMs, request.readyMs, true);
  told(atMs, delivery.readyMs, hasWaitedFor(step, driver, delivery));
}

/** Whether the driver stood at the door longer than its service takes, for nothing but this parcel. */
function hasWaitedFor({ zone, atMs }: Decision, driver: Driver, delivery: Delivery): boolean {
  const { arrivedMs, request, state } = delivery;
  if (state !== 'at_pickup' || arrivedMs === undefined) return false;
  if (delivery.driver !== driver.id) return false;
  if (atMs - arrivedMs <= zone.policy.pickupServiceMs + WAIT_TOLERANCE_MS) return false;
  return driver.plan.stops.every((stop) => {
    const other = zone.deliveries.get(stop.delivery);
    if (!other || other.id === delivery.id) return true;
    if (!isSamePlace(other.request.pickup, request.pickup)) return true;
    return other.pickedUpMs !== null && other.pickedUpMs < atMs - WAIT_TOLERANCE_MS;
  });
}
