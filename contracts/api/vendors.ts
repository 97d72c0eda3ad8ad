/** Vendors: who sells, where, when it is open, what it can take on, and whether it may. */
import type { FromSchema } from 'json-schema-to-ts';
import {
  ACCOUNT_ID,
  COUNT,
  NAME,
  NEXT,
  NOTE,
  PAGE_QUERY,
  PHONE,
  POINT,
  TEXT_PATTERN,
  TIME,
  TIME_OR_NULL,
  TIME_ZONE,
  VENDOR_ID,
} from './common.ts';
import { POLYGON } from './zones.ts';

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

export const SPECIAL_DAY = {
  title: 'SpecialDay',
  description:
    'Local dates with hours of their own, `until` included; no openings: closed. They replace what ' +
    'begins on those days; the night before still ends as it would.',
  type: 'object',
  additionalProperties: false,
  required: ['date', 'openings'],
  properties: {
    date: { type: 'string', format: 'date' },
    until: { type: 'string', format: 'date' },
    openings: {
      type: 'array',
      maxItems: 8,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['from', 'to'],
        properties: { from: WALL_TIME, to: WALL_TIME },
      },
    },
    name: NAME,
  },
} as const;
export type SpecialDay = FromSchema<typeof SPECIAL_DAY>;

export const DELIVERY_RADIUS_METERS_MAX = 50_000;
export const DELIVERY_AREA = {
  title: 'DeliveryArea',
  description: 'Where it delivers to: around its place, or within a polygon.',
  oneOf: [
    {
      type: 'object',
      additionalProperties: false,
      required: ['radiusMeters'],
      properties: {
        radiusMeters: { type: 'integer', minimum: 100, maximum: DELIVERY_RADIUS_METERS_MAX },
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['polygon'],
      properties: { polygon: POLYGON },
    },
  ],
} as const;
export type DeliveryArea = FromSchema<typeof DELIVERY_AREA>;

const RATE = {
  tickets: { type: 'integer', minimum: 1, maximum: 10_000 },
  windowSeconds: { type: 'integer', minimum: 60, maximum: 7_200, multipleOf: 60 },
} as const;

export const CAPACITY_WINDOW = {
  title: 'CapacityWindow',
  description:
    'What it can have ready at this time of the week; wall time as in its opening hours.',
  type: 'object',
  additionalProperties: false,
  required: ['days', 'from', 'to', 'tickets', 'windowSeconds'],
  properties: { ...OPENING.properties, ...RATE },
} as const;

/** What the kitchen can have ready in one window of time. */
export const PREPARE_CAPACITY = {
  title: 'PrepareCapacity',
  description: 'So many tickets ready in so much time; at the times of `windows`, what those say.',
  type: 'object',
  additionalProperties: false,
  required: ['tickets', 'windowSeconds'],
  properties: {
    ...RATE,
    windows: {
      description: 'No two at the same time.',
      type: 'array',
      maxItems: 28,
      items: CAPACITY_WINDOW,
    },
  },
} as const;
export type PrepareCapacity = FromSchema<typeof PREPARE_CAPACITY>;

export const VENDOR_KINDS = ['restaurant', 'grocery', 'pharmacy', 'shop'] as const;
export type VendorKind = (typeof VENDOR_KINDS)[number];

/** `pending`: waits for ops. Only an approved one is shown to customers and takes orders. */
export const VENDOR_STATES = ['pending', 'approved', 'rejected', 'suspended'] as const;
export type VendorState = (typeof VENDOR_STATES)[number];

const WORDS = {
  type: 'array',
  maxItems: 20,
  uniqueItems: true,
  items: { type: 'string', pattern: '^[a-z0-9][a-z0-9 _-]{0,31}$' },
} as const;

const URL = { type: 'string', format: 'uri', pattern: '^https?://', maxLength: 500 } as const;

/** What may be left out or null means: none. Each part may be given when creating and changing. */
const PROFILE = {
  kind: { type: 'string', enum: VENDOR_KINDS },
  description: { type: 'string', maxLength: 2_000, pattern: TEXT_PATTERN },
  cuisines: { ...WORDS, description: 'Lower case, such as `italian`.' },
  tags: WORDS,
  priceBand: { description: '1 cheap … 4 dear.', type: 'integer', minimum: 1, maximum: 4 },
} as const;

const hoursOf = (description: string) =>
  ({ description, type: 'array', minItems: 1, maxItems: 28, items: OPENING }) as const;
const SPECIAL_DAYS = { type: 'array', maxItems: 100, items: SPECIAL_DAY } as const;
const PREPARE_SECONDS = {
  description: 'Usual time from order to ready, zone seconds; default 600.',
  type: 'integer',
  minimum: 0,
  maximum: 14_400,
} as const;
const MIN_ORDER_MINOR = {
  description: 'Least worth of goods, minor units; 0: none.',
  type: 'integer',
  minimum: 0,
  maximum: 100_000_000,
} as const;
const SERVICE_FEE = {
  description: 'Ops only: service fee of goods in hundredths of a percent; null: the usual one.',
  type: ['integer', 'null'],
  minimum: 0,
  maximum: 10_000,
} as const;

export const VENDOR = {
  title: 'Vendor',
  type: 'object',
  additionalProperties: false,
  required: [
    ...['id', 'account', 'name', 'place', 'timeZone', 'hours', 'prepareSeconds', 'pickupNote'],
    ...['phone', 'createdAt', 'kind', 'state', 'stateReason', 'description', 'cuisines', 'tags'],
    ...['priceBand', 'imageUrl', 'specialDays', 'area', 'minOrderMinor', 'serviceFeeBasisPoints'],
    ...['capacity', 'autoAccept', 'pause', 'rating', 'currency', 'version'],
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
    kind: { type: 'string', enum: VENDOR_KINDS },
    state: { type: 'string', enum: VENDOR_STATES },
    stateReason: { type: ['string', 'null'] },
    description: { type: 'string' },
    cuisines: { type: 'array', items: { type: 'string' } },
    tags: { type: 'array', items: { type: 'string' } },
    priceBand: { type: ['integer', 'null'] },
    imageUrl: { type: ['string', 'null'] },
    specialDays: { type: 'array', items: SPECIAL_DAY },
    area: {
      description: 'Null: wherever drivers go.',
      anyOf: [DELIVERY_AREA, { type: 'null' }],
    },
    minOrderMinor: { type: 'integer' },
    serviceFeeBasisPoints: { type: ['integer', 'null'] },
    capacity: {
      description: 'What it can have ready in a window of time; null: no limit.',
      anyOf: [PREPARE_CAPACITY, { type: 'null' }],
    },
    autoAccept: { type: 'boolean' },
    pause: {
      anyOf: [
        {
          title: 'Pause',
          type: 'object',
          additionalProperties: false,
          required: ['reason', 'until'],
          properties: { reason: { type: 'string' }, until: TIME_OR_NULL },
        },
        { type: 'null' },
      ],
    },
    rating: {
      title: 'VendorRating',
      type: 'object',
      additionalProperties: false,
      required: ['average', 'count'],
      properties: {
        average: { description: '1 to 5; null: none yet.', type: ['number', 'null'] },
        count: COUNT,
      },
    },
    currency: {
      description: 'Of the market at its place; null: no zone serves it.',
      type: ['string', 'null'],
    },
    version: { description: 'Grows with each change.', type: 'integer' },
  },
} as const;
export type Vendor = FromSchema<typeof VENDOR>;

export const VENDOR_CREATE = {
  title: 'VendorCreate',
  description: 'Made by ops it is approved; made by a vendor it waits for ops.',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'place', 'timeZone'],
  properties: {
    name: NAME,
    place: POINT,
    timeZone: TIME_ZONE,
    hours: hoursOf('Left out: always open.'),
    prepareSeconds: PREPARE_SECONDS,
    pickupNote: NOTE,
    phone: PHONE,
    account: { ...ACCOUNT_ID, description: 'Ops only: the account that owns the vendor.' },
    ...PROFILE,
    imageUrl: URL,
    specialDays: SPECIAL_DAYS,
    area: DELIVERY_AREA,
    minOrderMinor: MIN_ORDER_MINOR,
    serviceFeeBasisPoints: SERVICE_FEE,
    capacity: PREPARE_CAPACITY,
    autoAccept: { description: 'Default true.', type: 'boolean' },
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
  properties: {
    account: ACCOUNT_ID,
    state: { type: 'string', enum: VENDOR_STATES },
    ...PAGE_QUERY,
  },
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
