/** What events change in offers, and in whom they name. */
import { changeDelivery, changeDriver, type EventOf, withCoolDown } from './change.ts';
import { offerDueMs } from './due.ts';
import { ZONE_LIMITS } from './limits.ts';
import type { Delivery, Offer, PastOffer } from './records.ts';
import type { Zone } from './zone.ts';

export function offerMade(zone: Zone, event: EventOf<'offer.made'>, atMs: number): void {
  zone.counter++;
  for (const id of event.deliveries) standInOffer(zone, id, event.offer);
  changeDriver(zone, event.driver, atMs, true, { offer: event.offer });
  const offer: Offer = {
    id: event.offer,
    driver: event.driver,
    deliveries: event.deliveries,
    stops: event.stops,
    planVersion: event.planVersion,
    terms: event.terms,
    madeMs: atMs,
    view: zone.driver(event.driver)?.view ?? 0,
    unseenTold: false,
  };
  zone.offers.set(offer.id, offer);
  zone.agenda.add(offerDueMs(zone, offer), 'offer', offer.id);
}

/** One more open offer of a delivery. */
function standInOffer(zone: Zone, id: Delivery['id'], offer: Offer['id']): void {
  const delivery = zone.deliveries.get(id);
  if (!delivery) return;
  const change =
    delivery.offer === null ? { offer } : { alsoOffered: [...(delivery.alsoOffered ?? []), offer] };
  changeDelivery(zone, id, change);
}

/** The offers of a delivery without one: the next oldest takes its place. */
function withoutOffer(delivery: Delivery, offer: Offer['id']): Partial<Delivery> {
  const { alsoOffered = [] } = delivery;
  if (delivery.offer !== offer) {
    return alsoOffered.length === 0
      ? {}
      : { alsoOffered: alsoOffered.filter((id) => id !== offer) };
  }
  const [next, ...rest] = alsoOffered;
  return next === undefined ? { offer: null } : { offer: next, alsoOffered: rest };
}

export function changeOffer(zone: Zone, id: Offer['id'], change: Partial<Offer>): void {
  const offer = zone.offers.get(id);
  if (!offer) return;
  const changed = { ...offer, ...change };
  zone.offers.set(id, changed);
  zone.agenda.add(offerDueMs(zone, changed), 'offer', id);
}

export function offerClosed(zone: Zone, event: EventOf<'offer.closed'>, atMs: number): void {
  const offer = zone.offers.get(event.offer);
  if (!offer) return;
  zone.offers.delete(offer.id);
  for (const id of offer.deliveries) {
    const delivery = zone.deliveries.get(id);
    if (!delivery) continue;
    const coolDowns =
      event.coolUntilMs === undefined
        ? delivery.coolDowns
        : withCoolDown(delivery, event.driver, event.coolUntilMs);
    changeDelivery(zone, id, { ...withoutOffer(delivery, offer.id), coolDowns });
  }
  const driver = zone.driver(event.driver);
  if (!driver) return;
  const isTaken = event.outcome === 'withdrawn' && event.why === 'taken';
  const past: PastOffer = isTaken ? [offer.id, event.outcome, 'taken'] : [offer.id, event.outcome];
  changeDriver(zone, driver.id, atMs, true, {
    offer: null,
    pastOffers: [...driver.pastOffers, past].slice(-ZONE_LIMITS.pastOffers),
    // Its place in line starts anew, so that one who lets offers pass is not asked first again; one
    // who was only slower than another keeps it.
    ...(driver.plan.stops.length === 0 && !isTaken ? { idleSinceMs: atMs } : {}),
  });
}
