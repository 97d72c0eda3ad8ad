/** What drivers' apps report: connections, sightings, and numbered actions. */
import type { DriverCommand, Presence } from '../../../contracts/commands.ts';
import type { DeliveryId } from '../../../contracts/ids.ts';
import type { Deed, RefusalReason } from '../../../contracts/refusals.ts';
import type { Decision } from '../decision.ts';
import { clear, raise } from '../exceptions/raising.ts';
import type { Driver } from '../records.ts';
import { type DeedAnswer, decideDeed, joinZone } from './deeds.ts';
import { leaveFor } from './transfers.ts';

type Acted = Extract<DriverCommand, { type: 'driver.acted' }>;

export function decideDriver(step: Decision, command: DriverCommand): void {
  const driver = step.driver(command.driver);
  switch (command.type) {
    case 'driver.connected':
      return connected(step, driver, command);
    case 'driver.disconnected':
      if (driver?.presence?.session === command.presence.session) {
        step.emit({ type: 'driver.present', driver: driver.id, presence: null });
      }
      return;
    case 'driver.seen':
      if (driver && command.view > driver.seenView && command.view <= driver.view) {
        step.emit({ type: 'driver.seen', driver: driver.id, view: command.view });
      }
      return;
    case 'driver.strayed':
      if (driver) leaveFor(step, driver, command.to);
      return;
    case 'driver.acted':
      return acted(step, driver, command);
  }
}

function connected(
  step: Decision,
  driver: Driver | null,
  command: Extract<DriverCommand, { type: 'driver.connected' }>,
): void {
  const { presence } = command;
  if (!driver) {
    return step.emit({ type: 'driver.unknown', driver: command.driver, presence });
  }
  const current = driver.presence;
  if (current && presence.session < current.session) return;
  const replaced = current && current.session !== presence.session ? current : null;
  step.emit({
    type: 'driver.present',
    driver: driver.id,
    presence,
    ...(replaced ? { superseded: replaced } : {}),
  });
  reviewHolds(step, driver, new Set(command.holds ?? []));
}

/** A phone that says it holds what the books give to nobody or another: ops must look. */
function reviewHolds(step: Decision, driver: Driver, holds: ReadonlySet<DeliveryId>): void {
  for (const delivery of step.zone.exceptions.about(driver.id, 'held_by_other')) {
    if (!holds.has(delivery)) clear(step, delivery, 'held_by_other');
  }
  for (const id of holds) {
    const delivery = step.delivery(id);
    if (!delivery || delivery.driver === driver.id) continue;
    raise(step, delivery, 'held_by_other', driver.id);
  }
}

function acted(step: Decision, driver: Driver | null, command: Acted): void {
  const { deed, action } = command;
  if (!driver) {
    if (deed.kind === 'duty' && deed.duty === 'available' && deed.profile) {
      return joinZone(step, command, deed.profile, deed.at);
    }
    if (command.presence) {
      step.emit({ type: 'driver.unknown', driver: command.driver, presence: command.presence });
    }
    return;
  }
  if (action <= driver.lastAction) {
    const before = driver.outcomes.find((outcome) => outcome.action === action);
    return answerAgain(
      step,
      driver,
      action,
      before?.deed ?? deed.kind,
      before?.refused,
      command.presence,
    );
  }
  if (action > driver.lastAction + 1) {
    return answerAgain(step, driver, action, deed.kind, 'number_gap', command.presence);
  }
  if (driver.leaving) {
    // Not taken in: the app sends it again, and the other zone will know the driver by then.
    return answerAgain(step, driver, action, deed.kind, 'driver_leaving', command.presence);
  }
  const answer = decideDeed(step, driver, command);
  record(step, command, answer);
}

function record(step: Decision, command: Acted, answer: DeedAnswer): void {
  if (!step.driver(command.driver)) return;
  const { deed, action, presence } = command;
  step.emit({
    type: 'driver.acted',
    driver: command.driver,
    action,
    deed: deed.kind,
    ...(answer.refused ? { refused: answer.refused } : {}),
    ...('offer' in deed ? { offer: deed.offer } : {}),
    ...('delivery' in deed ? { delivery: deed.delivery } : {}),
    ...(presence ? { via: presence } : {}),
  });
}

function answerAgain(
  step: Decision,
  driver: Driver,
  action: number,
  deed: Deed,
  refused: RefusalReason | undefined,
  via: Presence | undefined,
): void {
  step.emit({
    type: 'driver.repeated',
    driver: driver.id,
    action,
    deed,
    ...(refused ? { refused } : {}),
    ...(via ? { via } : {}),
  });
}
