import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Stop, ZoneEvent } from '../../contracts/events.ts';
import type { DeliveryId, DriverId } from '../../contracts/ids.ts';
import { isAboard } from '../../contracts/states.ts';
import {
  applyShard,
  decodeShard,
  encodeCopy,
  hashShard,
  type Shard,
  stepShard,
} from '../../dispatch/core/index.ts';
import { departureOf } from '../../dispatch/core/plans/insertion.ts';
import { drive } from '../../dispatch/core/plans/schedule.ts';
import type { Delivery, Driver } from '../../dispatch/core/records.ts';
import type { Zone } from '../../dispatch/core/zone.ts';
import { CoreDay, type DayStep } from '../support/core-day.ts';

/** What a round commits: this unit into this driver's plan, which then has these stops. */
interface Commitment {
  readonly driver: DriverId;
  readonly unit: readonly DeliveryId[];
  readonly stops: readonly Stop[];
}

function commitmentsOf(events: readonly ZoneEvent[]): Commitment[] {
  const units = new Map<DriverId, DeliveryId[]>();
  for (const event of events) {
    if (event.type !== 'delivery.assigned') continue;
    units.set(event.driver, [...(units.get(event.driver) ?? []), event.delivery]);
  }
  return events.flatMap((event): Commitment[] => {
    if (event.type === 'offer.made') {
      return [{ driver: event.driver, unit: event.deliveries, stops: event.stops }];
    }
    const unit = event.type === 'driver.plan' ? units.get(event.driver) : undefined;
    return event.type === 'driver.plan' && unit ? [{ ...event, unit }] : [];
  });
}

/** Every limit that this commitment breaks, judged without anything of the search. */
function broken(zone: Zone, atMs: number, { driver: id, unit, stops }: Commitment): string[] {
  const driver = zone.driver(id);
  if (!driver?.fix) return ['a driver who is not there'];
  const deliveries = new Map(
    stops.map(({ delivery }) => [delivery, zone.deliveries.get(delivery) as Delivery]),
  );
  const fresh = unit.map((each) => deliveries.get(each) as Delivery);
  return [
    ...personal(driver, fresh, atMs),
    ...loads(zone, driver, stops, deliveries),
    ...times(zone, driver, stops, deliveries, atMs),
    ...groups(fresh),
    ...(fresh.some(({ request: { pickup } }) => isFar(zone, driver, pickup)) ? ['radius'] : []),
  ];
}

function personal(
  { profile, duty, silence, offer }: Driver,
  fresh: readonly Delivery[],
  atMs: number,
) {
  const problems: string[] = [];
  if (duty !== 'available' || silence !== 'live' || offer !== null) problems.push('availability');
  for (const { request, coolDowns, state } of fresh) {
    const { vehicles, skills = [], fleets } = request;
    if (state !== 'pending') problems.push('not pending');
    if (vehicles && !vehicles.includes(profile.vehicleKind)) problems.push('vehicle');
    if (skills.some((skill) => !profile.skills.includes(skill))) problems.push('skill');
    if (fleets && !fleets.includes(profile.fleet ?? '')) problems.push('fleet');
    if (coolDowns.some(([id, untilMs]) => id === profile.driver && untilMs > atMs)) {
      problems.push('cool_down');
    }
  }
  return problems;
}

/** Walks the plan with what is in the vehicle. */
function loads(
  zone: Zone,
  { profile }: Driver,
  stops: readonly Stop[],
  deliveries: ReadonlyMap<DeliveryId, Delivery>,
): string[] {
  const inside = new Set([...deliveries.values()].filter(({ state }) => isAboard(state)));
  const problems: string[] = [];
  for (const { kind, delivery: id } of stops) {
    const delivery = deliveries.get(id) as Delivery;
    if (kind === 'pickup') inside.add(delivery);
    else if (!inside.delete(delivery)) problems.push('a hand-over before its pickup');
    const sum = (part: 'parcels' | 'volumeMl' | 'weightG') =>
      [...inside].reduce((total, { request }) => total + request.load[part], 0);
    const { capacity } = profile;
    if (sum('parcels') > capacity.parcels || sum('volumeMl') > capacity.volumeMl) {
      problems.push('capacity');
    }
    if (sum('weightG') > capacity.weightG) problems.push('capacity');
    const isOneGroup =
      new Set([...inside].map(({ id, request }) => request.group?.id ?? id)).size === 1;
    if (inside.size > zone.policy.stackMax && !isOneGroup) problems.push('stackMax');
  }
  if (inside.size > 0) problems.push('a parcel without a hand-over');
  return problems;
}

