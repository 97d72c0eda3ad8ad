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

/** What is known of a vendor stands together: search it was judged in, verdict, metres, open or not. */
const WIDTH = 4;
const JUDGED_IN = 0;
const VERDICT = 1;
const METERS = 2;
const OPEN = 3;

export class Judge {
  private readonly vendors: VendorTable;
  private state = new Int32Array(0);
  private search = 0;
  private question: Question | undefined;
  private kind = -1;
  private cuisines: readonly number[] = [];
  private counts: Counts | null = null;

  constructor(vendors: VendorTable) {
    this.vendors = vendors;
  }

  begin(question: Question): void {
    const { filters } = question;
    this.state = grown(this.state, this.vendors.size * WIDTH);
    if (++this.search > 0x7ffffff0) {
      this.state.fill(0);
      this.search = 1;
    }
    this.question = question;
    this.kind = filters.kind === null ? -1 : this.vendors.kinds.find(filters.kind);
    this.cuisines = (filters.cuisines ?? []).map((each) => this.vendors.cuisineValues.find(each));
    this.counts = question.facets ? new Counts(this.vendors) : null;
  }

  /** What is to be said of a vendor: 0, it passes. */
  verdictOf(slot: number): number {
    const at = slot * WIDTH;
    if (this.state[at + JUDGED_IN] !== this.search) this.judge(slot, at);
    return this.state[at + VERDICT] as number;
  }

  /** Metres to a vendor judged in this search; 0 without a place. */
  metersTo(slot: number): number {
    return this.state[slot * WIDTH + METERS] as number;
  }

  /** Whether something with this verdict is worth looking at: it passes, or a facet counts it. */
  isOfInterest(verdict: number): boolean {
    if (verdict === 0) return true;
    return this.counts !== null && verdict !== HIDDEN && (verdict & (verdict - 1)) === 0;
  }

  /** Counts one document of a vendor that is of interest. */
  count(slot: number): void {
    const at = slot * WIDTH;
    this.counts?.add(slot, this.state[at + VERDICT] as number, this.state[at + OPEN] as number);
  }

  counted(): { total: number; facets: Facets } | null {
    return this.counts?.result() ?? null;
  }

  private judge(slot: number, at: number): void {
    const { vendors, state } = this;
    const { here, filters, nowMs } = this.question as Question;
    state[at + JUDGED_IN] = this.search;
    state[at + VERDICT] = HIDDEN;
    const delivers = filters.deliversHere && here !== null;
    if (delivers && !vendors.mayReach(slot, here)) return;
    if (!vendors.isShown(slot, nowMs)) return;
    const meters = here === null ? 0 : vendors.metersFrom(slot, here);
    if (delivers && !vendors.reaches(slot, here, meters)) return;
    const isAsked = filters.openNow || this.counts !== null;
    const isOpen = isAsked && vendors.isOpen(slot, nowMs);
    state[at + METERS] = meters;
    state[at + OPEN] = isOpen ? 1 : 0;
    state[at + VERDICT] = this.failsOf(slot, isOpen);
  }

  private failsOf(slot: number, isOpen: boolean): number {
    const { vendors } = this;
    const { kind, cuisines, priceBands, ratingCentiMin, openNow } = (this.question as Question)
      .filters;
    let fails = 0;
    if (kind !== null && vendors.kindOf(slot) !== this.kind) fails |= FAILS.kind;
    if (cuisines !== null && !this.hasCuisine(slot)) fails |= FAILS.cuisine;
    if (priceBands !== null && !priceBands.includes(vendors.priceBandOf(slot))) {
      fails |= FAILS.priceBand;
    }
    if (ratingCentiMin !== null && vendors.ratingCentiOf(slot) < ratingCentiMin) {
      fails |= FAILS.rating;
    }
    if (openNow && !isOpen) fails |= FAILS.openNow;
    return fails;
  }

  private hasCuisine(slot: number): boolean {
    return this.vendors.cuisinesOf(slot).some((cuisine) => this.cuisines.includes(cuisine));
  }
}

/** Counts of one search. */
class Counts {
  private readonly vendors: VendorTable;
  private readonly kinds: Int32Array;
  private readonly cuisineSets: Int32Array;
  private readonly priceBands = new Int32Array(PRICE_BANDS);
  private readonly ratingSteps = new Int32Array(RATING_STEPS.length + 1);
  private readonly openNow = new Int32Array(2);
  private total = 0;

  constructor(vendors: VendorTable) {
    this.vendors = vendors;
    this.kinds = new Int32Array(vendors.kinds.texts.length);
    this.cuisineSets = new Int32Array(vendors.cuisineSets.length);
  }

  /** Adds a document of a vendor to each facet whose own filter is the only one it fails, if any. */
  add(slot: number, fails: number, open: number): void {
    const { vendors } = this;
    if (fails === 0) this.total++;
    if ((fails & ~FAILS.kind) === 0) addTo(this.kinds, vendors.kindOf(slot), 1);
    if ((fails & ~FAILS.cuisine) === 0) addTo(this.cuisineSets, vendors.cuisineSetOf(slot), 1);
    if ((fails & ~FAILS.priceBand) === 0) addTo(this.priceBands, vendors.priceBandOf(slot), 1);
    if ((fails & ~FAILS.rating) === 0) addTo(this.ratingSteps, vendors.ratingStepsOf(slot), 1);
    if ((fails & ~FAILS.openNow) === 0) addTo(this.openNow, open, 1);
  }

  result(): { total: number; facets: Facets } {
    return { total: this.total, facets: this.facets() };
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

function addTo(counts: Int32Array, at: number, count: number): void {
  counts[at] = (counts[at] as number) + count;
}
