/**
 * The only door to h3-js inside the core, and only to its integer operations. A zone's cells are
 * laid on a dense grid by their local IJ coordinates, so that rings are walked with additions
 * instead of H3 calls (`gridDisk` costs about 4 µs at k = 2; an addition does not).
 */
import { cellToLocalIj } from 'h3-js';
import { cellText } from '../../../contracts/geo.ts';
import type { ZoneConfig } from '../../../contracts/zone.ts';

/** Cells remembered per zone; past this the table starts anew. */
const KNOWN_CELLS_MAX = 200_000;

/** Unit steps to the six neighbours in H3's IJ coordinates. */
const NEIGHBOURS = [
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
] as const;

/** Maps cell keys to buckets of a zone's grid. Cells outside the box clamp to its border. */
export class Grid {
  readonly iSpan: number;
  readonly jSpan: number;
  private readonly spacingMeters: number;
  private readonly origin: string;
  private readonly iMin: number;
  private readonly jMin: number;
  private readonly known = new Map<number, number>();

  constructor(grid: ZoneConfig['grid']) {
    this.origin = cellText(grid.originCell);
    this.iMin = grid.iMin;
    this.jMin = grid.jMin;
    this.iSpan = grid.iSpan;
    this.jSpan = grid.jSpan;
    this.spacingMeters = grid.spacingMeters;
  }

  /**
   * The least metres between any two points of cells `k` rings apart. Across the corners the
   * centres are k × √3⁄2 spacings apart, less two circumradii of spacing ÷ √3.
   */
  gapMeters(k: number): number {
    return Math.max(0, this.spacingMeters * (0.8660254 * k - 1.1547006));
  }

  /** How many rings a search out to `meters` must look at; never more than the grid has. */
  ringsWithin(meters: number): number {
    const rings = Math.floor((meters / this.spacingMeters + 1.1547006) / 0.8660254) + 1;
    return Math.min(rings, this.iSpan + this.jSpan);
  }

  get buckets(): number {
    return this.iSpan * this.jSpan;
  }

  /** A bucket and the up to six around it. */
  around(bucket: number): number[] {
    if (bucket < 0) return [];
    const i = Math.floor(bucket / this.jSpan);
    const j = bucket - i * this.jSpan;
    const near = [bucket];
    for (const [di, dj] of NEIGHBOURS) {
      const a = i + di;
      const b = j + dj;
      if (a >= 0 && b >= 0 && a < this.iSpan && b < this.jSpan) near.push(a * this.jSpan + b);
    }
    return near;
  }

  /** The bucket of a cell, or -1 when H3 cannot relate it to the zone (another side of the world). */
  bucketOf(cell: number): number {
    const found = this.known.get(cell);
    if (found !== undefined) return found;
    if (this.known.size >= KNOWN_CELLS_MAX) this.known.clear();
    const bucket = this.locate(cell);
    this.known.set(cell, bucket);
    return bucket;
  }

  private locate(cell: number): number {
    try {
      const { i, j } = cellToLocalIj(this.origin, cellText(cell));
      const column = Math.min(this.iSpan - 1, Math.max(0, i - this.iMin));
      const row = Math.min(this.jSpan - 1, Math.max(0, j - this.jMin));
      return column * this.jSpan + row;
    } catch {
      // H3 reports cells it cannot unfold onto one plane by throwing; they are simply not near.
      return -1;
    }
  }
}
