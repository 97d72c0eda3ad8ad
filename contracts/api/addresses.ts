/** Addresses a person keeps: text for people, a point for the engine, a note for the door. */
import type { FromSchema } from 'json-schema-to-ts';
import { ADDRESS_ID, NOTE, POINT, TIME } from './common.ts';

/** How many one person may keep. */
export const ADDRESSES_MAX = 50;

const LABEL = { type: 'string', minLength: 1, maxLength: 60 } as const;
const TEXT = { type: 'string', minLength: 1, maxLength: 300 } as const;

export const ADDRESS = {
  title: 'Address',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'label', 'text', 'point', 'note', 'createdAt', 'updatedAt'],
  properties: {
    id: ADDRESS_ID,
    label: LABEL,
    text: TEXT,
    point: POINT,
    note: NOTE,
    createdAt: TIME,
    updatedAt: TIME,
  },
} as const;
export type Address = FromSchema<typeof ADDRESS>;

export const ADDRESS_LIST = {
  title: 'AddressList',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: ADDRESS } },
} as const;
export type AddressList = FromSchema<typeof ADDRESS_LIST>;

export const ADDRESS_CREATE = {
  title: 'AddressCreate',
  description: '`text` is what people read; `point` is where the engine sends the driver.',
  type: 'object',
  additionalProperties: false,
  required: ['label', 'text', 'point'],
  properties: { label: LABEL, text: TEXT, point: POINT, note: NOTE },
} as const;
export type AddressCreate = FromSchema<typeof ADDRESS_CREATE>;

export const ADDRESS_CHANGE = {
  title: 'AddressChange',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  minProperties: 2,
  properties: { id: ADDRESS_ID, label: LABEL, text: TEXT, point: POINT, note: NOTE },
} as const;
export type AddressChange = FromSchema<typeof ADDRESS_CHANGE>;

export const ADDRESS_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: ADDRESS_ID },
} as const;
export type AddressRef = FromSchema<typeof ADDRESS_REF>;
