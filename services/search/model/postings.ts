/** Owns a sorted list of document numbers that grows and shrinks in place. */
const FIRST_CAPACITY = 4;

export class Postings {
  data = new Int32Array(FIRST_CAPACITY);
  length = 0;

  /** Adds at the end, in whatever order; `sort` must follow before anybody looks. */
  append(document: number): void {
    if (this.length === this.data.length) this.grow();
    this.data[this.length++] = document;
  }

  sort(): void {
    this.data.subarray(0, this.length).sort();
  }

  insert(document: number): void {
    const at = this.firstNotBefore(document, 0);
    if (at < this.length && this.data[at] === document) return;
    if (this.length === this.data.length) this.grow();
    this.data.copyWithin(at + 1, at, this.length);
    this.data[at] = document;
    this.length++;
  }

  remove(document: number): void {
    const at = this.firstNotBefore(document, 0);
    if (at >= this.length || this.data[at] !== document) return;
    this.data.copyWithin(at, at + 1, this.length);
    this.length--;
  }

  /** Index of the first number that is not less, at or after `from`. */
  firstNotBefore(document: number, from: number): number {
    // Most often it is near: steps twice as long each, then halves of the last one.
    let low = from;
    let high = from;
    for (let step = 1; high < this.length && (this.data[high] as number) < document; step *= 2) {
      low = high + 1;
      high += step;
    }
    high = Math.min(high, this.length);
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.data[middle] as number) < document) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private grow(): void {
    // By half: most lists are short, and a few are very long.
    const larger = new Int32Array(this.length + Math.max(FIRST_CAPACITY, this.length >> 1));
    larger.set(this.data);
    this.data = larger;
  }
}
