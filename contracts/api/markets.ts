/** Markets: the policy of a city, and what a delivery costs in it. */
import type { FromSchema } from 'json-schema-to-ts';
import { CURRENCY, MARKET_ID, NAME, TIME, TIME_ZONE } from './common.ts';

const PRICE_MINOR = { type: 'integer', minimum: 0, maximum: 1_000_000_000 } as const;
const DELIVERY_PRICE_PARTS = {
  baseMinor: PRICE_MINOR,
  perKmMinor: { ...PRICE_MINOR, description: 'Per kilometre on the road beyond freeKm.' },
  minMinor: PRICE_MINOR,
  maxMinor: PRICE_MINOR,
  freeKm: { type: 'integer', minimum: 0, maximum: 1_000 },
  kmMax: {
    type: 'integer',
    minimum: 1,
    maximum: 1_000,
    description: 'A drop-off farther than this is refused.',
  },
} as const;

export const DELIVERY_PRICE = {
  title: 'DeliveryPrice',
  description: 'What a delivery costs in minor units: base + distance, within min and max.',
  type: 'object',
  additionalProperties: false,
  required: ['baseMinor', 'perKmMinor', 'minMinor', 'maxMinor', 'freeKm', 'kmMax'],
  properties: DELIVERY_PRICE_PARTS,
} as const;

export const DELIVERY_PRICE_PART = {
  title: 'DeliveryPricePart',
  description: 'What is left out stays; at first it is the usual price of the currency.',
  type: 'object',
  additionalProperties: false,
  properties: DELIVERY_PRICE_PARTS,
} as const;

export const MARKET_CREATE = {
  title: 'MarketCreate',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'timeZone', 'currency'],
  properties: {
    name: NAME,
    timeZone: TIME_ZONE,
    currency: CURRENCY,
    deliveryPrice: DELIVERY_PRICE_PART,
  },
} as const;
export type MarketCreate = FromSchema<typeof MARKET_CREATE>;

export const MARKET_CHANGE = {
  title: 'MarketChange',
  description: 'What is given replaces what was. Quotes that stand keep their price.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: MARKET_ID, name: NAME, deliveryPrice: DELIVERY_PRICE_PART },
} as const;
export type MarketChange = FromSchema<typeof MARKET_CHANGE>;

export const MARKET = {
  title: 'Market',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name', 'timeZone', 'currency', 'deliveryPrice', 'createdAt'],
  properties: {
    id: MARKET_ID,
    name: { type: 'string' },
    timeZone: { type: 'string' },
    currency: CURRENCY,
    deliveryPrice: DELIVERY_PRICE,
    createdAt: TIME,
  },
} as const;
export type Market = FromSchema<typeof MARKET>;

export const MARKET_LIST = {
  title: 'MarketList',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: MARKET } },
} as const;
export type MarketList = FromSchema<typeof MARKET_LIST>;
