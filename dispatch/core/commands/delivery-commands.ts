/** Requests, cancels and new ready times: what shops and services ask for, numbered per delivery. */
import type { DeliveryCommand, DeliveryRequest } from '../../../contracts/commands.ts';
import type { DeliveryId } from '../../../contracts/ids.ts';
import type { RefusalReason } from '../../../contracts/refusals.ts';
import { isAboard } from '../../../contracts/states.ts';
import type { Decision } from '../decision.ts';
import { releaseIfMuchLater } from '../kitchens/kitchen-word.ts';
import { learnedReadyTime } from '../kitchens/ready-times.ts';
import { ZONE_LIMITS } from '../limits.ts';
import type { Zone } from '../zone.ts';
import { endDelivery } from './moves.ts';

export function decideDelivery(step: Decision, command: DeliveryCommand): void {
  const id = command.type === 'delivery.request' ? command.request.id : command.delivery;
  const last = step.delivery(id)?.number ?? step.zone.tombstones.get(id)?.number ?? 0;
  // A repeat was answered by the log before; a gap is filled by the relay, which re-sends the
  // lowest unconfirmed command of each delivery.
  if (command.number !== last + 1) return;
  switch (command.type) {
    case 'delivery.request':
      return request(step, command.number, command.request);
    case 'delivery.cancel':
      return cancel(step, command);
    case 'delivery.ready':
      return ready(step, command);
  }
}

function refuse(step: Decision, delivery: DeliveryId, number: number, reason: RefusalReason): void {
  step.emit({ type: 'delivery.refused', delivery, number, reason });
}

function request(step: Decision, number: number, wanted: DeliveryRequest): void {
  const { zone, atMs } = step;
  if (step.delivery(wanted.id) || zone.tombstones.has(wanted.id)) {
    return refuse(step, wanted.id, number, 'wrong_state');
  }
  if (zone.control('pause_intake') === 1) return refuse(step, wanted.id, number, 'intake_paused');
  if (zone.deliveries.size >= ZONE_LIMITS.openDeliveries) {
    return refuse(step, wanted.id, number, 'zone_full');
  }
  const later = wanted.notBeforeMs !== undefined && wanted.notBeforeMs > atMs;
  step.emit({
    type: 'delivery.requested',
    number,
    request: wanted,
    promiseMs: promiseMs(zone, wanted, atMs),
    state: later ? 'scheduled' : 'pending',
  });
}

/** The promise: as asked, or expected ready time + drive + service + the zone's slack; ops may stretch it. */
function promiseMs(zone: Zone, wanted: DeliveryRequest, atMs: number): number {
  const { pickupServiceMs, dropoffServiceMs, promiseSlackMs } = zone.policy;
  const ready = learnedReadyTime(zone, wanted, wanted.readyMs);
  const startMs = Math.max(ready.meanMs, wanted.notBeforeMs ?? atMs, atMs);
  const drivingMs = zone.travel.ms(wanted.pickup, wanted.dropoff, 'bicycle', startMs);
  const ours = startMs + drivingMs + pickupServiceMs + dropoffServiceMs + promiseSlackMs;
  const stretchMs = (zone.control('stretch_promises') ?? 0) * 60_000;
  return (wanted.promiseMs ?? ours) + stretchMs;
}

function cancel(
  step: Decision,
  command: Extract<DeliveryCommand, { type: 'delivery.cancel' }>,
): void {
  const delivery = step.delivery(command.delivery);
  if (!delivery) {
    const known = step.zone.tombstones.has(command.delivery);
    const reason = known ? 'already_ended' : 'unknown_delivery';
    return refuse(step, command.delivery, command.number, reason);
  }
  if (isAboard(delivery.state)) {
    return refuse(step, delivery.id, command.number, 'past_pickup');
  }
  step.emit({ type: 'delivery.confirmed', delivery: delivery.id, number: command.number });
  endDelivery(step, delivery, 'cancelled', { code: command.code, fault: command.fault });
}

function ready(
  step: Decision,
  command: Extract<DeliveryCommand, { type: 'delivery.ready' }>,
): void {
  const delivery = step.delivery(command.delivery);
  if (!delivery) return refuse(step, command.delivery, command.number, 'already_ended');
  step.emit({ type: 'delivery.confirmed', delivery: delivery.id, number: command.number });
  step.emit({
    type: 'delivery.ready',
    delivery: delivery.id,
    readyMs: command.readyMs,
    readySource: command.readySource,
  });
  releaseIfMuchLater(step, delivery);
}
