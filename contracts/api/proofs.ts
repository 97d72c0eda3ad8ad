/** Proof of delivery: what a delivery asks for, what its driver shows for it, and who reads that. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import { END_CODES, FAULTS } from '../states.ts';
import { DELIVERY_ID, DRIVER_ID, TIME, TIME_OR_NULL } from './common.ts';

/** Wrong PINs a driver may enter before ops must open the lock again. */
export const PIN_TRIES_MAX = 5;
/** Proofs of one delivery; more are refused. */
export const PROOFS_MAX = 20;
/** Largest photo or signature, bytes. */
export const PROOF_BYTES_MAX = 5 * 1024 * 1024;

export const PROOF_KINDS = ['pin', 'photo', 'signature', 'age'] as const;
export type ProofKind = (typeof PROOF_KINDS)[number];
export const PROOF_IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const;

const PROOF_ID = { type: 'string', pattern: idPattern('proof') } as const;

export const PROOF_NEEDS = {
  title: 'ProofNeeds',
  description:
    'What the driver must show at the door. `pin`: the customer sees four digits in their order or on ' +
    'the tracking page and says them to the driver. `ageMin`: the driver checks the birth date.',
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    pin: { type: 'boolean' },
    photo: { type: 'boolean' },
    signature: { type: 'boolean' },
    ageMin: { type: 'integer', minimum: 1, maximum: 99 },
  },
} as const;
export type ProofNeeds = FromSchema<typeof PROOF_NEEDS>;

export const PROOF_ADD = {
  title: 'ProofAdd',
  description:
    '`pin` with the digits; `photo` and `signature` with the type of the image and its size, answered ' +
    'with a signed URL to PUT it to; `age` with the birth date that was shown (never stored), or ' +
    '`passed` false where none was. `place` return: at the vendor, for what went back.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind'],
  properties: {
    id: DELIVERY_ID,
    kind: { type: 'string', enum: PROOF_KINDS },
    place: { type: 'string', enum: ['dropoff', 'return'], default: 'dropoff' },
    pin: { type: 'string', pattern: '^[0-9]{4}$' },
    contentType: { type: 'string', enum: PROOF_IMAGE_TYPES },
    bytes: { type: 'integer', minimum: 1, maximum: PROOF_BYTES_MAX },
    birthDate: { type: 'string', format: 'date' },
    passed: { type: 'boolean', const: false },
  },
} as const;
export type ProofAdd = FromSchema<typeof PROOF_ADD>;

export const UPLOAD = {
  title: 'Upload',
  description:
    'PUT exactly one file of this type and at most this size to the URL, before it expires.',
  type: 'object',
  additionalProperties: false,
  required: ['url', 'contentType', 'bytesMax', 'expiresAt'],
  properties: {
    url: { type: 'string' },
    contentType: { type: 'string' },
    bytesMax: { type: 'integer' },
    expiresAt: TIME,
  },
} as const;
export type Upload = FromSchema<typeof UPLOAD>;

export const PROOF = {
  title: 'Proof',
  description: '`arrived`: it counts; a photo or signature arrives when its file was uploaded.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind', 'place', 'driver', 'at', 'arrived', 'passed', 'url', 'urlExpiresAt'],
  properties: {
    id: PROOF_ID,
    kind: { type: 'string', enum: PROOF_KINDS },
    place: { type: 'string', enum: ['dropoff', 'return'] },
    driver: DRIVER_ID,
    at: TIME,
    arrived: { type: 'boolean' },
    passed: { type: 'boolean', description: 'False only for an age check that was not passed.' },
    url: {
      type: ['string', 'null'],
      description: 'Short-lived; null without a file, and for drivers.',
    },
    urlExpiresAt: TIME_OR_NULL,
  },
} as const;
export type Proof = FromSchema<typeof PROOF>;

export const PROOF_ADDED = {
  title: 'ProofAdded',
  description: '`next`: what the driver app must say of the delivery now; null: go on.',
  type: 'object',
  additionalProperties: false,
  required: ['proof', 'upload', 'next'],
  properties: {
    proof: PROOF,
    upload: { anyOf: [UPLOAD, { type: 'null' }] },
    next: {
      anyOf: [
        {
          type: 'object',
          additionalProperties: false,
          required: ['deed', 'code', 'fault'],
          properties: {
            deed: { type: 'string', enum: ['undeliverable'] },
            code: { type: 'string', enum: END_CODES },
            fault: { type: 'string', enum: FAULTS },
          },
        },
        { type: 'null' },
      ],
    },
  },
} as const;
export type ProofAdded = FromSchema<typeof PROOF_ADDED>;

export const PROOF_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: DELIVERY_ID },
} as const;
export type ProofRef = FromSchema<typeof PROOF_REF>;

export const PROOF_STATE = {
  title: 'ProofState',
  description:
    '`pin`: for the customer only, while the delivery is on its way. `missing`: not shown yet.',
  type: 'object',
  additionalProperties: false,
  required: ['needs', 'pin', 'pinTriesLeft', 'missing', 'items'],
  properties: {
    needs: { anyOf: [PROOF_NEEDS, { type: 'null' }] },
    pin: { type: ['string', 'null'] },
    pinTriesLeft: { type: 'integer', minimum: 0 },
    missing: { type: 'array', items: { type: 'string', enum: PROOF_KINDS } },
    items: { type: 'array', items: PROOF },
  },
} as const;
export type ProofState = FromSchema<typeof PROOF_STATE>;
