/**
 * The simulated drivers of one copy of a zone: they go on duty as the live ones do, answer offers as
 * the live ones answer, drive along the copy's plans by the travel-time port, wait for parcels that
 * are not ready, and say what they did as a phone would. It decides nothing about plans.
 *
 * A courier stands (`leg` null, `serving` false), drives (`leg` set), or is served at the door of its
 * next stop (`serving`). `redirect` starts and ends a leg, `arrive` begins a service, `serve` ends it.
 */
import type { DriverDeed, DriverProfile } from '../../contracts/commands.ts';
import type { Stop, ZoneEvent } from '../../contracts/events.ts';
import type { Place } from '../../contracts/geo.ts';
import type { DeliveryId, DriverId, OfferId } from '../../contracts/ids.ts';
import type { Duty, VehicleKind } from '../../contracts/states.ts';
import { isSamePlace } from '../core/plans/schedule.ts';
import type { Driver } from '../core/records.ts';
import type { Zone } from '../core/zone.ts';
import { placeOf } from '../geometry.ts';
import type { LiveFacts } from './fork.ts';
import type { OfferHabits } from './offer-habits.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** What the fleet sees and does in its zone. */
export interface FleetWorld {
  readonly zone: Zone;
  act(driver: DriverId, deed: DriverDeed): void;
  readonly facts: LiveFacts;
  drove(ms: number): void;
}

interface Leg {
  readonly to: Place;
  readonly departMs: number;
  readonly arriveMs: number;
}

interface Courier {
  readonly id: DriverId;
  /** Where it is, or where its leg began; null: nobody knows. */
  at: Place | null;
  leg: Leg | null;
  serving: boolean;
  servedMs: number;
  /** Zone time from which it may drive off. */
  freeMs: number;
  dueMs: number;
  /** It has not driven by itself yet, so it is where its live driver is seen. */
  follows: boolean;
  /** The index knows where it is. */
  told: boolean;
}

/** The duty a live driver has, which its courier takes as soon as it can. */
interface WantedDuty {
  readonly duty: Duty;
  readonly profile: DriverProfile;
}

export class Fleet {
  private readonly world: FleetWorld;
  private readonly habits: OfferHabits;
  private readonly couriers = new Map<DriverId, Courier>();
  private readonly wanted = new Map<DriverId, WantedDuty>();
  /** Offers to be answered, oldest first: every driver takes as long. */
  private readonly asked = new Map<OfferId, number>();
  private readonly replanned = new Set<DriverId>();

  constructor(world: FleetWorld, habits: OfferHabits, nowMs: number) {
    this.world = world;
    this.habits = habits;
    for (const driver of world.zone.drivers) {
      if (!driver) continue;
      const courier = this.courier(driver.id, driver.fix);
      courier.follows = driver.plan.stops.length === 0;
      this.wanted.set(driver.id, { duty: driver.duty, profile: driver.profile });
      this.replanned.add(driver.id);
    }
    for (const offer of world.zone.offers.keys()) this.asked.set(offer, nowMs + habits.answerMs);
  }

  /** Zone time of the next thing that happens in it. */
  get nextMs(): number {
    let nextMs = NEVER;
    for (const { dueMs } of this.couriers.values()) if (dueMs < nextMs) nextMs = dueMs;
    for (const dueMs of this.asked.values()) return Math.min(nextMs, dueMs);
    return nextMs;
  }

  /** What the copy of the zone committed. `settle` acts on it. */
  hear(events: readonly ZoneEvent[], nowMs: number): void {
    for (const event of events) {
      if (event.type === 'driver.plan') this.replanned.add(event.driver);
      else if (event.type === 'delivery.ready') {
        this.ask(event.delivery);
      } else if (event.type === 'offer.made') {
        this.asked.set(event.offer, nowMs + this.habits.answerMs);
      } else if (event.type === 'driver.sent') this.send(event.driver, event.to, nowMs);
      else if (event.type === 'driver.left') this.couriers.delete(event.driver);
    }
  }

  /** There is news of a parcel: whoever waits for it asks again. */
  wake(delivery: DeliveryId, nowMs: number): void {
    this.ask(delivery);
    this.settle(nowMs);
  }

  /** Turns every courier whose plan has changed to what it now has to do. */
  settle(nowMs: number): void {
    for (const id of this.replanned) {
      this.replanned.delete(id);
      this.redirect(id, nowMs);
    }
  }

