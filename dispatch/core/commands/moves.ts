/** The moves that several decisions share. Each leaves the zone's invariants whole. */
import type { Stop } from '../../../contracts/events.ts';
import type { DriverId, OfferId } from '../../../contracts/ids.ts';
import type { EndReason, OfferOutcome } from '../../../contracts/states.ts';
import type { Decision } from '../decision.ts';
import { ZONE_LIMITS } from '../limits.ts';
import type { Delivery, Driver } from '../records.ts';
import { tellEta } from '../travel/eta-telling.ts';

/** Gives deliveries to a driver with the plan that carries them. */
export function assignTo(
  step: Decision,
  driver: Driver,
  deliveries: readonly Delivery[],
  stops: readonly Stop[],
  by: 'offer' | 'auto' | 'ops' | 'fact',
): void {
  for (const { id } of deliveries) {
    step.emit({ type: 'delivery.assigned', delivery: id, driver: driver.id, by });
  }
  setPlan(step, driver.id, stops);
  for (const { id } of deliveries) tellEta(step, id, 'assigned');
}

/** Replaces a driver's stops. A driver on its last job turns off when nothing is left. */
export function setPlan(step: Decision, id: DriverId, stops: readonly Stop[]): void {
  const driver = step.driver(id);
  if (!driver) return;
  step.emit({ type: 'driver.plan', driver: id, version: driver.plan.version + 1, stops });
  if (stops.length === 0 && driver.duty === 'last_job') {
    step.emit({ type: 'driver.duty', driver: id, duty: 'off' });
  }
}

/** Takes every stop of a delivery out of its driver's plan. */
export function dropStops(step: Decision, id: DriverId, delivery: Delivery['id']): void {
  const driver = step.driver(id);
  if (!driver) return;
  const stops = driver.plan.stops.filter((stop) => stop.delivery !== delivery);
  if (stops.length !== driver.plan.stops.length) setPlan(step, id, stops);
}

/** Takes a delivery that is not aboard away from its driver; it waits for another one. */
export function unassign(
  step: Decision,
  delivery: Delivery,
  why: string,
  coolUntilMs?: number,
): void {
  const { driver } = delivery;
  if (driver === null) return;
  step.emit({
    type: 'delivery.unassigned',
    delivery: delivery.id,
    driver,
    why,
    ...(coolUntilMs === undefined ? {} : { coolUntilMs }),
  });
  dropStops(step, driver, delivery.id);
}

/** Whether the zone itself took a delivery from its drivers so often that it now stays. */
export function isRelievedOften(delivery: Delivery): boolean {
  return (delivery.reliefs ?? 0) >= ZONE_LIMITS.reliefsPerDelivery;
}

/** Closes an open offer with its one outcome. */
export function closeOffer(
  step: Decision,
  id: OfferId,
  outcome: OfferOutcome,
  options: { readonly why?: string; readonly coolUntilMs?: number } = {},
): void {
  const offer = step.zone.offers.get(id);
  if (!offer) return;
  step.emit({ type: 'offer.closed', offer: id, driver: offer.driver, outcome, ...options });
}

/** Withdraws every open offer a delivery stands in. */
export function withdrawOffer(step: Decision, delivery: Delivery, why: string): void {
  for (const offer of openOffers(delivery)) closeOffer(step, offer, 'withdrawn', { why });
}

/** The open offers of a delivery, oldest first. */
export function openOffers(delivery: Delivery): OfferId[] {
  return delivery.offer === null ? [] : [delivery.offer, ...(delivery.alsoOffered ?? [])];
}

/** Ends a delivery: no offer, no stop and no driver keeps it. */
export function endDelivery(
  step: Decision,
  delivery: Delivery,
  state: 'delivered' | 'returned' | 'cancelled' | 'failed',
  reason: Omit<EndReason, 'stage'>,
): void {
  withdrawOffer(step, delivery, reason.code);
  step.emit({
    type: 'delivery.ended',
    delivery: delivery.id,
    state,
    reason: { ...reason, stage: delivery.state },
    atMs: step.atMs,
    ...(delivery.driver === null ? {} : { driver: delivery.driver }),
  });
  if (delivery.driver !== null) dropStops(step, delivery.driver, delivery.id);
}
