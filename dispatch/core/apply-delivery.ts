/** What events change in deliveries. */
import type { ZoneEvent } from '../../contracts/events.ts';
import { changeDelivery, type EventOf, setDelivery, withCoolDown } from './change.ts';
import { applyToException } from './exceptions/apply-exception.ts';
import { ZONE_LIMITS } from './limits.ts';
import { judgeTold } from './travel/eta-telling.ts';
import type { Zone } from './zone.ts';

export function applyToDelivery(zone: Zone, event: ZoneEvent, atMs: number): void {
  switch (event.type) {
    case 'delivery.requested':
      return deliveryRequested(zone, event, atMs);
    case 'delivery.refused':
      return deliveryRefused(zone, event, atMs);
    case 'delivery.confirmed':
      return changeDelivery(zone, event.delivery, { number: event.number });
    case 'delivery.due':
      return changeDelivery(zone, event.delivery, { state: 'pending' });
    case 'delivery.ready':
      return changeDelivery(zone, event.delivery, {
        readyMs: event.readyMs,
        readySource: event.readySource,
      });
    case 'delivery.held':
      return changeDelivery(zone, event.delivery, { held: event.held });
    case 'delivery.assigned':
      return changeDelivery(zone, event.delivery, {
        state: 'assigned',
        driver: event.driver,
        offer: null,
      });
    case 'delivery.unassigned':
      return deliveryUnassigned(zone, event);
    case 'delivery.moved':
      return changeDelivery(zone, event.delivery, {
        state: event.state,
        driver: event.driver,
        ...(event.state === 'picked_up' ? { pickedUpMs: atMs } : { arrivedMs: atMs }),
      });
    case 'delivery.returning':
      return changeDelivery(zone, event.delivery, {
        state: 'returning',
        returnReason: event.reason,
        wait: null,
      });
    case 'delivery.raised':
    case 'delivery.cleared':
    case 'delivery.forecast':
    case 'delivery.waiting':
      return applyToException(zone, event, atMs);
    case 'delivery.ended':
      judgeTold(zone, event, atMs);
      return deliveryEnded(zone, event, atMs);
    default:
      throw new Error(`apply: no rule for ${event.type}`);
  }
}

function deliveryRequested(zone: Zone, event: EventOf<'delivery.requested'>, atMs: number): void {
  const { request } = event;
  // Learned only where it is used, so that a zone that sends nobody keeps no such state.
  if (zone.policy.repositionMsMax > 0) zone.demand.learn(request.pickup, atMs);
  setDelivery(zone, {
    id: request.id,
    number: event.number,
    request,
    promiseMs: event.promiseMs,
    readyMs: request.readyMs,
    readySource: request.readySource,
    state: event.state,
    driver: null,
    offer: null,
    held: false,
    coolDowns: [],
    requestedMs: atMs,
    pickedUpMs: null,
    returnReason: null,
    raised: [],
  });
}

function deliveryRefused(zone: Zone, event: EventOf<'delivery.refused'>, atMs: number): void {
  const { delivery: id, number } = event;
  if (zone.deliveries.has(id)) return changeDelivery(zone, id, { number });
  const before = zone.tombstones.get(id);
  zone.tombstones.set(
    id,
    before ? { ...before, number } : { id, number, state: 'failed', driver: null, endedMs: atMs },
  );
  if (!before) zone.agenda.add(atMs + ZONE_LIMITS.tombstoneMs, 'tombstones', '');
}

/** The zone's own reasons to take a delivery from a driver; how often it does is bounded. */
function isRelief(why: string): boolean {
  return why === 'stalled' || why === 'reassigned';
}

function deliveryUnassigned(zone: Zone, event: EventOf<'delivery.unassigned'>): void {
  const delivery = zone.deliveries.get(event.delivery);
  if (!delivery) return;
  const coolDowns =
    event.coolUntilMs === undefined
      ? delivery.coolDowns
      : withCoolDown(delivery, event.driver, event.coolUntilMs);
  const { reliefs = 0 } = delivery;
  changeDelivery(zone, delivery.id, {
    state: 'pending',
    driver: null,
    offer: null,
    coolDowns,
    ...(isRelief(event.why) ? { reliefs: reliefs + 1 } : {}),
  });
}

function deliveryEnded(zone: Zone, event: EventOf<'delivery.ended'>, atMs: number): void {
  const delivery = zone.deliveries.get(event.delivery);
  if (!delivery) return;
  zone.deliveries.delete(delivery.id);
  zone.exceptions.ended(delivery.id);
  zone.tombstones.set(delivery.id, {
    id: delivery.id,
    number: delivery.number,
    state: event.state,
    driver: delivery.driver,
    endedMs: atMs,
  });
  zone.agenda.add(atMs + ZONE_LIMITS.tombstoneMs, 'tombstones', '');
}

export function dropTombstones(zone: Zone, count: number): void {
  let left = count;
  for (const id of zone.tombstones.keys()) {
    if (left-- <= 0) return;
    zone.tombstones.delete(id);
  }
}
