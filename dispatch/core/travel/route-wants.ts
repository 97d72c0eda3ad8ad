/**
 * Which road times a zone would like to be told: the legs that its rounds and ETAs reckon with and
 * that nobody told of yet. Reads the state and changes nothing; the runtime asks when and whom it will.
 */
import type { Place } from '../../../contracts/geo.ts';
import type { DeliveryId, ZoneId } from '../../../contracts/ids.ts';
import type { VehicleKind } from '../../../contracts/states.ts';
import type { ZoneInput } from '../input.ts';
import type { Delivery, Driver } from '../records.ts';
import type { Shard } from '../shard.ts';
import type { Zone } from '../zone.ts';
import { type AreaPair, areasOf, pairKey } from './routed-times.ts';

/** A drive whose time is wanted. `meters`: straight line between its two points, rounded. */
export interface RouteWant {
  readonly key: string;
  readonly vehicle: VehicleKind;
  readonly from: Place;
  readonly to: Place;
  readonly areas: AreaPair;
  readonly meters: number;
}

type Round = Extract<ZoneInput, { kind: 'round' }>;

interface Leg {
  readonly vehicle: VehicleKind;
  readonly from: Place;
  readonly to: Place;
}

/**
 * The wants after a round, most useful first: the legs of the chains that the round thought of, so that
 * what looks best is looked at again; those of committed plans, which customers wait for; the way of
 * each shortlisted driver to the pickup and on to the door. A pair comes at most once. Taken lazily:
 * whoever asks stops when it has enough.
 */
export function* routeWants(
  shard: Shard,
  id: ZoneId,
  round: Round,
  atMs: number,
): Generator<RouteWant> {
  const zone = shard.zones.get(id);
  if (!zone) return;
  const given = new Set<string>();
  for (const leg of legsOf(zone, round)) {
    const meters = zone.plane.meters(leg.from, leg.to);
    const areas = areasOf(leg.from, leg.to, meters);
    if (!areas) continue;
    if (zone.routed.has(leg.vehicle, areas, atMs)) continue;
    const key = pairKey(leg.vehicle, areas);
    if (given.has(key)) continue;
    given.add(key);
    yield { ...leg, key, areas, meters: Math.round(meters) };
  }
}

function* legsOf(zone: Zone, round: Round): Generator<Leg> {
  for (const [id, runs] of zone.thoughts) {
    const driver = zone.driver(id);
    if (driver) yield* chainLegs(zone, driver, runs);
  }
  for (const driver of zone.drivers) {
    if (driver && driver.plan.stops.length > 0) yield* pathLegs(driver, driver.plan.stops);
  }
  for (const [id, slots] of round.candidates) {
    const delivery = zone.deliveries.get(id);
    if (delivery) yield* candidateLegs(zone, delivery, slots);
  }
}

function* candidateLegs(zone: Zone, delivery: Delivery, slots: readonly number[]): Generator<Leg> {
  const { pickup, dropoff } = delivery.request;
  const onward = new Set<VehicleKind>();
  for (const slot of slots) {
    const driver = zone.drivers[slot];
    const from = driver?.plan.stops.at(-1) ?? driver?.fix;
    if (!driver || !from) continue;
    const vehicle = driver.profile.vehicleKind;
    yield { vehicle, from, to: pickup };
    if (onward.has(vehicle)) continue;
    onward.add(vehicle);
    yield { vehicle, from: pickup, to: dropoff };
  }
}

/** The runs a driver would make next: pickups in order, then drop-offs in order, run after run. */
function chainLegs(
  zone: Zone,
  driver: Driver,
  runs: readonly (readonly DeliveryId[])[],
): Generator<Leg> {
  const ends = driver.plan.stops.slice(-1);
  const places = runs.flatMap((run) => {
    const requests = run.flatMap((id) => zone.deliveries.get(id)?.request ?? []);
    return [...requests.map(({ pickup }) => pickup), ...requests.map(({ dropoff }) => dropoff)];
  });
  return pathLegs(driver, [...ends, ...places], ends.length > 0);
}

/** Leg after leg through the places; `isAhead`: the driver is not going to the first one now. */
function* pathLegs(driver: Driver, places: readonly Place[], isAhead = false): Generator<Leg> {
  const vehicle = driver.profile.vehicleKind;
  let from: Place | null = isAhead ? null : driver.fix;
  for (const to of places) {
    if (from) yield { vehicle, from, to };
    from = to;
  }
}
