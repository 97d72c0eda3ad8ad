/** Kitchen tickets: what a vendor has to prepare, and what it says of it. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import { REJECT_REASONS, TICKET_STATES } from '../messages/kitchen.ts';
import {
  ACCOUNT_ID,
  NEXT,
  ORDER_ID,
  PAGE_QUERY,
  REASON,
  TIME,
  TIME_OR_NULL,
  VENDOR_ID,
} from './common.ts';

export const TICKET_ID = { type: 'string', pattern: idPattern('ticket') } as const;
const STATE = { type: 'string', enum: TICKET_STATES } as const;
const REJECT_REASON = { type: 'string', enum: REJECT_REASONS } as const;

export const TICKET = {
  title: 'Ticket',
  type: 'object',
  additionalProperties: false,
  required: [
    ...['id', 'order', 'account', 'vendor', 'state', 'lines', 'note', 'placedAt', 'wantedReadyAt'],
    ...['answerBy', 'readyAt', 'estimateAt', 'acceptedAt', 'startedAt', 'collectedAt', 'delayed'],
    ...['reason', 'cancelReason', 'changedAt', 'version'],
  ],
  properties: {
    id: TICKET_ID,
    order: ORDER_ID,
    account: ACCOUNT_ID,
    vendor: VENDOR_ID,
    state: STATE,
    lines: {
      type: 'array',
      items: {
        title: 'TicketLine',
        type: 'object',
        additionalProperties: false,
        required: ['product', 'name', 'quantity', 'details'],
        properties: {
          product: { type: 'string' },
          name: { type: 'string' },
          quantity: { type: 'integer' },
          details: { type: 'array', items: { type: 'string' } },
          note: { type: 'string' },
        },
      },
    },
    note: { type: ['string', 'null'] },
    placedAt: TIME,
    wantedReadyAt: { ...TIME, description: 'When the customer was told it is ready.' },
    answerBy: { ...TIME, description: 'Not answered by then: the order is called off.' },
    readyAt: { ...TIME_OR_NULL, description: 'Promised; once ready, when it was.' },
    estimateAt: { ...TIME_OR_NULL, description: 'What was promised on accepting.' },
    acceptedAt: TIME_OR_NULL,
    startedAt: TIME_OR_NULL,
    collectedAt: { ...TIME_OR_NULL, description: 'When it left the kitchen.' },
    delayed: { type: 'boolean' },
    reason: {
      anyOf: [
        {
          title: 'TicketReason',
          type: 'object',
          additionalProperties: false,
          required: ['code'],
          properties: { code: REJECT_REASON, text: { type: 'string' } },
        },
        { type: 'null' },
      ],
    },
    cancelReason: { type: ['string', 'null'] },
    changedAt: TIME,
    version: { type: 'integer' },
  },
} as const;
export type TicketView = FromSchema<typeof TICKET>;

export const TICKET_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['vendor'],
  properties: {
    vendor: VENDOR_ID,
    state: STATE,
    live: {
      description: 'Only what stands on the board: neither ended nor carried away.',
      type: 'boolean',
    },
    ...PAGE_QUERY,
  },
} as const;
export type TicketQuery = FromSchema<typeof TICKET_QUERY>;

export const TICKET_LIST = {
  title: 'TicketList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: TICKET }, next: NEXT },
} as const;
export type TicketList = FromSchema<typeof TICKET_LIST>;

export const TICKET_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: TICKET_ID },
} as const;
export type TicketRef = FromSchema<typeof TICKET_REF>;

const READY_IN_SECONDS = { type: 'integer', minimum: 0, maximum: 14_400 } as const;

export const TICKET_ACCEPT = {
  title: 'TicketAccept',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: {
    id: TICKET_ID,
    readyInSeconds: {
      description: 'Zone seconds from now; left out: when it was wanted, or the next free time.',
      ...READY_IN_SECONDS,
    },
  },
} as const;
export type TicketAccept = FromSchema<typeof TICKET_ACCEPT>;

export const TICKET_REJECT = {
  title: 'TicketReject',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'code'],
  properties: { id: TICKET_ID, code: REJECT_REASON, text: REASON },
} as const;
export type TicketReject = FromSchema<typeof TICKET_REJECT>;

export const TICKET_DELAY = {
  title: 'TicketDelay',
  description: 'A new estimate, later or sooner than the last.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'readyInSeconds'],
  properties: {
    id: TICKET_ID,
    readyInSeconds: { description: 'Zone seconds from now.', ...READY_IN_SECONDS },
  },
} as const;
export type TicketDelay = FromSchema<typeof TICKET_DELAY>;
