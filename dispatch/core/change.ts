/**
 * How records change: by being replaced, with the agenda told when to look at them again. Used by
 * `apply` alone.
 */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DeliveryId, DriverId } from '../../contracts/ids.ts';
import { deliveryDueMs, driverDueMs, offerDueMs } from './due.ts';
import { exceptionDueMs } from './exceptions/exception-due.ts';
import { ZONE_LIMITS } from './limits.ts';
import type { Delivery, Driver } from './records.ts';
import type { Zone } from './zone.ts';

/** The event of one type. */
export type EventOf<T extends ZoneEvent['type']> = Extract<ZoneEvent, { type: T }>;

/**
 * The record with a change. A field that becomes undefined is taken off: left in place it would be lost
 * in a snapshot, and set again later it would stand elsewhere than in a state that was never restored.
 */
function changedRecord<T extends object>(record: T, change: Partial<T>): T {
  const changed = { ...record, ...change };
  for (const key of Object.keys(change) as (keyof T)[]) {
    if (changed[key] === undefined) delete changed[key];
  }
  return changed;
}

/** Changes a driver; `told` bumps the view, so that the app gets to know and confirms. */
export function changeDriver(
  zone: Zone,
  id: DriverId,
  atMs: number,
  told: boolean,
  change: Partial<Driver>,
): void {
  const driver = zone.driver(id);
  if (!driver) throw new Error(`apply: no driver ${id}`);
  const changed: Driver = {
    ...changedRecord(driver, change),
    view: told ? driver.view + 1 : driver.view,
    nudgeMs: atMs + zone.policy.repeatMs,
  };
  zone.drivers[driver.slot] = changed;
  scheduleDriver(zone, changed);
}

export function scheduleDriver(zone: Zone, driver: Driver): void {
  zone.agenda.add(driverDueMs(driver), 'driver', driver.id);
  // Whether an offer was seen hangs on the driver's record, and so does when to look at it again.
  const offer = driver.offer === null ? undefined : zone.offers.get(driver.offer);
  if (offer) zone.agenda.add(offerDueMs(zone, offer), 'offer', offer.id);
}

export function changeDelivery(zone: Zone, id: DeliveryId, change: Partial<Delivery>): void {
  const delivery = zone.deliveries.get(id);
  if (delivery) setDelivery(zone, changedRecord(delivery, change));
}

export function setDelivery(zone: Zone, delivery: Delivery): void {
  zone.deliveries.set(delivery.id, delivery);
  zone.agenda.add(deliveryDueMs(zone, delivery), 'delivery', delivery.id);
  zone.agenda.add(exceptionDueMs(zone, delivery), 'exception', delivery.id);
}

export function withCoolDown(
  delivery: Delivery,
  driver: DriverId,
  untilMs: number,
): Delivery['coolDowns'] {
  const others = delivery.coolDowns.filter(([id]) => id !== driver);
  return [...others, [driver, untilMs] as const].slice(-ZONE_LIMITS.coolDowns);
}
