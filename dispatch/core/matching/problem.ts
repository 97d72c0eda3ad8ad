/**
 * What a round decides about, laid out for the search: carriers, tasks, and the chains of the last
 * round. Everything comes from the state and the recorded input; the order is by slot and by the
 * input, so the same record always gives the same problem.
 */
import type { Stop } from '../../../contracts/events.ts';
import type { Rejection } from '../../../contracts/explanations.ts';
import type { PointE7 } from '../../../contracts/geo.ts';
import type { DeliveryId } from '../../../contracts/ids.ts';
import { isAboard, type VehicleKind } from '../../../contracts/states.ts';
import type { ZoneInput } from '../input.ts';
import { leaveForMs, readyTimeOf } from '../kitchens/ready-times.ts';
import { departureOf, finder } from '../plans/insertion.ts';
import { drive, leaveMs, type StopTimes } from '../plans/schedule.ts';
import type { Delivery, Driver } from '../records.ts';
import { autoAssigns, radiusMeters, type Zone } from '../zone.ts';
import { type Carrier, type Leg, loadOf, type Run, type Task } from './chains.ts';
import { availability, eligibility } from './eligibility.ts';
import { Places } from './places.ts';

type Round = Extract<ZoneInput, { kind: 'round' }>;

export interface Problem {
  readonly carriers: readonly Carrier[];
  readonly drivers: readonly Driver[];
  readonly tasks: readonly Task[];
  /** Per carrier the chain to start from; a committed run comes first. */
  readonly chains: Run[][];
}

/** Whether a delivery waits to be matched. */
export function isOpen(delivery: Delivery): boolean {
  return delivery.state === 'pending' && delivery.offer === null && !delivery.held;
}

