/**
 * A courier's body and habits, without any connection: where it is, what it drives to, when it has
 * arrived, waited and handed over. Pure: zone time comes in, deeds come out. It follows the first
 * open stop of its plan and never decides who carries what.
 *
 * idle → driving (a stop is given) → serving (arrived; waits for service and readiness) → leaving
 * (parcel taken or handed over; half the service is still to pass) → the next stop, or idle. Where
 * nobody comes to the door it is waiting instead of serving: it tries again and again until somebody
 * comes, or until the zone lets it give up.
 */
import type { DriverDeed } from '../contracts/commands.ts';
import type { Stop } from '../contracts/events.ts';
import type { DeliveryId } from '../contracts/ids.ts';
import { CONTACT_WAYS, type ContactWay } from '../contracts/problems.ts';
import type { VehicleKind } from '../contracts/states.ts';
import type { CourierManners, LatLon } from './scenario.ts';
import { headingDegrees, type Leg, positionAt, travelMs } from './travel.ts';

/** What the courier has just done; the app reports it. */
export interface CourierDeed {
  readonly kind:
    | 'arrived'
    | 'picked_up'
    | 'delivered'
    | 'returned'
    | 'unreachable'
    | 'undeliverable';
  readonly delivery: DeliveryId;
  readonly stop: Stop;
  /** How it tried to reach a customer who does not come to the door. */
  readonly tried?: ContactWay;
}

/** What its app tells the zone. */
export function appDeed({
  kind,
  delivery,
  tried,
}: CourierDeed): Exclude<DriverDeed, { kind: 'duty' }> {
  if (kind === 'undeliverable') {
    return { kind, delivery, code: 'customer_unreachable', fault: 'customer' };
  }
  if (kind === 'unreachable') return { kind, delivery, ...(tried ? { tried } : {}) };
  return { kind, delivery };
}

type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'driving'; readonly stop: Stop | null; readonly leg: Leg }
  | { readonly name: 'serving'; readonly stop: Stop; readonly untilMs: number }
  | {
      readonly name: 'waiting';
      readonly stop: Stop;
      readonly opensMs: number;
      readonly tries: number;
      readonly untilMs: number;
    }
  | { readonly name: 'leaving'; readonly untilMs: number };

/** Stops done but not yet gone from the plan; older ones than this are forgotten. */
const DONE_MAX = 64;
/** Between two attempts to reach a customer, zone ms. */
const TRY_AGAIN_MS = 60_000;

export interface CourierStart {
  readonly at: LatLon;
  readonly vehicle: VehicleKind;
  readonly manners: CourierManners;
  /** When the food of a delivery is really ready, zone ms; unknown deliveries are ready at once. */
  readonly readyMs: (delivery: DeliveryId) => number;
  /** Zone ms from arrival to somebody at the door; Infinity: nobody comes. Left out: at once. */
  readonly opensMs?: (delivery: DeliveryId) => number;
}

export class Courier {
  readonly vehicle: VehicleKind;
  private readonly manners: CourierManners;
  private readonly readyMs: (delivery: DeliveryId) => number;
  private readonly opensMs: (delivery: DeliveryId) => number;
  /** Per delivery, from when on the zone lets it give up on the customer. */
  private waits: ReadonlyMap<DeliveryId, number> = new Map();
  private readonly done = new Set<string>();
  private at: LatLon;
  private phase: Phase = { name: 'idle' };
  private stops: readonly Stop[] = [];
  private lastServed: { readonly kind: string; readonly at: LatLon } | null = null;
  private heading = 0;

  constructor(start: CourierStart) {
    this.at = start.at;
    this.vehicle = start.vehicle;
    this.manners = start.manners;
    this.readyMs = start.readyMs;
    this.opensMs = start.opensMs ?? (() => 0);
  }

  /** Whether it has nothing to do and stands still or wanders. */
  get isIdle(): boolean {
    return this.phase.name === 'idle' || (this.phase.name === 'driving' && !this.phase.stop);
  }

