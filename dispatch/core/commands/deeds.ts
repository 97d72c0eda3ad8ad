/**
 * What a driver does. Answers to offers and changes of duty may be refused; a physical fact never is:
 * who has the parcel has the delivery, and the plan is repaired around it.
 */
import type { DriverCommand, DriverDeed, DriverProfile } from '../../../contracts/commands.ts';
import type { Place } from '../../../contracts/geo.ts';
import type { DeliveryId } from '../../../contracts/ids.ts';
import type { RefusalReason } from '../../../contracts/refusals.ts';
import { isAboard } from '../../../contracts/states.ts';
import type { Decision } from '../decision.ts';
import { clear, raise, raiseAfterEnd } from '../exceptions/raising.ts';
import { noteAttempt, refuseToGiveUp, waitsForCustomers } from '../exceptions/unreachable.ts';
import { observePickup } from '../kitchens/kitchen-observations.ts';
import { ZONE_LIMITS } from '../limits.ts';
import { finder, forceUnit, isWithinCapacity } from '../plans/insertion.ts';
import { isSamePlace } from '../plans/schedule.ts';
import { stopOf } from '../plans/stops.ts';
import type { Delivery, Driver } from '../records.ts';
import { observeArrival } from '../travel/drives.ts';
import { tellEta } from '../travel/eta-telling.ts';
import { assignTo, closeOffer, endDelivery, setPlan, unassign, withdrawOffer } from './moves.ts';

type Acted = Extract<DriverCommand, { type: 'driver.acted' }>;
type DeedOf<K extends DriverDeed['kind']> = Extract<DriverDeed, { kind: K }>;

/** Taken in, or taken in and refused with a reason. */
export interface DeedAnswer {
  readonly refused?: RefusalReason;
}
const DONE: DeedAnswer = {};

/** A driver nobody knows here goes on duty: it gets a slot. */
export function joinZone(
  step: Decision,
  command: Acted,
  profile: DriverProfile,
  at: Place | undefined,
): void {
  const { zone, atMs } = step;
  if (zone.slotOf.size >= ZONE_LIMITS.drivers) return;
  const slot = zone.freeSlots.at(-1) ?? zone.drivers.length;
  step.emit({
    type: 'driver.joined',
    slot,
    tenancy: zone.counter + 1,
    profile,
    duty: 'available',
    presence: command.presence ?? null,
    action: command.action - 1,
  });
  if (at) step.emit({ type: 'driver.fix', fixes: [{ slot, ...pointOf(at), atMs }] });
  step.emit({
    type: 'driver.acted',
    driver: profile.driver,
    action: command.action,
    deed: 'duty',
    ...(command.presence ? { via: command.presence } : {}),
  });
}

function pointOf(place: Place): Place {
  return { latE7: place.latE7, lonE7: place.lonE7, cell: place.cell };
}

export function decideDeed(step: Decision, driver: Driver, command: Acted): DeedAnswer {
  const { deed } = command;
  switch (deed.kind) {
    case 'duty':
      return changeDuty(step, driver, deed);
    case 'accept':
      return accept(step, driver, deed);
    case 'decline':
      return decline(step, driver, deed);
    case 'arrived':
      return arrived(step, driver, deed.delivery);
    case 'picked_up':
      return pickedUp(step, driver, deed.delivery);
    case 'delivered':
      return delivered(step, driver, deed.delivery);
    case 'undeliverable':
      return undeliverable(step, driver, deed);
    case 'unreachable':
      return unreachable(step, driver, deed);
    case 'returned':
      return returned(step, driver, deed.delivery);
    case 'give_back':
      return giveBack(step, driver, deed.delivery);
  }
}

function changeDuty(step: Decision, driver: Driver, deed: DeedOf<'duty'>): DeedAnswer {
  const { duty, profile, at } = deed;
  const busy = driver.plan.stops.length > 0;
  if (duty === 'available' && profile) {
    const same = profile.vehicle === driver.profile.vehicle;
    if (busy && !same) return { refused: 'busy' };
  }
  if ((duty === 'off' || duty === 'on_break') && busy) return { refused: 'busy' };
  if (duty !== 'available' && driver.offer) {
    closeOffer(step, driver.offer, 'withdrawn', { why: 'off_duty' });
  }
  const next = duty === 'last_job' && !busy ? 'off' : duty;
  step.emit({
    type: 'driver.duty',
    driver: driver.id,
    duty: next,
    ...(profile && !busy ? { profile } : {}),
  });
  if (driver.silence !== 'live') {
    step.emit({ type: 'driver.silent', driver: driver.id, level: 'live' });
  }
  if (at) {
    const fix = { slot: driver.slot, ...pointOf(at), atMs: step.atMs };
    step.emit({ type: 'driver.fix', fixes: [fix] });
  }
  return DONE;
}

const LATE_ANSWER = {
  accepted: 'offer_accepted',
  declined: 'offer_declined',
  expired: 'offer_expired',
  undelivered: 'offer_undelivered',
  withdrawn: 'offer_withdrawn',
} as const satisfies Record<string, RefusalReason>;

