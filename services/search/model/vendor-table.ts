/** Owns the vendors of the read model: what is filtered by in numbers, what is shown as it is. */

import type { PointE7 } from '../../../contracts/geo.ts';
import type { FoundVendor } from '../found.ts';
import { type Here, metersFrom, RATING_STEPS } from '../ranking.ts';
import { type Box, isInside } from '../reach.ts';
import { isOpenAt } from '../turns.ts';
import { grown } from './columns.ts';
import type { Neighbourhood } from './neighbourhoods.ts';
import type { ModelVendor } from './rows.ts';

/** Turns that vendors share, and whether that is open, asked for one time after another. */
interface Schedule {
  readonly turns: readonly number[];
  atMs: number;
  open: boolean;
}

/** Different values of a text column, by number. */
export class Values {
  readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();

  add(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  /** -1: no vendor has it. */
  find(text: string): number {
    return this.numbers.get(text) ?? -1;
  }
}

const SCHEDULES_MAX = 20_000;
/** No document, no radius. */
export const NONE = -1;
/** Numbers of a vendor stand together, 64 bytes: whatever a search asks of it, it waits once. */
const WIDTH = 16;
const SOUTH_E7 = 0;
const WEST_E7 = 1;
const NORTH_E7 = 2;
const EAST_E7 = 3;
const LAT_E7 = 4;
const LON_E7 = 5;
const REACH_METERS = 6;
const FLAGS = 7;
const PREPARE_SECONDS = 8;
const RATING_CENTI = 9;
const KIND = 10;
const CUISINE_SET = 11;
const PRICE_BAND = 12;
const RATING_STEP = 13;
const DOCUMENT = 14;
const LISTED = 1;
const PAUSED = 2;
const HAS_EDGES = 4;

export class VendorTable {
  readonly kinds = new Values();
  readonly cuisineValues = new Values();
  /** Vendors shown that have each cuisine. */
  readonly cuisineCounts: number[] = [];
  /** Numbers of cuisines of each combination. */
  readonly cuisineSets: (readonly number[])[] = [];
  readonly facts: FoundVendor[] = [];
  readonly places: Neighbourhood[] = [];
  private numbers = new Int32Array(0);
  private readonly pausedUntilMs: number[] = [];
  private readonly edges: (Float64Array | null)[] = [];
  private readonly schedules: Schedule[] = [];
  private readonly slots = new Map<string, number>();
  private readonly knownSets = new Values();
  private readonly knownSchedules = new Map<string, Schedule>();

  get size(): number {
    return this.facts.length;
  }

  slotOf(id: string): number | undefined {
    return this.slots.get(id);
  }

  /** Writes what is told of a vendor; gives its slot. Where it stands is the caller's to say. */
  put(row: ModelVendor, place: Neighbourhood): number {
    const known = this.slots.get(row.id);
    const slot = known ?? this.newSlot(row.id);
    if (known !== undefined && this.isListed(slot)) this.countCuisines(slot, -1);
    const numbers = this.numbers.subarray(slot * WIDTH, (slot + 1) * WIDTH);
    numbers[SOUTH_E7] = row.south_e7;
    numbers[WEST_E7] = row.west_e7;
    numbers[NORTH_E7] = row.north_e7;
    numbers[EAST_E7] = row.east_e7;
    numbers[LAT_E7] = row.lat_e7;
    numbers[LON_E7] = row.lon_e7;
    numbers[REACH_METERS] = row.reach_meters ?? NONE;
    numbers[FLAGS] =
      (row.listed ? LISTED : 0) |
      (row.paused_until_ms === null ? 0 : PAUSED) |
      (row.reach_edges === null ? 0 : HAS_EDGES);
    numbers[PREPARE_SECONDS] = row.prepare_seconds;
    numbers[RATING_CENTI] = row.rating_centi;
    numbers[KIND] = this.kinds.add(row.kind);
    numbers[CUISINE_SET] = this.setOf(row.cuisines);
    numbers[PRICE_BAND] = row.price_band ?? 0;
    numbers[RATING_STEP] = RATING_STEPS.filter((step) => row.rating_centi >= step * 100).length;
    this.pausedUntilMs[slot] = row.paused_until_ms ?? Number.NEGATIVE_INFINITY;
    this.edges[slot] = row.reach_edges === null ? null : Float64Array.from(row.reach_edges);
    this.schedules[slot] = this.scheduleOf(row.turns.map(Number));
    this.places[slot] = place;
    this.facts[slot] = {
      id: row.id,
      name: row.name,
      kind: row.kind,
      cuisines: row.cuisines,
      priceBand: row.price_band,
      ratingCenti: row.rating_centi,
      ratings: row.ratings,
      prepareSeconds: row.prepare_seconds,
    };
    if (row.listed) this.countCuisines(slot, 1);
    return slot;
  }

  cuisinesOf(slot: number): readonly number[] {
    return this.cuisineSets[this.cuisineSetOf(slot)] ?? [];
  }

  cuisineSetOf(slot: number): number {
    return this.numbers[slot * WIDTH + CUISINE_SET] as number;
  }

  kindOf(slot: number): number {
    return this.numbers[slot * WIDTH + KIND] as number;
  }

