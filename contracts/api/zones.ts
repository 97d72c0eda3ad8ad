/** Markets, zones, live controls and what ops does by hand. */
import type { FromSchema } from 'json-schema-to-ts';
import { CONTROL_KINDS } from '../zone.ts';
import {
  CURRENCY,
  EMPTY,
  MARKET_ID,
  NAME,
  NEXT,
  PAGE_QUERY,
  REASON,
  TIME,
  ZONE_ID,
} from './common.ts';

export const POLYGON = {
  title: 'Polygon',
  description:
    'GeoJSON polygon: rings of [longitude, latitude], closed; the first is the outer one.',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'coordinates'],
  properties: {
    type: { const: 'Polygon' },
    coordinates: {
      type: 'array',
      minItems: 1,
      maxItems: 16,
      items: {
        type: 'array',
        minItems: 4,
        maxItems: 2_000,
        items: {
          type: 'array',
          minItems: 2,
          maxItems: 3,
          items: { type: 'number', minimum: -180, maximum: 180 },
        },
      },
    },
  },
} as const;

const DURATION_MS = { type: 'integer', minimum: 0, maximum: 86_400_000 } as const;
const METERS = { type: 'integer', minimum: 0, maximum: 100_000 } as const;
const SPEED = { type: 'integer', minimum: 100, maximum: 60_000 } as const;
const PER_MILLE = { type: 'integer', minimum: 0, maximum: 100_000 } as const;
const PAY = { type: 'integer', minimum: 0, maximum: 10_000_000 } as const;

/** What may be given of a zone's policy; the rest is the default (`contracts/zone.ts`). */
export const POLICY_PART = {
  title: 'PolicyPart',
  description:
    'Milliseconds are zone time, except those that bound phones and sockets (offerUnseenMs, ' +
    'staleMs, suspendMs): they are wall time at any speed.',
  type: 'object',
  additionalProperties: false,
  properties: {
    roundMs: { type: 'integer', minimum: 50, maximum: 60_000 },
    offerTtlMs: { type: 'integer', minimum: 1_000, maximum: 600_000 },
    offerUnseenMs: { type: 'integer', minimum: 500, maximum: 600_000 },
    declineCoolDownMs: DURATION_MS,
    restMs: DURATION_MS,
    stallMs: DURATION_MS,
    stallGainMs: DURATION_MS,
    fairIdleMs: DURATION_MS,
    fairCostSeconds: { type: 'integer', minimum: 0, maximum: 3_600 },
    reassignGainMs: DURATION_MS,
    broadcastMax: { type: 'integer', minimum: 1, maximum: 8 },
    autoAssign: { type: 'boolean' },
    radiusMeters: { type: 'integer', minimum: 100, maximum: 50_000 },
    searchSteps: { type: 'integer', minimum: 0, maximum: 10_000 },
    candidatesMax: { type: 'integer', minimum: 1, maximum: 64 },
    stackMax: { type: 'integer', minimum: 1, maximum: 8 },
    stackRadiusMeters: METERS,
    detourMsMax: DURATION_MS,
    foodAgeMsMax: DURATION_MS,
    promiseSlackMs: DURATION_MS,
    learnReadyTimes: { type: 'boolean' },
    releaseLaterMs: DURATION_MS,
    learnTravel: { type: 'boolean' },
    arriveEarlyMs: DURATION_MS,
    pickupServiceMs: DURATION_MS,
    dropoffServiceMs: DURATION_MS,
    pickupLeaveMs: DURATION_MS,
    dropoffLeaveMs: DURATION_MS,
    joinBeforeMs: DURATION_MS,
    explain: { type: 'boolean' },
    joinAboard: { type: 'boolean' },
    keepNextMs: DURATION_MS,
    repositionMsMax: DURATION_MS,
    repositionGainPerMille: PER_MILLE,
    giveUpMs: DURATION_MS,
    unassignedRaiseMs: DURATION_MS,
    vendorLateMs: DURATION_MS,
    unreachableWaitMs: DURATION_MS,
    aboardMsMax: DURATION_MS,
    staleMs: DURATION_MS,
    suspendMs: DURATION_MS,
    speedMmps: {
      type: 'object',
      additionalProperties: false,
      properties: {
        foot: SPEED,
        bicycle: SPEED,
        ebike: SPEED,
        scooter: SPEED,
        car: SPEED,
        van: SPEED,
      },
    },
    detourPerMille: { type: 'integer', minimum: 1_000, maximum: 3_000 },
    payBaseMinor: PAY,
    payPerKmMinor: PAY,
  },
} as const;
export type PolicyPart = FromSchema<typeof POLICY_PART>;

export const WEIGHTS_PART = {
  title: 'WeightsPart',
  type: 'object',
  additionalProperties: false,
  properties: {
    delayPerMille: PER_MILLE,
    latePerMille: PER_MILLE,
    readyWaitPerMille: PER_MILLE,
    driverWaitPerMille: PER_MILLE,
    travelPerMille: PER_MILLE,
    unassignedSeconds: { type: 'integer', minimum: 0, maximum: 86_400 },
  },
} as const;
export type WeightsPart = FromSchema<typeof WEIGHTS_PART>;

