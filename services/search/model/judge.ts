/**
 * What the filters of a question say of vendors, asked once per vendor and search, and the facets that
 * are counted from it. Owns columns of verdicts that the next search overwrites.
 */
import type { Facets } from '../../../contracts/api/search.ts';
import { facetOf } from '../found.ts';
import type { Question } from '../question.ts';
import { RATING_STEPS } from '../ranking.ts';
import { grown } from './columns.ts';
import type { VendorTable } from './vendor-table.ts';

/** Filters that a vendor fails, each a bit; facets are counted where no other fails than their own. */
export const FAILS = { kind: 1, cuisine: 2, priceBand: 4, rating: 8, openNow: 16 } as const;
/** May not be shown at all, or does not deliver there. */
const HIDDEN = 64;

const PRICE_BANDS = 5;

export class Judge {
  /** Metres of each vendor judged in this search; 0 without a place. */
  meters = new Int32Array(0);
  private readonly vendors: VendorTable;
  private verdicts = new Uint8Array(0);
  private open = new Uint8Array(0);
  private judgedIn = new Int32Array(0);
  private search = 0;
  private question: Question | undefined;
  private kind = -1;
  private cuisines: readonly number[] = [];
  private counts: Counts | null = null;
  private byVendor = new Int32Array(0);

  constructor(vendors: VendorTable) {
    this.vendors = vendors;
  }

  begin(question: Question): void {
    const { filters } = question;
    const count = this.vendors.size;
    this.meters = grown(this.meters, count);
    this.verdicts = grown(this.verdicts, count);
    this.open = grown(this.open, count);
    this.judgedIn = grown(this.judgedIn, count);
    if (++this.search > 0x7ffffff0) {
      this.judgedIn.fill(0);
      this.search = 1;
    }
    this.question = question;
    this.kind = filters.kind === null ? -1 : this.vendors.kinds.find(filters.kind);
    this.cuisines = (filters.cuisines ?? []).map((each) => this.vendors.cuisineValues.find(each));
    this.byVendor = grown(this.byVendor, count);
    this.counts = question.facets ? new Counts(this.vendors, this.byVendor) : null;
  }

  /** What is to be said of a vendor: 0, it passes. */
  verdictOf(slot: number): number {
    if (this.judgedIn[slot] === this.search) return this.verdicts[slot] as number;
    this.judgedIn[slot] = this.search;
    const verdict = this.judge(slot);
    this.verdicts[slot] = verdict;
    return verdict;
  }

  /** Whether something with this verdict is worth looking at: it passes, or a facet counts it. */
  isOfInterest(verdict: number): boolean {
    if (verdict === 0) return true;
    return this.counts !== null && verdict !== HIDDEN && (verdict & (verdict - 1)) === 0;
  }

  /** Counts one document of a vendor that is of interest. */
  count(slot: number): void {
    this.counts?.add(slot);
  }

  counted(): { total: number; facets: Facets } | null {
    return this.counts?.result(this.verdicts, this.open) ?? null;
  }

  private judge(slot: number): number {
    const { vendors } = this;
    const { here, filters, nowMs } = this.question as Question;
    const { deliversHere } = filters;
    if (deliversHere && here !== null && !vendors.mayReach(slot, here)) return HIDDEN;
    if (!vendors.isShown(slot, nowMs)) return HIDDEN;
    const meters = here === null ? 0 : vendors.metersFrom(slot, here);
    this.meters[slot] = meters;
    if (deliversHere && here !== null && !vendors.reaches(slot, here, meters)) return HIDDEN;
    const isOpen = vendors.isOpen(slot, nowMs);
    this.open[slot] = isOpen ? 1 : 0;
    let fails = 0;
    if (filters.kind !== null && vendors.kind[slot] !== this.kind) fails |= FAILS.kind;
    if (filters.cuisines !== null && !this.hasCuisine(slot)) fails |= FAILS.cuisine;
    const { priceBands, ratingCentiMin } = filters;
    if (priceBands !== null && !priceBands.includes(vendors.priceBand[slot] as number)) {
      fails |= FAILS.priceBand;
    }
    if (ratingCentiMin !== null && (vendors.ratingCenti[slot] as number) < ratingCentiMin) {
      fails |= FAILS.rating;
    }
    if (filters.openNow && !isOpen) fails |= FAILS.openNow;
    return fails;
  }