  /** Does what is due at `nowMs`. */
  run(nowMs: number): void {
    for (const [offer, dueMs] of this.asked) {
      if (dueMs > nowMs) break;
      this.asked.delete(offer);
      this.answer(offer);
    }
    for (const courier of [...this.couriers.values()]) {
      if (courier.dueMs > nowMs) continue;
      courier.dueMs = NEVER;
      if (courier.leg) this.arrive(courier, nowMs);
      else if (courier.serving) this.serve(courier, nowMs);
    }
    this.settle(nowMs);
  }

  /** The duty of a live driver, and where it is, when that is known. */
  setDuty(profile: DriverProfile, duty: Duty, at: Place | null): void {
    this.wanted.set(profile.driver, { duty, profile });
    if (at) this.sight(profile.driver, at);
    this.takeDuty(profile.driver);
  }

  /** The live driver is gone. */
  dismiss(id: DriverId): void {
    const known = this.wanted.get(id);
    if (!known) return;
    this.wanted.set(id, { ...known, duty: 'off' });
    this.takeDuty(id);
    this.wanted.delete(id);
  }

  /** Where a live driver is seen: its courier is there too until it drives by itself. */
  sight(id: DriverId, at: Place): void {
    const courier = this.courier(id, at);
    if (!courier.follows || courier.leg) return;
    courier.at = at;
    courier.told = false;
  }

  /** Tells where the couriers are that are elsewhere than was last taken in; `tell`: it was. */
  tellPositions(nowMs: number, tell: (driver: Driver, at: Place) => boolean): void {
    for (const courier of this.couriers.values()) {
      if (courier.told) continue;
      const driver = this.world.zone.driver(courier.id);
      const at = this.placeNow(courier, nowMs);
      if (driver && at && tell(driver, at)) courier.told = courier.leg === null;
    }
  }

  private ask(delivery: DeliveryId): void {
    const holder = this.world.zone.deliveries.get(delivery)?.driver;
    if (holder) this.replanned.add(holder);
  }

  private courier(id: DriverId, at: Place | null): Courier {
    const known = this.couriers.get(id);
    if (known) return known;
    const state = { leg: null, serving: false, servedMs: 0, freeMs: 0, dueMs: NEVER };
    const made: Courier = { id, at, ...state, follows: true, told: false };
    this.couriers.set(id, made);
    return made;
  }

  private takeDuty(id: DriverId): void {
    const want = this.wanted.get(id);
    if (!want) return;
    const { duty, profile } = want;
    const driver = this.world.zone.driver(id);
    if (!driver || duty === 'available') {
      if (duty !== 'available' || driver?.duty === 'available') return;
      const at = driver ? null : this.courier(id, null).at;
      this.world.act(id, { kind: 'duty', duty, profile, ...(at ? { at } : {}) });
      return;
    }
    const busy = driver.plan.stops.length > 0;
    const next = busy || duty === 'last_job' ? 'last_job' : duty;
    if (driver.duty === next || (next === 'last_job' && driver.duty !== 'available')) return;
    this.world.act(id, { kind: 'duty', duty: next });
  }

  private answer(id: OfferId): void {
    const offer = this.world.zone.offers.get(id);
    const [delivery] = offer?.deliveries ?? [];
    if (!offer || !delivery) return;
    const accepts = this.habits.accepts(offer.driver, delivery, offer.madeMs);
    this.world.act(
      offer.driver,
      accepts ? { kind: 'accept', offer: id } : { kind: 'decline', offer: id, reason: 'other' },
    );
  }

  private redirect(id: DriverId, nowMs: number): void {
    const driver = this.world.zone.driver(id);
    if (!driver) return;
    const courier = this.courier(id, driver.fix);
    const [next] = driver.plan.stops;
    if (!next) {
      this.halt(courier, nowMs);
      courier.serving = false;
      courier.dueMs = NEVER;
      this.takeDuty(id);
      return;
    }
    if (courier.serving && courier.at && isSamePlace(courier.at, next)) {
      courier.dueMs = Math.max(nowMs, courier.servedMs);
      return;
    }
    if (courier.leg && isSamePlace(courier.leg.to, next)) return;
    this.halt(courier, nowMs);
    courier.serving = false;
    this.depart(courier, next, nowMs, driver.profile.vehicleKind);
    if (next.arrived) this.arriveAtOnce(courier, next, nowMs);
  }

