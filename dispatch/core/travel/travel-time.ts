/** Travel time behind a port: learned cells, answers from outside, tables, or distance and speed. */
import type { PointE7 } from '../../../contracts/geo.ts';
import type { VehicleKind } from '../../../contracts/states.ts';
import type { ZoneConfig } from '../../../contracts/zone.ts';
import { Plane } from '../plane.ts';

/** A point, with its cell where the edge computed one: a place without is known less well. */
export type CellPoint = PointE7 & { readonly cell?: number };

/** Integer zone ms: one in ten trips ends before `p10Ms`, half before `p50Ms`, nine before `p90Ms`. */
export interface TravelAnswer {
  meanMs: number;
  p10Ms: number;
  p50Ms: number;
  p90Ms: number;
}

export interface TravelTime {
  /** Zone ms from one point to another, leaving at `departMs`. Integer, never negative. */
  ms(from: CellPoint, to: CellPoint, vehicle: VehicleKind, departMs: number): number;
  /** Writes mean and quantiles into `into`, so that asking often makes no garbage. */
  answer(
    from: CellPoint,
    to: CellPoint,
    vehicle: VehicleKind,
    departMs: number,
    into: TravelAnswer,
  ): void;
}

/** Spread where none is known: eight in ten trips take between these parts of the guess. */
const GUESSED_P10 = 0.7;
const GUESSED_P90 = 1.5;

/** Room for an answer. */
export function emptyAnswer(): TravelAnswer {
  return { meanMs: 0, p10Ms: 0, p50Ms: 0, p90Ms: 0 };
}

/** Writes one guess as an answer: typical and mean alike, with a guessed spread. */
export function writeGuess(guessMs: number, into: TravelAnswer): void {
  into.meanMs = guessMs;
  into.p10Ms = Math.floor(guessMs * GUESSED_P10);
  into.p50Ms = guessMs;
  into.p90Ms = Math.ceil(guessMs * GUESSED_P90);
}

/** Straight line × detour ÷ speed of the vehicle, as the zone's policy says. */
export class DistanceSpeed implements TravelTime {
  private readonly plane: Plane;
  private readonly config: ZoneConfig;

  constructor(config: ZoneConfig) {
    this.plane = new Plane(config.plane);
    this.config = config;
  }

  ms(from: PointE7, to: PointE7, vehicle: VehicleKind): number {
    const { detourPerMille, speedMmps } = this.config.policy;
    // metres × per mille ÷ (mm/s) is seconds; × 1000 is ms.
    return Math.ceil((this.plane.meters(from, to) * detourPerMille * 1000) / speedMmps[vehicle]);
  }

  answer(
    from: PointE7,
    to: PointE7,
    vehicle: VehicleKind,
    _departMs: number,
    into: TravelAnswer,
  ): void {
    writeGuess(this.ms(from, to, vehicle), into);
  }
}
