/** Checkouts: carts of several vendors placed at once as linked orders, all of them or none. */
import type { FromSchema } from 'json-schema-to-ts';
import { CART, DOOR_PROPERTIES, PAYMENT_METHOD } from './carts.ts';
import { CHECKOUT_ID } from './common.ts';
import { ORDER, ORDER_PLACED } from './orders.ts';

/** Most vendors in one checkout. */
export const CHECKOUT_CARTS_MAX = 8;

export const CHECKOUT_PLACE = {
  title: 'CheckoutPlace',
  description:
    'Several vendors at once: an order for each cart, all of them or none. Needs an ' +
    'Idempotency-Key header.',
  type: 'object',
  additionalProperties: false,
  required: ['carts'],
  properties: {
    carts: { type: 'array', minItems: 1, maxItems: CHECKOUT_CARTS_MAX, items: CART },
    ...DOOR_PROPERTIES,
    payment: PAYMENT_METHOD,
  },
} as const;
export type CheckoutPlace = FromSchema<typeof CHECKOUT_PLACE>;

export const CHECKOUT_PLACED = {
  title: 'CheckoutPlaced',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'orders'],
  properties: { id: CHECKOUT_ID, orders: { type: 'array', items: ORDER_PLACED } },
} as const;
export type CheckoutPlaced = FromSchema<typeof CHECKOUT_PLACED>;

export const CHECKOUT_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: CHECKOUT_ID },
} as const;
export type CheckoutRef = FromSchema<typeof CHECKOUT_REF>;

export const CHECKOUT = {
  title: 'Checkout',
  description: 'Its orders live and end each for itself.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'orders'],
  properties: { id: CHECKOUT_ID, orders: { type: 'array', items: ORDER } },
} as const;
export type Checkout = FromSchema<typeof CHECKOUT>;
