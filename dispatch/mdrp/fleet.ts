/**
 * The couriers of a run as the world moves them: where each one is or will next be, what it does as
 * the zone's plans say, by the rules of the problem. Owns the world's facts and tells the zone of
 * them as a phone would; it decides nothing.
 */
import type { DriverDeed } from '../../contracts/commands.ts';
import type { Fix, Stop } from '../../contracts/events.ts';
import type { DeliveryId, DriverId } from '../../contracts/ids.ts';
import type { Driver } from '../core/records.ts';
import type { Zone } from '../core/zone.ts';
import type { Atlas } from './atlas.ts';
import type { Courier, Instance, Order, Spot, Vendor } from './instance.ts';
import type { Assignment, Handover, Move, Solution } from './solution.ts';

const MINUTE_MS = 60_000;
/** A courier is known this long before its shift, so that plans can count on it; minutes. */
const KNOWN_BEFORE_MINUTES = 30;
/** Parcels of a car; no rule of the problem bounds them but the zone's stacking limit. */
const CAPACITY = { parcels: 1_000, volumeMl: 1_000_000, weightG: 1_000_000 };

interface Rider {
  readonly courier: Courier;
  readonly id: DriverId;
  /** Where it is from `free` on. */
  spot: Spot;
  /** Minute from which it may leave, or arrives. */
  free: number;
  duty: 'before' | 'on' | 'ending' | 'gone';
  actions: number;
  /** Hand-overs still to come, by time; each frees it for the next or for good. */
  ahead: { readonly at: number; readonly order: DeliveryId; spot: Spot; free: number }[];
  told: { spot: Spot; free: number } | null;
}

/** How the fleet reaches the zone: a deed of a driver, now. */
export type Tell = (driver: DriverId, action: number, deed: DriverDeed) => void;

export class Fleet implements Solution {
  readonly assignments: Assignment[] = [];
  readonly handovers: Handover[] = [];
  readonly moves: Move[] = [];
  private readonly riders: Rider[];
  private readonly instance: Instance;
  private readonly atlas: Atlas;
  private readonly orderOf: ReadonlyMap<DeliveryId, Order>;
  private readonly tell: Tell;

  constructor(
    instance: Instance,
    atlas: Atlas,
    orderOf: ReadonlyMap<DeliveryId, Order>,
    tell: Tell,
  ) {
    this.instance = instance;
    this.atlas = atlas;
    this.orderOf = orderOf;
    this.tell = tell;
    this.riders = instance.couriers.map((courier, n) => ({
      courier,
      id: `drv_01900000-0000-7000-8000-${(n + 1).toString(16).padStart(12, '0')}`,
      spot: courier,
      free: courier.on,
      duty: 'before',
      actions: 0,
      ahead: [],
      told: null,
    }));
  }

  /** What has happened by this minute: hand-overs, shifts that begin and end. */
  catchUp(minute: number): void {
    for (const rider of this.riders) {
      while (rider.ahead[0] && rider.ahead[0].at <= minute) {
        const { order, spot, free } = rider.ahead.shift() as Rider['ahead'][number];
        rider.spot = spot;
        rider.free = free;
        this.act(rider, { kind: 'delivered', delivery: order });
      }
      const { on, off } = rider.courier;
      if (rider.duty === 'before' && on - KNOWN_BEFORE_MINUTES <= minute && minute <= off) {
        rider.duty = 'on';
        this.act(rider, {
          kind: 'duty',
          duty: 'available',
          profile: this.profile(rider),
          at: this.atlas.placeFor(rider.courier),
        });
      }
      if (rider.duty === 'on' && minute > off) {
        rider.duty = 'ending';
        this.act(rider, { kind: 'duty', duty: 'last_job' });
      }
    }
  }

  private profile({ id, courier }: Rider) {
    return {
      driver: id,
      vehicle: id.replace('drv_', 'veh_'),
      vehicleKind: 'car',
      capacity: CAPACITY,
      skills: [],
      untilMs: courier.off * MINUTE_MS,
    } as const;
  }

  /** Where each courier on duty is, or will next be, as far as the zone does not know it yet. */
  fixes(zone: Zone): { readonly driver: Driver; readonly fix: Fix }[] {
    return this.riders.flatMap((rider) => {
      const driver = rider.duty === 'on' ? zone.driver(rider.id) : null;
      const { spot, free, told } = rider;
      if (!driver || (told?.spot === spot && told.free === free)) return [];
      rider.told = { spot, free };
      const fix = { slot: driver.slot, ...this.atlas.placeFor(spot), atMs: free * MINUTE_MS };
      return [{ driver, fix }];
    });
  }

