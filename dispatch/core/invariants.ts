/**
 * What must always hold (design §7, 1–6) as checks. The simulator runs them after every step,
 * production samples them. Each problem names the records it found.
 */
import type { DeliveryProblem } from '../../contracts/problems.ts';
import { isAboard, isEnded } from '../../contracts/states.ts';
import { openOffers } from './commands/moves.ts';
import { ZONE_LIMITS } from './limits.ts';
import { finder, isWithinCapacity } from './plans/insertion.ts';
import type { Delivery, Driver } from './records.ts';
import type { Shard } from './shard.ts';
import type { Zone } from './zone.ts';

/** Problems that tell of a fact against the plan: a driver may be over capacity by them. */
const FACTS: ReadonlySet<string> = new Set<DeliveryProblem>([
  'held_by_other',
  'driver_silent_with_parcel',
  'aboard_too_long',
  'picked_up_by_other',
  'claimed_by_two',
]);

/** All problems of a shard; empty when everything holds. */
export function checkShard(shard: Shard): string[] {
  return [...shard.zones.values()].flatMap(checkZone);
}

export function checkZone(zone: Zone): string[] {
  const problems: string[] = [];
  const holders = new Map<string, string>();
  for (const driver of zone.drivers) {
    if (driver) checkDriver(zone, driver, holders, problems);
  }
  for (const delivery of zone.deliveries.values()) checkDelivery(zone, delivery, holders, problems);
  checkOffers(zone, problems);
  checkExceptions(zone, problems);
  const taken = zone.drivers.filter((driver) => driver !== null).length;
  if (taken !== zone.slotOf.size || taken + zone.freeSlots.length !== zone.drivers.length) {
    problems.push('slots: taken and free do not add up');
  }
  return problems;
}

function checkDriver(
  zone: Zone,
  driver: Driver,
  holders: Map<string, string>,
  problems: string[],
): void {
  const { stops } = driver.plan;
  for (const id of new Set(stops.map((stop) => stop.delivery))) {
    const before = holders.get(id);
    if (before !== undefined) problems.push(`${id}: in the plans of ${before} and ${driver.id}`);
    holders.set(id, driver.id);
    const delivery = zone.deliveries.get(id);
    if (delivery?.driver !== driver.id) problems.push(`${driver.id}: plan has ${id}, not theirs`);
    const kinds = stops.filter((stop) => stop.delivery === id).map((stop) => stop.kind);
    const expected = delivery ? expectedKinds(delivery) : '';
    if (kinds.join() !== expected) problems.push(`${id}: stops ${kinds.join()}, not ${expected}`);
  }
  if (stops.length > 0 && (driver.duty === 'off' || driver.duty === 'on_break')) {
    problems.push(`${driver.id}: has stops while ${driver.duty}`);
  }
  if (stops.length > 0 && driver.leaving) problems.push(`${driver.id}: leaving with stops`);
  if (driver.offer !== null && !zone.offers.has(driver.offer)) {
    problems.push(`${driver.id}: offer ${driver.offer} does not exist`);
  }
  if (zone.slotOf.get(driver.id) !== driver.slot) problems.push(`${driver.id}: slot is wrong`);
  if (driver.stall && driver.stall.stop !== stops[0]?.id) {
    problems.push(`${driver.id}: stalled on the way to what is not next`);
  }
  if (driver.seenView > driver.view) problems.push(`${driver.id}: saw a view that was never made`);
  const byFact = stops.some((s) =>
    zone.deliveries.get(s.delivery)?.raised.some((problem) => FACTS.has(problem)),
  );
  if (!byFact && !isWithinCapacity(driver, stops, finder(zone, []))) {
    problems.push(`${driver.id}: over capacity`);
  }
}

function expectedKinds(delivery: Delivery): string {
  if (delivery.state === 'returning') return 'return';
  return isAboard(delivery.state) ? 'dropoff' : 'pickup,dropoff';
}

function checkDelivery(
  zone: Zone,
  delivery: Delivery,
  holders: ReadonlyMap<string, string>,
  problems: string[],
): void {
  const { id, state, driver, offer } = delivery;
  const held = state !== 'pending' && state !== 'scheduled';
  if (isEnded(state)) problems.push(`${id}: ended but open`);
  if (held !== (driver !== null)) problems.push(`${id}: ${state} with driver ${driver}`);
  if (held && holders.get(id) !== driver) problems.push(`${id}: ${driver} has no stop for it`);
  const offers = openOffers(delivery);
  for (const each of offers) {
    if (!zone.offers.has(each)) problems.push(`${id}: offer ${each} is gone`);
  }
  if (new Set(offers).size !== offers.length) problems.push(`${id}: in one offer twice`);
  if (offers.length > ZONE_LIMITS.offersPerDelivery) problems.push(`${id}: too many offers`);
  if (offer === null && (delivery.alsoOffered ?? []).length > 0) {
    problems.push(`${id}: further offers without a first one`);
  }
  if (offer !== null && held) problems.push(`${id}: offered while ${state}`);
  if (zone.tombstones.has(id)) problems.push(`${id}: open and ended at once`);
}

function checkOffers(zone: Zone, problems: string[]): void {
  for (const offer of zone.offers.values()) {
    if (zone.driver(offer.driver)?.offer !== offer.id) {
      problems.push(`${offer.id}: ${offer.driver} does not have it`);
    }
    for (const id of offer.deliveries) {
      const delivery = zone.deliveries.get(id);
      if (!delivery || !openOffers(delivery).includes(offer.id)) {
        problems.push(`${offer.id}: ${id} is not in it`);
      }
    }
  }
}

function checkExceptions(zone: Zone, problems: string[]): void {
  for (const { delivery, open } of zone.exceptions.all()) {
    const known = zone.deliveries.has(delivery) || zone.tombstones.has(delivery);
    if (!known) problems.push(`${delivery}: an exception without it`);
    const names = new Set(open.map(({ problem }) => problem));
    if (names.size !== open.length) problems.push(`${delivery}: one problem is open twice`);
    if (open.length === 0) problems.push(`${delivery}: an exception without a problem`);
  }
}