function times(
  zone: Zone,
  driver: Driver,
  stops: readonly Stop[],
  deliveries: ReadonlyMap<DeliveryId, Delivery>,
  atMs: number,
): string[] {
  const { detourMsMax, foodAgeMsMax } = zone.policy;
  const departure = departureOf(zone, driver, atMs);
  assert.ok(departure);
  const find = (id: DeliveryId) => zone.deliveries.get(id);
  const doorsOf = (plan: readonly Stop[]) =>
    new Map(
      drive(zone, departure, plan, find).flatMap(({ stop, doneMs }) =>
        stop.kind === 'dropoff' ? [[stop.delivery, doneMs] as const] : [],
      ),
    );
  const problems: string[] = [];
  const [before, after] = [doorsOf(driver.plan.stops), doorsOf(stops)];
  const firstPickup = stops.findIndex(({ kind }) => kind === 'pickup');
  // What is handed over before anything is picked up does not ride together with it.
  const together = new Set(stops.slice(firstPickup).map(({ delivery }) => delivery));
  for (const [id, { readyMs, promiseMs, request }] of deliveries) {
    const doorMs = after.get(id) ?? Number.POSITIVE_INFINITY;
    const wasMs = before.get(id);
    if (wasMs === undefined) {
      const ageMs = doorMs - Math.max(readyMs, request.placedMs);
      const size = request.group?.size ?? 1;
      if (together.size > size && ageMs > foodAgeMsMax) problems.push('food age');
      continue;
    }
    const allowedMs = Math.min(promiseMs, wasMs + detourMsMax, readyMs + foodAgeMsMax);
    if (doorMs > Math.max(wasMs, allowedMs))
      problems.push('promise, detour or food age of another');
  }
  const untilMs = driver.profile.untilMs ?? Number.POSITIVE_INFINITY;
  for (const { stop, doneMs } of drive(zone, departure, stops, find)) {
    const isNew = !driver.plan.stops.some(({ id }) => id === stop.id);
    if (stop.kind === 'pickup' && isNew && doneMs > untilMs) problems.push('shift end');
  }
  return problems;
}

function groups(fresh: readonly Delivery[]): string[] {
  return fresh.flatMap(({ request: { group } }) => {
    const members = fresh.filter((other) => other.request.group?.id === group?.id);
    return group && members.length !== group.size ? ['a group torn apart'] : [];
  });
}

/** From where it is, or from the doors that it goes to before. */
function isFar(
  zone: Zone,
  { fix, plan }: Driver,
  pickup: { latE7: number; lonE7: number },
): boolean {
  const from = [...(fix ? [fix] : []), ...plan.stops];
  return from.every((each) => zone.plane.meters(each, pickup) > zone.policy.radiusMeters);
}

function roundsOf(day: CoreDay): DayStep[] {
  return day.steps.filter(({ input }) => input.kind === 'round');
}

function stateBefore({ before }: DayStep): Shard {
  assert.ok(before);
  return decodeShard([...encodeCopy(before)]);
}

/** The zone as the round saw it: the state before, with the fixes it recorded. */
function seenBy(day: CoreDay, step: DayStep): Zone {
  const { events, atMs } = step;
  const shard = stateBefore(step);
  for (const event of events) {
    if (event.type === 'driver.fix') applyShard(shard, day.config.id, event, atMs);
  }
  const zone = shard.zones.get(day.config.id);
  assert.ok(zone);
  return zone;
}

const seed = fc.integer({ min: 1, max: 1_000_000 });
const policy = fc.record({
  autoAssign: fc.boolean(),
  joinAboard: fc.boolean(),
  stackMax: fc.integer({ min: 1, max: 4 }),
  radiusMeters: fc.constantFrom(1_000, 2_500, 6_000),
  detourMsMax: fc.constantFrom(0, 120_000, 600_000),
  foodAgeMsMax: fc.constantFrom(600_000, 1_200_000, 2_700_000),
  stackRadiusMeters: fc.constantFrom(0, 400, 2_000),
});

describe('a plan that a round commits', () => {
  test('breaks no limit of the driver, of the zone, or of a delivery already in it', () => {
    let commitments = 0;
    let joins = 0;
    fc.assert(
      fc.property(seed, policy, (drawn, limits) => {
        const day = new CoreDay(drawn, limits).play(50);
        for (const step of roundsOf(day)) {
          const committed = commitmentsOf(step.events);
          if (committed.length === 0) continue;
          const zone = seenBy(day, step);
          for (const commitment of committed) {
            commitments++;
            if (commitment.stops.length > 2) joins++;
            assert.deepEqual(broken(zone, step.atMs, commitment), [], JSON.stringify(commitment));
          }
        }
      }),
      { numRuns: 40 },
    );
    assert.ok(commitments > 200 && joins > 40, `${commitments} plans, ${joins} of several`);
  });
});

describe('the same log', () => {
  test('gives the same plans and explanations again, from any snapshot', () => {
    fc.assert(
      fc.property(
        seed,
        policy,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (drawn, limits, part) => {
          const day = new CoreDay(drawn, limits).play(40);
          const rounds = roundsOf(day);
          const from = rounds[Math.floor(part * (rounds.length - 1))];
          assert.ok(from);
          const shard = stateBefore(from);
          for (const { input, atMs, events } of day.steps.slice(day.steps.indexOf(from))) {
            const again = JSON.parse(JSON.stringify(input));
            assert.deepEqual(stepShard(shard, day.config.id, again, atMs), events);
          }
          assert.equal(hashShard(shard), hashShard(day.shard));
        },
      ),
      { numRuns: 25 },
    );
  });
});
