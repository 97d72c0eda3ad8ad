/** Search: vendors and products by text and filters, and what a text may become while it is typed. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import { CURRENCY, NEXT, VENDOR_ID } from './common.ts';
import { VENDOR_KINDS } from './vendors.ts';

/** Longest text asked about; what is behind its eighth word is not looked at. */
export const SEARCH_TEXT_MAX = 100;
export const SEARCH_LIMIT_MAX = 50;
export const SEARCH_LIMIT_DEFAULT = 20;
export const SUGGESTIONS_MAX = 10;

export const SEARCH_SORTS = ['relevance', 'distance', 'eta', 'rating'] as const;
export const SEARCH_FINDS = ['both', 'vendors', 'products'] as const;
export const HIT_TYPES = ['vendor', 'product'] as const;

const LAT = { type: 'number', minimum: -90, maximum: 90 } as const;
const LON = { type: 'number', minimum: -180, maximum: 180 } as const;

export const SEARCH_QUERY = {
  title: 'SearchQuery',
  type: 'object',
  additionalProperties: false,
  properties: {
    q: {
      description:
        'What is typed. Each word may be the beginning of a word or have one typing error. Left out: ' +
        'all vendors, never products.',
      type: 'string',
      maxLength: SEARCH_TEXT_MAX,
    },
    find: { type: 'string', enum: SEARCH_FINDS, default: 'both' },
    lat: { ...LAT, description: 'Where it shall be delivered to; comes with `lon`.' },
    lon: LON,
    kind: { description: 'Of vendor.', type: 'string', enum: VENDOR_KINDS },
    cuisine: {
      description: 'One or more, by commas.',
      type: 'string',
      pattern: '^[A-Za-z0-9 ,_-]*$',
      maxLength: 200,
    },
    priceBand: {
      description: 'One or more of 1 to 4, by commas.',
      type: 'string',
      pattern: '^[1-4](,[1-4]){0,3}$',
    },
    ratingMin: { type: 'number', minimum: 0, maximum: 5 },
    openNow: { type: 'boolean', description: 'true: only vendors that are open now.' },
    deliversHere: {
      type: 'boolean',
      description: 'true: only vendors that deliver to `lat`, `lon`.',
    },
    sort: {
      type: 'string',
      enum: SEARCH_SORTS,
      default: 'relevance',
      description: '`distance` and `eta` need `lat` and `lon`.',
    },
    facets: {
      type: 'boolean',
      default: false,
      description: 'Count all that is found, by what it could be narrowed to.',
    },
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: SEARCH_LIMIT_MAX,
      default: SEARCH_LIMIT_DEFAULT,
    },
    cursor: { type: 'string', maxLength: 200 },
  },
} as const;
export type SearchQuery = FromSchema<typeof SEARCH_QUERY>;
export type SearchSort = (typeof SEARCH_SORTS)[number];
export type SearchFind = (typeof SEARCH_FINDS)[number];

const INTEGER_OR_NULL = { type: ['integer', 'null'] } as const;
const NUMBER_OR_NULL = { type: ['number', 'null'] } as const;

export const HIT_VENDOR = {
  title: 'HitVendor',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name', 'kind', 'cuisines', 'priceBand', 'rating', 'ratings', 'open'],
  properties: {
    id: VENDOR_ID,
    name: { type: 'string' },
    kind: { type: 'string' },
    cuisines: { type: 'array', items: { type: 'string' } },
    priceBand: INTEGER_OR_NULL,
    rating: { ...NUMBER_OR_NULL, description: 'Mean of its stars; null: nobody rated it.' },
    ratings: { type: 'integer' },
    open: { type: 'boolean' },
  },
} as const;

export const HIT_PRODUCT = {
  title: 'HitProduct',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name', 'category', 'priceMinor', 'currency', 'imageUrl', 'ageMin', 'soldOut'],
  properties: {
    id: { type: 'string', pattern: idPattern('product') },
    name: { type: 'string' },
    category: { type: ['string', 'null'] },
    priceMinor: { type: 'integer' },
    currency: CURRENCY,
    imageUrl: { type: ['string', 'null'] },
    ageMin: INTEGER_OR_NULL,
    soldOut: { type: 'boolean' },
  },
} as const;

export const HIT = {
  title: 'Hit',
  description: 'A vendor, or a product with its vendor. Distance and ETA are null without a place.',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'id', 'vendor', 'product', 'distanceMeters', 'etaSeconds'],
  properties: {
    type: { type: 'string', enum: HIT_TYPES },
    id: { type: 'string' },
    vendor: HIT_VENDOR,
    product: { anyOf: [HIT_PRODUCT, { type: 'null' }] },
    distanceMeters: { ...INTEGER_OR_NULL, description: 'In a straight line.' },
    etaSeconds: { ...INTEGER_OR_NULL, description: 'Estimate: to prepare it and to drive it.' },
  },
} as const;
export type Hit = FromSchema<typeof HIT>;

const FACET = {
  title: 'Facet',
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['value', 'count'],
    properties: { value: { type: 'string' }, count: { type: 'integer' } },
  },
} as const;

export const FACETS = {
  title: 'Facets',
  description:
    'How many would be found with each value. A facet is counted as if its own filter were not set, so ' +
    'that it shows what else there is. `rating` counts upwards: 4 is 4 or more.',
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'cuisine', 'priceBand', 'rating', 'openNow'],
  properties: { kind: FACET, cuisine: FACET, priceBand: FACET, rating: FACET, openNow: FACET },
} as const;
export type Facets = FromSchema<typeof FACETS>;
export type FacetName = keyof Facets;

export const SEARCH_ANSWER = {
  title: 'SearchAnswer',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next', 'total', 'facets', 'relaxed'],
  properties: {
    items: { type: 'array', items: HIT },
    next: NEXT,
    total: { ...INTEGER_OR_NULL, description: 'All that is found; only with `facets`.' },
    facets: { anyOf: [FACETS, { type: 'null' }] },
    relaxed: {
      type: 'boolean',
      description: 'Nothing had all words, so what lacks one of them is shown.',
    },
  },
} as const;
export type SearchAnswer = FromSchema<typeof SEARCH_ANSWER>;

export const SUGGEST_QUERY = {
  title: 'SuggestQuery',
  type: 'object',
  additionalProperties: false,
  required: ['q'],
  properties: {
    q: { type: 'string', minLength: 1, maxLength: SEARCH_TEXT_MAX },
    lat: LAT,
    lon: LON,
    limit: { type: 'integer', minimum: 1, maximum: SUGGESTIONS_MAX, default: SUGGESTIONS_MAX },
  },
} as const;
export type SuggestQuery = FromSchema<typeof SUGGEST_QUERY>;

export const SUGGESTIONS = {
  title: 'Suggestions',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['type', 'id', 'text'],
        properties: {
          type: { type: 'string', enum: ['cuisine', ...HIT_TYPES] },
          id: { type: ['string', 'null'], description: 'null: a cuisine.' },
          text: { type: 'string' },
        },
      },
    },
  },
} as const;
export type Suggestions = FromSchema<typeof SUGGESTIONS>;
