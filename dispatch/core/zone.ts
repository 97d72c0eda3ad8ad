/**
 * A zone's state: who is here, what is open, what was promised. Mutable as a container of immutable
 * records; changed only by `apply`. Look-up tables and the agenda are derived and rebuilt at restore.
 */
import {
  type DeliveryId,
  type DriverId,
  hash32,
  type OfferId,
  type ZoneId,
} from '../../contracts/ids.ts';
import {
  type Control,
  type ControlKind,
  DEFAULT_POLICY,
  DEFAULT_WEIGHTS,
  type ZoneConfig,
  type ZonePolicy,
} from '../../contracts/zone.ts';
import { Agenda } from './agenda.ts';
import { Exceptions } from './exceptions/exceptions.ts';
import { Kitchens } from './kitchens/kitchens.ts';
import { Demand } from './matching/demand.ts';
import { Plane } from './plane.ts';
import type { Delivery, Driver, Offer, Tombstone } from './records.ts';
import type { ShownEta } from './travel/eta.ts';
import { EtaRecord } from './travel/eta-record.ts';
import { LearnedState } from './travel/learned/learned-state.ts';
import { RoutedPaces } from './travel/routed-paces.ts';
import { RoutedTimes } from './travel/routed-times.ts';
import type { TravelTime } from './travel/travel-time.ts';
import { travelOf } from './travel/zone-travel.ts';

export class Zone {
  config: ZoneConfig;
  /** By slot; null where free. */
  readonly drivers: (Driver | null)[] = [];
  /** Free slots, the last one is taken next. Part of the state: slots must come out the same. */
  readonly freeSlots: number[] = [];
  readonly deliveries = new Map<DeliveryId, Delivery>();
  readonly tombstones = new Map<DeliveryId, Tombstone>();
  readonly offers = new Map<OfferId, Offer>();
  /** Per driver the runs it would make next: what each round starts from. None is committed. */
  readonly thoughts = new Map<DriverId, readonly (readonly DeliveryId[])[]>();
  /** Where pickups have been asked for. */
  readonly demand = new Demand();
  /** What drives have taught of travel times. */
  readonly learned = new LearnedState();
  /** How well the ranges that customers are told hold. */
  readonly etas = new EtaRecord();
  /** Road times told from outside. */
  readonly routed = new RoutedTimes();
  /** How its own drives compare with them. */
  readonly paces = new RoutedPaces();
  /** What is wrong and not over yet. */
  readonly exceptions = new Exceptions();
  /** How far vendors' ready times are from what is told. */
  readonly kitchens = new Kitchens();
  readonly controls = new Map<ControlKind, Control>();
  /** Requests of ops that were carried out, newest last, so that a repeat does nothing. */
  readonly opsRequests = new Set<string>();
  /**
   * By `arrivalKey` the last transfer answered, and whether it was taken. An answer is final: a late
   * repeat must neither bring a driver back nor be taken after it was refused.
   */
  readonly arrivals = new Map<string, readonly [transfer: number, taken: boolean]>();
  /** Counts whatever needs an id or a tenancy; only grows. */
  counter = 0;
  rounds = 0;

  // Derived, not state.
  readonly slotOf = new Map<DriverId, number>();
  /** Ranges shown last, one per open delivery at most. */
  readonly shownEtas = new Map<DeliveryId, ShownEta>();
  readonly agenda = new Agenda();
  plane: Plane;
  travel: TravelTime;
  readonly hash: number;

  constructor(config: ZoneConfig) {
    this.config = complete(config);
    this.plane = new Plane(config.plane);
    this.travel = travelOf(this);
    this.hash = hash32(config.id);
  }

  get policy(): ZonePolicy {
    return this.config.policy;
  }

  driver(id: DriverId): Driver | null {
    const slot = this.slotOf.get(id);
    return slot === undefined ? null : (this.drivers[slot] ?? null);
  }

  /** The value of a live control, or null when it is not set. */
  control(kind: ControlKind): number | null {
    return this.controls.get(kind)?.value ?? null;
  }

  /** Replaces the configuration; the plane and the grid of a zone never change. */
  reconfigure(config: ZoneConfig): void {
    this.config = complete(config);
    this.plane = new Plane(config.plane);
    this.travel = travelOf(this);
  }
}

/** A configuration that was written before a weight or a limit existed gets its default. */
function complete(config: ZoneConfig): ZoneConfig {
  return {
    ...config,
    weights: { ...DEFAULT_WEIGHTS, ...config.weights },
    policy: { ...DEFAULT_POLICY, ...config.policy },
  };
}

/** Names where a driver came from. */
export function arrivalKey(from: ZoneId, driver: DriverId): string {
  return `${from} ${driver}`;
}

/** Distance within which a driver is considered, with the ops' control applied. */
export function radiusMeters(zone: Zone): number {
  const shrunk = zone.control('shrink_radius');
  return shrunk === null ? zone.policy.radiusMeters : Math.min(shrunk, zone.policy.radiusMeters);
}

/** Most deliveries in one plan, with the ops' control applied. */
export function stackMax(zone: Zone): number {
  const limit = zone.control('stacking_limit');
  return limit === null ? zone.policy.stackMax : Math.min(limit, zone.policy.stackMax);
}

/** Whether assignments are committed without asking. */
export function autoAssigns(zone: Zone): boolean {
  const control = zone.control('auto_assign');
  return control === null ? zone.policy.autoAssign : control === 1;
}
