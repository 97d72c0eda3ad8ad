/** What a part of the system gave up on: kept, shown to ops, and sent again when they say so. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import { DELIVERY_STREAM } from '../messages/deliveries.ts';
import { ORDER_STREAM } from '../messages/orders.ts';
import { SERVICE_STREAMS } from '../messages/streams.ts';
import { NEXT, PAGE_QUERY, REASON, TIME, ZONE_ID } from './common.ts';

const CONTROL_ID = { type: 'string', pattern: idPattern('control') } as const;
/** The two that were there first keep their short names, and answer to their full ones as well. */
export const SHORT_STREAMS = { deliveries: DELIVERY_STREAM, orders: ORDER_STREAM } as const;
const STREAM = { type: 'string', enum: ['deliveries', 'orders', ...SERVICE_STREAMS] } as const;
const GROUP = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' } as const;
const ENTRY_ID = { type: 'string', pattern: '^\\d{1,16}-\\d{1,16}$' } as const;

export const QUARANTINED_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { zone: ZONE_ID, ...PAGE_QUERY },
} as const;
export type QuarantinedQuery = FromSchema<typeof QUARANTINED_QUERY>;

export const QUARANTINED_LIST = {
  title: 'QuarantinedList',
  description:
    'Inputs that stopped a shard twice, or could not be read. `command` is null when there is ' +
    'nothing to send again; `redriven` says how often it was.',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: {
    items: {
      type: 'array',
      items: {
        title: 'QuarantinedInput',
        type: 'object',
        additionalProperties: false,
        required: ['id', 'zone', 'at', 'entry', 'error', 'command', 'redriven'],
        properties: {
          id: CONTROL_ID,
          zone: { type: 'string' },
          at: TIME,
          entry: { type: 'string' },
          error: { type: 'string' },
          command: { type: ['object', 'null'], additionalProperties: true },
          redriven: { type: 'integer' },
        },
      },
    },
    next: NEXT,
  },
} as const;
export type QuarantinedList = FromSchema<typeof QUARANTINED_LIST>;

export const QUARANTINED_REDRIVE = {
  title: 'QuarantinedRedrive',
  description:
    'Appends the input to the mailbox of its zone again. What it was to do takes effect once: a ' +
    'command that has meanwhile come by another way is known by its number.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'reason'],
  properties: { id: CONTROL_ID, reason: REASON },
} as const;
export type QuarantinedRedrive = FromSchema<typeof QUARANTINED_REDRIVE>;

export const DEAD_LETTERS_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { limit: PAGE_QUERY.limit },
} as const;
export type DeadLettersQuery = FromSchema<typeof DEAD_LETTERS_QUERY>;

export const DEAD_LETTER_LIST = {
  title: 'DeadLetterList',
  description: 'Events that a consumer gave up on, the oldest `limit` of each stream and group.',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: {
      type: 'array',
      items: {
        title: 'DeadLetter',
        type: 'object',
        additionalProperties: false,
        required: ['stream', 'group', 'id', 'from', 'error', 'event'],
        properties: {
          stream: STREAM,
          group: { type: 'string' },
          id: ENTRY_ID,
          from: { type: 'string' },
          error: { type: 'string' },
          event: { type: 'string' },
        },
      },
    },
  },
} as const;
export type DeadLetterList = FromSchema<typeof DEAD_LETTER_LIST>;

export const DEAD_LETTER_REDRIVE = {
  title: 'DeadLetterRedrive',
  description: 'Puts the event back at the end of its stream; who handled it before knows its id.',
  type: 'object',
  additionalProperties: false,
  required: ['stream', 'group', 'id', 'reason'],
  properties: { stream: STREAM, group: GROUP, id: ENTRY_ID, reason: REASON },
} as const;
export type DeadLetterRedrive = FromSchema<typeof DEAD_LETTER_REDRIVE>;
