/** Counts ages in fixed buckets that grow by a quarter: percentiles without keeping samples. */

const BUCKETS = 64;
const BOUNDS_MS: readonly number[] = Array.from({ length: BUCKETS }, (_, i) => 1.25 ** i);

export class AgeHistogram {
  readonly counts = new Float64Array(BUCKETS);
  total = 0;

  add(ageMs: number): void {
    const age = Math.max(1, ageMs);
    const bucket = Math.min(BUCKETS - 1, Math.ceil(Math.log(age) / Math.log(1.25)));
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.total++;
  }

  merge(counts: ArrayLike<number>): void {
    for (let i = 0; i < BUCKETS; i++) {
      this.counts[i] = (this.counts[i] ?? 0) + (counts[i] ?? 0);
      this.total += counts[i] ?? 0;
    }
  }

  /** Upper bound of the bucket that holds this part (0–1) of all ages, ms; 0 when empty. */
  quantileMs(part: number): number {
    if (this.total === 0) return 0;
    let rest = part * this.total;
    for (let i = 0; i < BUCKETS; i++) {
      rest -= this.counts[i] ?? 0;
      if (rest <= 0) return Math.round(BOUNDS_MS[i] ?? 0);
    }
    return Math.round(BOUNDS_MS[BUCKETS - 1] ?? 0);
  }

  clear(): void {
    this.counts.fill(0);
    this.total = 0;
  }
}
