/**
 * A matching round: all open units and all shortlisted drivers together, one sparse minimum-cost
 * assignment, offers for what should leave now. It decides from the state and the recorded input
 * alone, so that an audit finds the same offers. `propose` is the seam: whatever decides better
 * (a search over chains, another cost) returns proposals of the same shape.
 */
import { derivedId } from '../../contracts/ids.ts';
import { type Arc, assign } from './assignment.ts';
import type { Decision } from './decision.ts';
import { availability, eligibility } from './eligibility.ts';
import type { ZoneInput } from './input.ts';
import { type Insertion, insertUnit, isOneDoor } from './insertion.ts';
import { assignTo } from './moves.ts';
import type { Delivery, Driver } from './records.ts';
import { autoAssigns, radiusMeters, type Zone } from './zone.ts';

type Round = Extract<ZoneInput, { kind: 'round' }>;

/** What a round wants: this unit into this driver's plan. */
export interface Proposal {
  readonly driver: Driver;
  readonly unit: readonly Delivery[];
  readonly insertion: Insertion;
}

export function decideRound(step: Decision, round: Round): void {
  if (round.fixes.length > 0) step.emit({ type: 'driver.fix', fixes: round.fixes });
  if (round.candidates.length === 0) return;
  const proposals = propose(step.zone, round, step.atMs);
  let offered = 0;
  for (const proposal of proposals) {
    if (!isTimely(step.zone, proposal)) continue;
    offered++;
    if (autoAssigns(step.zone)) commit(step, proposal);
    else offer(step, proposal);
  }
  step.emit({
    type: 'round.done',
    round: step.zone.rounds + 1,
    considered: round.candidates.length,
    offered,
  });
}

/** Units that wait: single deliveries, and groups of which every member is here. */
export function openUnits(zone: Zone, ids: readonly Delivery['id'][]): Delivery[][] {
  const units: Delivery[][] = [];
  const groups = new Map<string, Delivery[]>();
  for (const id of ids) {
    const delivery = zone.deliveries.get(id);
    if (!delivery || !isOpen(delivery)) continue;
    const { group } = delivery.request;
    if (!group) {
      units.push([delivery]);
      continue;
    }
    const key = `${delivery.request.account} ${group.id}`;
    const members = groups.get(key) ?? [];
    members.push(delivery);
    groups.set(key, members);
    if (members.length === group.size) units.push(members);
  }
  return units;
}

/** Whether a delivery waits to be matched. */
export function isOpen(delivery: Delivery): boolean {
  return delivery.state === 'pending' && delivery.offer === null && !delivery.held;
}

/** The assignment of this round. */
export function propose(zone: Zone, round: Round, atMs: number): Proposal[] {
  const near = new Map(round.candidates);
  const units = openUnits(
    zone,
    round.candidates.map(([id]) => id),
  );
  const asks = !autoAssigns(zone);
  const columnOf = new Map<number, number>();
  const drivers: Driver[] = [];
  const insertions = new Map<string, Insertion>();
  const arcs: Arc[][] = [];
  const stayOut: number[] = [];
  for (const unit of units) {
    const row = arcs.length;
    const [first] = unit;
    const options: Arc[] = [];
    arcs.push(options);
    stayOut.push(waitingCost(zone, unit, atMs));
    if (!first) continue;
    for (const slot of near.get(first.id) ?? []) {
      const driver = zone.drivers[slot];
      if (!driver || !mayCarry(zone, driver, unit, atMs, asks)) continue;
      const insertion = insertUnit(zone, driver, unit, atMs);
      if (!insertion) continue;
      let column = columnOf.get(slot);
      if (column === undefined) {
        column = drivers.push(driver) - 1;
        columnOf.set(slot, column);
      }
      options.push({ column, cost: insertion.added });
      insertions.set(`${row} ${column}`, insertion);
    }
    options.sort((a, b) => a.cost - b.cost || compareIds(drivers, a.column, b.column));
  }
  const chosen = assign(arcs, stayOut, drivers.length);
  const proposals: Proposal[] = [];
  units.forEach((unit, row) => {
    const column = chosen[row] ?? -1;
    const driver = drivers[column];
    const insertion = insertions.get(`${row} ${column}`);
    if (driver && insertion) proposals.push({ driver, unit, insertion });
  });
  return proposals;
}

