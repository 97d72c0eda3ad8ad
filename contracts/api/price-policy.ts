/**
 * The price policy of a market: taxes and fees that carts are priced with. What the way costs is the
 * market's `deliveryPrice` (markets.ts).
 */
import type { FromSchema } from 'json-schema-to-ts';
import { TAX_CLASSES } from './catalog.ts';
import { MARKET_ID } from './common.ts';

const MINOR = { type: 'integer', minimum: 0, maximum: 100_000_000, default: 0 } as const;

const PROPERTIES = {
  market: MARKET_ID,
  taxInclusive: {
    description: 'Whether prices of menus and fees contain their tax.',
    type: 'boolean',
    default: true,
  },
  taxes: {
    description: 'A class that is not named is not taxed.',
    type: 'array',
    maxItems: TAX_CLASSES.length,
    default: [],
    items: {
      title: 'TaxRate',
      type: 'object',
      additionalProperties: false,
      required: ['taxClass', 'perMillion'],
      properties: {
        taxClass: { type: 'string', enum: TAX_CLASSES },
        perMillion: {
          description: 'Millionths: 88750 is 8.875 %.',
          type: 'integer',
          minimum: 0,
          maximum: 1_000_000,
        },
      },
    },
  },
  feeTaxClass: {
    description: 'Of delivery, service and small-order fees; null: not taxed. Tips never are.',
    type: ['string', 'null'],
    enum: [...TAX_CLASSES, null],
    default: null,
  },
  serviceFeeBasisPoints: {
    description:
      'Hundredths of a percent of the goods after the promotion, held between least and most.',
    type: 'integer',
    minimum: 0,
    maximum: 10_000,
    default: 0,
  },
  serviceFeeMinMinor: MINOR,
  serviceFeeMaxMinor: { ...MINOR, default: MINOR.maximum },
  smallOrderBelowMinor: { ...MINOR, description: 'Goods below this cost the small-order fee.' },
  smallOrderFeeMinor: MINOR,
} as const;

export const PRICE_POLICY = {
  title: 'PricePolicy',
  description: 'Money in minor units of the currency of the market.',
  type: 'object',
  additionalProperties: false,
  required: [
    'market',
    'taxInclusive',
    'taxes',
    'feeTaxClass',
    'serviceFeeBasisPoints',
    'serviceFeeMinMinor',
    'serviceFeeMaxMinor',
    'smallOrderBelowMinor',
    'smallOrderFeeMinor',
  ],
  properties: PROPERTIES,
} as const;
export type PricePolicy = FromSchema<typeof PRICE_POLICY>;

export const PRICE_POLICY_SET = {
  title: 'PricePolicySet',
  description:
    'Replaces the whole policy; what is left out has its default. Quotes follow in seconds.',
  type: 'object',
  additionalProperties: false,
  required: ['market'],
  properties: PROPERTIES,
} as const;
/** With defaults filled in by validation. */
export type PricePolicySet = PricePolicy;

export const PRICE_POLICY_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['market'],
  properties: { market: MARKET_ID },
} as const;
export type PricePolicyRef = FromSchema<typeof PRICE_POLICY_REF>;