  /** 0: it has none. */
  priceBandOf(slot: number): number {
    return this.numbers[slot * WIDTH + PRICE_BAND] as number;
  }

  ratingCentiOf(slot: number): number {
    return this.numbers[slot * WIDTH + RATING_CENTI] as number;
  }

  /** How many of the steps that facets count from its rating reaches. */
  ratingStepsOf(slot: number): number {
    return this.numbers[slot * WIDTH + RATING_STEP] as number;
  }

  prepareSecondsOf(slot: number): number {
    return this.numbers[slot * WIDTH + PREPARE_SECONDS] as number;
  }

  /** The document that is the vendor itself; below zero: none. */
  documentOf(slot: number): number {
    return this.numbers[slot * WIDTH + DOCUMENT] as number;
  }

  setDocument(slot: number, document: number): void {
    this.numbers[slot * WIDTH + DOCUMENT] = document;
  }

  /** Whether it may be shown at all. */
  isShown(slot: number, nowMs: number): boolean {
    const flags = this.numbers[slot * WIDTH + FLAGS] as number;
    if ((flags & PAUSED) !== 0 && (this.pausedUntilMs[slot] as number) > nowMs) return false;
    return (flags & LISTED) !== 0;
  }

  isOpen(slot: number, nowMs: number): boolean {
    const schedule = this.schedules[slot] as Schedule;
    if (schedule.atMs !== nowMs) {
      schedule.atMs = nowMs;
      schedule.open = isOpenAt(schedule.turns, nowMs);
    }
    return schedule.open;
  }

  metersFrom(slot: number, here: Here): number {
    const at = slot * WIDTH;
    return metersFrom(
      here,
      this.numbers[at + LAT_E7] as number,
      this.numbers[at + LON_E7] as number,
    );
  }

  /** Whether the box of its reach holds a point: most vendors of a neighbourhood end here. */
  mayReach(slot: number, { latE7, lonE7 }: PointE7): boolean {
    const at = slot * WIDTH;
    const { numbers } = this;
    return (
      latE7 >= (numbers[at + SOUTH_E7] as number) &&
      latE7 <= (numbers[at + NORTH_E7] as number) &&
      lonE7 >= (numbers[at + WEST_E7] as number) &&
      lonE7 <= (numbers[at + EAST_E7] as number)
    );
  }

  /** Whether the box of its reach holds some of another. */
  touches(slot: number, { southE7, westE7, northE7, eastE7 }: Box): boolean {
    const at = slot * WIDTH;
    const { numbers } = this;
    return (
      northE7 >= (numbers[at + SOUTH_E7] as number) &&
      southE7 <= (numbers[at + NORTH_E7] as number) &&
      eastE7 >= (numbers[at + WEST_E7] as number) &&
      westE7 <= (numbers[at + EAST_E7] as number)
    );
  }

  /** Whether this is the box of its reach. */
  hasBox(slot: number, { southE7, westE7, northE7, eastE7 }: Box): boolean {
    const at = slot * WIDTH;
    return (
      this.numbers[at + SOUTH_E7] === southE7 &&
      this.numbers[at + WEST_E7] === westE7 &&
      this.numbers[at + NORTH_E7] === northE7 &&
      this.numbers[at + EAST_E7] === eastE7
    );
  }

  /** Whether it delivers to a place so far away, if it may. */
  reaches(slot: number, here: Here, meters: number): boolean {
    const at = slot * WIDTH;
    const reach = this.numbers[at + REACH_METERS] as number;
    if (reach !== NONE && meters > reach) return false;
    if (((this.numbers[at + FLAGS] as number) & HAS_EDGES) === 0) return true;
    return isInside(this.edges[slot] ?? [], here.latE7 / 1e7, here.lonE7 / 1e7);
  }

  private isListed(slot: number): boolean {
    return ((this.numbers[slot * WIDTH + FLAGS] as number) & LISTED) !== 0;
  }

  private newSlot(id: string): number {
    const slot = this.facts.length;
    this.slots.set(id, slot);
    this.numbers = grown(this.numbers, (slot + 1) * WIDTH);
    this.setDocument(slot, NONE);
    return slot;
  }

  private countCuisines(slot: number, by: number): void {
    for (const cuisine of this.cuisinesOf(slot)) {
      this.cuisineCounts[cuisine] = (this.cuisineCounts[cuisine] ?? 0) + by;
    }
  }

  private setOf(cuisines: readonly string[]): number {
    const numbers = [...new Set(cuisines)].map((each) => this.cuisineValues.add(each));
    const set = this.knownSets.add(numbers.join());
    this.cuisineSets[set] ??= numbers;
    return set;
  }

  private scheduleOf(turns: readonly number[]): Schedule {
    const key = turns.join();
    const known = this.knownSchedules.get(key);
    if (known !== undefined) return known;
    const schedule: Schedule = { turns, atMs: Number.NaN, open: false };
    // Those in use stay with their vendors; only new vendors no longer find them.
    if (this.knownSchedules.size >= SCHEDULES_MAX) this.knownSchedules.clear();
    this.knownSchedules.set(key, schedule);
    return schedule;
  }
}
