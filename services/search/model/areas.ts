/**
 * Who may deliver to a small square of the map: found out when somebody there first asks, and kept
 * while it holds, since most questions come from where others came from. Owns no truth: a vendor of
 * an area may still not deliver to every place in it.
 */
import type { PointE7 } from '../../../contracts/geo.ts';
import type { Box } from '../reach.ts';
import type { Neighbourhoods } from './neighbourhoods.ts';
import type { VendorTable } from './vendor-table.ts';

/** 0.01 degree: about a kilometre. */
const SIDE_E7 = 100_000;
const COLUMNS = 3_600_000_000 / SIDE_E7 + 1;
/** 32 bits each of all areas kept together: 16 MB. */
const KEPT_MAX = 4_000_000;

export interface Area extends Box {
  /** A bit for each slot: whether that vendor may deliver here. */
  readonly vendors: Int32Array;
  /** Numbers of documents of the neighbourhoods from which somebody may: from, to, from, to…, in order. */
  readonly runs: Int32Array;
  /** Documents within the runs, about. */
  readonly documents: number;
}

export class Areas {
  private readonly vendors: VendorTable;
  private readonly places: Neighbourhoods;
  private readonly areas = new Map<number, Area>();
  private kept = 0;

  constructor(vendors: VendorTable, places: Neighbourhoods) {
    this.vendors = vendors;
    this.places = places;
  }

  around({ latE7, lonE7 }: PointE7): Area {
    const row = Math.floor(latE7 / SIDE_E7);
    const column = Math.floor(lonE7 / SIDE_E7);
    const key = row * COLUMNS + column;
    const known = this.areas.get(key);
    if (known !== undefined) return known;
    const area = this.find({
      southE7: row * SIDE_E7,
      westE7: column * SIDE_E7,
      northE7: (row + 1) * SIDE_E7,
      eastE7: (column + 1) * SIDE_E7,
    });
    this.areas.set(key, area);
    this.kept += area.vendors.length;
    for (const [oldest, { vendors }] of this.kept > KEPT_MAX ? this.areas : []) {
      if (this.kept <= KEPT_MAX || oldest === key) break;
      this.areas.delete(oldest);
      this.kept -= vendors.length;
    }
    return area;
  }

  /** Something changed of those who deliver within a box. */
  forget(box: Box): void {
    for (const [key, area] of this.areas) {
      if (!overlap(area, box)) continue;
      this.areas.delete(key);
      this.kept -= area.vendors.length;
    }
  }

  private find(square: Box): Area {
    const vendors = new Int32Array((this.vendors.size >> 5) + 1);
    const runs: (readonly [from: number, to: number])[] = [];
    let documents = 0;
    for (const place of this.places.all()) {
      if (!overlap(place.box, square)) continue;
      runs.push(...place.runs);
      documents += place.documents;
      for (const slot of place.vendors) {
        if (!this.vendors.touches(slot, square)) continue;
        vendors[slot >> 5] = (vendors[slot >> 5] as number) | (1 << (slot & 31));
      }
    }
    runs.sort(([a], [b]) => a - b);
    return { ...square, vendors, runs: Int32Array.from(joined(runs)), documents };
  }
}

/** Whether a vendor may deliver there. */
export function isOf({ vendors }: Area, slot: number): boolean {
  return ((vendors[slot >> 5] ?? 0) & (1 << (slot & 31))) !== 0;
}

/** Calls with the slot of each that may. */
export function eachOf({ vendors }: Area, take: (slot: number) => void): void {
  for (let at = 0; at < vendors.length; at++) {
    // The lowest bit, until none is left.
    for (let bits = vendors[at] as number; bits !== 0; bits &= bits - 1) {
      take(at * 32 + 31 - Math.clz32(bits & -bits));
    }
  }
}

/** Runs one behind the other are one. */
function joined(runs: readonly (readonly [from: number, to: number])[]): number[] {
  const ends: number[] = [];
  for (const [from, to] of runs) {
    if (ends.at(-1) === from) ends[ends.length - 1] = to;
    else ends.push(from, to);
  }
  return ends;
}

function overlap(a: Box, b: Box): boolean {
  return (
    a.southE7 <= b.northE7 && a.northE7 >= b.southE7 && a.westE7 <= b.eastE7 && a.eastE7 >= b.westE7
  );
}
