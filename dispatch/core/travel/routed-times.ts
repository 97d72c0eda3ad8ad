/**
 * What a routes source told: road times by pair of areas and vehicle. Part of the zone's state, changed
 * only by `travel.told` and by time running out, so that recovery and audit plan with the same times.
 * Never asks anybody: answers come as inputs.
 */
import type { RoutedAnswer } from '../../../contracts/events.ts';
import { CELL_KEY_MAX } from '../../../contracts/geo.ts';
import { hash32 } from '../../../contracts/ids.ts';
import { VEHICLE_KINDS, type VehicleKind } from '../../../contracts/states.ts';
import type { CellPoint } from './travel-time.ts';

/** Pairs kept; beyond, the pair told longest ago goes. About 2 MB of a snapshot. */
export const ROUTED_TIMES_MAX = 20_000;
/** Answers of one input; the runtime keeps the rest for the next. */
export const ROUTED_ANSWERS_MAX = 256;
/** Pairs farther apart than this are told by cells of resolution 8 instead of 9. */
const COARSE_METERS = 3_000;
/** A time holds for drives that begin this long after it ran out: plans reach that far ahead. */
const AHEAD_MS = 3_600_000;
/** A time is stretched by distance from here on, so that doors of one block do not come out as 0 m. */
const NEAR_METERS = 200;
/** Longest drive that is believed, ms. */
const ROUTED_MS_MAX = 6 * 3_600_000;
/** Fastest drive along the straight line that is believed, metres per second. */
const ROUTED_SPEED_MAX = 70;
/** Ends of a drive snap to the nearest road: so much shorter may it be than the straight line. */
const SNAP_METERS = 400;

/** An answer and the zone time it holds until. */
export type RoutedTime = readonly [...RoutedAnswer, untilMs: number];

/** The two areas a pair of points belongs to: what a time is known by. */
export interface AreaPair {
  readonly from: number;
  readonly to: number;
}

/**
 * The areas of two points `meters` apart; null where no time of a pair can be known: a point without
 * a cell, or both ends in one area. A coarse area is its cell key with 7 for the finest digit, which
 * is how H3 marks an unused one.
 */
export function areasOf(from: CellPoint, to: CellPoint, meters: number): AreaPair | null {
  if (from.cell === undefined || to.cell === undefined) return null;
  const isCoarse = meters > COARSE_METERS;
  const pair = { from: areaOf(from.cell, isCoarse), to: areaOf(to.cell, isCoarse) };
  return pair.from === pair.to ? null : pair;
}

function areaOf(cell: number, isCoarse: boolean): number {
  return isCoarse ? Math.floor(cell / 8) * 8 + 7 : cell;
}

/** Names a pair of areas for one vehicle kind. */
export function pairKey(vehicle: VehicleKind, { from, to }: AreaPair): string {
  return `${vehicle} ${from} ${to}`;
}

/** Whether an answer may be taken in: whole numbers in range, and no drive faster than anything drives. */
export function isBelievable(answer: RoutedAnswer): boolean {
  const [vehicle, from, to, ms, meters] = answer;
  return (
    VEHICLE_KINDS.includes(vehicle) &&
    isArea(from) &&
    isArea(to) &&
    from !== to &&
    Number.isInteger(ms) &&
    ms >= 0 &&
    ms <= ROUTED_MS_MAX &&
    Number.isInteger(meters) &&
    meters >= 0 &&
    (meters - SNAP_METERS) * 1_000 <= ms * ROUTED_SPEED_MAX
  );
}

function isArea(area: number): boolean {
  return Number.isInteger(area) && area >= 0 && area <= CELL_KEY_MAX;
}

export class RoutedTimes {
  /** By vehicle and origin, the times by destination. */
  private readonly byPair = new Map<VehicleKind, Map<number, Map<number, RoutedTime>>>();
  /** All of them, told longest ago first. */
  private readonly told = new Set<RoutedTime>();

  /** Stands for all of them where states are compared; kept up to date, so that it costs nothing. */
  digest = 0;

  get size(): number {
    return this.told.size;
  }

  /** Takes answers in that hold until `untilMs`; what ran out by `atMs` goes, then the oldest. */
  learn(answers: readonly RoutedAnswer[], untilMs: number, atMs: number): void {
    for (const answer of answers) this.restore([...answer, untilMs]);
    this.forget(atMs);
  }

  /** Drops what ran out, oldest first, and what is past the bound. */
  forget(atMs: number): void {
    for (const time of this.told) {
      if (time[5] > atMs && this.told.size <= ROUTED_TIMES_MAX) return;
      this.drop(time);
    }
  }

  /** Whether a time is known that holds beyond `atMs`. */
  has(vehicle: VehicleKind, { from, to }: AreaPair, atMs: number): boolean {
    return (this.get(vehicle, from, to)?.[5] ?? 0) > atMs;
  }

  /**
   * The time of a drive of `meters` (straight line) between two areas, leaving at `departMs`: what was
   * told for these areas, by how much longer or shorter the straight line is. Integer zone ms; null:
   * nothing was told, or it ran out.
   */
  find(
    vehicle: VehicleKind,
    { from, to }: AreaPair,
    meters: number,
    departMs: number,
  ): number | null {
    const time = this.get(vehicle, from, to);
    if (!time || departMs >= time[5] + AHEAD_MS) return null;
    const [, , , ms, askedMeters] = time;
    return Math.ceil((ms * (meters + NEAR_METERS)) / (askedMeters + NEAR_METERS));
  }

  /** Everything, told longest ago first; for snapshots. */
  all(): RoutedTime[] {
    return [...this.told];
  }

  /** Takes a record of a snapshot in. What is told anew is told last. */
  restore(time: RoutedTime): void {
    const [vehicle, from, to] = time;
    const before = this.get(vehicle, from, to);
    if (before) this.drop(before);
    this.told.add(time);
    this.digest = (this.digest + hash32(time.join(' '))) >>> 0;
    let origins = this.byPair.get(vehicle);
    if (!origins) {
      origins = new Map();
      this.byPair.set(vehicle, origins);
    }
    const destinations = origins.get(from);
    if (destinations) destinations.set(to, time);
    else origins.set(from, new Map([[to, time]]));
  }

  private get(vehicle: VehicleKind, from: number, to: number): RoutedTime | undefined {
    return this.byPair.get(vehicle)?.get(from)?.get(to);
  }

  private drop(time: RoutedTime): void {
    const [vehicle, from, to] = time;
    this.told.delete(time);
    this.digest = (this.digest - hash32(time.join(' '))) >>> 0;
    const origins = this.byPair.get(vehicle);
    const destinations = origins?.get(from);
    destinations?.delete(to);
    if (destinations?.size === 0) origins?.delete(from);
  }
}
