/**
 * What must be told to the world after a commit, from the events and the state they left behind.
 * Pushes to a driver are whole views by version, so one push at the end says it all.
 */

import type { Presence } from '../../contracts/commands.ts';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DriverId, ZoneId } from '../../contracts/ids.ts';
import type { DriverView } from '../../contracts/push.ts';
import type { Effect } from './input.ts';
import type { Delivery, Driver } from './records.ts';
import type { Shard } from './shard.ts';
import { etaFields, shownEta } from './travel/eta.ts';
import type { Zone } from './zone.ts';

/** Events after which the driver's app must get its view. */
const TELLS_DRIVER: ReadonlySet<ZoneEvent['type']> = new Set([
  'driver.joined',
  'driver.duty',
  'driver.present',
  'driver.nudged',
  'driver.sent',
  'driver.stalled',
  'driver.plan',
  'driver.stayed',
  'delivery.waiting',
  'offer.made',
  'offer.closed',
]);

/** Events after which whoever tracks the delivery must hear of it. */
const TELLS_TRACKERS: ReadonlySet<ZoneEvent['type']> = new Set([
  'delivery.due',
  'delivery.ready',
  'delivery.assigned',
  'delivery.unassigned',
  'delivery.moved',
  'delivery.returning',
]);

/** The effects of a committed step, in the order they must leave. */
export function effectsOf(
  shard: Shard,
  id: ZoneId,
  events: readonly ZoneEvent[],
  atMs: number,
): Effect[] {
  const zone = shard.zones.get(id);
  const effects: Effect[] = [];
  const told = new Set<DriverId>();
  const tracked = new Map<string, Delivery>();
  for (const event of events) {
    directEffects(zone, id, event, effects);
    if (!zone) continue;
    if (TELLS_DRIVER.has(event.type)) told.add(driverOf(event));
    if (TELLS_TRACKERS.has(event.type) && 'delivery' in event && event.delivery) {
      const delivery = zone.deliveries.get(event.delivery);
      if (delivery) tracked.set(delivery.id, delivery);
    }
    if (event.type === 'delivery.requested') {
      const delivery = zone.deliveries.get(event.request.id);
      if (delivery) tracked.set(delivery.id, delivery);
    }
  }
  if (!zone) return effects;
  for (const driverId of told) {
    const push = viewPush(zone, zone.driver(driverId));
    if (push) effects.push(push);
  }
  for (const delivery of tracked.values()) {
    if (zone.deliveries.has(delivery.id)) effects.push(statusEffect(zone, delivery, atMs));
  }
  return effects;
}

function driverOf(event: ZoneEvent): DriverId {
  if (event.type === 'driver.joined') return event.profile.driver;
  return 'driver' in event && typeof event.driver === 'string' ? event.driver : '';
}

function directEffects(
  zone: Zone | undefined,
  id: ZoneId,
  event: ZoneEvent,
  effects: Effect[],
): void {
  switch (event.type) {
    case 'driver.acted':
    case 'driver.repeated': {
      const to = event.via ?? zone?.driver(event.driver)?.presence;
      if (to) effects.push(ackPush(event, to));
      return;
    }
    case 'driver.unknown':
      effects.push({
        kind: 'push',
        gateway: event.presence.gateway,
        push: { t: 'elsewhere', driver: event.driver, session: event.presence.session },
      });
      return;
    case 'driver.present':
      if (!event.superseded) return;
      effects.push({
        kind: 'push',
        gateway: event.superseded.gateway,
        push: { t: 'superseded', driver: event.driver, session: event.superseded.session },
      });
      return;
    case 'driver.joined':
      effects.push({ kind: 'directory', driver: event.profile.driver, zone: id, from: id });
      return;
    case 'driver.left':
      effects.push({ kind: 'directory', driver: event.driver, zone: null, from: id });
      return;
    case 'driver.leaving':
      effects.push({
        kind: 'send',
        zone: event.to,
        command: {
          type: 'transfer.offered',
          from: id,
          transfer: event.transfer,
          driver: event.record,
        },
      });
      return;
    case 'driver.nudged': {
      const leaving = zone?.driver(event.driver)?.leaving;
      if (!leaving) return;
      const { to, transfer, record } = leaving;
      effects.push({
        kind: 'send',
        zone: to,
        command: { type: 'transfer.offered', from: id, transfer, driver: record },
      });
      return;
    }
    case 'transfer.answered':
      effects.push({
        kind: 'send',
        zone: event.to,
        command: {
          type: event.taken ? 'transfer.taken' : 'transfer.refused',
          driver: event.driver,
          transfer: event.transfer,
        },
      });
      return;
    case 'delivery.ended':
      effects.push({
        kind: 'track',
        delivery: event.delivery,
        message: {
          t: 'status',
          delivery: event.delivery,
          state: event.state,
          atMs: event.atMs,
          promiseMs: 0,
          etaMs: null,
          reason: event.reason,
        },
      });
  }
}

