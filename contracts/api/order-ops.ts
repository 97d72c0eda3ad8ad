/** What happened to an order, and what people do about it: history, refunds, reviews, the blocked. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import {
  CURRENCY,
  NEXT,
  ORDER_ID,
  PAGE_QUERY,
  PHONE,
  POINT,
  REASON,
  TIME,
  USER_ID,
  VENDOR_ID,
} from './common.ts';

/** Lines of an order's history that are shown; a longer one is cut at its end. */
export const ORDER_EVENTS_MAX = 500;

export const ORDER_EVENT = {
  title: 'OrderEvent',
  description: 'Who did what, when; what the fraud rules found is shown to ops only.',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'actorKind', 'actor', 'at', 'data'],
  properties: {
    type: { type: 'string', maxLength: 60 },
    actorKind: { type: 'string', maxLength: 20 },
    actor: { type: 'string', maxLength: 80 },
    at: TIME,
    data: { type: 'object' },
  },
} as const;
export type OrderEventView = FromSchema<typeof ORDER_EVENT>;

export const ORDER_EVENTS = {
  title: 'OrderEvents',
  type: 'object',
  additionalProperties: false,
  required: ['step', 'items'],
  properties: {
    step: { type: 'string', maxLength: 20, description: 'Where the order stands inside.' },
    items: { type: 'array', maxItems: ORDER_EVENTS_MAX, items: ORDER_EVENT },
  },
} as const;
export type OrderEvents = FromSchema<typeof ORDER_EVENTS>;

export const REFUND_ASK = {
  title: 'RefundAsk',
  description:
    'Gives back a part of what was captured; 409 while the order is not settled, or beyond the rest.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'amountMinor', 'reason'],
  properties: {
    id: ORDER_ID,
    amountMinor: { type: 'integer', minimum: 1, maximum: 1_000_000_000_000 },
    reason: REASON,
  },
} as const;
export type RefundAsk = FromSchema<typeof REFUND_ASK>;

export const REFUND = {
  title: 'Refund',
  description: 'What was asked for; the payment of the order shows what came of it.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'order', 'amountMinor', 'currency', 'reason'],
  properties: {
    id: { type: 'string', pattern: idPattern('refund') },
    order: ORDER_ID,
    amountMinor: { type: 'integer' },
    currency: CURRENCY,
    reason: REASON,
  },
} as const;
export type Refund = FromSchema<typeof REFUND>;

export const REVIEW = {
  title: 'OrderReview',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'approve'],
  properties: { id: ORDER_ID, approve: { type: 'boolean' } },
} as const;
export type Review = FromSchema<typeof REVIEW>;

export const WAITING_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { ...PAGE_QUERY },
} as const;
export type WaitingQuery = FromSchema<typeof WAITING_QUERY>;

export const FRAUD_FINDING = {
  title: 'FraudFinding',
  type: 'object',
  additionalProperties: false,
  required: ['rule', 'score', 'because'],
  properties: {
    rule: { type: 'string', maxLength: 40 },
    score: { type: 'integer' },
    because: { type: 'string', maxLength: 300 },
  },
} as const;

export const WAITING_ORDER = {
  title: 'WaitingOrder',
  description: 'An order that the fraud rules want a person to look at.',
  type: 'object',
  additionalProperties: false,
  required: [
    ...['id', 'customer', 'vendor', 'totalMinor', 'currency', 'dropoff', 'placedAt', 'until'],
    ...['score', 'findings'],
  ] as const,
  properties: {
    id: ORDER_ID,
    customer: USER_ID,
    vendor: VENDOR_ID,
    totalMinor: { type: 'integer' },
    currency: CURRENCY,
    dropoff: POINT,
    placedAt: TIME,
    until: { ...TIME, description: 'Refused when nobody has looked by then.' },
    score: { type: 'integer' },
    findings: { type: 'array', maxItems: 20, items: FRAUD_FINDING },
  },
} as const;
export type WaitingOrder = FromSchema<typeof WAITING_ORDER>;

export const WAITING_LIST = {
  title: 'WaitingOrderList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: WAITING_ORDER }, next: NEXT },
} as const;
export type WaitingList = FromSchema<typeof WAITING_LIST>;

export const BLOCK = {
  title: 'Block',
  description: 'Exactly one of customer, place (its cell of about 0.1 km²) and phone.',
  type: 'object',
  additionalProperties: false,
  required: ['reason'],
  properties: { customer: USER_ID, place: POINT, phone: PHONE, reason: REASON },
} as const;
export type Block = FromSchema<typeof BLOCK>;

const BLOCKED_VALUE = { type: 'string', minLength: 1, maxLength: 60 } as const;
const BLOCKED_KIND = { type: 'string', enum: ['customer', 'address', 'phone'] } as const;

export const BLOCKED = {
  title: 'Blocked',
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'value', 'reason', 'by', 'at'],
  properties: {
    kind: BLOCKED_KIND,
    value: BLOCKED_VALUE,
    reason: REASON,
    by: { type: 'string', maxLength: 80 },
    at: TIME,
  },
} as const;
export type Blocked = FromSchema<typeof BLOCKED>;

export const BLOCKED_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'value'],
  properties: { kind: BLOCKED_KIND, value: BLOCKED_VALUE },
} as const;
export type BlockedRef = FromSchema<typeof BLOCKED_REF>;

export const BLOCKED_LIST = {
  title: 'BlockedList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: BLOCKED }, next: NEXT },
} as const;
export type BlockedList = FromSchema<typeof BLOCKED_LIST>;