function pastAnswer(driver: Driver, offer: string): DeedAnswer {
  const past = driver.pastOffers.find(([id]) => id === offer);
  if (past?.[2] === 'taken') return { refused: 'offer_taken' };
  return { refused: past ? LATE_ANSWER[past[1]] : 'unknown_offer' };
}

function accept(step: Decision, driver: Driver, deed: DeedOf<'accept'>): DeedAnswer {
  const offer = step.zone.offers.get(deed.offer);
  if (!offer || offer.driver !== driver.id) return pastAnswer(driver, deed.offer);
  const unit = offer.deliveries.flatMap((id) => step.delivery(id) ?? []);
  // The plan may have moved on since the offer (a stop done): then the unit goes in anew.
  const stops =
    driver.plan.version === offer.planVersion
      ? offer.stops
      : forceUnit(step.zone, driver, unit, step.atMs);
  if (!isWithinCapacity(driver, stops, finder(step.zone, unit))) {
    closeOffer(step, offer.id, 'withdrawn', { why: 'over_capacity' });
    return { refused: 'over_capacity' };
  }
  closeOffer(step, offer.id, 'accepted');
  // Others were asked too: the first accept wins.
  for (const { id } of unit) {
    const delivery = step.delivery(id);
    if (delivery) withdrawOffer(step, delivery, 'taken');
  }
  assignTo(step, step.driver(driver.id) ?? driver, unit, stops, 'offer');
  return DONE;
}

function decline(step: Decision, driver: Driver, deed: DeedOf<'decline'>): DeedAnswer {
  const offer = step.zone.offers.get(deed.offer);
  if (!offer || offer.driver !== driver.id) return pastAnswer(driver, deed.offer);
  const { atMs } = step;
  const { declineCoolDownMs, restMs } = step.zone.policy;
  // A vehicle does not change while the delivery waits: whoever says it does not fit is not asked again.
  const coolMs = deed.reason === 'vehicle' ? ZONE_LIMITS.tombstoneMs : declineCoolDownMs;
  closeOffer(step, offer.id, 'declined', { why: deed.reason, coolUntilMs: atMs + coolMs });
  if (deed.reason === 'busy' && restMs > 0) {
    step.emit({ type: 'driver.rests', driver: driver.id, untilMs: atMs + restMs, why: 'busy' });
  }
  return DONE;
}

/** Arrival counts for every next stop at the same door. For a delivery no longer theirs: no effect. */
function arrived(step: Decision, driver: Driver, id: DeliveryId): DeedAnswer {
  const at = driver.plan.stops.find((stop) => stop.delivery === id);
  if (!at) return DONE;
  const here = driver.plan.stops.filter(
    (stop) => stop.kind === at.kind && isSamePlace(stop, at) && !stop.arrived,
  );
  if (here.length === 0) return DONE;
  observeArrival(step, driver, at);
  setPlan(
    step,
    driver.id,
    driver.plan.stops.map((stop) => (here.includes(stop) ? { ...stop, arrived: true } : stop)),
  );
  for (const stop of here) {
    const delivery = step.delivery(stop.delivery);
    const state =
      stop.kind === 'pickup' && delivery?.state === 'assigned'
        ? 'at_pickup'
        : stop.kind === 'dropoff' && delivery?.state === 'picked_up'
          ? 'at_dropoff'
          : null;
    if (!state) continue;
    step.emit({
      type: 'delivery.moved',
      delivery: stop.delivery,
      state,
      driver: driver.id,
      atMs: step.atMs,
    });
  }
  return DONE;
}

/** Makes this driver the holder of a delivery that is not aboard with anybody. */
function takeByFact(step: Decision, driver: Driver, delivery: Delivery): Delivery {
  withdrawOffer(step, delivery, 'picked_up_by_other');
  if (delivery.driver !== null && delivery.driver !== driver.id) {
    raise(step, delivery, 'picked_up_by_other');
    unassign(step, delivery, 'picked_up_by_other');
  }
  // Whoever carries a parcel is at work, whatever the app said before.
  if (driver.duty === 'off' || driver.duty === 'on_break') {
    step.emit({ type: 'driver.duty', driver: driver.id, duty: 'last_job' });
  }
  const now = step.delivery(delivery.id) ?? delivery;
  const holder = step.driver(driver.id) ?? driver;
  assignTo(step, holder, [now], forceUnit(step.zone, holder, [now], step.atMs), 'fact');
  return step.delivery(delivery.id) ?? now;
}

