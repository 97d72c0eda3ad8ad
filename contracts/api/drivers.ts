/** Drivers and their vehicles. Duty goes over the gateway, never through here. */
import type { FromSchema } from 'json-schema-to-ts';
import {
  DRIVER_ID,
  EMAIL,
  EMPTY,
  FLEET_ID,
  LOAD,
  MARKET_ID,
  NAME,
  NEXT,
  PAGE_QUERY,
  PASSWORD,
  PHONE,
  SKILLS,
  TIME,
  USER_ID,
  VEHICLE_ID,
  VEHICLE_KIND,
} from './common.ts';
import { TOKENS } from './users.ts';

export const VEHICLES_MAX = 8;

export const VEHICLE = {
  title: 'Vehicle',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind', 'capacity', 'plate'],
  properties: {
    id: VEHICLE_ID,
    kind: VEHICLE_KIND,
    capacity: LOAD,
    plate: { type: ['string', 'null'] },
  },
} as const;
export type Vehicle = FromSchema<typeof VEHICLE>;

export const VEHICLE_NEW = {
  title: 'VehicleNew',
  description: 'Capacity left out: what is usual for the kind.',
  type: 'object',
  additionalProperties: false,
  required: ['kind'],
  properties: {
    kind: VEHICLE_KIND,
    capacity: LOAD,
    plate: { type: 'string', minLength: 1, maxLength: 20 },
  },
} as const;
export type VehicleNew = FromSchema<typeof VEHICLE_NEW>;

export const DRIVER = {
  title: 'Driver',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'user',
    'name',
    'fleet',
    'skills',
    'vehicles',
    'approved',
    'market',
    'createdAt',
  ],
  properties: {
    id: DRIVER_ID,
    user: USER_ID,
    name: { type: 'string' },
    fleet: { anyOf: [FLEET_ID, { type: 'null' }] },
    skills: { type: 'array', items: { type: 'string' } },
    vehicles: { type: 'array', items: VEHICLE },
    approved: { type: 'boolean' },
    market: {
      anyOf: [MARKET_ID, { type: 'null' }],
      description: 'Whose policy it answers to; null: that of every market.',
    },
    createdAt: TIME,
  },
} as const;
export type Driver = FromSchema<typeof DRIVER>;

export const DRIVER_REGISTER = {
  title: 'DriverRegister',
  type: 'object',
  additionalProperties: false,
  required: ['email', 'password', 'name', 'vehicles'],
  properties: {
    email: EMAIL,
    password: PASSWORD,
    name: NAME,
    phone: PHONE,
    fleet: FLEET_ID,
    market: MARKET_ID,
    skills: SKILLS,
    vehicles: { type: 'array', minItems: 1, maxItems: VEHICLES_MAX, items: VEHICLE_NEW },
  },
} as const;
export type DriverRegister = FromSchema<typeof DRIVER_REGISTER>;

export const DRIVER_SESSION = {
  title: 'DriverSession',
  description: 'Log in again after approval: the token carries what the gateway needs to know.',
  type: 'object',
  additionalProperties: false,
  required: ['driver', 'tokens'],
  properties: { driver: DRIVER, tokens: TOKENS },
} as const;
export type DriverSession = FromSchema<typeof DRIVER_SESSION>;

export const DRIVER_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: DRIVER_ID },
} as const;
export type DriverRef = FromSchema<typeof DRIVER_REF>;

export const DRIVER_ME = EMPTY;

export const DRIVER_APPROVE = {
  title: 'DriverApprove',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'approved'],
  properties: { id: DRIVER_ID, approved: { type: 'boolean' } },
} as const;
export type DriverApprove = FromSchema<typeof DRIVER_APPROVE>;

export const DRIVER_CHANGE = {
  title: 'DriverChange',
  description: 'What is left out stays. Takes effect with the next token.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: {
    id: DRIVER_ID,
    name: NAME,
    fleet: { anyOf: [FLEET_ID, { type: 'null' }] },
    market: { anyOf: [MARKET_ID, { type: 'null' }] },
    skills: SKILLS,
  },
} as const;
export type DriverChange = FromSchema<typeof DRIVER_CHANGE>;

export const VEHICLE_ADD = {
  title: 'VehicleAdd',
  type: 'object',
  additionalProperties: false,
  required: ['id', ...VEHICLE_NEW.required],
  properties: { id: DRIVER_ID, ...VEHICLE_NEW.properties },
} as const;
export type VehicleAdd = FromSchema<typeof VEHICLE_ADD>;

export const DRIVER_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { approved: { type: 'boolean' }, ...PAGE_QUERY },
} as const;
export type DriverQuery = FromSchema<typeof DRIVER_QUERY>;

export const DRIVER_LIST = {
  title: 'DriverList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: DRIVER }, next: NEXT },
} as const;
export type DriverList = FromSchema<typeof DRIVER_LIST>;
