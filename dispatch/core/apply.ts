/**
 * The only place where a zone's state changes. Total and unconditional: an event is a fact, so
 * nothing is decided here. Recovery is nothing but this, over the log.
 */
import type { Stop, ZoneEvent } from '../../contracts/events.ts';
import { type DeliveryId, type DriverId, hash32 } from '../../contracts/ids.ts';
import { deliveryDueMs, driverDueMs, offerDueMs } from './due.ts';
import { ZONE_LIMITS } from './limits.ts';
import type { Delivery, Driver, Offer } from './records.ts';
import { arrivalKey, type Zone } from './zone.ts';

type EventOf<T extends ZoneEvent['type']> = Extract<ZoneEvent, { type: T }>;

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
      return;
    case 'input.quarantined':
    case 'driver.unknown':
    case 'driver.repeated':
      return;
    case 'transfer.answered':
      return rememberAnswer(zone, event);
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

function applyToDelivery(zone: Zone, event: ZoneEvent, atMs: number): void {
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
        ...(event.state === 'picked_up' ? { pickedUpMs: atMs } : {}),
      });
    case 'delivery.returning':
      return changeDelivery(zone, event.delivery, {
        state: 'returning',
        returnReason: event.reason,
      });
    case 'delivery.raised': {
      const delivery = zone.deliveries.get(event.delivery);
      if (!delivery) return;
      return changeDelivery(zone, delivery.id, { raised: [...delivery.raised, event.problem] });
    }
    case 'delivery.ended':
      return deliveryEnded(zone, event, atMs);
    default:
      throw new Error(`apply: no rule for ${event.type}`);
  }
}

function applyToDriver(zone: Zone, event: ZoneEvent, atMs: number): void {
  switch (event.type) {
    case 'driver.joined':
      return driverJoined(zone, event, atMs);
    case 'driver.duty':
      return changeDriver(zone, event.driver, atMs, true, {
        duty: event.duty,
        idleSinceMs: atMs,
        ...(event.profile ? { profile: event.profile } : {}),
      });
    case 'driver.present':
      return changeDriver(zone, event.driver, atMs, event.presence !== null, {
        presence: event.presence,
        ...(event.presence ? { seenView: -1 } : {}),
      });
    case 'driver.seen':
      return changeDriver(zone, event.driver, atMs, false, { seenView: event.view });
    case 'driver.fix':
      for (const fix of event.fixes) {
        const driver = zone.drivers[fix.slot];
        if (driver) zone.drivers[fix.slot] = { ...driver, fix };
      }
      return;
    case 'driver.silent':
      return changeDriver(zone, event.driver, atMs, false, { silence: event.level });
    case 'driver.acted':
      return driverActed(zone, event, atMs);
    case 'driver.nudged':
      return changeDriver(zone, event.driver, atMs, false, {});
    case 'driver.plan':
      return changeDriver(zone, event.driver, atMs, true, {
        plan: { version: event.version, stops: event.stops },
        idleSinceMs: atMs,
      });
    case 'driver.leaving':
      zone.counter = Math.max(zone.counter, event.transfer);
      return changeDriver(zone, event.driver, atMs, false, {
        leaving: { to: event.to, transfer: event.transfer, record: event.record },
      });
    case 'driver.stayed':
      return changeDriver(zone, event.driver, atMs, true, { leaving: null });
    case 'driver.left':
      return driverLeft(zone, event.driver);
    default:
      throw new Error(`apply: no rule for ${event.type}`);
  }
}

function rememberRequest(zone: Zone, request: string): void {
  zone.opsRequests.add(request);
  if (zone.opsRequests.size <= OPS_REQUESTS_MAX) return;
  for (const oldest of zone.opsRequests) {
    zone.opsRequests.delete(oldest);
    return;
  }
}
const OPS_REQUESTS_MAX = 10_000;

