/**
 * Drivers by cell over typed arrays: each grid bucket heads a list of chunks, and a chunk holds eight
 * slots side by side. Putting, moving and removing a slot touch a few numbers and allocate nothing.
 * Not state: rebuilt at will.
 *
 * A query is bound by memory, not by arithmetic: chunks make its reads sequential, and a bucket whose
 * box of members is farther than the worst one found is not read at all. At 100,000 drivers this took
 * a query from 2.3 to 1.4 µs against a linked list of slots (`npm run bench -- nearest`).
 */
import type { Grid } from './cells.ts';

const NONE = -1;
/** Metres beyond every point of a plane: the box around nothing. */
const NOWHERE = 0x7fffffff;
/** The six sides of a ring that starts at (+k, 0), as unit steps in H3's IJ coordinates. */
const SIDE_I = [0, -1, -1, 0, 1, 1] as const;
const SIDE_J = [1, 0, -1, -1, 0, 1] as const;
/** Most slots one query may ask for. */
export const NEAREST_MAX = 64;

/** Slots in a chunk. All chunks of a bucket are full but the first. */
const CHUNK = 8;
/** One bucket: its first chunk, how full that is, and the box of its members in whole metres. */
const BUCKET_INTS = 8;
const FIRST = 0;
const FILL = 1;
const WEST = 2;
const SOUTH = 3;
const EAST = 4;
const NORTH = 5;

export class CellIndex {
  private readonly grid: Grid;
  private readonly buckets: Int32Array;
  /** By slot: its bucket, and its entry (chunk × 8 + place in the chunk). */
  private bucketOf: Int32Array;
  private entryOf: Int32Array;
  /** By entry: x and y, then the slot. */
  private points = new Float64Array(0);
  private slots = new Int32Array(0);
  /** By chunk: the next one of its bucket, or of the free ones. */
  private nextChunk = new Int32Array(0);
  private freeChunk = NONE;
  private readonly bestMeters2 = new Float64Array(NEAREST_MAX);
  size = 0;

  constructor(grid: Grid, capacity = 1024) {
    this.grid = grid;
    this.buckets = new Int32Array(grid.buckets * BUCKET_INTS).fill(NONE);
    this.bucketOf = new Int32Array(capacity).fill(NONE);
    this.entryOf = new Int32Array(capacity);
    this.growChunks(Math.ceil(capacity / CHUNK));
  }

  has(slot: number): boolean {
    return slot < this.bucketOf.length && this.bucketOf[slot] !== NONE;
  }

  /** Puts or moves a slot. `x`, `y`: metres on the zone's plane. A bucket of -1 removes it. */
  put(slot: number, bucket: number, x: number, y: number): void {
    if (slot >= this.bucketOf.length) this.growSlots(slot + 1);
    const old = this.bucketOf[slot] as number;
    if (old !== bucket) {
      if (old !== NONE) this.unlink(slot, old);
      if (bucket === NONE) return;
      this.link(slot, bucket);
    }
    if (bucket === NONE) return;
    const entry = this.entryOf[slot] as number;
    this.points[2 * entry] = x;
    this.points[2 * entry + 1] = y;
    this.widen(bucket * BUCKET_INTS, x, y);
  }

