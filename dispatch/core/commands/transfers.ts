/**
 * Handing a driver to another zone. The old zone freezes an idle driver and repeats the full record
 * until the new one says taken or refused; only then it forgets. The new zone answers a repeat alike.
 */
import type { DriverTransfer, ZoneToZoneCommand } from '../../../contracts/commands.ts';
import type { ZoneId } from '../../../contracts/ids.ts';
import type { Decision } from '../decision.ts';
import { ZONE_LIMITS } from '../limits.ts';
import type { Driver } from '../records.ts';
import { arrivalKey } from '../zone.ts';

/** Starts a hand-over when the driver is idle; otherwise the gateway's next report tries again. */
export function leaveFor(step: Decision, driver: Driver, to: ZoneId): void {
  const idle = driver.plan.stops.length === 0 && driver.offer === null;
  if (driver.leaving || !idle || driver.duty !== 'available' || to === step.zone.config.id) return;
  const { profile, duty, presence, lastAction, fix } = driver;
  const at = fix && { latE7: fix.latE7, lonE7: fix.lonE7, cell: fix.cell, atMs: fix.atMs };
  const { restUntilMs = 0 } = driver;
  const rest = restUntilMs > step.atMs ? { restUntilMs } : {};
  const record: DriverTransfer = { profile, duty, presence, lastAction, ...rest, fix: at };
  step.emit({
    type: 'driver.leaving',
    driver: driver.id,
    to,
    transfer: step.zone.counter + 1,
    record,
  });
}

export function decideTransfer(step: Decision, command: ZoneToZoneCommand): void {
  switch (command.type) {
    case 'transfer.offered':
      return offered(step, command.from, command.transfer, command.driver);
    case 'transfer.taken':
    case 'transfer.refused': {
      const driver = step.driver(command.driver);
      if (driver?.leaving?.transfer !== command.transfer) return;
      if (command.type === 'transfer.taken') {
        return step.emit({ type: 'driver.left', driver: driver.id, to: driver.leaving.to });
      }
      return step.emit({ type: 'driver.stayed', driver: driver.id, transfer: command.transfer });
    }
  }
}

function offered(step: Decision, from: ZoneId, transfer: number, record: DriverTransfer): void {
  const { zone } = step;
  const id = record.profile.driver;
  const answer = (taken: boolean) =>
    step.emit({ type: 'transfer.answered', driver: id, to: from, transfer, taken });
  const [last, taken] = zone.arrivals.get(arrivalKey(from, id)) ?? [0, false];
  if (transfer === last) return answer(taken);
  // A late repeat of a transfer that ended long ago: whoever sent it waits for no answer.
  if (transfer < last) return;
  const known = step.driver(id);
  if (known) {
    // An old record of an off-duty stay makes room; one that works here wins.
    if (known.plan.stops.length > 0 || known.offer !== null || known.leaving) return answer(false);
    step.emit({ type: 'driver.left', driver: id, to: zone.config.id });
  }
  if (zone.slotOf.size >= ZONE_LIMITS.drivers) return answer(false);
  const slot = zone.freeSlots.at(-1) ?? zone.drivers.length;
  step.emit({
    type: 'driver.joined',
    slot,
    tenancy: zone.counter + 1,
    profile: record.profile,
    duty: record.duty,
    presence: record.presence,
    action: record.lastAction,
    transfer: { from, number: transfer },
  });
  const { restUntilMs } = record;
  if (restUntilMs !== undefined && restUntilMs > step.atMs) {
    step.emit({ type: 'driver.rests', driver: id, untilMs: restUntilMs, why: 'busy' });
  }
  if (record.fix) step.emit({ type: 'driver.fix', fixes: [{ slot, ...record.fix }] });
  answer(true);
}
