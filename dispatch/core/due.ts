/** When each record must be looked at again. The one place that says which deadlines exist. */

import { ZONE_LIMITS } from './limits.ts';
import type { Delivery, Driver, Offer } from './records.ts';
import type { Zone } from './zone.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** Zone ms at which a delivery needs a decision by time alone. */
export function deliveryDueMs(zone: Zone, delivery: Delivery): number {
  const { giveUpMs, aboardMsMax } = zone.policy;
  switch (delivery.state) {
    case 'scheduled':
      return delivery.request.notBeforeMs ?? delivery.requestedMs;
    case 'pending':
      return giveUpAtMs(delivery, giveUpMs);
    case 'assigned':
    case 'at_pickup':
      return giveUpAtMs(delivery, giveUpMs) + aboardMsMax;
    case 'picked_up':
    case 'at_dropoff':
    case 'returning': {
      const since = delivery.pickedUpMs ?? delivery.requestedMs;
      return delivery.raised.includes('aboard_too_long')
        ? since + aboardMsMax
        : since + Math.floor(aboardMsMax / 2);
    }
    default:
      return NEVER;
  }
}

function giveUpAtMs(delivery: Delivery, giveUpMs: number): number {
  return Math.max(delivery.readyMs, delivery.requestedMs) + giveUpMs;
}

/** Zone ms at which an offer expires or must be reported unseen. */
export function offerDueMs(zone: Zone, offer: Offer): number {
  const seen = isSeen(zone, offer);
  if (seen || offer.unseenTold) return offer.terms.expiresMs;
  return Math.min(offer.terms.expiresMs, offer.madeMs + zone.policy.offerUnseenMs);
}

/** Whether the driver's app has confirmed the view that carries the offer. */
export function isSeen(zone: Zone, offer: Offer): boolean {
  return (zone.driver(offer.driver)?.seenView ?? -1) >= offer.view;
}

/** Whether something sent for the driver waits for an answer. */
export function isUnanswered(driver: Driver): boolean {
  return driver.leaving !== null || (driver.presence !== null && driver.seenView < driver.view);
}

/** Zone ms at which a driver's record needs attention. */
export function driverDueMs(driver: Driver): number {
  if (isUnanswered(driver)) return driver.nudgeMs;
  if (driver.duty === 'off') return driver.idleSinceMs + ZONE_LIMITS.offKeptMs;
  return NEVER;
}
