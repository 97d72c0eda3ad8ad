/** Webhooks: where an account hears what becomes of its deliveries. */
import type { FromSchema } from 'json-schema-to-ts';
import { DELIVERY_STATES } from '../states.ts';
import { WEBHOOK_EVENTS } from '../webhooks.ts';
import {
  ACCOUNT_ID,
  DELIVERY_ID,
  EVENT_ID,
  NEXT,
  PAGE_QUERY,
  TIME,
  TIME_OR_NULL,
  WEBHOOK_ATTEMPT_ID,
  WEBHOOK_ID,
} from './common.ts';

const URL_TEXT = { type: 'string', minLength: 10, maxLength: 2_000, format: 'uri' } as const;
const DESCRIPTION = { type: 'string', maxLength: 300 } as const;
const EVENTS = {
  type: 'array',
  minItems: 1,
  maxItems: WEBHOOK_EVENTS.length,
  uniqueItems: true,
  items: { type: 'string', enum: WEBHOOK_EVENTS },
} as const;
const STATUS = { type: ['integer', 'null'] } as const;

export const WEBHOOK = {
  title: 'Webhook',
  description:
    '`disabledReason` says why nothing is sent: by whom it was switched off, or since when nothing ' +
    'got through. Times are wall time.',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'account',
    'url',
    'events',
    'description',
    'enabled',
    'disabledReason',
    'failingSince',
    'createdAt',
  ],
  properties: {
    id: WEBHOOK_ID,
    account: ACCOUNT_ID,
    url: { type: 'string' },
    events: EVENTS,
    description: { type: 'string' },
    enabled: { type: 'boolean' },
    disabledReason: { type: ['string', 'null'] },
    failingSince: TIME_OR_NULL,
    createdAt: TIME,
  },
} as const;
export type Webhook = FromSchema<typeof WEBHOOK>;

export const WEBHOOK_CREATE = {
  title: 'WebhookCreate',
  description: 'https only, at an address that is reached from the internet; redirects fail.',
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: URL_TEXT,
    events: EVENTS,
    description: DESCRIPTION,
    account: { ...ACCOUNT_ID, description: 'Ops only.' },
  },
} as const;
export type WebhookCreate = FromSchema<typeof WEBHOOK_CREATE>;

const SECRET = {
  type: 'string',
  description: 'Shown now and never again; signatures are made with the whole text.',
} as const;

export const WEBHOOK_CREATED = {
  title: 'WebhookCreated',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'webhook', 'secret'],
  properties: { id: WEBHOOK_ID, webhook: WEBHOOK, secret: SECRET },
} as const;
export type WebhookCreated = FromSchema<typeof WEBHOOK_CREATED>;

export const WEBHOOK_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: WEBHOOK_ID },
} as const;
export type WebhookRef = FromSchema<typeof WEBHOOK_REF>;

export const WEBHOOK_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    enabled: { type: 'boolean', description: 'false: those switched off, by hand or by us.' },
    ...PAGE_QUERY,
  },
} as const;
export type WebhookQuery = FromSchema<typeof WEBHOOK_QUERY>;

export const WEBHOOK_LIST = {
  title: 'WebhookList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: WEBHOOK }, next: NEXT },
} as const;
export type WebhookList = FromSchema<typeof WEBHOOK_LIST>;

export const WEBHOOK_CHANGE = {
  title: 'WebhookChange',
  description:
    'What happens while it is switched off is kept, not sent; ask for it with redeliver afterwards.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: {
    id: WEBHOOK_ID,
    url: URL_TEXT,
    events: EVENTS,
    description: DESCRIPTION,
    enabled: { type: 'boolean' },
  },
} as const;
export type WebhookChange = FromSchema<typeof WEBHOOK_CHANGE>;

export const WEBHOOK_ROTATE = {
  title: 'WebhookRotate',
  description: 'Until the overlap is over, what is sent is signed with the old secret as well.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: {
    id: WEBHOOK_ID,
    overlapSeconds: { type: 'integer', minimum: 0, maximum: 604_800, default: 86_400 },
  },
} as const;
export type WebhookRotate = FromSchema<typeof WEBHOOK_ROTATE>;

export const WEBHOOK_ROTATED = {
  title: 'WebhookRotated',
  type: 'object',
  additionalProperties: false,
  required: ['secret', 'previousValidUntil'],
  properties: { secret: SECRET, previousValidUntil: TIME },
} as const;
export type WebhookRotated = FromSchema<typeof WEBHOOK_ROTATED>;

const ATTEMPT_OUTCOMES = ['delivered', 'refused', 'failed', 'timeout', 'blocked'] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

