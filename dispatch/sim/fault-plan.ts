/** What goes wrong in a run: drawn from the seed before anything starts, printed first. */
import { Random } from './random.ts';

export interface FaultPlan {
  readonly seed: number;
  /** Virtual ms with faults; afterwards everything is left to settle. */
  readonly faultyMs: number;
  readonly nodes: number;
  readonly zones: number;
  readonly drivers: number;
  readonly deliveries: number;
  /** Per operation of an owner on the store: it dies there and then. */
  readonly crash: number;
  /** Per operation: it fails before it took effect, or its answer is lost after. */
  readonly fail: number;
  readonly loseAnswer: number;
  /**
   * Per second and node: it stands still, perhaps for longer than its leases; per commit (a fifth of
   * it): it stands still between deciding and writing.
   */
  readonly freeze: number;
  readonly freezeMsMax: number;
  /** Per message between the outside and the engine. */
  readonly drop: number;
  readonly duplicate: number;
  readonly delayMsMax: number;
  /** Records between snapshots: small, so that restores begin anywhere. */
  readonly snapshotRecords: number;
  /** Per road time that a zone wants: an answer comes. 0: there is no routes source. */
  readonly routesAnswered: number;
}

/** Draws a plan. Every seed is a different mixture; some are almost calm. */
export function drawFaultPlan(seed: number, faultyMs: number): FaultPlan {
  const random = new Random(seed, 'fault-plan');
  const rare = (most: number): number => Math.round(random.next() ** 3 * most * 1e6) / 1e6;
  return {
    seed,
    faultyMs,
    nodes: random.integer(2, 3),
    zones: random.integer(1, 3),
    drivers: random.integer(3, 12),
    deliveries: random.integer(10, 40),
    crash: rare(0.004),
    fail: rare(0.02),
    loseAnswer: rare(0.02),
    freeze: rare(0.05),
    freezeMsMax: random.integer(500, 12_000),
    drop: rare(0.3),
    duplicate: rare(0.3),
    delayMsMax: random.integer(10, 3_000),
    snapshotRecords: random.integer(3, 60),
    routesAnswered: Math.max(0, random.next() * 1.5 - 0.5),
  };
}
