/** Ratings: what a customer thinks of a delivered order; vendors and drivers add them up. */
import type { FromSchema } from 'json-schema-to-ts';
import { ORDER_ID, TEXT_PATTERN, TIME } from './common.ts';

const STARS = { type: 'integer', minimum: 1, maximum: 5 } as const;

export const RATING = {
  title: 'Rating',
  type: 'object',
  additionalProperties: false,
  required: ['vendorStars', 'driverStars', 'comment', 'ratedAt', 'editableUntil'],
  properties: {
    vendorStars: { type: ['integer', 'null'] },
    driverStars: { type: ['integer', 'null'] },
    comment: { type: ['string', 'null'] },
    ratedAt: TIME,
    editableUntil: TIME,
  },
} as const;
export type Rating = FromSchema<typeof RATING>;

export const RATING_GIVE = {
  title: 'RatingGive',
  description:
    'Of a delivered order, by its customer, for 7 days of zone time after delivery; sent again it ' +
    'replaces what was said. The driver can be rated when there was one.',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  anyOf: [{ required: ['vendorStars'] }, { required: ['driverStars'] }],
  properties: {
    id: ORDER_ID,
    vendorStars: STARS,
    driverStars: STARS,
    comment: { type: 'string', maxLength: 1_000, pattern: TEXT_PATTERN },
  },
} as const;
export type RatingGive = FromSchema<typeof RATING_GIVE>;
