/** What events change in drivers. */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DriverId } from '../../contracts/ids.ts';
import { changeDriver, type EventOf, scheduleDriver } from './change.ts';
import { ZONE_LIMITS } from './limits.ts';
import type { Driver } from './records.ts';
import { underWayAfter, withFix } from './travel/drives.ts';
import { arrivalKey, type Zone } from './zone.ts';

export function applyToDriver(zone: Zone, event: ZoneEvent, atMs: number): void {
  switch (event.type) {
    case 'driver.joined':
      return driverJoined(zone, event, atMs);
    case 'driver.duty':
      return changeDriver(zone, event.driver, atMs, true, {
        duty: event.duty,
        idleSinceMs: atMs,
        ...sentNowhere(zone, event.driver),
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
        if (driver) zone.drivers[fix.slot] = withFix(zone, driver, fix);
      }
      return;
    case 'driver.silent':
      return changeDriver(zone, event.driver, atMs, false, { silence: event.level });
    case 'driver.acted':
      return driverActed(zone, event, atMs);
    case 'driver.sent':
      return changeDriver(zone, event.driver, atMs, true, {
        sentUntilMs: event.arrivesMs,
        sentTo: event.to,
      });
    case 'driver.stalled': {
      const { stop, sinceMs } = event;
      const stall = sinceMs === null ? null : { stop, sinceMs, toldMs: atMs };
      return changeDriver(zone, event.driver, atMs, true, { stall });
    }
    case 'driver.rests':
      return changeDriver(zone, event.driver, atMs, false, { restUntilMs: event.untilMs });
    case 'driver.nudged':
      return changeDriver(zone, event.driver, atMs, false, {});
    case 'driver.plan':
      return changeDriver(zone, event.driver, atMs, true, {
        plan: { version: event.version, stops: event.stops },
        idleSinceMs: atMs,
        ...driveTo(zone, event, atMs),
        ...sentNowhere(zone, event.driver),
        ...stallOver(zone, event),
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

/** Whoever gets something to do, or changes duty, waits nowhere any more. */
function sentNowhere(zone: Zone, id: DriverId): Partial<Driver> {
  return zone.driver(id)?.sentTo ? { sentTo: null } : {};
}

/** A stall is about one pickup: it ends when that is reached or no longer comes next. */
function stallOver(zone: Zone, event: EventOf<'driver.plan'>): Partial<Driver> {
  const stall = zone.driver(event.driver)?.stall;
  const [next] = event.stops;
  if (!stall || (next?.id === stall.stop && !next.arrived)) return {};
  return { stall: null };
}

/** The drive that a new plan begins, goes on with or ends. */
function driveTo(zone: Zone, event: EventOf<'driver.plan'>, atMs: number) {
  const driver = zone.driver(event.driver);
  const underWay = driver ? underWayAfter(zone, driver, event.stops, atMs) : undefined;
  return underWay || driver?.underWay ? { underWay } : {};
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

export function rememberAnswer(zone: Zone, event: EventOf<'transfer.answered'>): void {
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
