/** Shadow mode of a zone: what is tried beside its weights, and how it does. */
import type { FromSchema } from 'json-schema-to-ts';
import { SHADOW_VERDICTS } from '../shadow.ts';
import { COUNT, REASON, TIME, ZONE_ID } from './common.ts';
import { POLICY_PART, WEIGHTS_PART } from './zones.ts';

const LIMITS = POLICY_PART.properties;

/** The limits that `SHADOW_LIMITS` names, bounded as they are for the zone itself. */
export const SHADOW_POLICY_PART = {
  title: 'ShadowPolicyPart',
  description: 'Limits of matching to try beside the weights; the others are those of the zone.',
  type: 'object',
  additionalProperties: false,
  properties: {
    radiusMeters: LIMITS.radiusMeters,
    searchSteps: LIMITS.searchSteps,
    candidatesMax: LIMITS.candidatesMax,
    stackMax: LIMITS.stackMax,
    stackRadiusMeters: LIMITS.stackRadiusMeters,
    detourMsMax: LIMITS.detourMsMax,
    foodAgeMsMax: LIMITS.foodAgeMsMax,
    arriveEarlyMs: LIMITS.arriveEarlyMs,
    joinBeforeMs: LIMITS.joinBeforeMs,
  },
} as const;

export const SHADOW_SET = {
  title: 'ShadowSet',
  description:
    'Weights that are not given are those of the zone now. Replaces the shadow before, and with it ' +
    'its figures; the same again changes nothing.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'weights', 'reason'],
  properties: {
    id: ZONE_ID,
    weights: WEIGHTS_PART,
    policy: SHADOW_POLICY_PART,
    reason: REASON,
  },
} as const;
export type ShadowSet = FromSchema<typeof SHADOW_SET>;

export const SHADOW_CLEAR = {
  title: 'ShadowClear',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'reason'],
  properties: { id: ZONE_ID, reason: REASON },
} as const;
export type ShadowClear = FromSchema<typeof SHADOW_CLEAR>;

const NUMBER = { type: 'number' } as const;
const MS_OR_NULL = { type: ['integer', 'null'] } as const;

const PLAN_FIGURES = {
  title: 'ShadowPlanFigures',
  description:
    'What the plans of the same rounds came to: cost per delivery in weighted seconds under either ' +
    'weights; predicted milliseconds from ready to pickup and door, and past the promise, of the ' +
    'deliveries that both sides give to a driver.',
  type: 'object',
  additionalProperties: false,
  required: [
    'costUnderLive',
    'costUnderShadow',
    'pickupDelayMs',
    'doorDelayMs',
    'lateMs',
    'unseated',
  ],
  properties: {
    costUnderLive: NUMBER,
    costUnderShadow: NUMBER,
    pickupDelayMs: NUMBER,
    doorDelayMs: NUMBER,
    lateMs: NUMBER,
    unseated: COUNT,
  },
} as const;

const PREDICTED = {
  title: 'ShadowPredicted',
  description: 'Live rounds decided again; a delivery counts once in each of its rounds.',
  type: ['object', 'null'],
  additionalProperties: false,
  required: ['rounds', 'deliveries', 'seatedByBoth', 'moved', 'live', 'shadow'],
  properties: {
    rounds: COUNT,
    deliveries: COUNT,
    seatedByBoth: COUNT,
    moved: COUNT,
    live: PLAN_FIGURES,
    shadow: PLAN_FIGURES,
  },
} as const;

const OUTCOME_FIGURES = {
  title: 'ShadowOutcomeFigures',
  type: 'object',
  additionalProperties: false,
  required: [
    'requested',
    'delivered',
    'undelivered',
    'cancelled',
    'open',
    'clickToDoorP50Ms',
    'clickToDoorP90Ms',
    'lateMeanMs',
    'driveMsPerDelivery',
  ],
  properties: {
    requested: COUNT,
    delivered: COUNT,
    undelivered: COUNT,
    cancelled: COUNT,
    open: COUNT,
    clickToDoorP50Ms: MS_OR_NULL,
    clickToDoorP90Ms: MS_OR_NULL,
    lateMeanMs: MS_OR_NULL,
    driveMsPerDelivery: MS_OR_NULL,
  },
} as const;

const DIFFERENCE = {
  title: 'ShadowDifference',
  description: 'Shadow less live, mean per delivery, with its 99 % interval, in milliseconds.',
  type: ['object', 'null'],
  additionalProperties: false,
  required: ['meanMs', 'lowMs', 'highMs'],
  properties: { meanMs: NUMBER, lowMs: NUMBER, highMs: NUMBER },
} as const;

const SIMULATED = {
  title: 'ShadowSimulated',
  description:
    'Two copies of the zone that keep their own plans, simulated by the same rules: `live` under its ' +
    'weights, `shadow` under the others; `real` is what happened. Compare `shadow` with `live`.',
  type: ['object', 'null'],
  additionalProperties: false,
  required: [
    'live',
    'shadow',
    'real',
    'acceptPerMille',
    'pairs',
    'blocks',
    'onlyLive',
    'onlyShadow',
    'clickToDoor',
    'late',
    'verdict',
    'says',
  ],
  properties: {
    live: OUTCOME_FIGURES,
    shadow: OUTCOME_FIGURES,
    real: OUTCOME_FIGURES,
    acceptPerMille: COUNT,
    pairs: COUNT,
    blocks: COUNT,
    onlyLive: COUNT,
    onlyShadow: COUNT,
    clickToDoor: DIFFERENCE,
    late: DIFFERENCE,
    verdict: { type: 'string', enum: SHADOW_VERDICTS },
    says: { type: 'string' },
  },
} as const;

export const SHADOW_VIEW = {
  title: 'ZoneShadow',
  description:
    '`setting` is null when the zone carries no shadow, `report` until a node has begun to try it. ' +
    '`open` turns true when the log of the shard has confirmed the setting.',
  type: 'object',
  additionalProperties: false,
  required: ['zone', 'open', 'liveWeights', 'setting', 'report'],
  properties: {
    zone: ZONE_ID,
    open: { type: 'boolean' },
    liveWeights: { type: 'object', additionalProperties: true },
    setting: {
      title: 'ShadowSetting',
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['version', 'since', 'weights', 'policy'],
      properties: {
        version: { type: 'integer' },
        since: TIME,
        weights: { type: 'object', additionalProperties: true },
        policy: { type: 'object', additionalProperties: true },
      },
    },
    report: {
      title: 'ShadowReport',
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['node', 'at', 'versions', 'window', 'following', 'predicted', 'simulated'],
      properties: {
        node: { type: 'string' },
        at: TIME,
        versions: {
          type: 'object',
          additionalProperties: false,
          required: ['live', 'shadow', 'engine'],
          properties: {
            live: { type: 'integer' },
            shadow: { type: 'integer' },
            engine: { type: 'string' },
          },
        },
        window: {
          type: 'object',
          additionalProperties: false,
          required: ['from', 'to'],
          properties: { from: TIME, to: TIME },
        },
        following: {
          type: 'object',
          additionalProperties: false,
          required: [
            'lagRecords',
            'roundsSkipped',
            'drops',
            'recordsDropped',
            'resumes',
            'failures',
            'workedMs',
          ],
          properties: {
            lagRecords: COUNT,
            roundsSkipped: COUNT,
            drops: COUNT,
            recordsDropped: COUNT,
            resumes: COUNT,
            failures: COUNT,
            workedMs: COUNT,
          },
        },
        predicted: PREDICTED,
        simulated: SIMULATED,
      },
    },
  },
} as const;
export type ShadowView = FromSchema<typeof SHADOW_VIEW>;
