/** Deliveries: the engine's unit of work, as shops and ops see it. */
import type { FromSchema } from 'json-schema-to-ts';
import { DELIVERY_STATES, END_CODES, FAULTS, UNDELIVERABLE } from '../states.ts';
import {
  ACCOUNT_ID,
  CURRENCY,
  DELIVERY_ID,
  DRIVER_ID,
  FLEET_ID,
  LOAD,
  NAME,
  NEXT,
  NOTE,
  PAGE_QUERY,
  POINT,
  QUOTE_ID,
  REASON,
  SKILLS,
  TIME,
  TIME_OR_NULL,
  VEHICLE_KIND,
  ZONE_ID,
} from './common.ts';
import { PROOF_NEEDS } from './proofs.ts';

const STATE = { type: 'string', enum: DELIVERY_STATES } as const;

export const END_REASON = {
  title: 'EndReason',
  type: 'object',
  additionalProperties: false,
  required: ['code', 'stage', 'fault'],
  properties: {
    code: { type: 'string', enum: END_CODES },
    stage: STATE,
    fault: { type: 'string', enum: FAULTS },
  },
} as const;

export const DELIVERY_CREATE = {
  title: 'DeliveryCreate',
  description:
    'For shops with their own orders. `externalId` makes a repeat harmless: the same request under ' +
    'the same id of an account gives the same delivery, another request is a conflict.',
  type: 'object',
  additionalProperties: false,
  required: ['externalId', 'pickup', 'dropoff'],
  properties: {
    externalId: { type: 'string', minLength: 1, maxLength: 120 },
    pickup: POINT,
    dropoff: POINT,
    pickupName: NAME,
    pickupNote: NOTE,
    dropoffNote: NOTE,
    readyInSeconds: { type: 'integer', minimum: 0, maximum: 86_400 },
    readyAt: { ...TIME, description: 'Zone time; not together with readyInSeconds.' },
    promiseAt: { ...TIME, description: 'Left out: the zone promises by its policy.' },
    notBefore: TIME,
    load: LOAD,
    ifUndeliverable: { type: 'string', enum: UNDELIVERABLE },
    group: {
      type: 'object',
      additionalProperties: false,
      required: ['id', 'size'],
      properties: {
        id: { type: 'string', minLength: 1, maxLength: 60 },
        size: { type: 'integer', minimum: 2, maximum: 8 },
      },
    },
    vehicles: { type: 'array', minItems: 1, maxItems: 6, uniqueItems: true, items: VEHICLE_KIND },
    skills: SKILLS,
    fleets: { type: 'array', minItems: 1, maxItems: 16, uniqueItems: true, items: FLEET_ID },
    quote: {
      ...QUOTE_ID,
      description: 'Holds its fee; of the same pickup and drop-off, not expired, not used before.',
    },
    proof: PROOF_NEEDS,
    account: { ...ACCOUNT_ID, description: 'Ops only.' },
  },
} as const;
export type DeliveryCreate = FromSchema<typeof DELIVERY_CREATE>;

export const DELIVERY = {
  title: 'Delivery',
  description: 'All times are zone time. The log of the shard is the authority; this follows it.',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'account',
    'externalId',
    'zone',
    'state',
    'driver',
    'pickup',
    'dropoff',
    'placedAt',
    'readyAt',
    'promiseAt',
    'assignedAt',
    'pickedUpAt',
    'deliveredAt',
    'endedAt',
    'reason',
    'held',
    'feeMinor',
    'currency',
    'quote',
    'proof',
  ],
  properties: {
    id: DELIVERY_ID,
    account: ACCOUNT_ID,
    externalId: { type: 'string' },
    zone: ZONE_ID,
    state: STATE,
    driver: { anyOf: [DRIVER_ID, { type: 'null' }] },
    pickup: POINT,
    dropoff: POINT,
    placedAt: TIME,
    readyAt: TIME,
    promiseAt: TIME_OR_NULL,
    assignedAt: TIME_OR_NULL,
    pickedUpAt: TIME_OR_NULL,
    deliveredAt: TIME_OR_NULL,
    endedAt: TIME_OR_NULL,
    reason: { anyOf: [END_REASON, { type: 'null' }] },
    held: { type: 'boolean' },
    feeMinor: {
      type: ['integer', 'null'],
      description: 'What the account pays for it; null: it belongs to an order.',
    },
    currency: { anyOf: [CURRENCY, { type: 'null' }] },
    quote: { anyOf: [QUOTE_ID, { type: 'null' }] },
    proof: { anyOf: [PROOF_NEEDS, { type: 'null' }] },
  },
} as const;
export type Delivery = FromSchema<typeof DELIVERY>;

export const DELIVERY_HISTORY = {
  type: 'array',
  items: {
    title: 'DeliveryStep',
    type: 'object',
    additionalProperties: false,
    required: ['state', 'at', 'driver'],
    properties: { state: STATE, at: TIME, driver: { anyOf: [DRIVER_ID, { type: 'null' }] } },
  },
} as const;

