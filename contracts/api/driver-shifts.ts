/** Shifts of drivers: planned or offered by ops, picked, swapped, missed. */
import type { FromSchema } from 'json-schema-to-ts';
import { idPattern } from '../ids.ts';
import { DRIVER_ID, MARKET_ID, NEXT, PAGE_QUERY, TIME, TIME_OR_NULL, ZONE_ID } from './common.ts';
import { DAY } from './driver-earnings.ts';

/** Places of one shift offered at once, and the longest shift. */
export const PLACES_MAX = 100;
export const SHIFT_HOURS_MAX = 16;

const SHIFT_ID = { type: 'string', pattern: idPattern('shift') } as const;
const CLOCK = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' } as const;
export const SHIFT_STATES = ['open', 'taken', 'offered', 'swapping', 'cancelled'] as const;
export const ATTENDANCES = ['pending', 'on_time', 'late', 'no_show'] as const;
const DRIVER_OR_NULL = { anyOf: [DRIVER_ID, { type: 'null' }] } as const;

export const SHIFT = {
  title: 'Shift',
  description:
    'Day and clock are those of the zone. open: nobody has it; taken; offered: its driver looks for ' +
    'another one; swapping: `wantedBy` takes it when ops agree. It stays its driver’s until then.',
  type: 'object',
  additionalProperties: false,
  required: [
    ...(['id', 'zone', 'timeZone', 'day', 'from', 'to', 'startsAt', 'endsAt', 'driver'] as const),
    ...(['state', 'wantedBy', 'attendance', 'cameAt'] as const),
  ],
  properties: {
    id: SHIFT_ID,
    zone: ZONE_ID,
    timeZone: { type: 'string' },
    day: DAY,
    from: CLOCK,
    to: CLOCK,
    startsAt: TIME,
    endsAt: TIME,
    driver: DRIVER_OR_NULL,
    state: { type: 'string', enum: SHIFT_STATES },
    wantedBy: DRIVER_OR_NULL,
    attendance: { type: 'string', enum: ATTENDANCES },
    cameAt: TIME_OR_NULL,
  },
} as const;
export type Shift = FromSchema<typeof SHIFT>;

export const SHIFT_PLAN = {
  title: 'ShiftPlan',
  description:
    'For one driver, or as many places as drivers may pick. `to` at or before `from`: the next day. ' +
    'Times are the clock of the zone.',
  type: 'object',
  additionalProperties: false,
  required: ['zone', 'day', 'from', 'to'],
  properties: {
    zone: ZONE_ID,
    day: DAY,
    from: CLOCK,
    to: CLOCK,
    driver: DRIVER_ID,
    places: { type: 'integer', minimum: 1, maximum: PLACES_MAX, default: 1 },
  },
} as const;
export type ShiftPlan = FromSchema<typeof SHIFT_PLAN>;

export const SHIFTS_PLANNED = {
  title: 'ShiftsPlanned',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', maxItems: PLACES_MAX, items: SHIFT } },
} as const;
export type ShiftsPlanned = FromSchema<typeof SHIFTS_PLANNED>;

export const SHIFT_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: SHIFT_ID },
} as const;
export type ShiftRef = FromSchema<typeof SHIFT_REF>;

export const SHIFT_OFFER = {
  title: 'ShiftOffer',
  description: '`offered` false: its driver keeps it after all.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'offered'],
  properties: { id: SHIFT_ID, offered: { type: 'boolean' } },
} as const;
export type ShiftOffer = FromSchema<typeof SHIFT_OFFER>;

export const SHIFT_SWAP = {
  title: 'ShiftSwap',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'approved'],
  properties: { id: SHIFT_ID, approved: { type: 'boolean' } },
} as const;
export type ShiftSwap = FromSchema<typeof SHIFT_SWAP>;

export const SHIFT_ASSIGN = {
  title: 'ShiftAssign',
  description: 'Null: the place is open again.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'driver'],
  properties: { id: SHIFT_ID, driver: DRIVER_OR_NULL },
} as const;
export type ShiftAssign = FromSchema<typeof SHIFT_ASSIGN>;

export const SHIFT_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    zone: ZONE_ID,
    from: { ...DAY, description: 'First day.' },
    to: { ...DAY, description: 'Last day.' },
    state: { type: 'string', enum: SHIFT_STATES },
    attendance: { type: 'string', enum: ATTENDANCES },
    driver: {
      ...DRIVER_ID,
      description: 'Ops: of this driver. Drivers see theirs and what is free.',
    },
    mine: { type: 'boolean', description: 'Drivers: only theirs.' },
    ...PAGE_QUERY,
  },
} as const;
export type ShiftQuery = FromSchema<typeof SHIFT_QUERY>;

export const SHIFT_LIST = {
  title: 'ShiftList',
  description: 'The earliest first.',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: SHIFT }, next: NEXT },
} as const;
export type ShiftList = FromSchema<typeof SHIFT_LIST>;

export const SHIFT_RULES = {
  title: 'ShiftRules',
  description:
    'Of a market. `lateSeconds` after its start a shift without its driver is late, `noShowSeconds` ' +
    'after it nobody is expected any more. They hold for shifts planned from then on.',
  type: 'object',
  additionalProperties: false,
  required: ['market', 'swapNeedsOps', 'lateSeconds', 'noShowSeconds'],
  properties: {
    market: MARKET_ID,
    swapNeedsOps: { type: 'boolean' },
    lateSeconds: { type: 'integer', minimum: 0, maximum: 7_200 },
    noShowSeconds: { type: 'integer', minimum: 60, maximum: 28_800 },
  },
} as const;
export type ShiftRules = FromSchema<typeof SHIFT_RULES>;
export const SHIFT_RULES_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['market'],
  properties: { market: MARKET_ID },
} as const;
export type ShiftRulesRef = FromSchema<typeof SHIFT_RULES_REF>;
