/**
 * Drivers by cell over typed arrays: each grid bucket heads a doubly linked list of slots. Putting,
 * moving and removing a slot touch a few integers and allocate nothing. Not state: rebuilt at will.
 */
import type { Grid } from './cells.ts';

const NONE = -1;
/** The six sides of a ring that starts at (+k, 0), as unit steps in H3's IJ coordinates. */
const SIDE_I = [0, -1, -1, 0, 1, 1] as const;
const SIDE_J = [1, 0, -1, -1, 0, 1] as const;
/** Most slots one query may ask for. */
export const NEAREST_MAX = 64;

export class CellIndex {
  private readonly grid: Grid;
  private readonly heads: Int32Array;
  private next: Int32Array;
  private previous: Int32Array;
  private bucket: Int32Array;
  private x: Float64Array;
  private y: Float64Array;
  private readonly bestMeters2 = new Float64Array(NEAREST_MAX);
  size = 0;

  constructor(grid: Grid, capacity = 1024) {
    this.grid = grid;
    this.heads = new Int32Array(grid.buckets).fill(NONE);
    this.next = new Int32Array(capacity).fill(NONE);
    this.previous = new Int32Array(capacity).fill(NONE);
    this.bucket = new Int32Array(capacity).fill(NONE);
    this.x = new Float64Array(capacity);
    this.y = new Float64Array(capacity);
  }

  has(slot: number): boolean {
    return slot < this.bucket.length && this.bucket[slot] !== NONE;
  }

  /** Puts or moves a slot. `x`, `y`: metres on the zone's plane. A bucket of -1 removes it. */
  put(slot: number, bucket: number, x: number, y: number): void {
    if (slot >= this.bucket.length) this.grow(slot + 1);
    this.x[slot] = x;
    this.y[slot] = y;
    const old = this.bucket[slot] as number;
    if (old === bucket) return;
    if (old !== NONE) this.unlink(slot, old);
    if (bucket === NONE) return;
    const head = this.heads[bucket] as number;
    this.next[slot] = head;
    this.previous[slot] = NONE;
    if (head !== NONE) this.previous[head] = slot;
    this.heads[bucket] = slot;
    this.bucket[slot] = bucket;
    this.size++;
  }

  remove(slot: number): void {
    if (!this.has(slot)) return;
    this.unlink(slot, this.bucket[slot] as number);
  }

  /**
   * The nearest slots to a point, nearest first (ties: lower slot), written to `out`.
   * @param bucket the point's bucket, from the same grid
   * @param count how many are wanted, at most 64
   * @param metersMax farther ones are left out
   * @returns how many were written
   */
  nearest(
    query: { readonly bucket: number; readonly x: number; readonly y: number },
    count: number,
    metersMax: number,
    out: Int32Array,
  ): number {
    if (query.bucket < 0 || this.size === 0) return 0;
    const { jSpan } = this.grid;
    const column = Math.floor(query.bucket / jSpan);
    const row = query.bucket - column * jSpan;
    const limit2 = metersMax * metersMax;
    let found = this.scan(query, query.bucket, 0, count, limit2, out);
    const rings = this.grid.ringsWithin(metersMax);
    for (let k = 1; k <= rings; k++) {
      if (found === count) {
        const floor = this.grid.gapMeters(k);
        if (floor * floor > (this.bestMeters2[found - 1] as number)) break;
      }
      found = this.scanRing(query, column, row, k, found, count, limit2, out);
    }
    return found;
  }

  private scanRing(
    query: { readonly x: number; readonly y: number },
    column: number,
    row: number,
    k: number,
    found: number,
    count: number,
    limit2: number,
    out: Int32Array,
  ): number {
    const { iSpan, jSpan } = this.grid;
    let filled = found;
    let i = column + k;
    let j = row;
    for (let side = 0; side < 6; side++) {
      const di = SIDE_I[side] as number;
      const dj = SIDE_J[side] as number;
      for (let step = 0; step < k; step++) {
        if (i >= 0 && j >= 0 && i < iSpan && j < jSpan) {
          const bucket = i * jSpan + j;
          if (this.heads[bucket] !== NONE) {
            filled = this.scan(query, bucket, filled, count, limit2, out);
          }
        }
        i += di;
        j += dj;
      }
    }
    return filled;
  }

  private scan(
    query: { readonly x: number; readonly y: number },
    bucket: number,
    found: number,
    count: number,
    limit2: number,
    out: Int32Array,
  ): number {
    const best = this.bestMeters2;
    let filled = found;
    for (let slot = this.heads[bucket] as number; slot !== NONE; slot = this.next[slot] as number) {
      const dx = (this.x[slot] as number) - query.x;
      const dy = (this.y[slot] as number) - query.y;
      const meters2 = dx * dx + dy * dy;
      if (meters2 > limit2) continue;
      if (filled === count) {
        const worst = best[filled - 1] as number;
        if (meters2 > worst || (meters2 === worst && slot > (out[filled - 1] as number))) continue;
        filled--;
      }
      let at = filled;
      while (at > 0) {
        const before = best[at - 1] as number;
        if (before < meters2 || (before === meters2 && (out[at - 1] as number) < slot)) break;
        best[at] = before;
        out[at] = out[at - 1] as number;
        at--;
      }
      best[at] = meters2;
      out[at] = slot;
      filled++;
    }
    return filled;
  }

  private unlink(slot: number, bucket: number): void {
    const next = this.next[slot] as number;
    const previous = this.previous[slot] as number;
    if (previous === NONE) this.heads[bucket] = next;
    else this.next[previous] = next;
    if (next !== NONE) this.previous[next] = previous;
    this.bucket[slot] = NONE;
    this.size--;
  }

  private grow(least: number): void {
    const capacity = Math.max(least, this.bucket.length * 2);
    this.next = grownInts(this.next, capacity);
    this.previous = grownInts(this.previous, capacity);
    this.bucket = grownInts(this.bucket, capacity);
    this.x = grownFloats(this.x, capacity);
    this.y = grownFloats(this.y, capacity);
  }
}

function grownInts(old: Int32Array, capacity: number): Int32Array {
  const grown = new Int32Array(capacity).fill(NONE);
  grown.set(old);
  return grown;
}

function grownFloats(old: Float64Array, capacity: number): Float64Array {
  const grown = new Float64Array(capacity);
  grown.set(old);
  return grown;
}
