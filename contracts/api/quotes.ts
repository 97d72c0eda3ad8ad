/** Quotes: what a delivery would cost and when it would be there, held for a while. */
import type { FromSchema } from 'json-schema-to-ts';
import { ACCOUNT_ID, CURRENCY, LOAD, POINT, QUOTE_ID, TIME, ZONE_ID } from './common.ts';

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
  properties: {
    id: QUOTE_ID,
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
  },
} as const;
export type Quote = FromSchema<typeof QUOTE>;

/** Asked by other services, of a zone and a zone time. */
export const ZONE_INTAKE_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['zone', 'atMs'],
  properties: { zone: ZONE_ID, atMs: { type: 'integer', minimum: 0 } },
} as const;
export type ZoneIntakeQuery = FromSchema<typeof ZONE_INTAKE_QUERY>;

/** Whether ops lets the zone take deliveries then. Good for a few seconds. */
export interface ZoneIntake {
  readonly paused: boolean;
}
