/**
 * Schemas that more than one resource uses. JSON Schema 2020-12, `as const`, so that the same text
 * validates, documents (OpenAPI 3.1) and types. A schema with a `title` becomes a named component.
 */
import { idPattern } from '../ids.ts';
import { VEHICLE_KINDS } from '../states.ts';

/** Most rows one page of a list may hold, and how many it holds when nothing is said. */
export const PAGE_LIMIT_MAX = 200;
export const PAGE_LIMIT_DEFAULT = 50;

export const ACCOUNT_ID = { type: 'string', pattern: idPattern('account') } as const;
export const USER_ID = { type: 'string', pattern: idPattern('user') } as const;
export const VENDOR_ID = { type: 'string', pattern: idPattern('vendor') } as const;
export const DRIVER_ID = { type: 'string', pattern: idPattern('driver') } as const;
export const VEHICLE_ID = { type: 'string', pattern: idPattern('vehicle') } as const;
export const ORDER_ID = { type: 'string', pattern: idPattern('order') } as const;
export const ORDER_ITEM_ID = { type: 'string', pattern: idPattern('orderItem') } as const;
export const DELIVERY_ID = { type: 'string', pattern: idPattern('delivery') } as const;
export const MARKET_ID = { type: 'string', pattern: idPattern('market') } as const;
export const QUOTE_ID = { type: 'string', pattern: idPattern('quote') } as const;
export const EVENT_ID = { type: 'string', pattern: idPattern('event') } as const;
export const WEBHOOK_ID = { type: 'string', pattern: idPattern('webhook') } as const;
export const WEBHOOK_ATTEMPT_ID = { type: 'string', pattern: idPattern('webhookAttempt') } as const;
export const ZONE_ID = { type: 'string', pattern: idPattern('zone') } as const;
export const FLEET_ID = { type: 'string', pattern: idPattern('fleet') } as const;
export const CATEGORY_ID = { type: 'string', pattern: idPattern('category') } as const;
export const PRODUCT_ID = { type: 'string', pattern: idPattern('product') } as const;
export const VARIANT_ID = { type: 'string', pattern: idPattern('variant') } as const;
export const OPTION_GROUP_ID = { type: 'string', pattern: idPattern('optionGroup') } as const;
export const ADJUSTMENT_ID = { type: 'string', pattern: idPattern('adjustment') } as const;
export const OPTION_ID = { type: 'string', pattern: idPattern('option') } as const;
export const CHECKOUT_ID = { type: 'string', pattern: idPattern('checkout') } as const;
export const PROMOTION_ID = { type: 'string', pattern: idPattern('promotion') } as const;
export const ADDRESS_ID = { type: 'string', pattern: idPattern('address') } as const;
export const API_KEY_ID = { type: 'string', pattern: idPattern('apiKey') } as const;

/** RFC 3339. Times of orders and deliveries are zone time: with `--speed` it runs faster. */
export const TIME = { type: 'string', format: 'date-time' } as const;
export const TIME_OR_NULL = { type: ['string', 'null'], format: 'date-time' } as const;

export const CURRENCY = { type: 'string', pattern: '^[A-Z]{3}$' } as const;
/** IANA name; whether the platform knows it is checked by the service that takes it. */
export const TIME_ZONE = { type: 'string', minLength: 1, maxLength: 64 } as const;
/** No control characters and no halves of surrogate pairs: stores cannot keep them as text. */
export const LINE_PATTERN = '^[^\\p{Cc}\\p{Cs}]*$';
/** The same, but with tabs and line breaks. */
export const TEXT_PATTERN = '^([^\\p{Cc}\\p{Cs}]|[\\t\\n\\r])*$';
export const NAME = {
  type: 'string',
  minLength: 1,
  maxLength: 120,
  pattern: LINE_PATTERN,
} as const;
export const REASON = {
  type: 'string',
  minLength: 1,
  maxLength: 300,
  pattern: TEXT_PATTERN,
} as const;
export const NOTE = { type: 'string', maxLength: 500, pattern: TEXT_PATTERN } as const;
export const PHONE = { type: 'string', pattern: '^\\+[1-9][0-9]{5,14}$' } as const;
export const EMAIL = { type: 'string', format: 'email', maxLength: 254 } as const;
export const PASSWORD = { type: 'string', minLength: 10, maxLength: 200 } as const;
/** Counts that stay exact in a double and in a Postgres bigint. */
export const COUNT = { type: 'integer', minimum: 0 } as const;

export const POINT = {
  title: 'Point',
  type: 'object',
  additionalProperties: false,
  required: ['lat', 'lon'],
  properties: {
    lat: { type: 'number', minimum: -90, maximum: 90 },
    lon: { type: 'number', minimum: -180, maximum: 180 },
  },
} as const;

export const LOAD = {
  title: 'Load',
  description: 'Parcels, volume in millilitres and weight in grams.',
  type: 'object',
  additionalProperties: false,
  required: ['parcels', 'volumeMl', 'weightG'],
  properties: {
    parcels: { type: 'integer', minimum: 0, maximum: 1000 },
    volumeMl: { type: 'integer', minimum: 0, maximum: 100_000_000 },
    weightG: { type: 'integer', minimum: 0, maximum: 100_000_000 },
  },
} as const;

export const VEHICLE_KIND = { type: 'string', enum: VEHICLE_KINDS } as const;

export const SKILLS = {
  type: 'array',
  maxItems: 16,
  uniqueItems: true,
  items: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,31}$' },
} as const;

/** Cursor paging: `cursor` is the `next` of the page before; opaque to callers. */
export const PAGE_QUERY = {
  limit: { type: 'integer', minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT },
  cursor: { type: 'string', maxLength: 200 },
} as const;

export const NEXT = {
  type: ['string', 'null'],
  description: 'The cursor of the next page; null at the end.',
} as const;

export const EMPTY = {
  type: 'object',
  additionalProperties: false,
  properties: {},
} as const;

export const PROBLEM = {
  title: 'Problem',
  description: 'RFC 9457 problem document.',
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'retryable'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    retryable: { type: 'boolean' },
    fields: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'expected'],
        properties: { field: { type: 'string' }, expected: { type: 'string' } },
      },
    },
    correlationId: { type: 'string' },
  },
} as const;
