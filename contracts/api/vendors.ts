/** Vendors: who sells, where, and when it is open. */
import type { FromSchema } from 'json-schema-to-ts';
import {
  ACCOUNT_ID,
  NAME,
  NEXT,
  NOTE,
  PAGE_QUERY,
  PHONE,
  POINT,
  TIME,
  TIME_ZONE,
  VENDOR_ID,
} from './common.ts';

const WALL_TIME = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' } as const;

export const OPENING = {
  title: 'Opening',
  description:
    'Wall time in the zone of the vendor. Days: 1 Monday … 7 Sunday. `to` not after `from` means ' +
    'the next day; the same time means all day.',
  type: 'object',
  additionalProperties: false,
  required: ['days', 'from', 'to'],
  properties: {
    days: {
      type: 'array',
      minItems: 1,
      maxItems: 7,
      uniqueItems: true,
      items: { type: 'integer', minimum: 1, maximum: 7 },
    },
    from: WALL_TIME,
    to: WALL_TIME,
  },
} as const;
export type Opening = FromSchema<typeof OPENING>;

export const VENDOR = {
  title: 'Vendor',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'account',
    'name',
    'place',
    'timeZone',
    'hours',
    'prepareSeconds',
    'pickupNote',
    'phone',
    'createdAt',
  ],
  properties: {
    id: VENDOR_ID,
    account: ACCOUNT_ID,
    name: { type: 'string' },
    place: POINT,
    timeZone: { type: 'string' },
    hours: { type: 'array', items: OPENING },
    prepareSeconds: { type: 'integer' },
    pickupNote: { type: ['string', 'null'] },
    phone: { type: ['string', 'null'] },
    createdAt: TIME,
  },
} as const;
export type Vendor = FromSchema<typeof VENDOR>;

export const VENDOR_CREATE = {
  title: 'VendorCreate',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'place', 'timeZone'],
  properties: {
    name: NAME,
    place: POINT,
    timeZone: TIME_ZONE,
    hours: {
      description: 'Left out: always open.',
      type: 'array',
      minItems: 1,
      maxItems: 28,
      items: OPENING,
    },
    prepareSeconds: {
      description: 'Usual time from order to ready, zone seconds; default 600.',
      type: 'integer',
      minimum: 0,
      maximum: 14_400,
    },
    pickupNote: NOTE,
    phone: PHONE,
    account: { ...ACCOUNT_ID, description: 'Ops only: the account that owns the vendor.' },
  },
} as const;
export type VendorCreate = FromSchema<typeof VENDOR_CREATE>;

export const VENDOR_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: VENDOR_ID },
} as const;
export type VendorRef = FromSchema<typeof VENDOR_REF>;

export const VENDOR_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { account: ACCOUNT_ID, ...PAGE_QUERY },
} as const;
export type VendorQuery = FromSchema<typeof VENDOR_QUERY>;

export const VENDOR_LIST = {
  title: 'VendorList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: VENDOR }, next: NEXT },
} as const;
export type VendorList = FromSchema<typeof VENDOR_LIST>;