function deliveryRequested(zone: Zone, event: EventOf<'delivery.requested'>, atMs: number): void {
  const { request } = event;
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

function deliveryUnassigned(zone: Zone, event: EventOf<'delivery.unassigned'>): void {
  const delivery = zone.deliveries.get(event.delivery);
  if (!delivery) return;
  const coolDowns =
    event.coolUntilMs === undefined
      ? delivery.coolDowns
      : withCoolDown(delivery, event.driver, event.coolUntilMs);
  changeDelivery(zone, delivery.id, { state: 'pending', driver: null, offer: null, coolDowns });
}

function withCoolDown(
  delivery: Delivery,
  driver: DriverId,
  untilMs: number,
): Delivery['coolDowns'] {
  const others = delivery.coolDowns.filter(([id]) => id !== driver);
  return [...others, [driver, untilMs] as const].slice(-ZONE_LIMITS.coolDowns);
}

function deliveryEnded(zone: Zone, event: EventOf<'delivery.ended'>, atMs: number): void {
  const delivery = zone.deliveries.get(event.delivery);
  if (!delivery) return;
  zone.deliveries.delete(delivery.id);
  zone.tombstones.set(delivery.id, {
    id: delivery.id,
    number: delivery.number,
    state: event.state,
    driver: delivery.driver,
    endedMs: atMs,
  });
  zone.agenda.add(atMs + ZONE_LIMITS.tombstoneMs, 'tombstones', '');
}

function dropTombstones(zone: Zone, count: number): void {
  let left = count;
  for (const id of zone.tombstones.keys()) {
    if (left-- <= 0) return;
    zone.tombstones.delete(id);
  }
}

function offerMade(zone: Zone, event: EventOf<'offer.made'>, atMs: number): void {
  zone.counter++;
  for (const id of event.deliveries) changeDelivery(zone, id, { offer: event.offer });
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

function changeOffer(zone: Zone, id: Offer['id'], change: Partial<Offer>): void {
  const offer = zone.offers.get(id);
  if (!offer) return;
  const changed = { ...offer, ...change };
  zone.offers.set(id, changed);
  zone.agenda.add(offerDueMs(zone, changed), 'offer', id);
}

function offerClosed(zone: Zone, event: EventOf<'offer.closed'>, atMs: number): void {
  const offer = zone.offers.get(event.offer);
  if (!offer) return;
  zone.offers.delete(offer.id);
  for (const id of offer.deliveries) {
    const delivery = zone.deliveries.get(id);
    if (!delivery || delivery.offer !== offer.id) continue;
    const coolDowns =
      event.coolUntilMs === undefined
        ? delivery.coolDowns
        : withCoolDown(delivery, event.driver, event.coolUntilMs);
    changeDelivery(zone, id, { offer: null, coolDowns });
  }
  const driver = zone.driver(event.driver);
  if (!driver) return;
  const past = [...driver.pastOffers, [offer.id, event.outcome] as const];
  changeDriver(zone, driver.id, atMs, true, {
    offer: null,
    pastOffers: past.slice(-ZONE_LIMITS.pastOffers),
    // Its place in line starts anew, so that one who lets offers pass is not asked first again.
    ...(driver.plan.stops.length === 0 ? { idleSinceMs: atMs } : {}),
  });
}

function driverJoined(zone: Zone, event: EventOf<'driver.joined'>, atMs: number): void {
  const { slot, tenancy, profile, action } = event;
  zone.counter = Math.max(zone.counter, tenancy);
  if (slot === zone.drivers.length) zone.drivers.push(null);
  else if (zone.freeSlots.pop() !== slot)
    throw new Error(`apply: slot ${slot} is not the free one`);
  zone.slotOf.set(profile.driver, slot);
  zone.drivers[slot] = {
    id: profile.driver,
    slot,
    tenancy,
    profile,
    duty: event.duty,
    presence: event.presence,
    silence: 'live',
    lastAction: action,
    outcomes: [],
    view: 1,
    seenView: -1,
    nudgeMs: atMs + zone.policy.repeatMs,
    plan: { version: 0, stops: [] },
    offer: null,
    pastOffers: [],
    fix: null,
    leaving: null,
    idleSinceMs: atMs,
  };
  scheduleDriver(zone, zone.drivers[slot]);
}

function rememberAnswer(zone: Zone, event: EventOf<'transfer.answered'>): void {
  const key = arrivalKey(event.to, event.driver);
  if (event.transfer < (zone.arrivals.get(key)?.[0] ?? 0)) return;
  zone.arrivals.delete(key);
  zone.arrivals.set(key, [event.transfer, event.taken]);
  if (zone.arrivals.size <= ZONE_LIMITS.arrivals) return;
  for (const oldest of zone.arrivals.keys()) {
    zone.arrivals.delete(oldest);
    return;
  }
}

function driverActed(zone: Zone, event: EventOf<'driver.acted'>, atMs: number): void {
  const driver = zone.driver(event.driver);
  if (!driver) return;
  const { action, deed, refused } = event;
  const outcome = { action, deed, ...(refused ? { refused } : {}) };
  changeDriver(zone, driver.id, atMs, false, {
    lastAction: Math.max(driver.lastAction, action),
    outcomes: [...driver.outcomes, outcome].slice(-ZONE_LIMITS.outcomes),
  });
}

function driverLeft(zone: Zone, id: DriverId): void {
  const driver = zone.driver(id);
  if (!driver) return;
  zone.drivers[driver.slot] = null;
  zone.freeSlots.push(driver.slot);
  zone.slotOf.delete(id);
  zone.thoughts.delete(id);
}

/** Changes a driver; `told` bumps the view, so that the app gets to know and confirms. */
function changeDriver(
  zone: Zone,
  id: DriverId,
  atMs: number,
  told: boolean,
  change: Partial<Driver>,
): void {
  const driver = zone.driver(id);
  if (!driver) throw new Error(`apply: no driver ${id}`);
  const changed: Driver = {
    ...driver,
    ...change,
    view: told ? driver.view + 1 : driver.view,
    nudgeMs: atMs + zone.policy.repeatMs,
  };
  zone.drivers[driver.slot] = changed;
  scheduleDriver(zone, changed);
}

function scheduleDriver(zone: Zone, driver: Driver): void {
  zone.agenda.add(driverDueMs(driver), 'driver', driver.id);
  // Whether an offer was seen hangs on the driver's record, and so does when to look at it again.
  const offer = driver.offer === null ? undefined : zone.offers.get(driver.offer);
  if (offer) zone.agenda.add(offerDueMs(zone, offer), 'offer', offer.id);
}

function changeDelivery(zone: Zone, id: DeliveryId, change: Partial<Delivery>): void {
  const delivery = zone.deliveries.get(id);
  if (delivery) setDelivery(zone, { ...delivery, ...change });
}

function setDelivery(zone: Zone, delivery: Delivery): void {
  zone.deliveries.set(delivery.id, delivery);
  zone.agenda.add(deliveryDueMs(zone, delivery), 'delivery', delivery.id);
}

/** The stop id: derived from its delivery, so that every replay names it alike. */
export function stopOf(delivery: Delivery, kind: Stop['kind']): Stop {
  const place = kind === 'dropoff' ? delivery.request.dropoff : delivery.request.pickup;
  return {
    id: `stp_${delivery.id.slice(4, 32)}${hash32(`${delivery.id} ${kind}`).toString(16).padStart(8, '0')}`,
    kind,
    delivery: delivery.id,
    latE7: place.latE7,
    lonE7: place.lonE7,
    cell: place.cell,
    arrived: false,
  };
}