function compareIds(drivers: readonly Driver[], a: number, b: number): number {
  const left = drivers[a]?.id ?? '';
  const right = drivers[b]?.id ?? '';
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Leaving a unit out costs more the longer it has waited past its ready time. */
function waitingCost(zone: Zone, unit: readonly Delivery[], atMs: number): number {
  const { weights } = zone.config;
  const waitedMs = Math.max(0, ...unit.map((d) => atMs - Math.max(d.requestedMs, d.readyMs)));
  const aged = Math.round((waitedMs * weights.latePerMille) / 1_000_000);
  return unit.length * weights.unassignedSeconds * 10 + aged;
}

function mayCarry(
  zone: Zone,
  driver: Driver,
  unit: readonly Delivery[],
  atMs: number,
  asks: boolean,
): boolean {
  if (availability(driver, asks) !== null || !driver.fix) return false;
  const radius = radiusMeters(zone);
  const stacked = driver.plan.stops.length > 0;
  if (stacked && !mayStack(zone, driver, unit)) return false;
  return unit.every(
    (delivery) =>
      eligibility(driver, delivery, atMs) === null &&
      driver.fix !== null &&
      (stacked || zone.plane.meters(driver.fix, delivery.request.pickup) <= radius),
  );
}

/** A unit joins a plan at a vendor that the driver is still to visit, or one next to it. */
function mayStack(zone: Zone, driver: Driver, unit: readonly Delivery[]): boolean {
  if (!isOneDoor(unit)) return false;
  const [first] = unit;
  return driver.plan.stops.some(
    (stop) =>
      first !== undefined &&
      stop.kind === 'pickup' &&
      zone.plane.meters(stop, first.request.pickup) <= zone.policy.stackRadiusMeters,
  );
}

/**
 * Whether it is time: the driver would be at the vendor no earlier than the zone's margin before the
 * parcel is ready. Until then the assignment stays a thought, and every round thinks again.
 */
function isTimely(zone: Zone, proposal: Proposal): boolean {
  const readyMs = Math.min(...proposal.unit.map((d) => d.readyMs));
  const { arriveEarlyMs, offerTtlMs } = zone.policy;
  const askingMs = autoAssigns(zone) ? 0 : Math.floor(offerTtlMs / 2);
  return proposal.insertion.arriveMs + askingMs >= readyMs - arriveEarlyMs;
}

function commit(step: Decision, proposal: Proposal): void {
  const driver = step.driver(proposal.driver.id);
  if (driver) assignTo(step, driver, proposal.unit, proposal.insertion.stops, 'auto');
}

function offer(step: Decision, proposal: Proposal): void {
  const { zone, atMs } = step;
  const { driver, unit, insertion } = proposal;
  step.emit({
    type: 'offer.made',
    offer: derivedId('offer', { atMs, zoneHash: zone.hash, counter: zone.counter + 1 }),
    driver: driver.id,
    deliveries: unit.map((d) => d.id),
    stops: insertion.stops,
    planVersion: driver.plan.version,
    terms: terms(zone, driver, unit, atMs),
    cost: insertion.added,
  });
}

/** Pay, distances and expiry, frozen when the offer is made. */
function terms(zone: Zone, driver: Driver, unit: readonly Delivery[], atMs: number) {
  const { payBaseMinor, payPerKmMinor, offerTtlMs, detourPerMille } = zone.policy;
  const [first] = unit;
  const road = (meters: number) => Math.round((meters * detourPerMille) / 1000);
  const toPickup = first && driver.fix ? zone.plane.meters(driver.fix, first.request.pickup) : 0;
  const toDropoff = unit.reduce(
    (sum, d) => sum + zone.plane.meters(d.request.pickup, d.request.dropoff),
    0,
  );
  const base = payBaseMinor * unit.length + (payPerKmMinor * road(toPickup + toDropoff)) / 1000;
  const raised = 100 + (zone.control('raise_pay') ?? 0);
  return {
    payMinor: Math.round((base * raised) / 100),
    currency: zone.config.currency,
    toPickupMeters: road(toPickup),
    toDropoffMeters: road(toDropoff),
    expiresMs: atMs + offerTtlMs,
  };
}
