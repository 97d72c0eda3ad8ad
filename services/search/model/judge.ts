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
    this.counts = question.facets ? new Counts(this.vendors) : null;
  }

  /** Whether a vendor passes; what passes, or would but for one filter, is counted. */
  passes(slot: number): boolean {
    if (this.judgedIn[slot] !== this.search) {
      this.judgedIn[slot] = this.search;
      this.verdicts[slot] = this.judge(slot);
    }
    return this.verdicts[slot] === 0;
  }

  /** Whether it is worth looking at: it passes, or a facet counts it. */
  isOfInterest(slot: number): boolean {
    if (this.passes(slot)) return true;
    const verdict = this.verdicts[slot] as number;
    return this.counts !== null && (verdict & HIDDEN) === 0 && (verdict & (verdict - 1)) === 0;
  }

  /** Counts one document of a vendor that is of interest. */
  count(slot: number): void {
    this.counts?.add(slot, this.verdicts[slot] as number, this.open[slot] === 1);
  }

  counted(): { total: number; facets: Facets } | null {
    return this.counts?.result() ?? null;
  }

  private judge(slot: number): number {
    const { vendors } = this;
    const { here, filters, nowMs } = this.question as Question;
    if (!vendors.isShown(slot, nowMs)) return HIDDEN;
    const meters = here === null ? 0 : vendors.metersFrom(slot, here);
    this.meters[slot] = meters;
    if (filters.deliversHere && here !== null && !vendors.reaches(slot, here, meters))
      return HIDDEN;
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
    const own = this.vendors.cuisines[slot] as readonly number[];
    return own.some((cuisine) => this.cuisines.includes(cuisine));
  }
}

/** Counts of one search. */
class Counts {
  private readonly vendors: VendorTable;
  private readonly kinds: number[];
  private readonly cuisines: number[];
  private readonly priceBands = new Array<number>(PRICE_BANDS).fill(0);
  private readonly ratings = new Array<number>(RATING_STEPS.length).fill(0);
  private openNow = 0;
  private closedNow = 0;
  private total = 0;

  constructor(vendors: VendorTable) {
    this.vendors = vendors;
    this.kinds = new Array<number>(vendors.kinds.texts.length).fill(0);
    this.cuisines = new Array<number>(vendors.cuisineValues.texts.length).fill(0);
  }

  add(slot: number, fails: number, isOpen: boolean): void {
    const { vendors } = this;
    if (fails === 0) this.total++;
    if (fails === 0 || fails === FAILS.kind) bump(this.kinds, vendors.kind[slot] as number);
    if (fails === 0 || fails === FAILS.cuisine) {
      for (const cuisine of vendors.cuisines[slot] as readonly number[])
        bump(this.cuisines, cuisine);
    }
    if (fails === 0 || fails === FAILS.priceBand) {
      bump(this.priceBands, vendors.priceBand[slot] as number);
    }
    if (fails === 0 || fails === FAILS.rating) {
      const centi = vendors.ratingCenti[slot] as number;
      for (let n = 0; n < RATING_STEPS.length; n++) {
        if (centi >= (RATING_STEPS[n] as number) * 100) bump(this.ratings, n);
      }
    }
    if (fails === 0 || fails === FAILS.openNow) {
      if (isOpen) this.openNow++;
      else this.closedNow++;
    }
  }

  result(): { total: number; facets: Facets } {
    const { vendors } = this;
    const named = (counts: readonly number[], texts: readonly string[]): Facets['kind'] =>
      facetOf(counts.map((count, n) => [texts[n] as string, count] as const));
    const bands = this.priceBands.map((count, band) => [String(band), count] as const);
    return {
      total: this.total,
      facets: {
        kind: named(this.kinds, vendors.kinds.texts),
        cuisine: named(this.cuisines, vendors.cuisineValues.texts),
        // Band 0 stands for vendors that have none.
        priceBand: facetOf(bands.slice(1)),
        rating: facetOf(this.ratings.map((count, n) => [String(RATING_STEPS[n]), count] as const)),
        openNow: facetOf([
          ['true', this.openNow],
          ['false', this.closedNow],
        ]),
      },
    };
  }
}

function bump(counts: number[], at: number): void {
  counts[at] = (counts[at] as number) + 1;
}