export const ZONE_CREATE = {
  title: 'ZoneCreate',
  type: 'object',
  additionalProperties: false,
  required: ['market', 'name', 'polygon'],
  properties: {
    market: MARKET_ID,
    name: NAME,
    polygon: POLYGON,
    policy: POLICY_PART,
    weights: WEIGHTS_PART,
  },
} as const;
export type ZoneCreate = FromSchema<typeof ZONE_CREATE>;

export const ZONE_CHANGE = {
  title: 'ZoneChange',
  description:
    'What is given replaces what was; the rest stays. Every change is a new version, audited with ' +
    'who and why; one that changes nothing is none. The next one waits for the log to confirm it.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'reason'],
  properties: {
    id: ZONE_ID,
    name: NAME,
    policy: POLICY_PART,
    weights: WEIGHTS_PART,
    reason: REASON,
  },
} as const;
export type ZoneChange = FromSchema<typeof ZONE_CHANGE>;

export const ZONE = {
  title: 'Zone',
  description: '`open` turns true when the log of the shard has confirmed this version.',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'market',
    'name',
    'shard',
    'version',
    'currency',
    'timeZone',
    'polygon',
    'policy',
    'weights',
    'open',
    'createdAt',
  ],
  properties: {
    id: ZONE_ID,
    market: MARKET_ID,
    name: { type: 'string' },
    shard: { type: 'integer' },
    version: { type: 'integer' },
    currency: CURRENCY,
    timeZone: { type: 'string' },
    polygon: POLYGON,
    policy: { type: 'object', additionalProperties: true },
    weights: { type: 'object', additionalProperties: true },
    open: { type: 'boolean' },
    createdAt: TIME,
  },
} as const;
export type Zone = FromSchema<typeof ZONE>;

export const ZONE_LIST = {
  title: 'ZoneList',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: ZONE } },
} as const;
export type ZoneList = FromSchema<typeof ZONE_LIST>;

export const ZONE_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: ZONE_ID },
} as const;
export type ZoneRef = FromSchema<typeof ZONE_REF>;

export const CONTROL_CREATE = {
  title: 'ControlCreate',
  description:
    'Value: minutes for stretch_promises, metres for shrink_radius, per cent for raise_pay, ' +
    'deliveries for stacking_limit, 0 or 1 for the switches. Ends by itself after `forSeconds` of ' +
    'zone time.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind', 'value', 'reason', 'forSeconds'],
  properties: {
    id: ZONE_ID,
    kind: { type: 'string', enum: CONTROL_KINDS },
    value: { type: 'integer', minimum: 0, maximum: 100_000 },
    reason: REASON,
    forSeconds: { type: 'integer', minimum: 1, maximum: 604_800 },
  },
} as const;
export type ControlCreate = FromSchema<typeof CONTROL_CREATE>;

export const REDISPATCH = {
  title: 'Redispatch',
  description: 'Takes back every assignment that is not aboard yet and matches anew.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'reason'],
  properties: { id: ZONE_ID, reason: REASON },
} as const;
export type Redispatch = FromSchema<typeof REDISPATCH>;

/** The answer to a command of ops: it is on its way; `request` finds it in the audit list. */
export const OPS_ACCEPTED = {
  title: 'OpsAccepted',
  type: 'object',
  additionalProperties: false,
  required: ['request'],
  properties: { request: { type: 'string' } },
} as const;
export type OpsAccepted = FromSchema<typeof OPS_ACCEPTED>;

export const AUDIT_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { zone: ZONE_ID, ...PAGE_QUERY },
} as const;
export type AuditQuery = FromSchema<typeof AUDIT_QUERY>;

export const AUDIT_LIST = {
  title: 'AuditList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: {
    items: {
      type: 'array',
      items: {
        title: 'AuditEntry',
        type: 'object',
        additionalProperties: false,
        required: ['request', 'zone', 'actor', 'reason', 'verb', 'subject', 'at', 'data'],
        properties: {
          request: { type: 'string' },
          zone: { type: 'string' },
          actor: { type: 'string' },
          reason: { type: 'string' },
          verb: { type: 'string' },
          subject: { type: ['string', 'null'] },
          at: TIME,
          data: { type: 'object', additionalProperties: true },
        },
      },
    },
    next: NEXT,
  },
} as const;
export type AuditList = FromSchema<typeof AUDIT_LIST>;

export const NODES_QUERY = EMPTY;
export const NODE_LIST = {
  title: 'NodeList',
  description: 'What each live dispatch node said last: its shards, drivers and open deliveries.',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: { type: 'object', additionalProperties: true } } },
} as const;

export const CLOCK = {
  title: 'Clock',
  description: 'Zone time runs `speed` times as fast as wall time.',
  type: 'object',
  additionalProperties: false,
  required: ['zoneTime', 'zoneMs', 'hostMs', 'speed'],
  properties: {
    zoneTime: TIME,
    zoneMs: { type: 'integer' },
    hostMs: { type: 'integer' },
    speed: { type: 'number' },
  },
} as const;
export type ClockView = FromSchema<typeof CLOCK>;
