/**
 * The customer does not answer. The driver says so at the door, and a wait begins; each further attempt
 * to reach them is recorded. Only when the wait is over may the driver end the delivery for that
 * reason; ops may end the wait early. A phone that does not know the deed starts the wait by asking to
 * end the delivery.
 */

import type { ContactWay } from '../../../contracts/problems.ts';
import type { RefusalReason } from '../../../contracts/refusals.ts';
import type { Decision } from '../decision.ts';
import type { Delivery } from '../records.ts';
import type { Zone } from '../zone.ts';
import { raise } from './raising.ts';

/** An attempt to reach the customer; the first one starts the wait. At the door only. */
export function noteAttempt(step: Decision, delivery: Delivery, tried?: ContactWay): void {
  const { driver, wait } = delivery;
  if (driver === null) return;
  step.emit({
    type: 'delivery.waiting',
    delivery: delivery.id,
    driver,
    untilMs: wait?.untilMs ?? step.atMs + step.zone.policy.unreachableWaitMs,
    attempts: (wait?.attempts ?? 0) + 1,
    ...(tried === undefined ? {} : { tried }),
  });
  raise(step, step.delivery(delivery.id) ?? delivery, 'customer_unreachable');
}

/** Whether the zone has its drivers wait before they give up on this delivery's customer. */
export function waitsForCustomers(zone: Zone, { state }: Delivery): boolean {
  return zone.policy.unreachableWaitMs > 0 && (state === 'picked_up' || state === 'at_dropoff');
}

/** Why the driver may not yet give up on the customer; null when it may. */
export function refuseToGiveUp(step: Decision, delivery: Delivery): RefusalReason | null {
  if (!delivery.wait) noteAttempt(step, delivery);
  const untilMs = step.delivery(delivery.id)?.wait?.untilMs ?? 0;
  return step.atMs < untilMs ? 'wait_running' : null;
}

/** Ops has seen enough: the driver may give up now. */
export function endWait(step: Decision, delivery: Delivery): RefusalReason | undefined {
  const { driver, wait, state } = delivery;
  if (!wait || driver === null || state !== 'at_dropoff') return 'wrong_state';
  if (wait.untilMs <= step.atMs) return;
  const { attempts } = wait;
  step.emit({
    ...{ type: 'delivery.waiting', delivery: delivery.id, driver, untilMs: step.atMs, attempts },
  });
  return;
}
