/**
 * What came of deliveries, on one side of a comparison or in reality: counts for good, percentiles
 * over the newest. A delivery counts when it was asked for after the count began.
 */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DeliveryId } from '../../contracts/ids.ts';
import type { OutcomeFigures } from '../../contracts/shadow.ts';

/** Deliveries that percentiles are taken over: the newest. */
const SAMPLES_MAX = 4_096;

/** How one delivery ended; times only when it was made. */
export interface Outcome {
  readonly delivery: DeliveryId;
  readonly placedMs: number;
  readonly end: 'delivered' | 'undelivered' | 'cancelled';
  readonly clickToDoorMs: number;
  readonly lateMs: number;
}

/** All that is known of deliveries that have ended; plain data, so that it can be kept. */
export interface OutcomeSums {
  readonly delivered: number;
  readonly undelivered: number;
  readonly cancelled: number;
  readonly clickToDoorMs: readonly number[];
  readonly lateMs: number;
  readonly driveMs: number;
}

export class Outcomes {
  private readonly open = new Map<DeliveryId, { placedMs: number; promiseMs: number }>();
  private readonly counts = { delivered: 0, undelivered: 0, cancelled: 0 };
  private readonly clickToDoorMs: number[] = [];
  private lateMs = 0;
  private driveMs = 0;

  /** @param kept goes on from these */
  constructor(kept?: OutcomeSums) {
    if (!kept) return;
    const { delivered, undelivered, cancelled } = kept;
    this.counts = { delivered, undelivered, cancelled };
    this.clickToDoorMs = [...kept.clickToDoorMs];
    this.lateMs = kept.lateMs;
    this.driveMs = kept.driveMs;
  }

  get sums(): OutcomeSums {
    const { counts, clickToDoorMs, lateMs, driveMs } = this;
    return { ...counts, clickToDoorMs, lateMs, driveMs };
  }

  /** An event of the side's zone; an outcome when it ended a delivery that counts. */
  hear(event: ZoneEvent, atMs: number): Outcome | null {
    if (event.type === 'delivery.requested') {
      const { request, promiseMs } = event;
      this.open.set(request.id, { placedMs: request.placedMs, promiseMs });
      return null;
    }
    if (event.type !== 'delivery.ended') return null;
    const asked = this.open.get(event.delivery);
    if (!asked) return null;
    this.open.delete(event.delivery);
    const made = event.state === 'delivered';
    const end = made ? 'delivered' : event.state === 'cancelled' ? 'cancelled' : 'undelivered';
    const clickToDoorMs = made ? atMs - asked.placedMs : 0;
    const lateMs = made ? Math.max(0, atMs - asked.promiseMs) : 0;
    this.counts[end]++;
    if (made) this.addSample(clickToDoorMs, lateMs);
    return { delivery: event.delivery, placedMs: asked.placedMs, end, clickToDoorMs, lateMs };
  }

  drove(ms: number): void {
    this.driveMs += ms;
  }

  /** What is open will never be heard of again: it does not count. */
  forgetOpen(): void {
    this.open.clear();
  }

  /** @param knowsDriving whether `drove` was told all of it */
  figures(knowsDriving: boolean): OutcomeFigures {
    const { delivered, undelivered, cancelled } = this.counts;
    const sorted = [...this.clickToDoorMs].sort((a, b) => a - b);
    return {
      requested: delivered + undelivered + cancelled + this.open.size,
      ...this.counts,
      open: this.open.size,
      clickToDoorP50Ms: quantile(sorted, 0.5),
      clickToDoorP90Ms: quantile(sorted, 0.9),
      lateMeanMs: delivered > 0 ? Math.round(this.lateMs / delivered) : null,
      driveMsPerDelivery:
        knowsDriving && delivered > 0 ? Math.round(this.driveMs / delivered) : null,
    };
  }

  private addSample(clickToDoorMs: number, lateMs: number): void {
    this.lateMs += lateMs;
    const at = (this.counts.delivered - 1) % SAMPLES_MAX;
    this.clickToDoorMs[at] = clickToDoorMs;
  }
}

/** The value below which a part of the sorted ones lies; null without any. */
function quantile(sorted: readonly number[], part: number): number | null {
  if (sorted.length === 0) return null;
  return Math.round(
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number,
  );
}
