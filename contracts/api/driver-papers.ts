/** Papers of drivers and their vehicles, background checks, and what a market asks for. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import { VEHICLE_KINDS } from '../states.ts';
import {
  DRIVER_ID,
  MARKET_ID,
  NEXT,
  PAGE_QUERY,
  REASON,
  TIME,
  TIME_OR_NULL,
  VEHICLE_ID,
} from './common.ts';
import { DAY } from './driver-earnings.ts';
import { UPLOAD } from './proofs.ts';

export const PERSON_PAPERS = [
  'licence',
  'identity',
  'right_to_work',
  'food_hygiene',
  'photo',
] as const;
/** These name a vehicle. */
export const VEHICLE_PAPERS = ['registration', 'insurance', 'inspection'] as const;
export const PAPER_KINDS = [...PERSON_PAPERS, ...VEHICLE_PAPERS] as const;
export type PaperKind = (typeof PAPER_KINDS)[number];

export const PAPER_TYPES = ['image/jpeg', 'image/png', 'image/webp', 'application/pdf'] as const;
export const PAPER_BYTES_MAX = 10 * 1024 * 1024;
/** Papers of one driver that are kept; older ones must be deleted first. */
export const PAPERS_MAX = 60;

const PAPER_ID = { type: 'string', pattern: idPattern('document') } as const;
const KIND = { type: 'string', enum: PAPER_KINDS } as const;
/** waiting: for its file. */
export const PAPER_STATES = ['waiting', 'submitted', 'approved', 'rejected', 'expired'] as const;
export const BACKGROUND_STATES = ['not_started', 'pending', 'clear', 'consider', 'failed'] as const;

export const PAPER = {
  title: 'Paper',
  description:
    '`expiresOn` is the last day it holds, wherever that day ends last. The newest approved paper of a ' +
    'kind counts. `url`: short-lived, for its owner and ops.',
  type: 'object',
  additionalProperties: false,
  required: [
    ...(['id', 'driver', 'kind', 'vehicle', 'number', 'expiresOn', 'state', 'reason'] as const),
    ...(['createdAt', 'reviewedAt', 'url', 'urlExpiresAt'] as const),
  ],
  properties: {
    id: PAPER_ID,
    driver: DRIVER_ID,
    kind: KIND,
    vehicle: { anyOf: [VEHICLE_ID, { type: 'null' }] },
    number: { type: ['string', 'null'] },
    expiresOn: { type: ['string', 'null'], format: 'date' },
    state: { type: 'string', enum: PAPER_STATES },
    reason: { type: ['string', 'null'] },
    createdAt: TIME,
    reviewedAt: TIME_OR_NULL,
    url: { type: ['string', 'null'] },
    urlExpiresAt: TIME_OR_NULL,
  },
} as const;
export type Paper = FromSchema<typeof PAPER>;

export const PAPER_ADD = {
  title: 'PaperAdd',
  description: 'Answered with a signed URL to PUT the file to; then it waits for review.',
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'contentType', 'bytes'],
  properties: {
    kind: KIND,
    vehicle: { ...VEHICLE_ID, description: `Of ${VEHICLE_PAPERS.join(', ')}.` },
    number: { type: 'string', minLength: 1, maxLength: 60 },
    expiresOn: DAY,
    contentType: { type: 'string', enum: PAPER_TYPES },
    bytes: { type: 'integer', minimum: 1, maximum: PAPER_BYTES_MAX },
  },
} as const;
export type PaperAdd = FromSchema<typeof PAPER_ADD>;

export const PAPER_ADDED = {
  title: 'PaperAdded',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'paper', 'upload'],
  properties: { id: PAPER_ID, paper: PAPER, upload: UPLOAD },
} as const;
export type PaperAdded = FromSchema<typeof PAPER_ADDED>;

export const PAPER_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: PAPER_ID },
} as const;
export type PaperRef = FromSchema<typeof PAPER_REF>;