  /** Whether it has nothing to do and stands. */
  get isStanding(): boolean {
    return this.phase.name === 'idle' && this.nextStop() === undefined;
  }

  get isMoving(): boolean {
    return this.phase.name === 'driving';
  }

  /** Where it is now, and where it looks. */
  position(nowMs: number): { readonly at: LatLon; readonly heading: number } {
    const { phase } = this;
    return {
      at: phase.name === 'driving' ? positionAt(phase.leg, nowMs) : this.at,
      heading: this.heading,
    };
  }

  /** Takes a new plan. A changed first stop turns the courier around where it is. */
  plan(stops: readonly Stop[], nowMs: number): void {
    this.stops = stops;
    const { phase } = this;
    if (phase.name === 'idle' || phase.name === 'leaving') return;
    const next = this.nextStop();
    if (phase.stop?.id === next?.id) return;
    if (phase.name === 'driving' && !phase.stop && !next) return;
    this.at = this.position(nowMs).at;
    this.phase = { name: 'idle' };
  }

  /** Takes what the zone says of its waits at doors; call before `plan`. */
  waitsUntil(waits: readonly { readonly delivery: DeliveryId; readonly untilMs: number }[]): void {
    this.waits = new Map(waits.map(({ delivery, untilMs }) => [delivery, untilMs]));
    const { phase } = this;
    if (phase.name !== 'waiting') return;
    const mayMs = this.waits.get(phase.stop.delivery) ?? Number.POSITIVE_INFINITY;
    this.phase = { ...phase, untilMs: Math.min(phase.untilMs, mayMs) };
  }

  /** A deed was refused: its stop is open again if the plan still shows it. */
  forget(stop: string): void {
    this.done.delete(stop);
  }

  /** Drives somewhere without a task, such as towards busy vendors. Only when idle. */
  wander(to: LatLon, nowMs: number): void {
    if (this.phase.name === 'idle') this.drive(null, to, nowMs);
  }

  /** Drives to where it is asked to wait, unless it has work; turns around when it was drifting. */
  waitAt(to: LatLon, nowMs: number): void {
    if (!this.isIdle || this.nextStop()) return;
    this.at = this.position(nowMs).at;
    this.drive(null, to, nowMs);
  }

  /** What was done up to now, in order. Call again at `dueMs`, or when the plan has changed. */
  advance(nowMs: number): CourierDeed[] {
    const deeds: CourierDeed[] = [];
    // Bounded: each turn ends in a phase that lies ahead, or completes one of finitely many stops.
    for (let turn = 0; turn < 4 * DONE_MAX; turn++) {
      if (!this.turn(nowMs, deeds)) break;
    }
    return deeds;
  }

  /** Zone ms at which something happens by itself; Infinity: nothing. */
  get dueMs(): number {
    const { phase } = this;
    if (phase.name === 'driving') return phase.leg.endMs;
    return phase.name === 'idle' ? Number.POSITIVE_INFINITY : phase.untilMs;
  }

  private nextStop(): Stop | undefined {
    return this.stops.find((stop) => !this.done.has(stop.id));
  }

  /** One step of the phases; false when nothing more happens before `dueMs`. */
  private turn(nowMs: number, deeds: CourierDeed[]): boolean {
    const { phase } = this;
    if (phase.name === 'idle') {
      return this.driveOn(nowMs);
    }
    if (this.dueMs > nowMs) return false;
    if (phase.name === 'driving') this.arrive(phase, deeds);
    else if (phase.name === 'serving') this.complete(phase.stop, phase.untilMs, deeds);
    else if (phase.name === 'waiting') this.knock(phase, deeds);
    else {
      this.phase = { name: 'idle' };
      this.driveOn(phase.untilMs);
    }
    return true;
  }

  private driveOn(fromMs: number): boolean {
    const stop = this.nextStop();
    if (stop) this.drive(stop, { lat: stop.latE7 / 1e7, lon: stop.lonE7 / 1e7 }, fromMs);
    return stop !== undefined;
  }

