/**
 * When a problem of a delivery is raised to ops, and when it is over. A problem is open at most once per
 * delivery. What time alone brings stands in the agenda (`exceptionDueMs`); what a step changed is
 * reviewed at its end (`reviewExceptions`), so that no decision has to think of the queue.
 */
import type { DeliveryId, DriverId } from '../../../contracts/ids.ts';
import type { DeliveryProblem } from '../../../contracts/problems.ts';
import { isAboard } from '../../../contracts/states.ts';
import type { Decision } from '../decision.ts';
import type { Delivery } from '../records.ts';
import type { Zone } from '../zone.ts';
import { unassignedDueMs, vendorLateDueMs } from './exception-due.ts';
import type { OpenProblem } from './exceptions.ts';
import { forecastMs } from './forecast.ts';

/** A door time that moved by more than this is told at once; zone ms. */
const MOVED_MS = 60_000;

/** Raises a problem to ops unless it is open. `about`: whom it concerns; left out: its driver. */
export function raise(
  step: Decision,
  delivery: Delivery,
  problem: DeliveryProblem,
  about: DriverId | null = delivery.driver,
): void {
  if (step.zone.exceptions.isOpen(delivery.id, problem)) return;
  step.emit({
    type: 'delivery.raised',
    delivery: delivery.id,
    problem,
    doorMs: forecastMs(step.zone, delivery, step.atMs),
    ...(about === null ? {} : { driver: about }),
  });
}

/** Somebody has a parcel whose delivery was cancelled or has failed: no plan will tell where it goes. */
export function raiseAfterEnd(step: Decision, id: DeliveryId, driver: DriverId): void {
  const ended = step.zone.tombstones.get(id);
  if (ended?.state !== 'cancelled' && ended?.state !== 'failed') return;
  if (step.zone.exceptions.isOpen(id, 'held_after_end')) return;
  step.emit({ type: 'delivery.raised', delivery: id, problem: 'held_after_end', driver });
}

/** A problem is over, if it was open. */
export function clear(step: Decision, delivery: DeliveryId, problem: DeliveryProblem): void {
  if (!step.zone.exceptions.isOpen(delivery, problem)) return;
  step.emit({ type: 'delivery.cleared', delivery, problem });
}

/** Time has come for a delivery: raises what has lasted too long, and tells its door time anew. */
export function exceptionDue(step: Decision, delivery: Delivery): void {
  const { zone, atMs } = step;
  if (unassignedDueMs(zone, delivery) <= atMs) raise(step, delivery, 'unassigned_too_long');
  if (vendorLateDueMs(zone, delivery) <= atMs) raise(step, delivery, 'vendor_late');
  const record = zone.exceptions.of(delivery.id);
  if (record && record.nextMs <= atMs) tell(step, delivery);
}

function tell(step: Decision, delivery: Delivery): void {
  const doorMs = forecastMs(step.zone, delivery, step.atMs);
  step.emit({ type: 'delivery.forecast', delivery: delivery.id, doorMs });
}

/** At the end of a step: clears what it has mended, and tells door times that it has moved. */
export function reviewExceptions(step: Decision): void {
  const { zone, atMs } = step;
  if (zone.exceptions.size === 0) return;
  for (const id of touchedBy(step)) {
    const before = zone.exceptions.of(id);
    const delivery = step.delivery(id);
    if (!before || !delivery) continue;
    for (const open of before.open) {
      if (isOver(zone, delivery, open, atMs)) clear(step, id, open.problem);
    }
    const left = zone.exceptions.of(id);
    if (!left || left.toldMs >= atMs) continue;
    if (Math.abs(forecastMs(zone, delivery, atMs) - left.doorMs) >= MOVED_MS) tell(step, delivery);
  }
}

/** Deliveries that the step's events speak of, or whose driver they speak of. */
function touchedBy(step: Decision): Set<DeliveryId> {
  const touched = new Set<DeliveryId>();
  for (const event of step.events) {
    if ('delivery' in event && event.delivery !== undefined) touched.add(event.delivery);
    if (event.type !== 'driver.silent') continue;
    for (const stop of step.driver(event.driver)?.plan.stops ?? []) touched.add(stop.delivery);
  }
  return touched;
}

function isOver(zone: Zone, delivery: Delivery, open: OpenProblem, atMs: number): boolean {
  const { state, driver } = delivery;
  switch (open.problem) {
    case 'unassigned_too_long':
      return unassignedDueMs(zone, delivery) > atMs;
    case 'vendor_late':
      return driver !== open.driver || vendorLateDueMs(zone, delivery) > atMs;
    case 'stalled':
      return driver !== open.driver || state !== 'assigned';
    case 'customer_unreachable':
      return state !== 'at_dropoff';
    case 'driver_silent_with_parcel':
      return driver === null || zone.driver(driver)?.silence !== 'suspended' || !isAboard(state);
    case 'held_by_other':
      return driver === open.driver && isAboard(state);
    case 'aboard_too_long':
    case 'held_after_end':
    case 'picked_up_by_other':
    case 'claimed_by_two':
      return false;
  }
}
