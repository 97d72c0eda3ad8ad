/**
 * Travel time by what a routes source told of the two areas; where it told nothing, the fallback
 * answers. Also takes what it told in: the one input that does not come from a phone or a shop.
 */
import type { VehicleKind } from '../../../contracts/states.ts';
import type { ZoneConfig } from '../../../contracts/zone.ts';
import type { EventOf } from '../change.ts';
import type { Decision } from '../decision.ts';
import type { ZoneInput } from '../input.ts';
import { Plane } from '../plane.ts';
import type { Zone } from '../zone.ts';
import type { RoutedPaces } from './routed-paces.ts';
import { areasOf, isBelievable, ROUTED_ANSWERS_MAX, type RoutedTimes } from './routed-times.ts';
import type { CellPoint, TravelAnswer, TravelTime } from './travel-time.ts';

/** Longest that answers may hold: a day of zone time. */
const HOLDS_MS_MAX = 24 * 3_600_000;

export class RoutedTravel implements TravelTime {
  private readonly times: RoutedTimes;
  private readonly paces: RoutedPaces;
  private readonly plane: Plane;
  private readonly fallback: TravelTime;

  /** @param told the road times of a zone, and the pace its drivers keep against them */
  constructor(
    told: { readonly routed: RoutedTimes; readonly paces: RoutedPaces },
    plane: ZoneConfig['plane'],
    fallback: TravelTime,
  ) {
    this.times = told.routed;
    this.paces = told.paces;
    this.plane = new Plane(plane);
    this.fallback = fallback;
  }

  ms(from: CellPoint, to: CellPoint, vehicle: VehicleKind, departMs: number): number {
    return this.told(from, to, vehicle, departMs) ?? this.fallback.ms(from, to, vehicle, departMs);
  }

  /** A source tells one time, not how it varies: the spread is the fallback's, in proportion. */
  answer(
    from: CellPoint,
    to: CellPoint,
    vehicle: VehicleKind,
    departMs: number,
    into: TravelAnswer,
  ): void {
    this.fallback.answer(from, to, vehicle, departMs, into);
    const told = this.told(from, to, vehicle, departMs);
    if (told === null) return;
    const typicalMs = Math.max(1, into.p50Ms);
    into.meanMs = Math.ceil((told * into.meanMs) / typicalMs);
    into.p10Ms = Math.min(told, Math.floor((told * into.p10Ms) / typicalMs));
    into.p90Ms = Math.max(told, Math.ceil((told * into.p90Ms) / typicalMs));
    into.p50Ms = told;
  }

  private told(
    from: CellPoint,
    to: CellPoint,
    vehicle: VehicleKind,
    departMs: number,
  ): number | null {
    if (this.times.size === 0) return null;
    const meters = this.plane.meters(from, to);
    const pair = areasOf(from, to, meters);
    const told = pair && this.times.find(vehicle, pair, meters, departMs);
    return told === null ? null : this.paces.apply(vehicle, told);
  }
}

/** An observed drive that a time was told for shows the pace of this vehicle kind. */
export function learnPace(zone: Zone, event: EventOf<'drive.observed'>): void {
  const { vehicle, from, to, leftMs, arrivedMs } = event;
  const meters = zone.plane.meters(from, to);
  const pair = areasOf(from, to, meters);
  const told = pair && zone.routed.find(vehicle, pair, meters, leftMs);
  if (told !== null) zone.paces.learn(vehicle, told, arrivedMs - leftMs);
}

/** Takes in what a source told. What cannot be believed is left out; no event when nothing is left. */
export function decideTravel(
  step: Decision,
  { source, holdsMs, times }: Extract<ZoneInput, { kind: 'travel' }>,
): void {
  const believed = times.slice(0, ROUTED_ANSWERS_MAX).filter(isBelievable);
  const holds = Number.isInteger(holdsMs) && holdsMs > 0 && holdsMs <= HOLDS_MS_MAX;
  if (believed.length === 0 || !holds) return;
  step.emit({ type: 'travel.told', source, untilMs: step.atMs + holdsMs, times: believed });
}
