/**
 * A courier's body and habits, without any connection: where it is, what it drives to, when it has
 * arrived, waited and handed over. Pure: zone time comes in, deeds come out. It follows the first
 * open stop of its plan and never decides who carries what.
 *
 * idle → driving (a stop is given) → serving (arrived; waits for service and readiness) → leaving
 * (parcel taken or handed over; half the service is still to pass) → the next stop, or idle.
 */
import type { Stop } from '../contracts/events.ts';
import type { DeliveryId } from '../contracts/ids.ts';
import type { VehicleKind } from '../contracts/states.ts';
import type { CourierManners, LatLon } from './scenario.ts';
import { headingDegrees, type Leg, positionAt, travelMs } from './travel.ts';

/** What the courier has just done; the app reports it. */
export interface CourierDeed {
  readonly kind: 'arrived' | 'picked_up' | 'delivered' | 'returned';
  readonly delivery: DeliveryId;
  readonly stop: Stop;
}

type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'driving'; readonly stop: Stop | null; readonly leg: Leg }
  | { readonly name: 'serving'; readonly stop: Stop; readonly untilMs: number }
  | { readonly name: 'leaving'; readonly untilMs: number };

/** Stops done but not yet gone from the plan; older ones than this are forgotten. */
const DONE_MAX = 64;

export interface CourierStart {
  readonly at: LatLon;
  readonly vehicle: VehicleKind;
  readonly manners: CourierManners;
  /** When the food of a delivery is really ready, zone ms; unknown deliveries are ready at once. */
  readonly readyMs: (delivery: DeliveryId) => number;
}

export class Courier {
  readonly vehicle: VehicleKind;
  private readonly manners: CourierManners;
  private readonly readyMs: (delivery: DeliveryId) => number;
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
    const readyMs = stop.kind === 'pickup' ? this.readyMs(stop.delivery) : 0;
    this.phase = { name: 'serving', stop, untilMs: Math.max(servedMs, readyMs) };
  }

  private complete(stop: Stop, atMs: number, deeds: CourierDeed[]): void {
    this.remember(stop.id);
    deeds.push({ kind: DEED_OF[stop.kind], delivery: stop.delivery, stop });
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
