/**
 * What is asked, read once: words, filters, order, and where the page before ended. Pure. Text from
 * outside leaves here as words of letters and digits, numbers, or values to compare with.
 */
import type { SearchQuery, SearchSort } from '../../contracts/api/search.ts';
import { SEARCH_LIMIT_DEFAULT } from '../../contracts/api/search.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { pointE7 } from '../../contracts/geo.ts';
import { hash32 } from '../../contracts/ids.ts';
import { type Here, hereOf } from './ranking.ts';
import { askedWords } from './words.ts';

export interface Question {
  /** null: no text was asked; then all vendors are meant. */
  readonly words: readonly string[] | null;
  readonly vendors: boolean;
  readonly products: boolean;
  readonly here: Here | null;
  readonly filters: Filters;
  readonly sort: SearchSort;
  readonly facets: boolean;
  readonly limit: number;
  readonly after: After | null;
  /** Zone ms. */
  readonly nowMs: number;
  /** Of text, kind of result and order: a cursor belongs to one. */
  readonly hash: number;
}

/** null, or false: not asked for. */
export interface Filters {
  readonly deliversHere: boolean;
  readonly kind: string | null;
  readonly cuisines: readonly string[] | null;
  readonly priceBands: readonly number[] | null;
  readonly ratingCentiMin: number | null;
  readonly openNow: boolean;
}

/** Where a page ended. */
export interface After {
  readonly reading: string;
  readonly key: number;
  readonly id: string;
}

const CUISINES_MAX = 8;

/** Throws `request.invalid` for what the schema cannot see. */
export function readQuestion(query: SearchQuery, nowMs: number): Question {
  const { q, find = 'both', lat, lon, sort = 'relevance' } = query;
  if ((lat === undefined) !== (lon === undefined)) {
    throw invalid(lat === undefined ? '/lat' : '/lon', 'latitude and longitude together');
  }
  const here = lat === undefined || lon === undefined ? null : hereOf(pointE7(lat, lon));
  const needsPlace = query.deliversHere === true || sort === 'distance' || sort === 'eta';
  if (needsPlace && here === null) throw invalid('/lat', 'a place to deliver to');
  const asked = q !== undefined && q.trim() !== '' ? askedWords(q) : null;
  if (asked === null && find === 'products') throw invalid('/q', 'text, to find products by');
  const hash = hash32(JSON.stringify([asked, find, sort]));
  return {
    words: asked,
    vendors: find !== 'products',
    products: find !== 'vendors' && asked !== null,
    here,
    filters: {
      deliversHere: query.deliversHere === true,
      kind: query.kind ?? null,
      cuisines: query.cuisine === undefined ? null : cuisinesOf(query.cuisine),
      priceBands: query.priceBand === undefined ? null : query.priceBand.split(',').map(Number),
      ratingCentiMin: query.ratingMin === undefined ? null : Math.ceil(query.ratingMin * 100),
      openNow: query.openNow === true,
    },
    sort,
    facets: query.facets === true,
    limit: query.limit ?? SEARCH_LIMIT_DEFAULT,
    after: query.cursor === undefined ? null : afterOf(query.cursor, hash),
    nowMs,
    hash,
  };
}

function cuisinesOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .slice(0, CUISINES_MAX);
}

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}

/** The cursor of the page after this one. */
export function cursorOf(question: Question, after: After): string {
  const { reading, key, id } = after;
  return Buffer.from(JSON.stringify([question.hash, reading, key, id])).toString('base64url');
}

function afterOf(cursor: string, hash: number): After {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    parts = undefined;
  }
  const [of, reading, key, id] = Array.isArray(parts) ? (parts as unknown[]) : [];
  const isOurs =
    of === hash && typeof reading === 'string' && Number.isSafeInteger(key) && isDocument(id);
  if (!isOurs) throw invalid('/cursor', 'the `next` of an earlier page of the same search');
  return { reading, key: key as number, id };
}

function isDocument(id: unknown): id is string {
  return typeof id === 'string' && /^(ven|prd)_[0-9a-f-]{36}$/.test(id);
}

/** Which results are meant. */
export function typesOf({ vendors, products }: Question): ('vendor' | 'product')[] {
  return [...(vendors ? (['vendor'] as const) : []), ...(products ? (['product'] as const) : [])];
}
