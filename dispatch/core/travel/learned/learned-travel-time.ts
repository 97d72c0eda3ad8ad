/**
 * Travel time as finished trips have taught it, behind the port that zones use. Where the model has
 * seen too few trips of a vehicle it does not guess: the fallback (distance and speed) answers.
 */
import { VEHICLE_KINDS, type VehicleKind } from '../../../../contracts/states.ts';
import type { ZoneConfig } from '../../../../contracts/zone.ts';
import { Plane } from '../../plane.ts';
import { type CellPoint, emptyAnswer, type TravelAnswer, type TravelTime } from '../travel-time.ts';
import { NO_CELL } from './learned-inputs.ts';
import { LearnedMemo } from './learned-memo.ts';
import type { Trip } from './learned-model.ts';
import { LEARNED } from './learned-shape.ts';
import type { LearnedState } from './learned-state.ts';

/** Who leaves within the same of these steps is told the same. */
const STEP_MS = 300_000;

export class LearnedTravelTime implements TravelTime {
  private readonly learned: LearnedState;
  private readonly plane: Plane;
  private readonly fallback: TravelTime;
  private readonly trip: Trip = {
    fromX: 0,
    fromY: 0,
    toX: 0,
    toY: 0,
    fromCell: NO_CELL,
    toCell: NO_CELL,
    seconds: 0,
    vehicle: 0,
    guessSeconds: 0,
  };
  private readonly own = emptyAnswer();
  private readonly memo = new LearnedMemo();

  constructor(learned: LearnedState, plane: ZoneConfig['plane'], fallback: TravelTime) {
    this.learned = learned;
    this.plane = new Plane(plane);
    this.fallback = fallback;
  }

  /** The typical time (median): what a plan should reckon with. Integer zone ms. */
  ms(from: CellPoint, to: CellPoint, vehicle: VehicleKind, departMs: number): number {
    const { model } = this.learned;
    const kind = VEHICLE_KINDS.indexOf(vehicle);
    if (!this.isKnown(from, to, kind)) return this.fallback.ms(from, to, vehicle, departMs);
    const step = Math.floor(departMs / STEP_MS);
    const isKept = from.cell !== undefined && to.cell !== undefined;
    const kept = isKept ? this.memo.find(from, to, kind, step, model?.learned ?? 0) : -1;
    if (kept >= 0) return kept;
    this.answer(from, to, vehicle, departMs, this.own);
    if (isKept) this.memo.keep(from, to, kind, step, this.own.p50Ms);
    return this.own.p50Ms;
  }

  answer(
    from: CellPoint,
    to: CellPoint,
    vehicle: VehicleKind,
    departMs: number,
    into: TravelAnswer,
  ): void {
    const { model } = this.learned;
    if (!model || !this.isKnown(from, to, VEHICLE_KINDS.indexOf(vehicle))) {
      this.fallback.answer(from, to, vehicle, departMs, into);
      return;
    }
    this.place(from, to, vehicle, Math.floor(departMs / STEP_MS) * STEP_MS);
    model.answer(this.trip);
    into.p50Ms = Math.round(model.median * 1_000);
    into.p10Ms = Math.round(model.p10 * 1_000);
    into.p90Ms = Math.max(into.p50Ms, Math.round(model.p90 * 1_000));
    into.meanMs = Math.round(model.mean * 1_000);
  }

  private isKnown(from: CellPoint, to: CellPoint, kind: number): boolean {
    const isHere = from.latE7 === to.latE7 && from.lonE7 === to.lonE7;
    return !isHere && (this.learned.model?.trips(kind) ?? 0) >= LEARNED.vehicleTrips;
  }

  /**
   * Learns from a trip that left at `departMs` and ends now, `tookMs` later. False where that is no
   * trip (under a second, over four hours): nothing is learned then.
   */
  learn(
    from: CellPoint,
    to: CellPoint,
    vehicle: VehicleKind,
    departMs: number,
    tookMs: number,
  ): boolean {
    this.place(from, to, vehicle, departMs);
    return this.learned.taught().learn(this.trip, tookMs / 1_000);
  }

  private place(from: CellPoint, to: CellPoint, vehicle: VehicleKind, departMs: number): void {
    const { trip, plane, fallback } = this;
    trip.fromX = plane.x(from.lonE7);
    trip.fromY = plane.y(from.latE7);
    trip.toX = plane.x(to.lonE7);
    trip.toY = plane.y(to.latE7);
    trip.fromCell = from.cell ?? NO_CELL;
    trip.toCell = to.cell ?? NO_CELL;
    trip.seconds = departMs / 1_000;
    trip.vehicle = VEHICLE_KINDS.indexOf(vehicle);
    trip.guessSeconds = fallback.ms(from, to, vehicle, departMs) / 1_000;
  }
}