  private hasCuisine(slot: number): boolean {
    return this.vendors.cuisinesOf(slot).some((cuisine) => this.cuisines.includes(cuisine));
  }
}

/** Counts of one search. Documents are counted by vendor first: most vendors have several. */
class Counts {
  private readonly vendors: VendorTable;
  private readonly byVendor: Int32Array;
  private readonly counted: number[] = [];
  private readonly kinds: Int32Array;
  private readonly cuisineSets: Int32Array;
  private readonly priceBands = new Int32Array(PRICE_BANDS);
  private readonly ratingSteps = new Int32Array(RATING_STEPS.length + 1);
  private readonly openNow = new Int32Array(2);
  private total = 0;

  /** `byVendor` has a zero for each vendor, and again when `result` was taken. */
  constructor(vendors: VendorTable, byVendor: Int32Array) {
    this.vendors = vendors;
    this.byVendor = byVendor;
    this.kinds = new Int32Array(vendors.kinds.texts.length);
    this.cuisineSets = new Int32Array(vendors.cuisineSets.length);
  }

  add(slot: number): void {
    const count = (this.byVendor[slot] as number) + 1;
    this.byVendor[slot] = count;
    if (count === 1) this.counted.push(slot);
  }

  result(verdicts: Uint8Array, open: Uint8Array): { total: number; facets: Facets } {
    for (const slot of this.counted) {
      this.spread(slot, verdicts[slot] as number, open[slot] as number);
      this.byVendor[slot] = 0;
    }
    return { total: this.total, facets: this.facets() };
  }

  /** What one vendor adds: to each facet whose own filter is the only one it fails, if any. */
  private spread(slot: number, fails: number, open: number): void {
    const { vendors } = this;
    const count = this.byVendor[slot] as number;
    if (fails === 0) this.total += count;
    if ((fails & ~FAILS.kind) === 0) addTo(this.kinds, vendors.kind[slot], count);
    if ((fails & ~FAILS.cuisine) === 0) addTo(this.cuisineSets, vendors.cuisineSet[slot], count);
    if ((fails & ~FAILS.priceBand) === 0) addTo(this.priceBands, vendors.priceBand[slot], count);
    if ((fails & ~FAILS.rating) === 0) addTo(this.ratingSteps, vendors.ratingSteps[slot], count);
    if ((fails & ~FAILS.openNow) === 0) addTo(this.openNow, open, count);
  }

  private facets(): Facets {
    const { vendors } = this;
    const named = (counts: Int32Array, texts: readonly string[]): Facets['kind'] =>
      facetOf(Array.from(counts, (count, n) => [texts[n] as string, count] as const));
    const cuisines = new Int32Array(vendors.cuisineValues.texts.length);
    this.cuisineSets.forEach((count, set) => {
      for (const cuisine of vendors.cuisineSets[set] ?? []) addTo(cuisines, cuisine, count);
    });
    const bands = Array.from(this.priceBands, (count, band) => [String(band), count] as const);
    // What reaches three steps reaches the two below them, too.
    const ratings = RATING_STEPS.map((step, n) => {
      const reached = this.ratingSteps.subarray(n + 1).reduce((sum, count) => sum + count, 0);
      return [String(step), reached] as const;
    });
    const [closed = 0, open = 0] = this.openNow;
    return {
      kind: named(this.kinds, vendors.kinds.texts),
      cuisine: named(cuisines, vendors.cuisineValues.texts),
      // Band 0 stands for vendors that have none.
      priceBand: facetOf(bands.slice(1)),
      rating: facetOf(ratings),
      openNow: facetOf([
        ['true', open],
        ['false', closed],
      ]),
    };
  }
}

function addTo(counts: Int32Array, at: number | undefined, count: number): void {
  counts[at as number] = (counts[at as number] as number) + count;
}