const ATTEMPT_RESULT = {
  outcome: {
    type: 'string',
    enum: ATTEMPT_OUTCOMES,
    description:
      'refused: an answer other than 2xx; blocked: not sent, because the address may not be called.',
  },
  status: STATUS,
  durationMs: { type: 'integer' },
  error: { type: ['string', 'null'] },
  body: { type: ['string', 'null'], description: 'The beginning of what was answered.' },
} as const;

export const WEBHOOK_PINGED = {
  title: 'WebhookPinged',
  type: 'object',
  additionalProperties: false,
  required: ['outcome', 'status', 'durationMs', 'error', 'body'],
  properties: ATTEMPT_RESULT,
} as const;
export type WebhookPinged = FromSchema<typeof WEBHOOK_PINGED>;

export const WEBHOOK_ATTEMPT = {
  title: 'WebhookAttempt',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'message',
    'delivery',
    'number',
    'at',
    'outcome',
    'status',
    'durationMs',
    'error',
    'body',
  ],
  properties: {
    id: WEBHOOK_ATTEMPT_ID,
    message: EVENT_ID,
    delivery: { anyOf: [DELIVERY_ID, { type: 'null' }] },
    number: { type: ['integer', 'null'], description: 'null: a ping.' },
    at: TIME,
    ...ATTEMPT_RESULT,
  },
} as const;

export const WEBHOOK_ATTEMPT_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: WEBHOOK_ID, message: EVENT_ID, delivery: DELIVERY_ID, ...PAGE_QUERY },
} as const;
export type WebhookAttemptQuery = FromSchema<typeof WEBHOOK_ATTEMPT_QUERY>;

export const WEBHOOK_ATTEMPT_LIST = {
  title: 'WebhookAttemptList',
  description: 'The newest first.',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: WEBHOOK_ATTEMPT }, next: NEXT },
} as const;
export type WebhookAttemptList = FromSchema<typeof WEBHOOK_ATTEMPT_LIST>;

export const MESSAGE_STATES = ['waiting', 'delivered', 'dead', 'held'] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

export const WEBHOOK_MESSAGE = {
  title: 'WebhookMessage',
  description:
    'dead: given up after a day of tries; held: not sent, because the webhook was switched off.',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'delivery',
    'number',
    'deliveryState',
    'state',
    'attempts',
    'lastError',
    'createdAt',
    'nextAt',
    'deliveredAt',
  ],
  properties: {
    id: EVENT_ID,
    delivery: DELIVERY_ID,
    number: { type: 'integer' },
    deliveryState: { type: 'string', enum: DELIVERY_STATES },
    state: { type: 'string', enum: MESSAGE_STATES },
    attempts: { type: 'integer' },
    lastError: { type: ['string', 'null'] },
    createdAt: TIME,
    nextAt: { ...TIME_OR_NULL, description: 'Of one that waits: when it is tried next.' },
    deliveredAt: TIME_OR_NULL,
  },
} as const;
export type WebhookMessage = FromSchema<typeof WEBHOOK_MESSAGE>;

export const WEBHOOK_MESSAGE_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: {
    id: WEBHOOK_ID,
    state: { type: 'string', enum: MESSAGE_STATES },
    delivery: DELIVERY_ID,
    ...PAGE_QUERY,
  },
} as const;
export type WebhookMessageQuery = FromSchema<typeof WEBHOOK_MESSAGE_QUERY>;

export const WEBHOOK_MESSAGE_LIST = {
  title: 'WebhookMessageList',
  description: 'The newest first.',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: WEBHOOK_MESSAGE }, next: NEXT },
} as const;
export type WebhookMessageList = FromSchema<typeof WEBHOOK_MESSAGE_LIST>;

export const WEBHOOK_REDELIVER = {
  title: 'WebhookRedeliver',
  description: 'Sends everything since then again, each with its old id and number.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'since'],
  properties: {
    id: WEBHOOK_ID,
    since: { ...TIME, description: 'Wall time.' },
    undeliveredOnly: { type: 'boolean', default: false },
  },
} as const;
export type WebhookRedeliver = FromSchema<typeof WEBHOOK_REDELIVER>;

export const WEBHOOK_MESSAGE_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'message'],
  properties: { id: WEBHOOK_ID, message: EVENT_ID },
} as const;
export type WebhookMessageRef = FromSchema<typeof WEBHOOK_MESSAGE_REF>;

export const WEBHOOK_REDELIVERING = {
  title: 'WebhookRedelivering',
  description: '`more`: there were too many for one request; ask again from `until`.',
  type: 'object',
  additionalProperties: false,
  required: ['count', 'more', 'until'],
  properties: {
    count: { type: 'integer' },
    more: { type: 'boolean' },
    until: TIME_OR_NULL,
  },
} as const;
export type WebhookRedelivering = FromSchema<typeof WEBHOOK_REDELIVERING>;