  private drive(stop: Stop | null, to: LatLon, nowMs: number): void {
    const durationMs = travelMs(this.at, to, this.vehicle, this.manners);
    const leg: Leg = { from: this.at, to, startMs: nowMs, endMs: nowMs + durationMs };
    if (durationMs > 0) {
      this.heading = headingDegrees(this.at, to);
      this.lastServed = null;
    }
    this.phase = { name: 'driving', stop, leg };
  }

  private arrive(phase: Extract<Phase, { name: 'driving' }>, deeds: CourierDeed[]): void {
    this.at = phase.leg.to;
    const { stop } = phase;
    if (!stop) {
      this.phase = { name: 'idle' };
      return;
    }
    if (!stop.arrived) deeds.push({ kind: 'arrived', delivery: stop.delivery, stop });
    const servedMs = phase.leg.endMs + (this.isSameCall(stop) ? 0 : this.serviceMs(stop) / 2);
    const opensMs = stop.kind === 'dropoff' ? this.opensMs(stop.delivery) : 0;
    if (opensMs > 0) {
      const wait = { opensMs: phase.leg.endMs + opensMs, tries: 0, untilMs: servedMs };
      this.phase = { name: 'waiting', stop, ...wait };
      return;
    }
    const readyMs = stop.kind === 'pickup' ? this.readyMs(stop.delivery) : 0;
    this.phase = { name: 'serving', stop, untilMs: Math.max(servedMs, readyMs) };
  }

  /** Nobody at the door: hands over if somebody has come, gives up if it may, or tries once more. */
  private knock(phase: Extract<Phase, { name: 'waiting' }>, deeds: CourierDeed[]): void {
    const { stop, opensMs, tries, untilMs: atMs } = phase;
    const { delivery } = stop;
    if (opensMs <= atMs) return this.complete(stop, atMs, deeds);
    const mayMs = this.waits.get(delivery) ?? Number.POSITIVE_INFINITY;
    if (mayMs <= atMs) return this.complete(stop, atMs, deeds, 'undeliverable');
    const tried = CONTACT_WAYS[tries % CONTACT_WAYS.length] ?? 'rang';
    deeds.push({ kind: 'unreachable', delivery, stop, tried });
    const untilMs = Math.min(atMs + TRY_AGAIN_MS, opensMs, mayMs);
    this.phase = { ...phase, tries: tries + 1, untilMs };
  }

  private complete(
    stop: Stop,
    atMs: number,
    deeds: CourierDeed[],
    kind: CourierDeed['kind'] = DEED_OF[stop.kind],
  ): void {
    this.remember(stop.id);
    deeds.push({ kind, delivery: stop.delivery, stop });
    this.lastServed = { kind: stop.kind, at: this.at };
    const next = this.nextStop();
    const goesOn = next !== undefined && this.isSameCall(next);
    this.phase = { name: 'leaving', untilMs: atMs + (goesOn ? 0 : this.serviceMs(stop) / 2) };
  }

  /** Several parcels at one door are one call: the service time passes once. */
  private isSameCall(stop: Stop): boolean {
    const { lastServed } = this;
    return (
      lastServed !== null &&
      lastServed.kind === stop.kind &&
      Math.abs(lastServed.at.lat * 1e7 - stop.latE7) < 10 &&
      Math.abs(lastServed.at.lon * 1e7 - stop.lonE7) < 10
    );
  }

  private serviceMs(stop: Stop): number {
    return stop.kind === 'pickup' ? this.manners.pickupServiceMs : this.manners.dropoffServiceMs;
  }

  private remember(id: string): void {
    this.done.add(id);
    if (this.done.size <= DONE_MAX) return;
    const [oldest] = this.done;
    if (oldest !== undefined) this.done.delete(oldest);
  }
}

const DEED_OF = { pickup: 'picked_up', dropoff: 'delivered', return: 'returned' } as const;
