/** What a vendor is told of its business. */
import type { FromSchema } from 'json-schema-to-ts';
import { COUNT, VENDOR_ID } from './common.ts';

/** Days that one answer may span. */
export const ANALYTICS_DAYS_MAX = 92;
export const POPULAR_PRODUCTS_MAX = 20;

const DATE = { type: 'string', format: 'date' } as const;

export const VENDOR_ANALYTICS_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: {
    id: VENDOR_ID,
    from: { ...DATE, description: 'Local date; left out: 30 days up to `to`.' },
    to: { ...DATE, description: 'Local date, included; left out: today.' },
  },
} as const;
export type VendorAnalyticsQuery = FromSchema<typeof VENDOR_ANALYTICS_QUERY>;

/** Counted where the order was placed; minor units. */
const BUSINESS = {
  orders: COUNT,
  delivered: COUNT,
  cancelled: COUNT,
  failed: COUNT,
  revenueMinor: { ...COUNT, description: 'Goods of delivered orders, after promotions.' },
  tipsMinor: COUNT,
} as const;
const BUSINESS_NAMES = [
  ...['orders', 'delivered', 'cancelled', 'failed', 'revenueMinor', 'tipsMinor'],
] as const;

const PREPARATION = {
  title: 'PreparationAccuracy',
  description: 'What was promised on accepting against when it was ready.',
  type: 'object',
  additionalProperties: false,
  required: ['tickets', 'rejected', 'late', 'meanErrorSeconds', 'meanAbsoluteErrorSeconds'],
  properties: {
    tickets: { ...COUNT, description: 'Said to be ready.' },
    rejected: COUNT,
    late: { ...COUNT, description: 'More than a minute after the estimate.' },
    meanErrorSeconds: {
      description: 'Positive: later than promised. Null without tickets.',
      type: ['number', 'null'],
    },
    meanAbsoluteErrorSeconds: { type: ['number', 'null'] },
  },
} as const;

export const VENDOR_ANALYTICS = {
  title: 'VendorAnalytics',
  type: 'object',
  additionalProperties: false,
  required: [
    'vendor',
    'currency',
    'from',
    'to',
    'totals',
    'preparation',
    'days',
    'hours',
    'products',
  ],
  properties: {
    vendor: VENDOR_ID,
    currency: { type: ['string', 'null'] },
    from: DATE,
    to: DATE,
    totals: {
      type: 'object',
      additionalProperties: false,
      required: [...BUSINESS_NAMES],
      properties: BUSINESS,
    },
    preparation: PREPARATION,
    days: {
      description: 'Days with business, the oldest first.',
      type: 'array',
      maxItems: ANALYTICS_DAYS_MAX,
      items: {
        title: 'VendorDay',
        type: 'object',
        additionalProperties: false,
        required: ['date', ...BUSINESS_NAMES],
        properties: { date: DATE, ...BUSINESS },
      },
    },
    hours: {
      description: 'All days together by the hour of the vendor’s clock.',
      type: 'array',
      maxItems: 24,
      items: {
        title: 'VendorHour',
        type: 'object',
        additionalProperties: false,
        required: ['hour', ...BUSINESS_NAMES, 'preparation'],
        properties: {
          hour: { type: 'integer', minimum: 0, maximum: 23 },
          ...BUSINESS,
          preparation: PREPARATION,
        },
      },
    },
    products: {
      description: 'Sold most often, of delivered orders.',
      type: 'array',
      maxItems: POPULAR_PRODUCTS_MAX,
      items: {
        title: 'PopularProduct',
        type: 'object',
        additionalProperties: false,
        required: ['product', 'name', 'orders', 'quantity'],
        properties: {
          product: { type: 'string' },
          name: { description: 'Null: not on the menu any more.', type: ['string', 'null'] },
          orders: COUNT,
          quantity: COUNT,
        },
      },
    },
  },
} as const;
export type VendorAnalytics = FromSchema<typeof VENDOR_ANALYTICS>;
