/**
 * How the drivers of a live zone answer offers, as its log shows it: what part they accept, and how
 * long they take. Simulated drivers do the same; on both sides the same driver says the same about the
 * same delivery at about the same time.
 */
import type { ZoneEvent } from '../../contracts/events.ts';
import { type DeliveryId, type DriverId, hash32, type OfferId } from '../../contracts/ids.ts';

/** Offers under way that are remembered; of more the oldest are forgotten and not learned from. */
const PENDING_MAX = 10_000;
/** Taken until this many answers have been seen, zone ms. */
const ANSWER_MS = 5_000;
const ANSWERS_MIN = 20;
/** Asked again about the same after this long, a driver may have changed its mind; zone ms. */
const MOOD_MS = 10 * 60_000;

/** All that is known of answers; plain data, so that it can be kept. */
export interface HabitSums {
  accepted: number;
  answered: number;
  /** Of those that accepted. */
  waitedMs: number;
}

export class OfferHabits {
  readonly sums: HabitSums;
  private readonly pending = new Map<OfferId, number>();

  /** @param kept goes on from these */
  constructor(kept: HabitSums = { accepted: 0, answered: 0, waitedMs: 0 }) {
    this.sums = kept;
  }

  /** An event of the live zone. */
  hear(event: ZoneEvent, atMs: number): void {
    if (event.type === 'offer.made') {
      this.pending.set(event.offer, atMs);
      if (this.pending.size > PENDING_MAX) this.forgetOldest();
    } else if (event.type === 'offer.closed') {
      const madeMs = this.pending.get(event.offer);
      this.pending.delete(event.offer);
      // A withdrawn offer says nothing about the driver.
      if (event.outcome === 'withdrawn' || madeMs === undefined) return;
      this.sums.answered++;
      if (event.outcome !== 'accepted') return;
      this.sums.accepted++;
      this.sums.waitedMs += atMs - madeMs;
    }
  }

  /** Part of the offers that are accepted; all of them until something else has been seen. */
  get acceptPerMille(): number {
    return Math.round(((this.sums.accepted + 1) * 1000) / (this.sums.answered + 1));
  }

  /** From an offer to its answer, zone ms. */
  get answerMs(): number {
    return this.sums.accepted < ANSWERS_MIN
      ? ANSWER_MS
      : Math.round(this.sums.waitedMs / this.sums.accepted);
  }

  /** Whether a simulated driver accepts a delivery that it is asked about at `atMs`. */
  accepts(driver: DriverId, delivery: DeliveryId, atMs: number): boolean {
    const mood = Math.floor(atMs / MOOD_MS);
    return hash32(`${driver} ${delivery} ${mood}`) % 1000 < this.acceptPerMille;
  }

  private forgetOldest(): void {
    for (const oldest of this.pending.keys()) {
      this.pending.delete(oldest);
      return;
    }
  }
}
