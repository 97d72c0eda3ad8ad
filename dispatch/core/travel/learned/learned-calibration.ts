/**
 * Keeps the answers honest: after each finished trip the median, the 10th and 90th percentile and the
 * mean are nudged so that, by hour of the day and by length of trip, half of the trips end below the
 * first, one in ten below the second and nine in ten below the third. The steps are small and
 * constant, so it never settles for good and follows a city that changes.
 */
import type { Column, Columns } from './learned-columns.ts';
import type { TripInputs } from './learned-inputs.ts';

const HOURS = 24;
/** Expected seconds where one length of trip ends and the next begins. */
const LENGTH_ENDS = [180, 300, 420, 600, 840, 1_200, 1_800] as const;
const LENGTHS = LENGTH_ENDS.length + 1;
const CONTEXTS = HOURS + LENGTHS;
const MEDIAN_RATE = 0.001;
const TAIL_RATE = 0.002;
const MEAN_RATE = 0.002;
/** A shift never exceeds this part of the median or the spread it belongs to. */
const SHIFT_MAX = 0.8;
/** Durations lean to the right: the 10th percentile lies nearer to the median than the 90th. */
const LOW_SHARE = 0.6;

export class LearnedCalibration {
  median = 0;
  p10 = 0;
  p90 = 0;
  mean = 0;
  private readonly medianShift: Column<Float64Array>;
  private readonly tailShift: Column<Float64Array>;
  private readonly lowShift: Column<Float64Array>;
  private readonly meanShift: Column<Float64Array>;
  private hour = 0;
  private length = 0;
  private spread = 0;

  constructor(columns: Columns) {
    this.medianShift = columns.add(Float64Array, 1, CONTEXTS);
    this.tailShift = columns.add(Float64Array, 1, CONTEXTS);
    this.lowShift = columns.add(Float64Array, 1, CONTEXTS);
    this.meanShift = columns.add(Float64Array, 1, CONTEXTS);
  }

  /** Sets `median`, `p10`, `p90` and `mean` (seconds) from what was predicted for a trip. */
  correct(inputs: TripInputs, median: number, spread: number): void {
    const hours = inputs.seconds / 3_600;
    this.hour = Math.floor(hours - Math.floor(hours / HOURS) * HOURS);
    let length = 0;
    while (length < LENGTH_ENDS.length && median >= (LENGTH_ENDS[length] as number)) length++;
    this.length = HOURS + length;
    this.median = median * (1 + this.shift(this.medianShift));
    this.spread = spread * (1 + this.shift(this.tailShift));
    const lowShare = Math.max(0, LOW_SHARE + this.shift(this.lowShift));
    this.p10 = this.median - this.spread * lowShare;
    this.p90 = this.median + this.spread;
    this.mean = this.median + this.spread * this.shift(this.meanShift);
  }

  /** Learns from the outcome of the trip that was corrected last. */
  learn(seconds: number): void {
    this.nudge(this.medianShift, MEDIAN_RATE * (seconds > this.median ? 0.5 : -0.5));
    this.nudge(this.tailShift, TAIL_RATE * (seconds > this.p90 ? 0.9 : -0.1));
    this.nudge(this.lowShift, TAIL_RATE * (seconds < this.p10 ? 0.9 : -0.1));
    const excess = (seconds - this.mean) / this.spread;
    this.nudge(this.meanShift, MEAN_RATE * Math.max(-5, Math.min(5, excess)));
  }

  private shift(column: Column<Float64Array>): number {
    const shifts = column.read(0);
    const sum = (shifts[this.hour] as number) + (shifts[this.length] as number);
    return Math.max(-SHIFT_MAX, Math.min(SHIFT_MAX, sum));
  }

  private nudge(column: Column<Float64Array>, by: number): void {
    const shifts = column.write(0);
    for (const at of [this.hour, this.length]) {
      const moved = (shifts[at] as number) + by;
      shifts[at] = Math.max(-SHIFT_MAX, Math.min(SHIFT_MAX, moved));
    }
  }
}
