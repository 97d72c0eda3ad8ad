/** Owns percentiles: keeps every value up to a bound, then a fair sample of all of them. */
const SAMPLES_MAX = 2_000_000;

export class Samples {
  private readonly values: Float64Array;
  private sorted = true;
  private kept = 0;
  private seen = 0;
  private state = 0x9e3779b9;

  constructor(capacity = SAMPLES_MAX) {
    this.values = new Float64Array(capacity);
  }

  /** How many values came in, kept or not. */
  get count(): number {
    return this.seen;
  }

  add(value: number): void {
    this.seen++;
    this.sorted = false;
    if (this.kept < this.values.length) {
      this.values[this.kept++] = value;
      return;
    }
    // Reservoir sampling: every value has the same chance of standing in the sample.
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    const at = Math.floor((this.state / 0x1_0000_0000) * this.seen);
    if (at < this.values.length) this.values[at] = value;
  }

  /** The value below which this part (0–1) of all values lies; NaN when there is none. */
  quantile(part: number): number {
    const kept = this.values.subarray(0, this.kept);
    if (!this.sorted) kept.sort();
    this.sorted = true;
    return kept[Math.min(this.kept - 1, Math.ceil(part * this.kept) - 1)] ?? Number.NaN;
  }

  /** The values kept, for sending to another process. */
  list(): number[] {
    return [...this.values.subarray(0, this.kept)];
  }

  addAll(values: Iterable<number>): void {
    for (const value of values) this.add(value);
  }
}