export const PAPER_REVIEW = {
  title: 'PaperReview',
  description: 'A rejection says why. `expiresOn`: as the reviewer read it.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'approved'],
  properties: { id: PAPER_ID, approved: { type: 'boolean' }, reason: REASON, expiresOn: DAY },
} as const;
export type PaperReview = FromSchema<typeof PAPER_REVIEW>;

export const PAPER_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    state: { type: 'string', enum: PAPER_STATES, default: 'submitted' },
    kind: KIND,
    ...PAGE_QUERY,
  },
} as const;
export type PaperQuery = FromSchema<typeof PAPER_QUERY>;

export const PAPER_LIST = {
  title: 'PaperList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: PAPER }, next: NEXT },
} as const;
export type PaperList = FromSchema<typeof PAPER_LIST>;

export const BACKGROUND = {
  title: 'BackgroundCheck',
  type: 'object',
  additionalProperties: false,
  required: ['driver', 'state', 'note', 'at'],
  properties: {
    driver: DRIVER_ID,
    state: { type: 'string', enum: BACKGROUND_STATES },
    note: { type: ['string', 'null'] },
    at: TIME_OR_NULL,
  },
} as const;
export type Background = FromSchema<typeof BACKGROUND>;

export const BACKGROUND_SET = {
  title: 'BackgroundSet',
  description: 'What came of it, by hand.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'state'],
  properties: {
    id: DRIVER_ID,
    state: { type: 'string', enum: BACKGROUND_STATES },
    note: REASON,
  },
} as const;
export type BackgroundSet = FromSchema<typeof BACKGROUND_SET>;

export const STANDING = {
  title: 'Standing',
  description:
    'Whether the driver may be approved and work. `missing`: what stands against it; `vehicles`: those ' +
    'whose papers hold; `expiring`: papers with 30 days or less to go.',
  type: 'object',
  additionalProperties: false,
  required: ['mayWork', 'approved', 'missing', 'vehicles', 'expiring', 'background', 'papers'],
  properties: {
    mayWork: { type: 'boolean' },
    approved: { type: 'boolean' },
    missing: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['kind', 'vehicle', 'why'],
        properties: {
          kind: { type: 'string', enum: [...PAPER_KINDS, 'background_check'] },
          vehicle: { anyOf: [VEHICLE_ID, { type: 'null' }] },
          why: {
            type: 'string',
            enum: ['missing', 'in_review', 'rejected', 'expired', 'not_clear'],
          },
        },
      },
    },
    vehicles: { type: 'array', items: VEHICLE_ID },
    expiring: { type: 'array', items: PAPER_ID },
    background: BACKGROUND,
    papers: { type: 'array', maxItems: PAPERS_MAX, items: PAPER },
  },
} as const;
export type Standing = FromSchema<typeof STANDING>;

export const DRIVER_POLICY = {
  title: 'DriverPolicy',
  description:
    'What a market asks of drivers. `vehicles` of a paper: the kinds of vehicle it is asked for; left ' +
    'out: of everybody, or for every vehicle. A driver of no market needs what all markets ask for.',
  type: 'object',
  additionalProperties: false,
  required: ['market', 'papers', 'backgroundCheck'],
  properties: {
    market: MARKET_ID,
    papers: {
      type: 'array',
      maxItems: 16,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['kind'],
        properties: {
          kind: KIND,
          vehicles: {
            type: 'array',
            minItems: 1,
            maxItems: VEHICLE_KINDS.length,
            uniqueItems: true,
            items: { type: 'string', enum: VEHICLE_KINDS },
          },
        },
      },
    },
    backgroundCheck: { type: 'boolean' },
  },
} as const;
export type DriverPolicy = FromSchema<typeof DRIVER_POLICY>;
export const DRIVER_POLICY_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['market'],
  properties: { market: MARKET_ID },
} as const;
export type DriverPolicyRef = FromSchema<typeof DRIVER_POLICY_REF>;