/** Units that wait: single deliveries, and groups of which every member is here. */
export function openUnits(zone: Zone, ids: readonly DeliveryId[]): Delivery[][] {
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

/** Builds the problem of a round at zone time `atMs`. */
export function problemOf(zone: Zone, round: Round, atMs: number): Problem {
  const builder = new ProblemBuilder(zone, atMs);
  const near = new Map(round.candidates);
  for (const slot of slotsOf(zone, round)) builder.addCarrier(zone.drivers[slot] ?? null);
  const units = openUnits(zone, [...near.keys()]);
  for (const unit of units) builder.addTask(unit, near);
  builder.addThoughts();
  return builder.made();
}

/** Every slot the round may use, ascending: shortlisted now, or in a chain of the last round. */
function slotsOf(zone: Zone, round: Round): number[] {
  const slots = new Set<number>();
  for (const [, near] of round.candidates) for (const slot of near) slots.add(slot);
  for (const driver of zone.thoughts.keys()) {
    const slot = zone.slotOf.get(driver);
    if (slot !== undefined) slots.add(slot);
  }
  return [...slots].sort((a, b) => a - b);
}

class ProblemBuilder {
  private readonly carriers: (Omit<Carrier, 'travel'> & { readonly vehicle: VehicleKind })[] = [];
  private readonly drivers: Driver[] = [];
  private readonly tasks: Task[] = [];
  private readonly chains: Run[][] = [];
  private readonly places: Places;
  private readonly zone: Zone;
  private readonly atMs: number;
  private readonly carrierAt = new Map<number, number>();
  private readonly taskOf = new Map<DeliveryId, Task>();

  constructor(zone: Zone, atMs: number) {
    this.zone = zone;
    this.atMs = atMs;
    this.places = new Places(zone.travel, atMs);
  }

  /** The problem, with travel times between all the places that came up. */
  made(): Problem {
    const { drivers, tasks, chains } = this;
    const carriers = this.carriers.map(({ vehicle, ...carrier }) => ({
      ...carrier,
      travel: this.places.tableOf(vehicle),
    }));
    return { carriers, drivers, tasks, chains };
  }

  addCarrier(driver: Driver | null): void {
    if (!driver?.fix || availability(driver, !autoAssigns(this.zone), this.atMs) !== null) return;
    const { stops } = driver.plan;
    const departure = departureOf(this.zone, driver, this.atMs);
    if (!departure) return;
    const times = stops.length > 0 ? drive(this.zone, departure, stops, finder(this.zone, [])) : [];
    const begin = joinsFrom(this.zone, times, this.atMs);
    const joinable = begin < times.length;
    // Where the chain begins: here, or at the door of the last stop that nothing may go before.
    const before = times[begin - 1];
    const from = before ? before.stop : departure.from;
    const index = this.carriers.length;
    this.carrierAt.set(driver.slot, index);
    this.drivers.push(driver);
    this.carriers.push({
      slot: driver.slot,
      from,
      place: this.places.indexOf(from),
      freeMs: before ? before.doneMs + leaveMs(this.zone, before.stop.kind) : departure.atMs,
      vehicle: driver.profile.vehicleKind,
      capacity: driver.profile.capacity,
      untilMs: driver.profile.untilMs ?? Number.POSITIVE_INFINITY,
      committed: joinable,
    });
    const run: Run = [];
    for (const { stop, doneMs } of times.slice(begin)) {
      const delivery = this.zone.deliveries.get(stop.delivery);
      if (stop.kind !== 'dropoff' || !delivery) continue;
      run.push(this.fixedTask(delivery, index, doneMs));
    }
    this.chains.push(run.length > 0 ? [run] : []);
  }

  /** A delivery the driver has: a join may delay it within promise, detour and food age, not beyond. */
  private fixedTask(delivery: Delivery, carrier: number, doneMs: number): Task {
    const { detourMsMax, foodAgeMsMax } = this.zone.policy;
    const { promiseMs, readyMs } = delivery;
    const allowedMs = Math.min(promiseMs, doneMs + detourMsMax, readyMs + foodAgeMsMax);
    const task: Task = {
      unit: [delivery],
      ...this.placed([delivery]),
      index: this.tasks.length,
      load: loadOf([delivery]),
      carriers: [],
      fixedTo: carrier,
      aboard: isAboard(delivery.state),
      stayOut: 0,
      latestMs: Math.max(doneMs, allowedMs),
    };
    this.tasks.push(task);
    return task;
  }

  addTask(unit: readonly Delivery[], near: ReadonlyMap<DeliveryId, readonly number[]>): void {
    const slots = new Set<number>();
    for (const { id } of unit) for (const slot of near.get(id) ?? []) slots.add(slot);
    const thinking = unit[0] ? this.thinkers.get(unit[0].id) : undefined;
    if (thinking !== undefined) slots.add(thinking);
    const carriers: number[] = [];
    for (const slot of [...slots].sort((a, b) => a - b)) {
      const index = this.carrierAt.get(slot);
      if (index !== undefined && this.mayCarry(index, unit)) carriers.push(index);
    }
    const task: Task = {
      unit,
      ...this.placed(unit),
      index: this.tasks.length,
      load: loadOf(unit),
      carriers,
      fixedTo: null,
      aboard: false,
      stayOut: this.stayOut(unit),
      latestMs: Number.POSITIVE_INFINITY,
    };
    this.tasks.push(task);
    for (const { id } of unit) this.taskOf.set(id, task);
  }

  private placed(unit: readonly Delivery[]): Pick<Task, 'legs' | 'door'> {
    const legs = unit.map((delivery): Leg => {
      const { request, promiseMs } = delivery;
      const ready = readyTimeOf(this.zone, delivery, this.atMs);
      return {
        pickup: this.places.indexOf(request.pickup),
        dropoff: this.places.indexOf(request.dropoff),
        readyMs: ready.meanMs,
        ready,
        leaveForMs: leaveForMs(this.zone, ready),
        baseMs: Math.max(ready.meanMs, request.placedMs),
        promiseMs,
      };
    });
    return { legs, door: legs[0]?.pickup ?? 0 };
  }

  /** Per delivery the slot of the driver whose chain had it last. */
  private get thinkers(): ReadonlyMap<DeliveryId, number> {
    if (!this.thinkersMade) {
      this.thinkersMade = new Map();
      for (const [driver, runs] of this.zone.thoughts) {
        const slot = this.zone.slotOf.get(driver);
        if (slot === undefined) continue;
        for (const run of runs) for (const id of run) this.thinkersMade.set(id, slot);
      }
    }
    return this.thinkersMade;
  }
  private thinkersMade: Map<DeliveryId, number> | null = null;

  /** Starts every chain where the last round left it, less what is no longer open or allowed. */
  addThoughts(): void {
    this.drivers.forEach((driver, index) => {
      const chain = this.chains[index] ?? [];
      const fixed = new Map(chain[0]?.map((task) => [task.unit[0]?.id, task]));
      for (const ids of this.zone.thoughts.get(driver.id) ?? []) {
        const joins = ids.some((id) => fixed.has(id));
        const run = [
          ...new Set(ids.flatMap((id) => fixed.get(id) ?? this.taskOf.get(id) ?? [])),
        ].filter((task) => task.fixedTo !== null || task.carriers.includes(index));
        for (const { fixedTo, unit } of run) {
          if (fixedTo === null) for (const { id } of unit) this.taskOf.delete(id);
        }
        if (joins) chain[0] = [...run, ...(chain[0] ?? []).filter((task) => !run.includes(task))];
        else if (run.length > 0) chain.push(run);
      }
    });
  }

  private mayCarry(index: number, unit: readonly Delivery[]): boolean {
    const driver = this.drivers[index];
    const carrier = this.carriers[index];
    if (!driver || !carrier) return false;
    return whyNot(this.zone, driver, carrier.from, unit, this.atMs) === null;
  }

  /** Leaving a unit out counts as a long delay from now on. */
  private stayOut(unit: readonly Delivery[]): number {
    const { unassignedSeconds, delayPerMille } = this.zone.config.weights;
    const waitedMs = Math.max(0, ...unit.map((d) => this.atMs - d.request.placedMs));
    return unit.length * (unassignedSeconds * 1000 + waitedMs) * Math.max(1, delayPerMille);
  }
}

/** Why a driver who is free at `from` may not have a unit, whatever its plans; null when it may. */
export function whyNot(
  zone: Zone,
  driver: Driver,
  from: PointE7,
  unit: readonly Delivery[],
  atMs: number,
): Rejection | null {
  const { capacity } = driver.profile;
  const load = loadOf(unit);
  const fits =
    load.parcels <= capacity.parcels &&
    load.volumeMl <= capacity.volumeMl &&
    load.weightG <= capacity.weightG;
  if (!fits) return 'capacity';
  const radius = radiusMeters(zone);
  for (const delivery of unit) {
    const ineligible = eligibility(driver, delivery, atMs);
    if (ineligible !== null) return ineligible;
    if (zone.plane.meters(from, delivery.request.pickup) > radius) return 'radius';
  }
  return null;
}

/**
 * From which stop on new work may join a committed plan; the number of stops when it may not: then
 * the plan is finished first. Pickups still ahead are at one vendor or near ones and come first; a
 * pickup may go in before drop-offs of what is aboard where the zone's policy says so, but not before
 * one that the driver has all but reached.
 */
function joinsFrom(zone: Zone, times: readonly StopTimes[], atMs: number): number {
  const { joinAboard, keepNextMs, stackRadiusMeters } = zone.policy;
  const never = times.length;
  const [first] = times;
  if (!first || times.some(({ stop }) => stop.kind === 'return')) return never;
  const pickups = times.filter(({ stop }) => stop.kind === 'pickup');
  const isApart = (stop: Stop) => zone.plane.meters(stop, first.stop) > stackRadiusMeters;
  if (times.slice(0, pickups.length).some(({ stop }) => stop.kind !== 'pickup')) return never;
  if (pickups.some(({ stop }) => isApart(stop))) return never;
  if (pickups.length * 2 === times.length) return 0;
  if (!joinAboard) return never;
  if (pickups.length > 0) return 0;
  return first.stop.arrived || first.arriveMs <= atMs + keepNextMs ? 1 : 0;
}