  remove(slot: number): void {
    if (!this.has(slot)) return;
    this.unlink(slot, this.bucketOf[slot] as number);
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
    for (let k = 1; k <= rings && found < this.size; k++) {
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
          if (this.mayHold(query, bucket, filled, count, limit2)) {
            filled = this.scan(query, bucket, filled, count, limit2, out);
          }
        }
        i += di;
        j += dj;
      }
    }
    return filled;
  }

  /** Whether some member of a bucket can be among the nearest, judged by the bucket's box. */
  private mayHold(
    query: { readonly x: number; readonly y: number },
    bucket: number,
    filled: number,
    count: number,
    limit2: number,
  ): boolean {
    const { buckets } = this;
    const { x, y } = query;
    const at = bucket * BUCKET_INTS;
    if (buckets[at + FIRST] === NONE) return false;
    const west = buckets[at + WEST] as number;
    const south = buckets[at + SOUTH] as number;
    const east = buckets[at + EAST] as number;
    const north = buckets[at + NORTH] as number;
    const dx = x < west ? west - x : x > east ? x - east : 0;
    const dy = y < south ? south - y : y > north ? y - north : 0;
    const worst = filled === count ? (this.bestMeters2[filled - 1] as number) : limit2;
    return dx * dx + dy * dy <= worst;
  }

  private scan(
    query: { readonly x: number; readonly y: number },
    bucket: number,
    found: number,
    count: number,
    limit2: number,
    out: Int32Array,
  ): number {
    const { buckets, points, nextChunk } = this;
    const { x, y } = query;
    let filled = found;
    let fill = buckets[bucket * BUCKET_INTS + FILL] as number;
    let chunk = buckets[bucket * BUCKET_INTS + FIRST] as number;
    for (; chunk !== NONE; chunk = nextChunk[chunk] as number) {
      const end = chunk * CHUNK + fill;
      for (let entry = chunk * CHUNK; entry < end; entry++) {
        const dx = (points[2 * entry] as number) - x;
        const dy = (points[2 * entry + 1] as number) - y;
        const meters2 = dx * dx + dy * dy;
        if (meters2 <= limit2) filled = this.consider(entry, meters2, filled, count, out);
      }
      fill = CHUNK;
    }
    return filled;
  }

  /** Sorts an entry in among the nearest so far; returns how many there are. */
  private consider(
    entry: number,
    meters2: number,
    found: number,
    count: number,
    out: Int32Array,
  ): number {
    const best = this.bestMeters2;
    let at = found;
    if (found === count) {
      at--;
      const worst = best[at] as number;
      if (meters2 > worst) return found;
      if (meters2 === worst && (this.slots[entry] as number) > (out[at] as number)) return found;
    }
    const slot = this.slots[entry] as number;
    const filled = at + 1;
    while (at > 0) {
      const before = best[at - 1] as number;
      if (before < meters2 || (before === meters2 && (out[at - 1] as number) < slot)) break;
      best[at] = before;
      out[at] = out[at - 1] as number;
      at--;
    }
    best[at] = meters2;
    out[at] = slot;
    return filled;
  }

  /** Grows the box of a bucket; it starts anew when the bucket was empty (see `link`). */
  private widen(at: number, x: number, y: number): void {
    const { buckets } = this;
    if (x < (buckets[at + WEST] as number)) buckets[at + WEST] = Math.floor(x);
    if (y < (buckets[at + SOUTH] as number)) buckets[at + SOUTH] = Math.floor(y);
    if (x > (buckets[at + EAST] as number)) buckets[at + EAST] = Math.ceil(x);
    if (y > (buckets[at + NORTH] as number)) buckets[at + NORTH] = Math.ceil(y);
  }

  private link(slot: number, bucket: number): void {
    const { buckets } = this;
    const at = bucket * BUCKET_INTS;
    const first = buckets[at + FIRST] as number;
    if (first === NONE) {
      buckets[at + WEST] = buckets[at + SOUTH] = NOWHERE;
      buckets[at + EAST] = buckets[at + NORTH] = -NOWHERE;
    }
    if (first === NONE || buckets[at + FILL] === CHUNK) {
      if (this.freeChunk === NONE) this.growChunks(this.nextChunk.length * 2);
      const chunk = this.freeChunk;
      this.freeChunk = this.nextChunk[chunk] as number;
      this.nextChunk[chunk] = first;
      buckets[at + FIRST] = chunk;
      buckets[at + FILL] = 0;
    }
    const fill = buckets[at + FILL] as number;
    const entry = (buckets[at + FIRST] as number) * CHUNK + fill;
    buckets[at + FILL] = fill + 1;
    this.slots[entry] = slot;
    this.entryOf[slot] = entry;
    this.bucketOf[slot] = bucket;
    this.size++;
  }

  /** Fills the hole with the last entry of the first chunk, so that the others stay full. */
  private unlink(slot: number, bucket: number): void {
    const { buckets, points, slots } = this;
    const at = bucket * BUCKET_INTS;
    const first = buckets[at + FIRST] as number;
    const fill = (buckets[at + FILL] as number) - 1;
    const last = first * CHUNK + fill;
    const hole = this.entryOf[slot] as number;
    const mover = slots[last] as number;
    points[2 * hole] = points[2 * last] as number;
    points[2 * hole + 1] = points[2 * last + 1] as number;
    slots[hole] = mover;
    this.entryOf[mover] = hole;
    this.bucketOf[slot] = NONE;
    this.size--;
    buckets[at + FILL] = fill;
    if (fill > 0) return;
    const next = this.nextChunk[first] as number;
    this.nextChunk[first] = this.freeChunk;
    this.freeChunk = first;
    buckets[at + FIRST] = next;
    buckets[at + FILL] = CHUNK;
  }

  private growSlots(least: number): void {
    const capacity = Math.max(least, this.bucketOf.length * 2);
    this.bucketOf = grown(this.bucketOf, new Int32Array(capacity).fill(NONE));
    this.entryOf = grown(this.entryOf, new Int32Array(capacity));
  }

  private growChunks(count: number): void {
    const old = this.nextChunk.length;
    this.points = grown(this.points, new Float64Array(count * CHUNK * 2));
    this.slots = grown(this.slots, new Int32Array(count * CHUNK));
    this.nextChunk = grown(this.nextChunk, new Int32Array(count));
    for (let chunk = count - 1; chunk >= old; chunk--) {
      this.nextChunk[chunk] = this.freeChunk;
      this.freeChunk = chunk;
    }
  }
}

function grown<T extends Int32Array | Float64Array>(old: T, into: T): T {
  into.set(old);
  return into;
}
