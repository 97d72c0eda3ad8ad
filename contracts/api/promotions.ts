/** Promotions: codes that take something off, of one vendor or of a whole market. */
import type { FromSchema } from 'json-schema-to-ts';
import { PROMOTION_CODE } from './carts.ts';
import {
  CURRENCY,
  MARKET_ID,
  NAME,
  NEXT,
  PAGE_QUERY,
  PROMOTION_ID,
  TIME,
  TIME_OR_NULL,
  VENDOR_ID,
} from './common.ts';

export const PROMOTION_KINDS = ['percent', 'amount', 'free_delivery'] as const;
export type PromotionKind = (typeof PROMOTION_KINDS)[number];

const AMOUNT = { type: 'integer', minimum: 1, maximum: 1_000_000_000 } as const;
const USES = { type: 'integer', minimum: 1, maximum: 1_000_000_000 } as const;

export const PROMOTION = {
  title: 'Promotion',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'code',
    'name',
    'kind',
    'vendor',
    'market',
    'basisPoints',
    'amountMinor',
    'maxMinor',
    'currency',
    'minGoodsMinor',
    'startsAt',
    'endsAt',
    'ended',
    'usesMax',
    'usesPerCustomerMax',
    'uses',
  ],
  properties: {
    id: PROMOTION_ID,
    code: { type: 'string' },
    name: { type: 'string' },
    kind: { type: 'string', enum: PROMOTION_KINDS },
    vendor: { anyOf: [VENDOR_ID, { type: 'null' }] },
    market: { anyOf: [MARKET_ID, { type: 'null' }] },
    basisPoints: { type: ['integer', 'null'] },
    amountMinor: { type: ['integer', 'null'] },
    maxMinor: { type: ['integer', 'null'] },
    currency: CURRENCY,
    minGoodsMinor: { type: 'integer' },
    startsAt: TIME,
    endsAt: TIME_OR_NULL,
    ended: { type: 'boolean', description: 'By somebody, for good; one that expired is not.' },
    usesMax: { type: ['integer', 'null'] },
    usesPerCustomerMax: { type: ['integer', 'null'] },
    uses: { type: 'integer', description: 'Orders that use it and were not cancelled.' },
  },
} as const;
export type Promotion = FromSchema<typeof PROMOTION>;

export const PROMOTION_CREATE = {
  title: 'PromotionCreate',
  description:
    'Of one vendor, or (ops only) of a whole market; one live promotion of it has the code. ' +
    'Needs an Idempotency-Key header.',
  type: 'object',
  additionalProperties: false,
  required: ['code', 'name', 'kind'],
  properties: {
    code: PROMOTION_CODE,
    name: NAME,
    kind: { type: 'string', enum: PROMOTION_KINDS },
    vendor: VENDOR_ID,
    market: MARKET_ID,
    basisPoints: {
      description: 'Hundredths of a percent of the goods; for `percent`.',
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
    },
    amountMinor: { ...AMOUNT, description: 'At most the goods; for `amount`.' },
    maxMinor: { ...AMOUNT, description: 'Most that `percent` takes off.' },
    minGoodsMinor: { ...AMOUNT, minimum: 0, description: 'Goods it needs; default 0.' },
    startsAt: { ...TIME, description: 'Zone time; left out: now.' },
    endsAt: { ...TIME, description: 'Zone time; left out: until it is ended.' },
    usesMax: { ...USES, description: 'Orders in all; left out: no limit.' },
    usesPerCustomerMax: { ...USES, description: 'Orders of one customer; left out: no limit.' },
  },
} as const;
export type PromotionCreate = FromSchema<typeof PROMOTION_CREATE>;

export const PROMOTION_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    vendor: VENDOR_ID,
    live: { type: 'boolean', description: 'Only those that have not ended, or only the others.' },
    ...PAGE_QUERY,
  },
} as const;
export type PromotionQuery = FromSchema<typeof PROMOTION_QUERY>;

export const PROMOTION_LIST = {
  title: 'PromotionList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: PROMOTION }, next: NEXT },
} as const;
export type PromotionList = FromSchema<typeof PROMOTION_LIST>;

export const PROMOTION_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: PROMOTION_ID },
} as const;
export type PromotionRef = FromSchema<typeof PROMOTION_REF>;