function ackPush(
  event: Extract<ZoneEvent, { type: 'driver.acted' | 'driver.repeated' }>,
  to: Presence,
): Effect {
  const { driver, action, deed, refused } = event;
  return {
    kind: 'push',
    gateway: to.gateway,
    push: {
      t: 'ack',
      driver,
      session: to.session,
      action,
      deed,
      ...(refused ? { refused } : {}),
    },
  };
}

/** The whole view of a driver, for its app. */
export function viewOf(zone: Zone, driver: Driver): DriverView {
  const offer = driver.offer === null ? null : zone.offers.get(driver.offer);
  const waits = driver.plan.stops.flatMap(({ delivery, kind }) => {
    const wait = kind === 'dropoff' ? zone.deliveries.get(delivery)?.wait : null;
    return wait ? [{ delivery, ...wait }] : [];
  });
  return {
    driver: driver.id,
    zone: zone.config.id,
    version: driver.view,
    duty: driver.duty,
    slot: driver.slot,
    tenancy: driver.tenancy,
    planVersion: driver.plan.version,
    stops: driver.plan.stops,
    offer: offer
      ? { id: offer.id, deliveries: offer.deliveries, stops: offer.stops, terms: offer.terms }
      : null,
    ...(waits.length > 0 ? { waits } : {}),
    lastAction: driver.lastAction,
    ...(driver.stall ? { stalledSinceMs: driver.stall.sinceMs } : {}),
    ...(driver.sentTo ? { waitAt: { ...driver.sentTo, byMs: driver.sentUntilMs ?? 0 } } : {}),
  };
}

function viewPush(zone: Zone, driver: Driver | null): Effect | null {
  if (!driver?.presence || driver.leaving) return null;
  const { gateway, session } = driver.presence;
  return { kind: 'push', gateway, push: { t: 'view', session, view: viewOf(zone, driver) } };
}

function statusEffect(zone: Zone, delivery: Delivery, atMs: number): Effect {
  return {
    kind: 'track',
    delivery: delivery.id,
    message: {
      t: 'status',
      delivery: delivery.id,
      state: delivery.state,
      atMs,
      promiseMs: delivery.promiseMs,
      ...etaFields(shownEta(zone, delivery, atMs, { isChanged: true })),
    },
  };
}

/**
 * What a new owner asserts again after a takeover, because the old one may have died between the
 * commit and its effects: the directory, unanswered hand-overs, and the view of every connected driver
 * that has not confirmed it.
 */
export function recoveryEffects(shard: Shard): { zone: ZoneId; effect: Effect }[] {
  const out: { zone: ZoneId; effect: Effect }[] = [];
  for (const [id, zone] of shard.zones) {
    for (const driver of zone.drivers) {
      if (!driver) continue;
      const effect: Effect = driver.leaving
        ? {
            kind: 'send',
            zone: driver.leaving.to,
            command: {
              type: 'transfer.offered',
              from: id,
              transfer: driver.leaving.transfer,
              driver: driver.leaving.record,
            },
          }
        : { kind: 'directory', driver: driver.id, zone: id, from: id };
      out.push({ zone: id, effect });
      const push = viewPush(zone, driver);
      if (push && driver.seenView < driver.view) out.push({ zone: id, effect: push });
    }
  }
  return out;
}
