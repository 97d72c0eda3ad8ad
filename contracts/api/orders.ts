/** Orders: what a customer buys from a vendor. Its way to the door is a delivery. */
import type { FromSchema } from 'json-schema-to-ts';
import { DELIVERY_STATES, END_CODES, FAULTS } from '../states.ts';
import { LINE_PROPERTIES, LINE_REQUIRED, PAYMENT_KINDS, PRICE_PARTS } from './carts.ts';
import {
  ACCOUNT_ID,
  CHECKOUT_ID,
  CURRENCY,
  DELIVERY_ID,
  DRIVER_ID,
  NEXT,
  ORDER_ID,
  ORDER_ITEM_ID,
  PAGE_QUERY,
  POINT,
  TIME,
  TIME_OR_NULL,
  USER_ID,
  VENDOR_ID,
} from './common.ts';
import { RATING } from './ratings.ts';

/**
 * `scheduled` waits for its time; `placed` is being checked, paid and answered by the vendor;
 * `accepted`, `preparing`, `ready` is what the kitchen says; then the driver has it.
 */
export const ORDER_STATES = [
  'scheduled',
  'placed',
  'accepted',
  'preparing',
  'ready',
  'on_the_way',
  'delivered',
  'cancelled',
  'failed',
] as const;
export type OrderState = (typeof ORDER_STATES)[number];

/** Ends that no delivery gives: an order may end before anybody was asked to carry it. */
export const ORDER_END_CODES = [
  ...END_CODES,
  'refused_by_rules',
  'refused_by_ops',
  'review_timed_out',
  'out_of_stock',
  'stock_silent',
  'stock_expired',
  'payment_declined',
  'payment_silent',
  'rejected_by_vendor',
  'vendor_silent',
  'delivery_silent',
  'never_ready',
] as const;
export type OrderEndCode = (typeof ORDER_END_CODES)[number];

export const ORDER_REASON = {
  title: 'OrderReason',
  description:
    'Why an order ended, the state (its own or of its delivery) it ended in, and whose fault.',
  type: 'object',
  additionalProperties: false,
  required: ['code', 'stage', 'fault'],
  properties: {
    code: { type: 'string', enum: ORDER_END_CODES },
    stage: { type: 'string', enum: [...new Set([...ORDER_STATES, ...DELIVERY_STATES])] },
    fault: { type: 'string', enum: FAULTS },
  },
} as const;
export type OrderReason = FromSchema<typeof ORDER_REASON>;

export const ORDER_ITEM = {
  title: 'OrderItem',
  type: 'object',
  additionalProperties: false,
  required: ['id', ...LINE_REQUIRED],
  properties: { id: ORDER_ITEM_ID, ...LINE_PROPERTIES },
} as const;

export const ORDER = {
  title: 'Order',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'account',
    'customer',
    'vendor',
    'state',
    'items',
    'price',
    'totalMinor',
    'currency',
    'promotion',
    'payment',
    'ageMin',
    'note',
    'dropoff',
    'dropoffNote',
    'placedAt',
    'readyAt',
    'scheduledFor',
    'endedAt',
    'reason',
    'delivery',
    'driver',
    'checkout',
    'rating',
  ],
  properties: {
    id: ORDER_ID,
    account: ACCOUNT_ID,
    customer: USER_ID,
    vendor: VENDOR_ID,
    state: { type: 'string', enum: ORDER_STATES },
    items: { type: 'array', items: ORDER_ITEM },
    price: PRICE_PARTS,
    totalMinor: { type: 'integer' },
    currency: CURRENCY,
    promotion: { type: ['string', 'null'], description: 'The code that was used.' },
    payment: { type: 'string', enum: PAYMENT_KINDS },
    ageMin: { type: ['integer', 'null'], description: 'Years to be shown at the door.' },
    note: { type: ['string', 'null'] },
    dropoff: POINT,
    dropoffNote: { type: ['string', 'null'] },
    placedAt: TIME,
    readyAt: TIME,
    scheduledFor: TIME_OR_NULL,
    endedAt: TIME_OR_NULL,
    reason: { anyOf: [ORDER_REASON, { type: 'null' }] },
    delivery: DELIVERY_ID,
    driver: { anyOf: [DRIVER_ID, { type: 'null' }], description: 'Who brings or brought it.' },
    checkout: { anyOf: [CHECKOUT_ID, { type: 'null' }] },
    rating: { anyOf: [RATING, { type: 'null' }] },
  },
} as const;
export type Order = FromSchema<typeof ORDER>;

export const ORDER_PLACED = {
  title: 'OrderPlaced',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'vendor',
    'state',
    'delivery',
    'placedAt',
    'readyAt',
    'scheduledFor',
    'totalMinor',
    'currency',
    'trackingUrl',
    'trackingToken',
  ],
  properties: {
    id: ORDER_ID,
    vendor: VENDOR_ID,
    state: { type: 'string', enum: ORDER_STATES },
    delivery: DELIVERY_ID,
    placedAt: TIME,
    readyAt: TIME,
    scheduledFor: TIME_OR_NULL,
    totalMinor: { type: 'integer' },
    currency: CURRENCY,
    trackingUrl: { type: 'string' },
    trackingToken: { type: 'string' },
  },
} as const;
export type OrderPlaced = FromSchema<typeof ORDER_PLACED>;

export const ORDER_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: ORDER_ID },
} as const;
export type OrderRef = FromSchema<typeof ORDER_REF>;

export const ORDER_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    state: { type: 'string', enum: ORDER_STATES },
    vendor: VENDOR_ID,
    ...PAGE_QUERY,
  },
} as const;
export type OrderQuery = FromSchema<typeof ORDER_QUERY>;

export const ORDER_LIST = {
  title: 'OrderList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: ORDER }, next: NEXT },
} as const;
export type OrderList = FromSchema<typeof ORDER_LIST>;

export const ORDER_SUMMARY = {
  title: 'OrderSummary',
  description: 'Orders whose saga is not done, by its step; steps without any are left out.',
  type: 'object',
  additionalProperties: false,
  required: ['open'],
  properties: { open: { type: 'object', additionalProperties: { type: 'integer' } } },
} as const;
export type OrderSummary = FromSchema<typeof ORDER_SUMMARY>;

export const ORDER_CANCEL = {
  title: 'OrderCancel',
  description: '200 once the engine has it, 202 while it is on its way, 409 after pickup.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: ORDER_ID, reason: { type: 'string', maxLength: 300 } },
} as const;
export type OrderCancel = FromSchema<typeof ORDER_CANCEL>;
