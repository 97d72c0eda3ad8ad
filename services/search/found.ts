/** What a search finds, as both ways of searching give it; and its form in the API. */
import type { Facets, Hit, SearchAnswer } from '../../contracts/api/search.ts';
import { type After, cursorOf, type Question } from './question.ts';
import { etaSeconds } from './ranking.ts';
import {
  asItStands,
  REPAIRS_MAX,
  type Reading,
  readingNamed,
  relaxed,
  repairsOf,
} from './readings.ts';

/** A document found, with its place in the order. */
export interface FoundHit {
  readonly type: 'vendor' | 'product';
  readonly id: string;
  readonly key: number;
  readonly vendor: FoundVendor;
  readonly product: FoundProduct | null;
  readonly meters: number | null;
  readonly open: boolean;
}

export interface FoundVendor {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly cuisines: readonly string[];
  readonly priceBand: number | null;
  readonly ratingCenti: number;
  readonly ratings: number;
  readonly prepareSeconds: number;
}

/** In the form of the API: an answer takes it as it is. */
export interface FoundProduct {
  readonly id: string;
  readonly name: string;
  readonly category: string | null;
  readonly priceMinor: number;
  readonly currency: string;
  readonly imageUrl: string | null;
  readonly ageMin: number | null;
  readonly soldOut: boolean;
}

export interface Found {
  /** Up to one more than the page holds. */
  readonly hits: readonly FoundHit[];
  readonly counted: { readonly total: number; readonly facets: Facets } | null;
}

/** One way of searching: the tables, or the read model. */
export interface SearchPath {
  search(question: Question, reading: Reading): Promise<Found> | Found;
  /** Which of these words documents have; with `typo`, one typing error is forgiven. */
  known(words: readonly string[], typo: readonly string[]): Promise<Set<string>> | Set<string>;
  /** Cuisines of vendors shown that begin so (words with spaces between), the most frequent first. */
  cuisines(beginning: string, limit: number): Promise<string[]> | string[];
}

const NOTHING: Found = { hits: [], counted: null };
const NO_FACETS: Facets = { kind: [], cuisine: [], priceBand: [], rating: [], openNow: [] };

/** Searches with one reading after the other until one finds something. */
export async function findAnswer(path: SearchPath, question: Question): Promise<SearchAnswer> {
  const { words, after } = question;
  if (words !== null && words.length === 0) return answerOf(question, NOTHING, asItStands([]));
  const asked = words ?? [];
  if (after !== null) {
    const reading = readingNamed(asked, after.reading) ?? asItStands(asked);
    return answerOf(question, await path.search(question, reading), reading);
  }
  const plain = asItStands(asked);
  const first = await path.search(question, plain);
  if (first.hits.length > 0 || words === null) return answerOf(question, first, plain);
  for (const reading of await otherReadings(path, asked)) {
    const found = await path.search(question, reading);
    if (found.hits.length > 0) return answerOf(question, found, reading);
  }
  return answerOf(question, first, plain);
}

/** Repairs whose words are known, then with a word left out. */
async function otherReadings(path: SearchPath, words: readonly string[]): Promise<Reading[]> {
  const repairs = repairsOf(words);
  const pieces = repairs.filter((each) => !each.typoAllowed).flatMap((each) => each.pieces);
  const joined = repairs.filter((each) => each.typoAllowed).flatMap((each) => each.pieces);
  const known = await path.known([...new Set(pieces)], joined);
  const good = repairs.filter((each) => each.pieces.every((piece) => known.has(piece)));
  const without = relaxed(words);
  const repaired = good.slice(0, REPAIRS_MAX).map(({ reading }) => reading);
  return without === null ? repaired : [...repaired, without];
}

function answerOf(question: Question, found: Found, reading: Reading): SearchAnswer {
  const page = found.hits.slice(0, question.limit);
  const last = page.at(-1);
  const after: After | null =
    found.hits.length > question.limit && last !== undefined
      ? { reading: reading.code, key: last.key, id: last.id }
      : null;
  const counted = question.facets ? (found.counted ?? { total: 0, facets: NO_FACETS }) : null;
  return {
    items: page.map(hitOf),
    next: after === null ? null : cursorOf(question, after),
    total: counted === null ? null : counted.total,
    facets: counted === null ? null : counted.facets,
    relaxed: reading.code === 'relaxed',
  };
}

function hitOf({ type, id, vendor, product, meters, open }: FoundHit): Hit {
  return {
    type,
    id,
    vendor: {
      id: vendor.id,
      name: vendor.name,
      kind: vendor.kind,
      cuisines: [...vendor.cuisines],
      priceBand: vendor.priceBand,
      rating: vendor.ratings === 0 ? null : vendor.ratingCenti / 100,
      ratings: vendor.ratings,
      open,
    },
    product,
    distanceMeters: meters,
    etaSeconds: meters === null ? null : etaSeconds(vendor.prepareSeconds, meters),
  };
}

/** Facets as they are shown: the most frequent first, as many as anybody reads. */
export const FACET_VALUES_MAX = 50;

export function facetOf(counts: Iterable<readonly [string, number]>): Facets['kind'] {
  const facet: Facets['kind'] = [];
  for (const [value, count] of counts) if (count > 0) facet.push({ value, count });
  facet.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  return facet.length > FACET_VALUES_MAX ? facet.slice(0, FACET_VALUES_MAX) : facet;
}
