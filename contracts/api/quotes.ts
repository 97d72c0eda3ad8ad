/** Quotes: what a delivery would cost and when it would be there, held for a while. */
import type { FromSchema } from 'json-schema-to-ts';
import { ACCOUNT_ID, CURRENCY, LOAD, POINT, QUOTE_ID, TIME } from './common.ts';

export const QUOTE_CREATE = {
  title: 'QuoteCreate',
  description: 'The delivery is asked for with the same pickup, drop-off and the id of the quote.',
  type: 'object',
  additionalProperties: false,
  required: ['pickup', 'dropoff'],
  properties: {
    pickup: POINT,
    dropoff: POINT,
    readyInSeconds: { type: 'integer', minimum: 0, maximum: 86_400 },
    readyAt: { ...TIME, description: 'Zone time; not together with readyInSeconds.' },
    load: LOAD,
    account: { ...ACCOUNT_ID, description: 'Ops only.' },
  },
} as const;
export type QuoteCreate = FromSchema<typeof QUOTE_CREATE>;

const QUOTE_PROPERTIES = {
  feeMinor: { type: 'integer' },
  currency: CURRENCY,
  distanceMeters: { type: 'integer', description: 'On the road, as far as it is known.' },
  pickupEta: TIME,
  dropoffEta: {
    type: 'object',
    additionalProperties: false,
    required: ['from', 'to'],
    properties: { from: TIME, to: TIME },
  },
  expiresAt: TIME,
} as const;

export const QUOTE = {
  title: 'Quote',
  description:
    'Its fee holds for one delivery that is asked for before `expiresAt`. All times are zone time.',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'feeMinor',
    'currency',
    'distanceMeters',
    'pickupEta',
    'dropoffEta',
    'expiresAt',
  ],
  properties: { id: QUOTE_ID, ...QUOTE_PROPERTIES },
} as const;
export type Quote = FromSchema<typeof QUOTE>;

/** What other services get: the same without an id, because nothing is kept. */
export type PricedDelivery = Omit<Quote, 'id'>;