export const DELIVERY_DETAIL = {
  title: 'DeliveryDetail',
  type: 'object',
  additionalProperties: false,
  required: [...DELIVERY.required, 'etaAt', 'etaFromAt', 'etaToAt', 'history'],
  properties: {
    ...DELIVERY.properties,
    etaAt: { ...TIME_OR_NULL, description: 'Expected at the door; null while nobody has it.' },
    etaFromAt: {
      ...TIME_OR_NULL,
      description: 'With `etaToAt` the range to show: eight of ten deliveries arrive within it.',
    },
    etaToAt: TIME_OR_NULL,
    history: DELIVERY_HISTORY,
  },
} as const;
export type DeliveryDetail = FromSchema<typeof DELIVERY_DETAIL>;

export const DELIVERY_CREATED = {
  title: 'DeliveryCreated',
  type: 'object',
  additionalProperties: false,
  required: ['delivery', 'trackingUrl', 'trackingToken'],
  properties: {
    delivery: DELIVERY,
    trackingUrl: { type: 'string' },
    trackingToken: { type: 'string' },
  },
} as const;
export type DeliveryCreated = FromSchema<typeof DELIVERY_CREATED>;

export const DELIVERY_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: DELIVERY_ID },
} as const;
export type DeliveryRef = FromSchema<typeof DELIVERY_REF>;

export const DELIVERY_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    state: STATE,
    zone: ZONE_ID,
    driver: DRIVER_ID,
    open: { type: 'boolean', description: 'true: not ended yet; false: ended.' },
    ...PAGE_QUERY,
  },
} as const;
export type DeliveryQuery = FromSchema<typeof DELIVERY_QUERY>;

export const DELIVERY_LIST = {
  title: 'DeliveryList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: DELIVERY }, next: NEXT },
} as const;
export type DeliveryList = FromSchema<typeof DELIVERY_LIST>;

export const DELIVERY_CANCEL = {
  title: 'DeliveryCancel',
  description: '200 once the engine has it, 202 while it is on its way, 409 after pickup.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: DELIVERY_ID, reason: { type: 'string', maxLength: 300 } },
} as const;
export type DeliveryCancel = FromSchema<typeof DELIVERY_CANCEL>;

export const DELIVERY_CANCELLED = {
  title: 'DeliveryCancelled',
  description: '`confirmed` false (status 202): the engine has not answered yet; ask again.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'state', 'confirmed'],
  properties: { id: DELIVERY_ID, state: STATE, confirmed: { type: 'boolean' } },
} as const;
export type DeliveryCancelled = FromSchema<typeof DELIVERY_CANCELLED>;

export const DELIVERY_READY = {
  title: 'DeliveryReady',
  description: 'The parcel is ready now, or will be at `readyAt`.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: DELIVERY_ID, readyAt: TIME },
} as const;
export type DeliveryReady = FromSchema<typeof DELIVERY_READY>;

export const DELIVERY_EVENT = {
  title: 'DeliveryEvent',
  description: 'A fact from the log about this delivery, offers and driver actions included.',
  type: 'object',
  additionalProperties: false,
  required: ['position', 'type', 'at', 'driver', 'data'],
  properties: {
    position: { type: 'string', description: 'shard:epoch-seq:index; unique and in order.' },
    type: { type: 'string' },
    at: TIME,
    driver: { anyOf: [DRIVER_ID, { type: 'null' }] },
    data: { type: 'object', additionalProperties: true },
  },
} as const;

export const DELIVERY_EVENTS = {
  title: 'DeliveryEvents',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: DELIVERY_EVENT } },
} as const;
export type DeliveryEvents = FromSchema<typeof DELIVERY_EVENTS>;

export const DELIVERY_OPS_VERBS = [
  'assign',
  'unassign',
  'hold',
  'release',
  'picked_up',
  'delivered',
  'end_wait',
  'fail',
] as const;

export const DELIVERY_OPS = {
  title: 'DeliveryOps',
  description:
    '`driver` for assign (and, if another driver has the parcel, picked_up); `code` and `fault` for ' +
    'fail; end_wait: the driver need not wait longer for the customer. Goes into the log with who ' +
    'and why; the answer says that it is on its way.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'verb', 'reason'],
  properties: {
    id: DELIVERY_ID,
    verb: { type: 'string', enum: DELIVERY_OPS_VERBS },
    driver: DRIVER_ID,
    code: { type: 'string', enum: END_CODES },
    fault: { type: 'string', enum: FAULTS },
    reason: REASON,
  },
} as const;
export type DeliveryOps = FromSchema<typeof DELIVERY_OPS>;

const PERCENTILES = {
  type: 'object',
  additionalProperties: false,
  required: ['p50', 'p90'],
  properties: { p50: { type: ['integer', 'null'] }, p90: { type: ['integer', 'null'] } },
} as const;

export const DELIVERY_SUMMARY = {
  title: 'DeliverySummary',
  description: 'Counted over all deliveries of the installation. Durations are zone ms.',
  type: 'object',
  additionalProperties: false,
  required: ['deliveries', 'offers', 'clickToDoorMs', 'onTimePercent', 'oldestUnassignedMs'],
  properties: {
    deliveries: { type: 'object', additionalProperties: { type: 'integer' } },
    offers: { type: 'object', additionalProperties: { type: 'integer' } },
    clickToDoorMs: PERCENTILES,
    onTimePercent: { type: ['number', 'null'] },
    oldestUnassignedMs: { type: ['integer', 'null'] },
  },
} as const;
export type DeliverySummary = FromSchema<typeof DELIVERY_SUMMARY>;