  private send(id: DriverId, to: Place, nowMs: number): void {
    const driver = this.world.zone.driver(id);
    const courier = this.couriers.get(id);
    if (!driver || !courier?.at || driver.plan.stops.length > 0) return;
    this.halt(courier, nowMs);
    this.depart(courier, to, nowMs, driver.profile.vehicleKind);
  }

  private depart(courier: Courier, to: Place, nowMs: number, vehicle: VehicleKind): void {
    const from = courier.at ?? to;
    const departMs = Math.max(nowMs, courier.freeMs);
    const arriveMs = departMs + this.world.facts.travel.ms(from, to, vehicle, departMs);
    courier.at = from;
    const { latE7, lonE7, cell } = to;
    courier.leg = { to: { latE7, lonE7, cell }, departMs, arriveMs };
    courier.dueMs = arriveMs;
    courier.follows = false;
    courier.told = false;
  }

  private arriveAtOnce(courier: Courier, to: Place, nowMs: number): void {
    courier.leg = { to, departMs: nowMs, arriveMs: nowMs };
    courier.dueMs = nowMs;
  }

  /** Ends a leg where it has come to. */
  private halt(courier: Courier, nowMs: number): void {
    const { leg } = courier;
    if (!leg) return;
    courier.at = this.placeNow(courier, nowMs);
    courier.leg = null;
    courier.told = false;
    this.world.drove(Math.max(0, Math.min(nowMs, leg.arriveMs) - leg.departMs));
  }

  private placeNow({ at, leg }: Courier, nowMs: number): Place | null {
    if (!at || !leg) return at;
    if (nowMs >= leg.arriveMs) return leg.to;
    if (nowMs <= leg.departMs) return at;
    const part = (nowMs - leg.departMs) / (leg.arriveMs - leg.departMs);
    const lat = at.latE7 + (leg.to.latE7 - at.latE7) * part;
    const lon = at.lonE7 + (leg.to.lonE7 - at.lonE7) * part;
    return placeOf(lat / 1e7, lon / 1e7);
  }

  private arrive(courier: Courier, nowMs: number): void {
    this.halt(courier, nowMs);
    const next = this.world.zone.driver(courier.id)?.plan.stops[0];
    if (!next || !courier.at || !isSamePlace(courier.at, next)) return;
    const { pickupServiceMs, dropoffServiceMs } = this.world.zone.policy;
    courier.serving = true;
    courier.servedMs = nowMs + (next.kind === 'pickup' ? pickupServiceMs : dropoffServiceMs);
    courier.dueMs = courier.servedMs;
    if (!next.arrived) this.world.act(courier.id, { kind: 'arrived', delivery: next.delivery });
  }

  private serve(courier: Courier, nowMs: number): void {
    const { zone } = this.world;
    const stops = zone.driver(courier.id)?.plan.stops ?? [];
    const { at } = courier;
    const [next] = stops;
    if (!next || !at || !isSamePlace(at, next)) {
      this.replanned.add(courier.id);
      return;
    }
    const here = leading(stops, next);
    if (next.kind === 'pickup') {
      const waitMs = this.waitForParcels(here, nowMs);
      if (waitMs > 0) {
        courier.dueMs = nowMs + waitMs;
        return;
      }
    }
    const { pickupLeaveMs, dropoffLeaveMs } = zone.policy;
    courier.serving = false;
    courier.freeMs = nowMs + (next.kind === 'pickup' ? pickupLeaveMs : dropoffLeaveMs);
    const kind = DEED_AT[next.kind];
    for (const { delivery } of here) this.world.act(courier.id, { kind, delivery });
    this.replanned.add(courier.id);
  }

  /** How long the parcels of these stops are still awaited, ms; 0 or less: all are there. */
  private waitForParcels(here: readonly Stop[], nowMs: number): number {
    const { zone, facts } = this.world;
    const waits = here.map((stop) => {
      const delivery = zone.deliveries.get(stop.delivery);
      return delivery ? facts.readyMs(delivery, nowMs) - nowMs : 0;
    });
    return Math.max(...waits);
  }
}

const DEED_AT = { pickup: 'picked_up', dropoff: 'delivered', return: 'returned' } as const;

/** The stops at the head of a plan that are one visit to one door. */
function leading(stops: readonly Stop[], first: Stop): Stop[] {
  const end = stops.findIndex((stop) => stop.kind !== first.kind || !isSamePlace(stop, first));
  return stops.slice(0, end < 0 ? stops.length : end);
}