  /** Lets every courier do what its plan says and the minute allows. */
  move(zone: Zone, minute: number): void {
    for (const rider of this.riders) {
      if (rider.ahead.length > 0 || rider.free > minute) continue;
      const driver = zone.driver(rider.id);
      const next = driver?.plan.stops[0];
      if (!driver || next?.kind !== 'pickup') continue;
      if (minute > rider.courier.off) {
        this.giveBack(rider, driver.plan.stops);
        continue;
      }
      const vendor = this.order(next.delivery).vendor;
      if (rider.spot !== vendor) this.depart(rider, vendor, minute);
      if (rider.free <= minute) this.pickUp(rider, driver.plan.stops, vendor, minute);
    }
  }

  /** Lets a courier answer an offer. */
  answer(id: DriverId, deed: DriverDeed): void {
    const rider = this.riders.find((each) => each.id === id);
    if (rider) this.act(rider, deed);
  }

  /** Sends an idle courier to a vendor ahead of any order. */
  send(id: DriverId, to: Spot, minute: number): void {
    const rider = this.riders.find((each) => each.id === id);
    const vendor = this.instance.vendors.find((each) => each === to);
    if (!rider || !vendor || rider.free > minute || rider.ahead.length > 0) return;
    if (rider.spot !== vendor) this.depart(rider, vendor, minute);
  }

  private depart(rider: Rider, to: Vendor, minute: number): void {
    this.moves.push({ courier: rider.courier, departs: minute, from: rider.spot, to });
    rider.free = minute + this.atlas.minutes(rider.spot, to);
    rider.spot = to;
  }

  /** Waits for everything the run takes; at the shift's last minute, goes with what is ready. */
  private pickUp(rider: Rider, stops: readonly Stop[], vendor: Vendor, minute: number): void {
    const [first] = stops;
    if (first && !first.arrived) this.act(rider, { kind: 'arrived', delivery: first.delivery });
    const half = this.instance.pickupService / 2;
    const isReady = ({ delivery }: Stop) =>
      Math.ceil(Math.max(rider.free + half, this.order(delivery).ready)) <= minute;
    const taken = stops.filter(isReady);
    if (taken.length < stops.length) {
      if (minute < rider.courier.off) return;
      this.giveBack(
        rider,
        stops.filter((stop) => !isReady(stop)),
      );
    }
    if (taken.length === 0) return;
    const { courier } = rider;
    const dropoffs = taken.filter(({ kind }) => kind === 'dropoff');
    const orders = dropoffs.map(({ delivery }) => this.order(delivery));
    if (orders.some((order) => order.vendor !== vendor)) {
      throw new Error(`mdrp: a run of ${courier.name} visits two vendors`);
    }
    this.assignments.push({ decided: minute, pickup: minute, courier, orders });
    for (const { kind, delivery } of taken) {
      if (kind === 'pickup') this.act(rider, { kind: 'picked_up', delivery });
    }
    this.ride(rider, dropoffs, minute + Math.ceil(half), minute);
  }

  /** The drop-offs that follow a pickup; nothing can change them any more. */
  private ride(rider: Rider, dropoffs: readonly Stop[], leaves: number, pickup: number): void {
    const { courier } = rider;
    const half = this.instance.dropoffService / 2;
    let from: Spot = rider.spot;
    let free = leaves;
    for (const { delivery } of dropoffs) {
      const order = this.order(delivery);
      this.moves.push({ courier, departs: free, from, to: order });
      const arrives = free + this.atlas.minutes(from, order);
      const dropoff = arrives + half;
      this.handovers.push({ order, pickup, dropoff, courier });
      const before = rider.ahead.at(-1);
      // Before a hand-over the courier is next to be at that door.
      if (before) Object.assign(before, { spot: order, free: arrives });
      else Object.assign(rider, { spot: order, free: arrives });
      free = Math.ceil(dropoff + half);
      rider.ahead.push({ at: Math.ceil(dropoff), order: delivery, spot: order, free });
      from = order;
    }
  }

  private giveBack(rider: Rider, stops: readonly Stop[]): void {
    for (const { kind, delivery } of stops) {
      if (kind !== 'pickup') continue;
      this.act(rider, { kind: 'give_back', delivery, reason: 'shift_end' });
    }
  }

  private order(id: DeliveryId): Order {
    const order = this.orderOf.get(id);
    if (!order) throw new Error(`mdrp: a plan names the unknown delivery ${id}`);
    return order;
  }

  private act(rider: Rider, deed: DriverDeed): void {
    rider.actions++;
    this.tell(rider.id, rider.actions, deed);
  }
}
