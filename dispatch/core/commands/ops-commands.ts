/** Ops: live controls, holds, manual assignment, marks. Every one leaves who, why and what in the log. */
import type { OpsCommand } from '../../../contracts/commands.ts';
import type { RefusalReason } from '../../../contracts/refusals.ts';
import { isAboard } from '../../../contracts/states.ts';
import type { Decision } from '../decision.ts';
import { endWait } from '../exceptions/unreachable.ts';
import { eligibility } from '../matching/eligibility.ts';
import { finder, forceUnit, isWithinCapacity } from '../plans/insertion.ts';
import type { Delivery } from '../records.ts';
import {
  assignTo,
  closeOffer,
  dropStops,
  endDelivery,
  setPlan,
  unassign,
  withdrawOffer,
} from './moves.ts';

type OnDelivery = Extract<OpsCommand, { type: 'delivery.ops' }>;

export function decideOps(step: Decision, command: OpsCommand): void {
  switch (command.type) {
    case 'zone.open':
      if (command.config.version > step.zone.config.version) {
        const { config, change } = command;
        step.emit({ type: 'zone.configured', config, ...(change === undefined ? {} : { change }) });
      }
      return;
    case 'zone.control':
      if (step.zone.opsRequests.has(command.request)) return;
      return step.emit({
        type: 'control.set',
        request: command.request,
        control: command.control,
      });
    case 'zone.redispatch':
      return redispatch(step, command);
    case 'delivery.ops':
      return onDelivery(step, command);
  }
}

/** Takes back everything that nobody has picked up yet, so that the next round decides anew. */
function redispatch(
  step: Decision,
  command: Extract<OpsCommand, { type: 'zone.redispatch' }>,
): void {
  if (step.zone.opsRequests.has(command.request)) return;
  for (const offer of [...step.zone.offers.keys()]) {
    closeOffer(step, offer, 'withdrawn', { why: 'redispatch' });
  }
  for (const delivery of [...step.zone.deliveries.values()]) {
    if (delivery.state === 'assigned') unassign(step, delivery, 'redispatch');
  }
  const { request, actor, reason } = command;
  step.emit({ type: 'ops.acted', request, actor, reason, verb: 'redispatch' });
}

function onDelivery(step: Decision, command: OnDelivery): void {
  if (step.zone.opsRequests.has(command.request)) return;
  const delivery = step.delivery(command.delivery);
  const refused = delivery
    ? carryOut(step, delivery, command.verb)
    : step.zone.tombstones.has(command.delivery)
      ? 'already_ended'
      : 'unknown_delivery';
  step.emit({
    type: 'ops.acted',
    request: command.request,
    actor: command.actor,
    reason: command.reason,
    verb: command.verb.kind,
    delivery: command.delivery,
    ...(refused ? { refused } : {}),
  });
}

function carryOut(
  step: Decision,
  delivery: Delivery,
  verb: OnDelivery['verb'],
): RefusalReason | undefined {
  switch (verb.kind) {
    case 'assign':
      return assign(step, delivery, verb.driver);
    case 'unassign':
      if (isAboard(delivery.state)) return 'past_pickup';
      withdrawOffer(step, delivery, 'ops');
      unassign(step, delivery, 'ops');
      return;
    case 'hold':
    case 'release':
      if (verb.kind === 'hold') withdrawOffer(step, delivery, 'ops');
      step.emit({ type: 'delivery.held', delivery: delivery.id, held: verb.kind === 'hold' });
      return;
    case 'picked_up':
      return markPickedUp(step, delivery, verb.driver);
    case 'delivered':
      if (delivery.driver === null) return 'wrong_state';
      endDelivery(step, delivery, 'delivered', { code: 'completed', fault: 'platform' });
      return;
    case 'end_wait':
      return endWait(step, delivery);
    case 'fail':
      endDelivery(step, delivery, 'failed', { code: verb.code, fault: verb.fault });
      return;
  }
}

function assign(step: Decision, delivery: Delivery, id: string): RefusalReason | undefined {
  if (isAboard(delivery.state)) return 'past_pickup';
  const driver = step.driver(id);
  if (!driver) return 'unknown_driver';
  if (driver.leaving) return 'driver_leaving';
  if (driver.duty !== 'available') return 'not_on_duty';
  if (delivery.driver === driver.id) return;
  if (eligibility(driver, delivery, step.atMs, { coolDowns: false }) !== null)
    return 'not_eligible';
  const stops = forceUnit(step.zone, driver, [delivery], step.atMs);
  if (!isWithinCapacity(driver, stops, finder(step.zone, [delivery]))) return 'over_capacity';
  withdrawOffer(step, delivery, 'ops');
  if (driver.offer) closeOffer(step, driver.offer, 'withdrawn', { why: 'ops' });
  if (delivery.state === 'scheduled') step.emit({ type: 'delivery.due', delivery: delivery.id });
  unassign(step, delivery, 'ops');
  const now = step.delivery(delivery.id);
  const taker = step.driver(driver.id);
  if (now && taker) assignTo(step, taker, [now], stops, 'ops');
  return;
}

function markPickedUp(
  step: Decision,
  delivery: Delivery,
  by: string | undefined,
): RefusalReason | undefined {
  if (isAboard(delivery.state)) return;
  const id = by ?? delivery.driver;
  if (id === null || id === undefined) return 'unknown_driver';
  const driver = step.driver(id);
  if (!driver) return 'unknown_driver';
  if (delivery.driver !== driver.id) {
    const refused = assign(step, delivery, driver.id);
    if (refused) return refused;
  }
  const holder = step.driver(driver.id);
  const rest = holder?.plan.stops.filter(
    (stop) => stop.delivery !== delivery.id || stop.kind !== 'pickup',
  );
  if (rest) setPlan(step, driver.id, rest);
  else dropStops(step, driver.id, delivery.id);
  step.emit({
    type: 'delivery.moved',
    delivery: delivery.id,
    state: 'picked_up',
    driver: driver.id,
    atMs: step.atMs,
  });
  return;
}
