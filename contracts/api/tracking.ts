/** Tracking: what the holder of a signed link may see, and the archived trace. */
import type { FromSchema } from 'json-schema-to-ts';
import { DELIVERY_STATES } from '../states.ts';
import { DELIVERY_ID, POINT, TIME, TIME_OR_NULL } from './common.ts';
import { END_REASON } from './deliveries.ts';
import { PROOF_NEEDS } from './proofs.ts';

export const TRACK_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['token'],
  properties: { token: { type: 'string', minLength: 20, maxLength: 2_000 } },
} as const;
export type TrackRef = FromSchema<typeof TRACK_REF>;

export const TRACK_VIEW = {
  title: 'TrackView',
  description:
    'The driver is shown only from the moment it works on this delivery until it ends. ' +
    '`gatewayUrl` with the same token gives it live.',
  type: 'object',
  additionalProperties: false,
  required: [
    'delivery',
    'state',
    'promiseAt',
    'etaAt',
    'etaFromAt',
    'etaToAt',
    'pickup',
    'dropoff',
    'position',
    'positionAt',
    'reason',
    'proof',
    'pin',
    'gatewayUrl',
  ],
  properties: {
    delivery: DELIVERY_ID,
    state: { type: 'string', enum: DELIVERY_STATES },
    promiseAt: TIME_OR_NULL,
    etaAt: TIME_OR_NULL,
    etaFromAt: {
      ...TIME_OR_NULL,
      description: 'With `etaToAt` the range to show: eight of ten deliveries arrive within it.',
    },
    etaToAt: TIME_OR_NULL,
    pickup: POINT,
    dropoff: POINT,
    position: { anyOf: [POINT, { type: 'null' }] },
    positionAt: TIME_OR_NULL,
    reason: { anyOf: [END_REASON, { type: 'null' }] },
    proof: { anyOf: [PROOF_NEEDS, { type: 'null' }] },
    pin: { type: ['string', 'null'], description: 'What the customer says to the driver.' },
    gatewayUrl: { type: 'string' },
  },
} as const;
export type TrackView = FromSchema<typeof TRACK_VIEW>;

export const TRACK_LINK = {
  title: 'TrackLink',
  type: 'object',
  additionalProperties: false,
  required: ['trackingUrl', 'trackingToken'],
  properties: { trackingUrl: { type: 'string' }, trackingToken: { type: 'string' } },
} as const;
export type TrackLink = FromSchema<typeof TRACK_LINK>;

export const TRACE = {
  title: 'Trace',
  description: 'Where the driver was while it carried this delivery; at most one point a second.',
  type: 'object',
  additionalProperties: false,
  required: ['delivery', 'points'],
  properties: {
    delivery: DELIVERY_ID,
    points: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['at', 'lat', 'lon'],
        properties: { at: TIME, lat: { type: 'number' }, lon: { type: 'number' } },
      },
    },
  },
} as const;
export type Trace = FromSchema<typeof TRACE>;
