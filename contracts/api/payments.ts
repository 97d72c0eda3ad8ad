/** Payments: what was set aside, taken and given back for an order. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import { CURRENCY, ORDER_ID, TIME, TIME_OR_NULL } from './common.ts';

export const PAYMENT_ID = { type: 'string', pattern: idPattern('payment') } as const;
export const REFUND_ID = { type: 'string', pattern: idPattern('refund') } as const;

export const PAYMENT_STATES = [
  'none',
  'authorised',
  'declined',
  'captured',
  'capture_failed',
  'voided',
] as const;
export const PAYMENT_OPERATIONS = ['authorise', 'capture', 'void', 'refund'] as const;
/** Operations of one payment that are shown. */
export const OPERATIONS_SHOWN_MAX = 200;

const MINOR = { type: 'integer', minimum: 0 } as const;
const TEXT_OR_NULL = { type: ['string', 'null'], maxLength: 300 } as const;

export const PAYMENT_OPERATION = {
  title: 'PaymentOperation',
  description: 'One thing that was asked for, and what came of it; outcome null: under way.',
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'amountMinor', 'refund', 'reason', 'outcome', 'askedAt', 'doneAt'],
  properties: {
    kind: { type: 'string', enum: PAYMENT_OPERATIONS },
    amountMinor: MINOR,
    refund: { anyOf: [REFUND_ID, { type: 'null' }] },
    reason: TEXT_OR_NULL,
    outcome: TEXT_OR_NULL,
    askedAt: TIME,
    doneAt: TIME_OR_NULL,
  },
} as const;

export const PAYMENT = {
  title: 'Payment',
  type: 'object',
  additionalProperties: false,
  required: [
    ...['id', 'order', 'method', 'state', 'amountMinor', 'capturedMinor', 'refundedMinor'],
    ...['currency', 'code', 'createdAt', 'changedAt', 'operations'],
  ] as const,
  properties: {
    id: PAYMENT_ID,
    order: ORDER_ID,
    method: { type: 'string', enum: ['cash', 'test'] },
    state: { type: 'string', enum: PAYMENT_STATES },
    amountMinor: MINOR,
    capturedMinor: MINOR,
    refundedMinor: MINOR,
    currency: CURRENCY,
    code: { ...TEXT_OR_NULL, description: 'Why it was declined or could not be captured.' },
    createdAt: TIME,
    changedAt: TIME,
    operations: { type: 'array', maxItems: OPERATIONS_SHOWN_MAX, items: PAYMENT_OPERATION },
  },
} as const;
export type Payment = FromSchema<typeof PAYMENT>;
