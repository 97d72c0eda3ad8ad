/**
 * The only place where a zone's state changes. Total and unconditional: an event is a fact, so
 * nothing is decided here. Recovery is nothing but this, over the log.
 */
import type { ZoneEvent } from '../../contracts/events.ts';
import { applyToDelivery, dropTombstones } from './apply-delivery.ts';
import { applyToDriver, rememberAnswer } from './apply-driver.ts';
import { changeOffer, offerClosed, offerMade } from './apply-offer.ts';
import { ZONE_LIMITS } from './limits.ts';
import { learnDrive } from './travel/drives.ts';
import { etaTold } from './travel/eta-telling.ts';
import { learnPace } from './travel/routed-travel.ts';
import type { Zone } from './zone.ts';

/** Applies one committed event that happened at zone time `atMs`. Throws when it cannot be a fact. */
export function applyEvent(zone: Zone, event: ZoneEvent, atMs: number): void {
  switch (event.type) {
    case 'zone.opened':
    case 'zone.configured':
      return zone.reconfigure(event.config);
    case 'control.set':
      rememberRequest(zone, event.request);
      zone.controls.set(event.control.kind, event.control);
      return zone.agenda.add(event.control.untilMs, 'control', event.control.kind);
    case 'control.ended':
      zone.controls.delete(event.kind);
      return;
    case 'ops.acted':
      return rememberRequest(zone, event.request);
    case 'round.thought':
      for (const [driver, runs] of event.chains) {
        if (runs.length === 0) zone.thoughts.delete(driver);
        else zone.thoughts.set(driver, runs);
      }
      return;
    case 'round.done':
      zone.rounds = event.round;
      return zone.routed.forget(atMs);
    case 'travel.told':
      zone.paces.follow(event.source);
      return zone.routed.learn(event.times, event.untilMs, atMs);
    case 'round.explained':
    case 'input.quarantined':
    case 'driver.unknown':
    case 'driver.repeated':
      return;
    case 'transfer.answered':
      return rememberAnswer(zone, event);
    case 'eta.told':
      return etaTold(zone, event, atMs);
    case 'drive.observed':
      learnPace(zone, event);
      return learnDrive(zone, event);
    case 'kitchen.observed':
      return zone.kitchens.learn(event.vendor, event.errorMs, event.exact);
    case 'tombstones.dropped':
      return dropTombstones(zone, event.count);
    case 'offer.made':
      return offerMade(zone, event, atMs);
    case 'offer.unseen':
      return changeOffer(zone, event.offer, { unseenTold: true });
    case 'offer.closed':
      return offerClosed(zone, event, atMs);
    default:
      if (event.type.startsWith('delivery.')) return applyToDelivery(zone, event, atMs);
      return applyToDriver(zone, event, atMs);
  }
}

function rememberRequest(zone: Zone, request: string): void {
  zone.opsRequests.add(request);
  if (zone.opsRequests.size <= ZONE_LIMITS.opsRequests) return;
  for (const oldest of zone.opsRequests) {
    zone.opsRequests.delete(oldest);
    return;
  }
}
