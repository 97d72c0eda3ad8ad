/** Stock: what can still be sold of a product or of one of its variants, and why it changed. */
import type { FromSchema } from 'json-schema-to-ts';
import {
  ADJUSTMENT_ID,
  API_KEY_ID,
  NEXT,
  NOTE,
  PAGE_LIMIT_MAX,
  PAGE_QUERY,
  PRODUCT_ID,
  TIME,
  USER_ID,
  VARIANT_ID,
  VENDOR_ID,
} from './common.ts';

/** Most units one record holds. */
export const STOCK_MAX = 1_000_000;
/** Records of one vendor that `levels` tells of; what is beyond is left out. */
export const LEVELS_MAX = 5_000;

export const LEVELS = ['in', 'low', 'out'] as const;
/** Why stock changed otherwise than by an order. */
export const ADJUST_REASONS = [
  'received',
  'counted',
  'damaged',
  'spoiled',
  'lost',
  'returned',
  'other',
] as const;
export type AdjustReason = (typeof ADJUST_REASONS)[number];
const REASON = { type: 'string', enum: ADJUST_REASONS } as const;

const UNITS = { type: 'integer', minimum: 0, maximum: STOCK_MAX } as const;
const VARIANT_OR_NULL = {
  description: 'Null: the product itself, and every variant without a record of its own.',
  anyOf: [VARIANT_ID, { type: 'null' }],
} as const;
const LEVEL = { type: 'string', enum: LEVELS } as const;

export const STOCK = {
  title: 'Stock',
  type: 'object',
  additionalProperties: false,
  required: [
    'vendor',
    'product',
    'variant',
    'available',
    'reserved',
    'lowMark',
    'level',
    'version',
  ],
  properties: {
    vendor: VENDOR_ID,
    product: PRODUCT_ID,
    variant: VARIANT_OR_NULL,
    available: { type: 'integer', description: 'What can still be sold.' },
    reserved: { type: 'integer', description: 'Set aside for orders under way; not available.' },
    lowMark: { type: 'integer', description: 'At this many and fewer it is low; 0: never.' },
    level: LEVEL,
    version: { type: 'integer', description: 'Grows with each change.' },
  },
} as const;
export type Stock = FromSchema<typeof STOCK>;

export const STOCK_LIST = {
  title: 'StockList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: STOCK }, next: NEXT },
} as const;
export type StockList = FromSchema<typeof STOCK_LIST>;

export const STOCK_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['vendor'],
  properties: { vendor: VENDOR_ID, level: { type: 'string', enum: LEVELS }, ...PAGE_QUERY },
} as const;
export type StockQuery = FromSchema<typeof STOCK_QUERY>;

export const STOCK_SET = {
  title: 'StockSet',
  description: 'Says what can be sold from now on, all lines or none. What is new is counted then.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'items'],
  properties: {
    vendor: VENDOR_ID,
    reason: { ...REASON, description: 'Left out: counted.' },
    note: NOTE,
    items: {
      type: 'array',
      minItems: 1,
      maxItems: PAGE_LIMIT_MAX,
      items: {
        title: 'StockSetLine',
        type: 'object',
        additionalProperties: false,
        required: ['product', 'available'],
        properties: {
          product: PRODUCT_ID,
          variant: VARIANT_OR_NULL,
          available: UNITS,
          lowMark: { ...UNITS, description: 'Left out: as it is, 0 at first.' },
        },
      },
    },
  },
} as const;
export type StockSet = FromSchema<typeof STOCK_SET>;

export const STOCK_SET_ANSWER = {
  title: 'StockSetAnswer',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: STOCK } },
} as const;
export type StockSetAnswer = FromSchema<typeof STOCK_SET_ANSWER>;

export const STOCK_ADJUST = {
  title: 'StockAdjust',
  description: 'Adds to what can be sold, or takes from it; never below zero.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'product', 'delta', 'reason'],
  properties: {
    vendor: VENDOR_ID,
    product: PRODUCT_ID,
    variant: VARIANT_OR_NULL,
    delta: { type: 'integer', minimum: -STOCK_MAX, maximum: STOCK_MAX, not: { const: 0 } },
    reason: REASON,
    note: NOTE,
  },
} as const;
export type StockAdjust = FromSchema<typeof STOCK_ADJUST>;

export const STOCK_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'product'],
  properties: { vendor: VENDOR_ID, product: PRODUCT_ID, variant: VARIANT_ID },
} as const;
export type StockRef = FromSchema<typeof STOCK_REF>;

export const ADJUSTMENT = {
  title: 'Adjustment',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'product', 'variant', 'delta', 'available', 'reason', 'note', 'actor', 'at'],
  properties: {
    id: ADJUSTMENT_ID,
    product: PRODUCT_ID,
    variant: VARIANT_OR_NULL,
    delta: { type: 'integer' },
    available: { type: 'integer', description: 'Afterwards.' },
    reason: REASON,
    note: { type: ['string', 'null'] },
    actor: { description: 'A person, or a key.', anyOf: [USER_ID, API_KEY_ID] },
    at: TIME,
  },
} as const;
export type Adjustment = FromSchema<typeof ADJUSTMENT>;

export const ADJUSTMENT_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['vendor'],
  properties: { vendor: VENDOR_ID, product: PRODUCT_ID, ...PAGE_QUERY },
} as const;
export type AdjustmentQuery = FromSchema<typeof ADJUSTMENT_QUERY>;

export const ADJUSTMENT_LIST = {
  title: 'AdjustmentList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: ADJUSTMENT }, next: NEXT },
} as const;
export type AdjustmentList = FromSchema<typeof ADJUSTMENT_LIST>;

export const LEVELS_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['vendor'],
  properties: { vendor: VENDOR_ID },
} as const;
export type LevelsQuery = FromSchema<typeof LEVELS_QUERY>;

export const STOCK_LEVELS = {
  title: 'StockLevels',
  description: 'What is low or out; everything else of the menu is there, or not counted.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'items'],
  properties: {
    vendor: VENDOR_ID,
    items: {
      type: 'array',
      maxItems: LEVELS_MAX,
      items: {
        title: 'StockLevelLine',
        type: 'object',
        additionalProperties: false,
        required: ['product', 'variant', 'level', 'available'],
        properties: {
          product: PRODUCT_ID,
          variant: VARIANT_OR_NULL,
          level: LEVEL,
          available: { type: 'integer' },
        },
      },
    },
  },
} as const;
export type StockLevels = FromSchema<typeof STOCK_LEVELS>;
