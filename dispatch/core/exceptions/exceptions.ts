/**
 * The exceptions of a zone: which problems are open, and when each delivery that has one is expected at
 * its door. State, changed by `apply` alone; `raising.ts` decides. Bounded by the open deliveries and
 * the tombstones: a delivery has each problem at most once, takes what is left of it along when it
 * ends, and what is said of it afterwards goes with its tombstone.
 */
import type { DeliveryId, DriverId } from '../../../contracts/ids.ts';
import type { DeliveryProblem } from '../../../contracts/problems.ts';

/** While a problem is open, its delivery's door time is told again after this long; zone ms. */
const FORECAST_MS = 60_000;
/** With more deliveries in trouble than this, each is told proportionally more rarely. */
const FORECASTS_PER_INTERVAL = 1_000;

export interface OpenProblem {
  readonly problem: DeliveryProblem;
  readonly sinceMs: number;
  /** Whom it is about: the driver at that time, or the one whose phone spoke. */
  readonly driver: DriverId | null;
}

/** What is wrong with one delivery. */
export interface DeliveryExceptions {
  readonly delivery: DeliveryId;
  readonly open: readonly OpenProblem[];
  /** When it is expected at its door, as last told; zone ms. */
  readonly doorMs: number;
  readonly toldMs: number;
  /** Zone ms at which the door time is reckoned and told again. */
  readonly nextMs: number;
}

export class Exceptions {
  private readonly records = new Map<DeliveryId, DeliveryExceptions>();

  /** Deliveries with an open problem. */
  get size(): number {
    return this.records.size;
  }

  of(delivery: DeliveryId): DeliveryExceptions | undefined {
    return this.records.get(delivery);
  }

  isOpen(delivery: DeliveryId, problem: DeliveryProblem): boolean {
    return this.records.get(delivery)?.open.some((each) => each.problem === problem) ?? false;
  }

  /** Since when a problem is open; null when it is not. */
  sinceMs(delivery: DeliveryId, problem: DeliveryProblem): number | null {
    const open = this.records.get(delivery)?.open.find((each) => each.problem === problem);
    return open?.sinceMs ?? null;
  }

  /** How many deliveries have had this problem since before `beforeMs`. */
  countBefore(problem: DeliveryProblem, beforeMs: number): number {
    let count = 0;
    for (const { open } of this.records.values()) {
      if (open.some((each) => each.problem === problem && each.sinceMs < beforeMs)) count++;
    }
    return count;
  }

  /** Deliveries about which this driver's phone has raised a problem. */
  about(driver: DriverId, problem: DeliveryProblem): DeliveryId[] {
    const found: DeliveryId[] = [];
    for (const { delivery, open } of this.records.values()) {
      if (open.some((each) => each.problem === problem && each.driver === driver)) {
        found.push(delivery);
      }
    }
    return found;
  }

  all(): DeliveryExceptions[] {
    return [...this.records.values()];
  }

  restore(record: DeliveryExceptions): void {
    this.records.set(record.delivery, record);
  }

  raised(delivery: DeliveryId, problem: OpenProblem, doorMs: number): void {
    const others = (this.records.get(delivery)?.open ?? []).filter(
      (each) => each.problem !== problem.problem,
    );
    this.records.set(delivery, {
      ...{ delivery, open: [...others, problem], doorMs, toldMs: problem.sinceMs },
      nextMs: this.nextMs(problem.sinceMs),
    });
  }

  forecast(delivery: DeliveryId, doorMs: number, atMs: number): void {
    const record = this.records.get(delivery);
    if (!record) return;
    this.records.set(delivery, { ...record, doorMs, toldMs: atMs, nextMs: this.nextMs(atMs) });
  }

  cleared(delivery: DeliveryId, problem: DeliveryProblem): void {
    const record = this.records.get(delivery);
    if (!record) return;
    const open = record.open.filter((each) => each.problem !== problem);
    if (open.length === 0) this.records.delete(delivery);
    else this.records.set(delivery, { ...record, open });
  }

  /** The delivery has ended, and with it all that was wrong. */
  ended(delivery: DeliveryId): void {
    this.records.delete(delivery);
  }

  private nextMs(atMs: number): number {
    const rounds = Math.ceil(Math.max(1, this.records.size) / FORECASTS_PER_INTERVAL);
    return atMs + FORECAST_MS * rounds;
  }
}
