/** What time alone decides: deadlines of offers, deliveries, controls; silence; repeats. */
import type { DeliveryId, DriverId, OfferId } from '../../contracts/ids.ts';
import type { ControlKind } from '../../contracts/zone.ts';
import type { Due, DueKind } from './agenda.ts';
import { closeOffer, endDelivery, unassign } from './commands/moves.ts';
import type { Decision } from './decision.ts';
import { deliveryDueMs, driverDueMs, isSeen, isUnanswered, offerDueMs } from './due.ts';
import { exceptionDueMs } from './exceptions/exception-due.ts';
import { clear, exceptionDue, raise } from './exceptions/raising.ts';
import type { ZoneInput } from './input.ts';
import { ZONE_LIMITS } from './limits.ts';

/** Does everything that is due at the step's time. */
export function decideTimer(step: Decision): void {
  const { agenda } = step.zone;
  let exceptions = 0;
  for (const due of agenda.take(step.atMs)) {
    // A forecast costs more than a look: many at once would hold up everybody else.
    if (due.kind === 'exception' && ++exceptions > ZONE_LIMITS.exceptionsPerStep) {
      agenda.add(due.atMs, due.kind, due.id);
    } else decideDue(step, due);
  }
}

function decideDue(step: Decision, due: Due): void {
  switch (due.kind) {
    case 'control': {
      const kind = due.id as ControlKind;
      const control = step.zone.controls.get(kind);
      if (control && control.untilMs <= step.atMs) step.emit({ type: 'control.ended', kind });
      return;
    }
    case 'delivery':
      return deliveryDue(step, due.id);
    case 'exception': {
      const delivery = step.delivery(due.id);
      if (!delivery || isLater(step, exceptionDueMs(step.zone, delivery), 'exception', due.id))
        return;
      return exceptionDue(step, delivery);
    }
    case 'offer':
      return offerDue(step, due.id);
    case 'driver':
      return driverDue(step, due.id);
    case 'tombstones':
      return tombstonesDue(step);
  }
}

/** An entry of the agenda is only a hint: when the record says later, it is put back for then. */
function isLater(step: Decision, dueMs: number, kind: DueKind, id: string): boolean {
  if (dueMs <= step.atMs) return false;
  step.zone.agenda.add(dueMs, kind, id);
  return true;
}

function deliveryDue(step: Decision, id: DeliveryId): void {
  const delivery = step.delivery(id);
  if (!delivery || isLater(step, deliveryDueMs(step.zone, delivery), 'delivery', id)) return;
  switch (delivery.state) {
    case 'scheduled':
      return step.emit({ type: 'delivery.due', delivery: id });
    case 'pending':
      return endDelivery(step, delivery, 'failed', { code: 'no_driver_found', fault: 'platform' });
    case 'assigned':
    case 'at_pickup':
      return endDelivery(step, delivery, 'failed', { code: 'never_completed', fault: 'driver' });
    default:
      if (!delivery.raised.includes('aboard_too_long')) {
        return raise(step, delivery, 'aboard_too_long');
      }
      return endDelivery(step, delivery, 'failed', { code: 'never_completed', fault: 'driver' });
  }
}

function offerDue(step: Decision, id: OfferId): void {
  const offer = step.zone.offers.get(id);
  if (!offer || isLater(step, offerDueMs(step.zone, offer), 'offer', id)) return;
  if (offer.terms.expiresMs > step.atMs) {
    return step.emit({ type: 'offer.unseen', offer: id, driver: offer.driver });
  }
  // Silence cools down too: asking the same phone again at once would only cost the customer time.
  const coolUntilMs = step.atMs + step.zone.policy.offerTtlMs;
  closeOffer(step, id, isSeen(step.zone, offer) ? 'expired' : 'undelivered', { coolUntilMs });
}

function driverDue(step: Decision, id: DriverId): void {
  const driver = step.driver(id);
  if (!driver || isLater(step, driverDueMs(driver), 'driver', id)) return;
  if (isUnanswered(driver)) return step.emit({ type: 'driver.nudged', driver: id });
  if (driver.duty === 'off') step.emit({ type: 'driver.left', driver: id });
}

function tombstonesDue(step: Decision): void {
  const { tombstones } = step.zone;
  const keepFromMs = step.atMs - ZONE_LIMITS.tombstoneMs;
  const excess = tombstones.size - ZONE_LIMITS.tombstones;
  let count = 0;
  for (const { id, endedMs } of tombstones.values()) {
    if (endedMs > keepFromMs && count >= excess) break;
    count++;
    clear(step, id, 'held_after_end');
  }
  if (count > 0) step.emit({ type: 'tombstones.dropped', count });
}

/**
 * Silence: a stale driver gets no offers; a suspended one loses what it has not picked up, and what
 * it has aboard is raised to ops. A new position makes it live again.
 */
export function decideSilence(
  step: Decision,
  input: Extract<ZoneInput, { kind: 'silence' }>,
): void {
  for (const { slot, level } of input.drivers) {
    const driver = step.zone.drivers[slot];
    if (!driver || driver.silence === level) continue;
    step.emit({ type: 'driver.silent', driver: driver.id, level });
    if (level !== 'suspended') continue;
    if (driver.offer) closeOffer(step, driver.offer, 'withdrawn', { why: 'silent' });
    const ids = new Set(driver.plan.stops.map((stop) => stop.delivery));
    for (const id of ids) {
      const delivery = step.delivery(id);
      if (!delivery) continue;
      if (delivery.state === 'assigned' || delivery.state === 'at_pickup') {
        unassign(step, delivery, 'driver_silent');
      } else {
        raise(step, delivery, 'driver_silent_with_parcel');
      }
    }
  }
}
