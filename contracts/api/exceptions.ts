/** The exceptions of deliveries: what ops must look at, the latest first, and what they do about it. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import { EXCEPTION_KIND_NAMES } from '../problems.ts';
import { DELIVERY_STATES } from '../states.ts';
import {
  DELIVERY_ID,
  DRIVER_ID,
  NEXT,
  PAGE_QUERY,
  POINT,
  REASON,
  TIME,
  TIME_OR_NULL,
  USER_ID,
  ZONE_ID,
} from './common.ts';

/** Longest snooze, zone ms: what is wrong must come back while the same people are there. */
export const SNOOZE_MS_MAX = 4 * 3_600_000;

const EXCEPTION_ID = { type: 'string', pattern: idPattern('exception') } as const;
const KIND = { type: 'string', enum: EXCEPTION_KIND_NAMES } as const;
const DRIVER_OR_NULL = { anyOf: [DRIVER_ID, { type: 'null' }] } as const;

export const EXCEPTION = {
  title: 'Exception',
  description:
    'A problem of one delivery. `lateMs`: how long after the promise it is expected at its door ' +
    '(negative: before), as reckoned at `toldAt` and again each minute while it is open. `about`: the ' +
    'driver it concerns; `driver`: who carries the delivery now. All times are zone time.',
  type: 'object',
  additionalProperties: false,
  required: [
    ...(['id', 'kind', 'title', 'delivery', 'zone', 'state', 'driver', 'about', 'since'] as const),
    ...(['promiseAt', 'expectedAt', 'lateMs', 'toldAt', 'waitUntil', 'attempts'] as const),
    ...(['pickup', 'dropoff', 'owner', 'snoozedUntil', 'note', 'closedAt', 'closedBy'] as const),
  ],
  properties: {
    id: EXCEPTION_ID,
    kind: KIND,
    title: { type: 'string' },
    delivery: DELIVERY_ID,
    zone: ZONE_ID,
    state: { type: 'string', enum: DELIVERY_STATES },
    driver: DRIVER_OR_NULL,
    about: DRIVER_OR_NULL,
    since: TIME,
    promiseAt: TIME_OR_NULL,
    expectedAt: TIME,
    lateMs: { type: 'integer' },
    toldAt: TIME,
    waitUntil: {
      ...TIME_OR_NULL,
      description: 'customer_unreachable: from then on the driver may give up.',
    },
    attempts: { type: 'integer', description: 'How often the driver tried to reach the customer.' },
    pickup: POINT,
    dropoff: POINT,
    owner: { anyOf: [USER_ID, { type: 'null' }] },
    snoozedUntil: TIME_OR_NULL,
    note: { type: ['string', 'null'], description: 'Why it was snoozed or resolved.' },
    closedAt: TIME_OR_NULL,
    closedBy: {
      type: ['string', 'null'],
      enum: ['cleared', 'ended', 'ops', null],
      description: 'The problem was over, its delivery ended, or ops resolved it.',
    },
  },
} as const;
export type Exception = FromSchema<typeof EXCEPTION>;

export const EXCEPTION_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    zone: ZONE_ID,
    kind: KIND,
    owner: {
      type: 'string',
      pattern: `^nobody$|${idPattern('user')}`,
      description: 'A user, or `nobody`.',
    },
    snoozed: { type: 'boolean', description: 'true: asleep; false: awake. Left out: both.' },
    open: { type: 'boolean', default: true, description: 'false: those that are over.' },
    ...PAGE_QUERY,
  },
} as const;
export type ExceptionQuery = FromSchema<typeof EXCEPTION_QUERY>;

export const EXCEPTION_LIST = {
  title: 'ExceptionList',
  description:
    'The latest first. Lateness is told anew all the time: one that moves while pages are turned may ' +
    'be seen twice or not; the first page is always true.',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: EXCEPTION }, next: NEXT },
} as const;
export type ExceptionList = FromSchema<typeof EXCEPTION_LIST>;

export const EXCEPTION_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: EXCEPTION_ID },
} as const;
export type ExceptionRef = FromSchema<typeof EXCEPTION_REF>;

export const EXCEPTION_SNOOZE = {
  title: 'ExceptionSnooze',
  description: 'Out of sight until then, at most four hours of zone time. Null wakes it.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'until', 'reason'],
  properties: { id: EXCEPTION_ID, until: TIME_OR_NULL, reason: REASON },
} as const;
export type ExceptionSnooze = FromSchema<typeof EXCEPTION_SNOOZE>;

export const EXCEPTION_RESOLVE = {
  title: 'ExceptionResolve',
  description:
    'Takes it off the queue for good, whatever the engine thinks; the delivery is not touched. The ' +
    'same problem raised again later is a new exception.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'reason'],
  properties: { id: EXCEPTION_ID, reason: REASON },
} as const;
export type ExceptionResolve = FromSchema<typeof EXCEPTION_RESOLVE>;