function pickedUp(step: Decision, driver: Driver, id: DeliveryId): DeedAnswer {
  let delivery = step.delivery(id);
  if (!delivery) {
    raiseAfterEnd(step, id, driver.id);
    return endedOrUnknown(step, id);
  }
  if (isAboard(delivery.state)) {
    if (delivery.driver === driver.id) return DONE;
    raise(step, delivery, 'claimed_by_two');
    return { refused: 'not_your_delivery' };
  }
  if (delivery.driver !== driver.id) delivery = takeByFact(step, driver, delivery);
  const holder = step.driver(driver.id) ?? driver;
  observePickup(step, holder, delivery);
  setPlan(
    step,
    driver.id,
    holder.plan.stops.filter((stop) => stop.delivery !== id || stop.kind !== 'pickup'),
  );
  step.emit({
    type: 'delivery.moved',
    delivery: id,
    state: 'picked_up',
    driver: driver.id,
    atMs: step.atMs,
  });
  tellEta(step, id, 'picked_up');
  return DONE;
}

function delivered(step: Decision, driver: Driver, id: DeliveryId): DeedAnswer {
  const before = step.delivery(id);
  if (!before) return handedOverAfterEnd(step, driver, id);
  if (!isAboard(before.state) || before.driver !== driver.id) {
    const answer = pickedUp(step, driver, id);
    if (answer.refused) return answer;
  }
  const delivery = step.delivery(id);
  if (delivery) endDelivery(step, delivery, 'delivered', { code: 'completed', fault: 'platform' });
  return DONE;
}

function undeliverable(step: Decision, driver: Driver, deed: DeedOf<'undeliverable'>): DeedAnswer {
  let delivery = step.delivery(deed.delivery);
  if (!delivery) return endedOrUnknown(step, deed.delivery);
  if (delivery.driver !== driver.id) return { refused: 'not_your_delivery' };
  const { code, fault } = deed;
  if (code === 'customer_unreachable' && waitsForCustomers(step.zone, delivery)) {
    delivery = atTheDoor(step, driver, delivery);
    const refused = refuseToGiveUp(step, delivery);
    if (refused) return { refused };
  }
  if (!isAboard(delivery.state) || delivery.request.ifUndeliverable !== 'return') {
    endDelivery(step, delivery, 'failed', { code, fault });
    return DONE;
  }
  if (delivery.state === 'returning') return DONE;
  const reason = { code, fault, stage: delivery.state };
  step.emit({ type: 'delivery.returning', delivery: delivery.id, driver: driver.id, reason });
  const now = step.driver(driver.id) ?? driver;
  const others = now.plan.stops.filter((stop) => stop.delivery !== deed.delivery);
  setPlan(step, driver.id, [...others, stopOf(delivery, 'return')]);
  return DONE;
}

function unreachable(step: Decision, driver: Driver, deed: DeedOf<'unreachable'>): DeedAnswer {
  const delivery = step.delivery(deed.delivery);
  if (!delivery) return endedOrUnknown(step, deed.delivery);
  if (delivery.driver !== driver.id) return { refused: 'not_your_delivery' };
  if (!isAboard(delivery.state)) return { refused: 'not_aboard' };
  if (delivery.state === 'returning') return { refused: 'wrong_state' };
  noteAttempt(step, atTheDoor(step, driver, delivery), deed.tried);
  return DONE;
}

/** Whoever speaks of the customer stands at the door: a phone may have skipped the arrival. */
function atTheDoor(step: Decision, driver: Driver, delivery: Delivery): Delivery {
  if (delivery.state === 'picked_up') arrived(step, driver, delivery.id);
  return step.delivery(delivery.id) ?? delivery;
}

function returned(step: Decision, driver: Driver, id: DeliveryId): DeedAnswer {
  const delivery = step.delivery(id);
  if (!delivery) return handedOverAfterEnd(step, driver, id);
  if (delivery.driver !== driver.id) return { refused: 'not_your_delivery' };
  if (!isAboard(delivery.state)) return { refused: 'not_aboard' };
  const reason = delivery.returnReason ?? { code: 'refused_by_customer', fault: 'customer' };
  endDelivery(step, delivery, 'returned', { code: reason.code, fault: reason.fault });
  return DONE;
}

function giveBack(step: Decision, driver: Driver, id: DeliveryId): DeedAnswer {
  const delivery = step.delivery(id);
  if (!delivery) return endedOrUnknown(step, id);
  if (delivery.driver !== driver.id) return { refused: 'not_your_delivery' };
  if (isAboard(delivery.state)) return { refused: 'past_pickup' };
  const coolUntilMs = step.atMs + step.zone.policy.declineCoolDownMs;
  unassign(step, delivery, 'given_back', coolUntilMs);
  return DONE;
}

/** The parcel of an ended delivery has come to somebody: nobody need look for it any more. */
function handedOverAfterEnd(step: Decision, driver: Driver, id: DeliveryId): DeedAnswer {
  const held = step.zone.exceptions.about(driver.id, 'held_after_end').includes(id);
  if (held) clear(step, id, 'held_after_end');
  return endedOrUnknown(step, id);
}

/** A fact about an ended delivery changes nothing; about an unknown one it is refused. */
function endedOrUnknown(step: Decision, id: DeliveryId): DeedAnswer {
  return step.zone.tombstones.has(id) ? DONE : { refused: 'unknown_delivery' };
}
