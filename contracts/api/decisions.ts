/** Why this driver: what each round that touched a delivery made of it, for ops. */
import type { FromSchema } from 'json-schema-to-ts';
import { EXPLAINED_OUTCOMES } from '../explanations.ts';
import { DELIVERY_ID, DRIVER_ID, NEXT, PAGE_QUERY, TIME, ZONE_ID } from './common.ts';

const DRIVER_OR_NULL = { anyOf: [DRIVER_ID, { type: 'null' }] } as const;
const SECONDS = { type: 'number' } as const;

export const DECISION_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: DELIVERY_ID, ...PAGE_QUERY },
} as const;
export type DecisionQuery = FromSchema<typeof DECISION_QUERY>;

const DECISION_TERM = {
  type: 'object',
  additionalProperties: false,
  required: ['term', 'seconds', 'perMille', 'costSeconds'],
  properties: {
    term: { type: 'string' },
    seconds: { ...SECONDS, description: 'What it adds to the whole plan; may be negative.' },
    perMille: { type: 'integer', description: 'Its weight.' },
    costSeconds: SECONDS,
  },
} as const;

const DECISION_CANDIDATE = {
  title: 'DecisionCandidate',
  description:
    '`costSeconds`: what the whole plan costs more with this driver having the delivery, all else ' +
    'staying as it is; the sum of its terms. `aloneSeconds`: the same if the driver had nothing but ' +
    'what is committed; null when a limit forbids even that.',
  type: 'object',
  additionalProperties: false,
  required: [
    ...(['driver', 'costSeconds', 'moreThanChosenSeconds', 'aloneSeconds'] as const),
    ...(['pickupAt', 'doorAt', 'terms'] as const),
  ],
  properties: {
    driver: DRIVER_ID,
    costSeconds: SECONDS,
    moreThanChosenSeconds: {
      type: ['number', 'null'],
      description: 'By how much the cost of the whole plan would change.',
    },
    aloneSeconds: { type: ['number', 'null'] },
    pickupAt: TIME,
    doorAt: TIME,
    terms: { type: 'array', items: DECISION_TERM },
  },
} as const;

const DECISION_REJECTED = {
  type: 'object',
  additionalProperties: false,
  required: ['driver', 'reason', 'words'],
  properties: { driver: DRIVER_ID, reason: { type: 'string' }, words: { type: 'string' } },
} as const;

export const DECISION = {
  title: 'Decision',
  description:
    'A round that touched the delivery: committed it, moved it to another chain, or could place it ' +
    'nowhere. `planCostSeconds`: of the whole plan of the zone. `stayOutSeconds`: what leaving the ' +
    'delivery out counts. `leftOff`: shortlisted drivers that are in neither list. Drivers who were ' +
    '`available` and are not among the shortlisted ones were not among the nearest.',
  type: 'object',
  additionalProperties: false,
  required: [
    ...(['position', 'at', 'zone', 'round', 'weightsVersion', 'engine', 'outcome'] as const),
    ...(['driver', 'driverBefore', 'insteadOf', 'alsoAsked', 'together', 'why'] as const),
    ...(['planCostSeconds', 'stayOutSeconds', 'available', 'shortlisted', 'leftOff'] as const),
    ...(['candidates', 'rejected'] as const),
  ],
  properties: {
    position: { type: 'string', description: 'shard:epoch-seq:index in the log.' },
    at: { ...TIME, description: 'Zone time of the round; `waggle audit --at` takes it.' },
    zone: ZONE_ID,
    round: { type: 'integer' },
    weightsVersion: { type: 'integer' },
    engine: { type: ['string', 'null'], description: 'The core that decided.' },
    outcome: { type: 'string', enum: EXPLAINED_OUTCOMES },
    driver: DRIVER_OR_NULL,
    driverBefore: DRIVER_OR_NULL,
    insteadOf: {
      ...DRIVER_OR_NULL,
      description: 'Whom the plan had it with, when one who has been idle longer was preferred.',
    },
    alsoAsked: { type: 'array', items: DRIVER_ID },
    together: { type: 'array', items: DELIVERY_ID },
    why: { type: 'string', description: 'In words.' },
    planCostSeconds: SECONDS,
    stayOutSeconds: SECONDS,
    available: { type: ['integer', 'null'] },
    shortlisted: { type: 'integer' },
    leftOff: { type: 'integer' },
    candidates: { type: 'array', items: DECISION_CANDIDATE },
    rejected: { type: 'array', items: DECISION_REJECTED },
  },
} as const;
export type Decision = FromSchema<typeof DECISION>;

export const DECISION_LIST = {
  title: 'DecisionList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: DECISION }, next: NEXT },
} as const;
export type DecisionList = FromSchema<typeof DECISION_LIST>;
