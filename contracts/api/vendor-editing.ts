/** Changing vendors: their parts, their approval by ops, a pause. */
import type { FromSchema } from 'json-schema-to-ts';
import { REASON, TIME, VENDOR_ID } from './common.ts';
import { VENDOR_CREATE, VENDOR_STATES } from './vendors.ts';

const { properties: NEW } = VENDOR_CREATE;
const NULL = { type: 'null' } as const;

export const VENDOR_CHANGE = {
  title: 'VendorChange',
  description:
    'What is given replaces what was, null takes it away; the rest stays. A rejected vendor that is ' +
    'changed by its people waits for ops again.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: {
    id: VENDOR_ID,
    version: {
      description: 'Refused when it is another one by now.',
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000_000,
    },
    name: NEW.name,
    place: NEW.place,
    timeZone: NEW.timeZone,
    hours: NEW.hours,
    prepareSeconds: NEW.prepareSeconds,
    pickupNote: { anyOf: [NEW.pickupNote, NULL] },
    phone: { anyOf: [NEW.phone, NULL] },
    kind: NEW.kind,
    description: NEW.description,
    cuisines: NEW.cuisines,
    tags: NEW.tags,
    priceBand: { anyOf: [NEW.priceBand, NULL] },
    imageUrl: { anyOf: [NEW.imageUrl, NULL] },
    specialDays: NEW.specialDays,
    area: { anyOf: [NEW.area, NULL] },
    minOrderMinor: NEW.minOrderMinor,
    serviceFeeBasisPoints: NEW.serviceFeeBasisPoints,
    capacity: { anyOf: [NEW.capacity, NULL] },
    autoAccept: NEW.autoAccept,
  },
} as const;
export type VendorChange = FromSchema<typeof VENDOR_CHANGE>;

export const VENDOR_APPROVE = {
  title: 'VendorApprove',
  description: 'Approves, rejects or suspends; the reason is needed for all but approving.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'state'],
  properties: {
    id: VENDOR_ID,
    state: { type: 'string', enum: ['approved', 'rejected', 'suspended'] },
    reason: REASON,
  },
} as const;
export type VendorApprove = FromSchema<typeof VENDOR_APPROVE>;

/** Moves of one vendor that are listed; it is rarely more than three. */
export const APPROVALS_MAX = 200;

export const VENDOR_APPROVALS = {
  title: 'VendorApprovals',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: {
      description: 'The newest first.',
      type: 'array',
      maxItems: APPROVALS_MAX,
      items: {
        title: 'VendorApproval',
        type: 'object',
        additionalProperties: false,
        required: ['state', 'reason', 'by', 'at'],
        properties: {
          state: { type: 'string', enum: VENDOR_STATES },
          reason: { type: ['string', 'null'] },
          by: { type: 'string', description: 'A person or an API key.' },
          at: TIME,
        },
      },
    },
  },
} as const;
export type VendorApprovals = FromSchema<typeof VENDOR_APPROVALS>;

export const VENDOR_PAUSE = {
  title: 'VendorPause',
  description: 'Takes no orders until then; without a time: until the pause is taken away.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'reason'],
  properties: { id: VENDOR_ID, reason: REASON, until: TIME },
} as const;
export type VendorPause = FromSchema<typeof VENDOR_PAUSE>;
