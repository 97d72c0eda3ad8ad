/**
 * What a walk along a chain leaves behind for whoever explains it: the cost by term, when each
 * delivery is picked up and at its door, and the limit that ended the walk. The walk itself writes
 * it, so an explanation can never tell another cost than the search has used.
 */
import type { DeliveryId } from '../../../contracts/ids.ts';
import type { Weights } from '../../../contracts/zone.ts';
import type { Delivery } from '../records.ts';

/** The terms of a chain's cost, each with the weight it is multiplied by. */
export const TERM_WEIGHTS = {
  /** Driving. */
  drive: 'travelPerMille',
  /** From ready (or placed, if that is later) to the door. */
  delay: 'delayPerMille',
  /** Past the promise. */
  late: 'latePerMille',
} as const satisfies Record<string, keyof Weights>;

export type Term = keyof typeof TERM_WEIGHTS;

export const TERMS = Object.keys(TERM_WEIGHTS) as readonly Term[];

/** Limits that end a walk: the shift, what a committed delivery was granted, riding together too long. */
export type Broken = 'shift_end' | 'delays_committed' | 'food_age';

export class Trail {
  /** Unweighted, zone ms; times its weight, summed up, this is the cost of the walk. */
  readonly ms: Record<Term, number> = { drive: 0, delay: 0, late: 0 };
  readonly pickupMs = new Map<DeliveryId, number>();
  readonly doorMs = new Map<DeliveryId, number>();
  broken: Broken | null = null;

  pickedUp(unit: readonly Delivery[], atMs: number): void {
    for (const { id } of unit) this.pickupMs.set(id, atMs);
  }

  add(driveMs: number, delayMs: number, lateMs: number): void {
    this.ms.drive += driveMs;
    this.ms.delay += delayMs;
    this.ms.late += lateMs;
  }
}

/** Notes the limit that a walk has broken. Always false: what the walk then answers. */
export function breaks(trail: Trail | undefined, limit: Broken): false {
  if (trail) trail.broken = limit;
  return false;
}
