/**
 * How the zone's own drives compare with what a routes source told for them, by vehicle kind: a map
 * knows the roads, not the couriers. Part of the zone's state; told times are answered at this pace.
 */
import type { VehicleKind } from '../../../contracts/states.ts';

/** Driving that counts as exactly as told, before any was seen: twenty drives of ten minutes. */
const PRIOR_MS = 20 * 600_000;
/** Driving remembered; beyond, all sums are halved, so that what is past fades. */
const REMEMBERED_MS = 1_000 * 600_000;
/** A single drive counts as this much slower or faster than told at most: detours are not the pace. */
const RATIO_MAX = 3;

/** Driving that was told a time for and then done, ms each. */
interface Pace {
  readonly toldMs: number;
  readonly tookMs: number;
}

/** What is known of one source. */
export interface RoutedPace {
  readonly source: string;
  readonly byVehicle: readonly (readonly [VehicleKind, Pace])[];
}

export class RoutedPaces {
  private readonly paces = new Map<VehicleKind, Pace>();
  private source = '';

  /** Another source is another map: its pace is learned anew. */
  follow(source: string): void {
    if (source !== this.source) this.paces.clear();
    this.source = source;
  }

  /** A drive ended that `toldMs` was told for. */
  learn(vehicle: VehicleKind, toldMs: number, tookMs: number): void {
    if (toldMs <= 0) return;
    const before = this.paces.get(vehicle) ?? { toldMs: 0, tookMs: 0 };
    const counted = Math.min(toldMs * RATIO_MAX, Math.max(Math.floor(toldMs / RATIO_MAX), tookMs));
    const sum = { toldMs: before.toldMs + toldMs, tookMs: before.tookMs + counted };
    const part = sum.toldMs > REMEMBERED_MS ? 2 : 1;
    this.paces.set(vehicle, {
      toldMs: Math.floor(sum.toldMs / part),
      tookMs: Math.floor(sum.tookMs / part),
    });
  }

  /** What a told time takes this zone's drivers; integer ms. */
  apply(vehicle: VehicleKind, toldMs: number): number {
    const pace = this.paces.get(vehicle);
    if (!pace) return toldMs;
    return Math.ceil((toldMs * (pace.tookMs + PRIOR_MS)) / (pace.toldMs + PRIOR_MS));
  }

  /** Everything, as at most one record; for snapshots. */
  all(): RoutedPace[] {
    const { source } = this;
    return source === '' ? [] : [{ source, byVehicle: [...this.paces] }];
  }

  /** Takes the record of a snapshot in. */
  restore({ source, byVehicle }: RoutedPace): void {
    this.source = source;
    for (const [vehicle, pace] of byVehicle) this.paces.set(vehicle, pace);
  }
}
