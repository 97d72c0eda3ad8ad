/** Owns the vendors of the read model: what is filtered by in columns, what is shown as it is. */

import type { FoundVendor } from '../found.ts';
import { type Here, metersFrom, RATING_STEPS } from '../ranking.ts';
import { isInside } from '../reach.ts';
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
const NONE = -1;

export class VendorTable {
  readonly kinds = new Values();
  readonly cuisineValues = new Values();
  /** Vendors shown that have each cuisine. */
  readonly cuisineCounts: number[] = [];
  latE7 = new Int32Array(0);
  lonE7 = new Int32Array(0);
  prepareSeconds = new Int32Array(0);
  ratingCenti = new Int32Array(0);
  /** How many of the steps that facets count from its rating reaches. */
  ratingSteps = new Uint8Array(0);
  priceBand = new Uint8Array(0);
  kind = new Int32Array(0);
  reachMeters = new Int32Array(0);
  /** The box of its reach. */
  southE7 = new Int32Array(0);
  westE7 = new Int32Array(0);
  northE7 = new Int32Array(0);
  eastE7 = new Int32Array(0);
  listed = new Uint8Array(0);
  pausedUntilMs = new Float64Array(0);
  /** The document that is the vendor itself; -1: none. */
  document = new Int32Array(0);
  /** Cuisines together: vendors share few combinations. */
  cuisineSet = new Int32Array(0);
  /** Numbers of cuisines of each combination. */
  readonly cuisineSets: (readonly number[])[] = [];
  readonly facts: FoundVendor[] = [];
  readonly places: Neighbourhood[] = [];
  private readonly edges: (readonly number[] | null)[] = [];
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
    if (known !== undefined && this.listed[slot] === 1) this.countCuisines(slot, -1);
    this.latE7[slot] = row.lat_e7;
    this.lonE7[slot] = row.lon_e7;
    this.prepareSeconds[slot] = row.prepare_seconds;
    this.ratingCenti[slot] = row.rating_centi;
    this.priceBand[slot] = row.price_band ?? 0;
    this.kind[slot] = this.kinds.add(row.kind);
    this.reachMeters[slot] = row.reach_meters ?? NONE;
    this.southE7[slot] = row.south_e7;
    this.westE7[slot] = row.west_e7;
    this.northE7[slot] = row.north_e7;
    this.eastE7[slot] = row.east_e7;
    this.listed[slot] = row.listed ? 1 : 0;
    this.pausedUntilMs[slot] = row.paused_until_ms ?? Number.NEGATIVE_INFINITY;
    this.cuisineSet[slot] = this.setOf(row.cuisines);
    this.ratingSteps[slot] = RATING_STEPS.filter((step) => row.rating_centi >= step * 100).length;
    this.edges[slot] = row.reach_edges;
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
    return this.cuisineSets[this.cuisineSet[slot] as number] ?? [];
  }

  /** Whether it may be shown at all. */
  isShown(slot: number, nowMs: number): boolean {
    return this.listed[slot] === 1 && (this.pausedUntilMs[slot] as number) <= nowMs;
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
    return metersFrom(here, this.latE7[slot] as number, this.lonE7[slot] as number);
  }

  /** Whether the box of its reach holds a point: most vendors of a neighbourhood end here. */
  mayReach(slot: number, { latE7, lonE7 }: Here): boolean {
    return (
      latE7 >= (this.southE7[slot] as number) &&
      latE7 <= (this.northE7[slot] as number) &&
      lonE7 >= (this.westE7[slot] as number) &&
      lonE7 <= (this.eastE7[slot] as number)
    );
  }

  /** Whether it delivers to a place so far away, if it may. */
  reaches(slot: number, here: Here, meters: number): boolean {
    const reach = this.reachMeters[slot] as number;
    if (reach !== NONE && meters > reach) return false;
    const edges = this.edges[slot];
    return !edges || isInside(edges, here.latE7 / 1e7, here.lonE7 / 1e7);
  }

  private newSlot(id: string): number {
    const slot = this.facts.length;
    this.slots.set(id, slot);
    const count = slot + 1;
    this.latE7 = grown(this.latE7, count);
    this.lonE7 = grown(this.lonE7, count);
    this.prepareSeconds = grown(this.prepareSeconds, count);
    this.ratingCenti = grown(this.ratingCenti, count);
    this.ratingSteps = grown(this.ratingSteps, count);
    this.cuisineSet = grown(this.cuisineSet, count);
    this.priceBand = grown(this.priceBand, count);
    this.kind = grown(this.kind, count);
    this.reachMeters = grown(this.reachMeters, count);
    this.southE7 = grown(this.southE7, count);
    this.westE7 = grown(this.westE7, count);
    this.northE7 = grown(this.northE7, count);
    this.eastE7 = grown(this.eastE7, count);
    this.listed = grown(this.listed, count);
    this.pausedUntilMs = grown(this.pausedUntilMs, count);
    this.document = grown(this.document, count);
    this.document[slot] = NONE;
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
