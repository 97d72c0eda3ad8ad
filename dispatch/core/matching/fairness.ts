/**
 * A fair share of work: who has been idle far longer than the others is preferred, for a bounded
 * cost. A driver's credit grows with its idle time beyond the median of the zone's idle drivers and is
 * capped; a ripe run goes to whoever is cheapest after credit. What that costs more than the search's
 * own choice is less than the cap for each run, and nothing at all where nobody waits far longer.
 */

import type { Driver } from '../records.ts';
import type { Zone } from '../zone.ts';
import { type Taker, takersOf } from './broadcast.ts';
import type { Deciding } from './deciding.ts';
import { availability } from './eligibility.ts';

/** Cost units in a second: costs are milliseconds weighted per mille. */
const PER_SECOND = 1_000_000;

/** Slots looked at for idle times: of a larger zone every second one, or every third, and so on. */
const SAMPLE_MAX = 8_192;

/** How long idle drivers have had nothing to do, zone ms, ascending. */
export function idleTimesMs(zone: Zone, atMs: number): number[] {
  const times: number[] = [];
  const every = Math.max(1, Math.ceil(zone.drivers.length / SAMPLE_MAX));
  for (let slot = 0; slot < zone.drivers.length; slot += every) {
    const driver = zone.drivers[slot];
    if (!driver || driver.plan.stops.length > 0 || availability(driver, false) !== null) continue;
    times.push(Math.max(0, atMs - driver.idleSinceMs));
  }
  return times.sort((a, b) => a - b);
}

/** The 90th percentile of the idle times less their median, ms: how far the longest are off. */
export function idleSpreadMs(times: readonly number[]): number {
  const at = (part: number) => times[Math.floor((times.length - 1) * part)] ?? 0;
  return at(0.9) - at(0.5);
}

export class Fairness {
  private readonly atMs: number;
  private readonly medianMs: number;
  private readonly fairIdleMs: number;
  private readonly cap: number;

  private constructor(zone: Zone, atMs: number) {
    const { fairIdleMs, fairCostSeconds } = zone.policy;
    const times = idleTimesMs(zone, atMs);
    this.atMs = atMs;
    this.medianMs = times[(times.length - 1) >> 1] ?? 0;
    this.fairIdleMs = fairIdleMs;
    this.cap = fairCostSeconds * PER_SECOND;
  }

  /** Null in a zone that prefers nobody. */
  static of(zone: Zone, atMs: number): Fairness | null {
    const { fairIdleMs, fairCostSeconds } = zone.policy;
    return fairIdleMs === 0 || fairCostSeconds === 0 ? null : new Fairness(zone, atMs);
  }

  /** What an idle driver's run may cost more, weighted ms: from 0 to the cap. */
  creditOf(driver: Driver): number {
    if (driver.plan.stops.length > 0) return 0;
    const beyondMs = this.atMs - driver.idleSinceMs - this.medianMs;
    const part = Math.min(this.fairIdleMs, Math.max(0, beyondMs)) / this.fairIdleMs;
    return Math.floor(this.cap * part);
  }

  /**
   * Who should have the first run of the chain of `owner` instead; null: the owner. Only runs that
   * nobody has begun change hands, and only to who could begin now.
   */
  takerFor(deciding: Deciding, owner: number, taken: ReadonlySet<number>): Taker | null {
    const { problem, model, search } = deciding;
    const [run, ...rest] = search.chains[owner] ?? [];
    const carrier = problem.carriers[owner];
    const driver = problem.drivers[owner];
    if (!run || !carrier || !driver || driver.plan.stops.length > 0) return null;
    const alone = model.cost(carrier, [run]);
    const added = model.cost(carrier, [run, ...rest]) - model.cost(carrier, rest);
    let best: Taker | null = null;
    let bestCost = (Number.isFinite(added) ? added : alone) - this.creditOf(driver);
    for (const taker of takersOf(deciding, run, taken)) {
      const other = problem.drivers[taker.index];
      if (!other || taker.index === owner) continue;
      const cost = taker.cost - this.creditOf(other);
      if (cost < bestCost) {
        best = taker;
        bestCost = cost;
      }
    }
    return best;
  }
}
