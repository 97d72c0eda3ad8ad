/** What drivers earn and how they do: lines, sums, counts, stars. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import { CURRENCY, DELIVERY_ID, DRIVER_ID, NEXT, PAGE_QUERY, REASON, TIME } from './common.ts';

/** Longest span of days one question may be about. */
export const DAYS_MAX = 92;

export const DAY = { type: 'string', format: 'date' } as const;
const SPAN = {
  from: {
    ...DAY,
    description: 'First day, where the driver works; left out: 27 days before `to`.',
  },
  to: { ...DAY, description: `Last day; left out: today. At most ${DAYS_MAX} days in all.` },
} as const;
const EARNING_ID = { type: 'string', pattern: idPattern('earning') } as const;
const MINOR = { type: 'integer', description: 'Minor units.' } as const;

export const EARNING = {
  title: 'Earning',
  description: 'One line; lines are only ever added. An adjustment may be negative.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind', 'delivery', 'amountMinor', 'currency', 'at', 'day', 'reason'],
  properties: {
    id: EARNING_ID,
    kind: { type: 'string', enum: ['delivery', 'tip', 'adjustment'] },
    delivery: { anyOf: [DELIVERY_ID, { type: 'null' }] },
    amountMinor: MINOR,
    currency: CURRENCY,
    at: TIME,
    day: DAY,
    reason: { type: ['string', 'null'] },
  },
} as const;
export type Earning = FromSchema<typeof EARNING>;

export const EARNING_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { ...SPAN, ...PAGE_QUERY },
} as const;
export const EARNING_QUERY_OF = {
  ...EARNING_QUERY,
  required: ['id'],
  properties: { id: DRIVER_ID, ...EARNING_QUERY.properties },
} as const;
export type EarningQuery = FromSchema<typeof EARNING_QUERY>;
export type EarningQueryOf = FromSchema<typeof EARNING_QUERY_OF>;

export const EARNING_LIST = {
  title: 'EarningList',
  description: 'The newest first.',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: EARNING }, next: NEXT },
} as const;
export type EarningList = FromSchema<typeof EARNING_LIST>;

export const EARNING_SUMS_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { ...SPAN, by: { type: 'string', enum: ['day', 'week'], default: 'day' } },
} as const;
export const EARNING_SUMS_QUERY_OF = {
  ...EARNING_SUMS_QUERY,
  required: ['id'],
  properties: { id: DRIVER_ID, ...EARNING_SUMS_QUERY.properties },
} as const;
export type EarningSumsQuery = FromSchema<typeof EARNING_SUMS_QUERY>;
export type EarningSumsQueryOf = FromSchema<typeof EARNING_SUMS_QUERY_OF>;

export const EARNING_SUMS = {
  title: 'EarningSums',
  description: 'Per day, or per week by its Monday, and currency; the oldest first.',
  type: 'object',
  additionalProperties: false,
  required: ['from', 'to', 'items'],
  properties: {
    from: DAY,
    to: DAY,
    items: {
      type: 'array',
      items: {
        title: 'EarningSum',
        type: 'object',
        additionalProperties: false,
        required: [
          ...(['start', 'currency', 'deliveries', 'deliveryMinor', 'tipMinor'] as const),
          ...(['adjustmentMinor', 'totalMinor'] as const),
        ],
        properties: {
          start: DAY,
          currency: CURRENCY,
          deliveries: { type: 'integer' },
          deliveryMinor: MINOR,
          tipMinor: MINOR,
          adjustmentMinor: MINOR,
          totalMinor: MINOR,
        },
      },
    },
  },
} as const;
export type EarningSums = FromSchema<typeof EARNING_SUMS>;

export const EARNING_ADJUST = {
  title: 'EarningAdjust',
  description: 'A bonus or a correction, by ops, with the reason.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'amountMinor', 'currency', 'reason'],
  properties: {
    id: DRIVER_ID,
    amountMinor: { type: 'integer', minimum: -10_000_000, maximum: 10_000_000 },
    currency: CURRENCY,
    reason: REASON,
  },
} as const;
export type EarningAdjust = FromSchema<typeof EARNING_ADJUST>;

export const STATISTICS_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: SPAN,
} as const;
export const STATISTICS_QUERY_OF = {
  ...STATISTICS_QUERY,
  required: ['id'],
  properties: { id: DRIVER_ID, ...SPAN },
} as const;
export type StatisticsQuery = FromSchema<typeof STATISTICS_QUERY>;
export type StatisticsQueryOf = FromSchema<typeof STATISTICS_QUERY_OF>;

const COUNTED = { type: 'integer', minimum: 0 } as const;
const COUNTS = {
  offered: COUNTED,
  accepted: COUNTED,
  declined: COUNTED,
  expired: COUNTED,
  delivered: COUNTED,
  onTime: COUNTED,
  returned: COUNTED,
  failed: COUNTED,
  onlineSeconds: COUNTED,
} as const;
const COUNT_NAMES = [
  ...(['offered', 'accepted', 'declined', 'expired', 'delivered', 'onTime'] as const),
  ...(['returned', 'failed', 'onlineSeconds'] as const),
] as const;

export const STATISTICS = {
  title: 'DriverStatistics',
  description:
    'Sums and days of the span; a spell on duty counts once it is over. `rating` is of all time: the ' +
    'mean of the stars of customers, null before the first.',
  type: 'object',
  additionalProperties: false,
  required: ['from', 'to', 'duty', 'dutySince', 'rating', 'total', 'days'],
  properties: {
    from: DAY,
    to: DAY,
    duty: { type: 'string', enum: ['off', 'available', 'on_break', 'last_job'] },
    dutySince: { type: ['string', 'null'], format: 'date-time' },
    rating: {
      type: 'object',
      additionalProperties: false,
      required: ['count', 'mean'],
      properties: { count: COUNTED, mean: { type: ['number', 'null'], minimum: 1, maximum: 5 } },
    },
    total: {
      title: 'DriverCounts',
      type: 'object',
      additionalProperties: false,
      required: COUNT_NAMES,
      properties: COUNTS,
    },
    days: {
      type: 'array',
      maxItems: DAYS_MAX,
      items: {
        title: 'DriverDay',
        type: 'object',
        additionalProperties: false,
        required: ['day', ...COUNT_NAMES],
        properties: { day: DAY, ...COUNTS },
      },
    },
  },
} as const;
export type Statistics = FromSchema<typeof STATISTICS>;
