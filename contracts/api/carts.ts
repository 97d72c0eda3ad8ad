/**
 * Carts: what a customer wants from a vendor, named by products of its menu. Prices are the
 * server's; a client may say what it expects to pay and is refused when that is not it.
 */
import type { FromSchema } from 'json-schema-to-ts';
import {
  ADDRESS_ID,
  COUNT,
  CURRENCY,
  NOTE,
  OPTION_ID,
  PHONE,
  POINT,
  PRODUCT_ID,
  TIME,
  VARIANT_ID,
  VENDOR_ID,
} from './common.ts';

/** Bounds of one cart. */
export const CART_LINES_MAX = 100;
export const LINE_QUANTITY_MAX = 999;
export const LINE_OPTIONS_MAX = 100;
/** Most a customer can be asked to expect; beyond what any cart may come to. */
const TOTAL_MINOR_MAX = 1_000_000_000_000;
const TIP_MAX = 10_000_000;

const MINOR = { ...COUNT, maximum: TOTAL_MINOR_MAX } as const;

/** What a customer types to get a promotion; not case-sensitive. */
export const PROMOTION_CODE = { type: 'string', pattern: '^[A-Za-z0-9_-]{3,32}$' } as const;

export const CART_LINE = {
  title: 'CartLine',
  type: 'object',
  additionalProperties: false,
  required: ['product', 'quantity'],
  properties: {
    product: PRODUCT_ID,
    variant: { ...VARIANT_ID, description: 'Needed where the product has variants.' },
    options: {
      description: 'Chosen for each unit; the rules of the option groups are in the menu.',
      type: 'array',
      maxItems: LINE_OPTIONS_MAX,
      uniqueItems: true,
      items: OPTION_ID,
    },
    quantity: { type: 'integer', minimum: 1, maximum: LINE_QUANTITY_MAX },
    note: { ...NOTE, description: 'For the kitchen, about this line.' },
    expectedUnitPriceMinor: {
      ...MINOR,
      description: 'What one unit was shown at, options included; refused when it is another now.',
    },
  },
} as const;
export type CartLine = FromSchema<typeof CART_LINE>;

/** What each vendor's part of a checkout says for itself. */
const CART_PROPERTIES = {
  vendor: VENDOR_ID,
  items: { type: 'array', minItems: 1, maxItems: CART_LINES_MAX, items: CART_LINE },
  note: { ...NOTE, description: 'For the vendor.' },
  tipMinor: { type: 'integer', minimum: 0, maximum: TIP_MAX, description: 'For the driver.' },
  promotion: PROMOTION_CODE,
  ageConfirmed: {
    description: 'The customer is as old as the products ask for; it is checked at the door.',
    type: 'boolean',
  },
  scheduledFor: {
    ...TIME,
    description: 'Zone time at which it should be ready for pickup; the vendor begins in time.',
  },
  readyInSeconds: {
    description: 'Zone seconds from now; left out (with readyAt): the usual time of the vendor.',
    type: 'integer',
    minimum: 0,
    maximum: 86_400,
  },
  readyAt: { ...TIME, description: 'Zone time; not together with readyInSeconds.' },
  expectedTotalMinor: {
    ...MINOR,
    description: 'What the customer was shown; 409 `order.price_changed` when it is not right.',
  },
} as const;

/** Where to, once for all carts of a checkout. */
export const DOOR_PROPERTIES = {
  dropoff: { ...POINT, description: 'The place; or name a saved `address` instead.' },
  address: { ...ADDRESS_ID, description: 'One of the addresses of the customer.' },
  dropoffNote: NOTE,
  contactPhone: { ...PHONE, description: 'Whom to call about this order; kept with it.' },
} as const;

/** Kinds of payment; how each behaves is the payments service's. */
export const PAYMENT_KINDS = ['cash', 'test'] as const;

export const PAYMENT_METHOD = {
  title: 'PaymentMethod',
  description: 'Left out: cash.',
  oneOf: [
    {
      type: 'object',
      additionalProperties: false,
      required: ['kind'],
      properties: { kind: { const: 'cash' } },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['kind', 'token'],
      properties: {
        kind: { const: 'test' },
        token: { type: 'string', minLength: 1, maxLength: 200 },
      },
    },
  ],
} as const;

export const ORDER_PLACE = {
  title: 'OrderPlace',
  description:
    'Needs an Idempotency-Key header: the same key with the same body gives the same order.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'items'],
  properties: { ...CART_PROPERTIES, ...DOOR_PROPERTIES, payment: PAYMENT_METHOD },
} as const;
export type OrderPlace = FromSchema<typeof ORDER_PLACE>;

export const CART = {
  title: 'Cart',
  description: 'What is ordered from one vendor.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'items'],
  properties: CART_PROPERTIES,
} as const;
export type Cart = FromSchema<typeof CART>;

export const PRICE_PARTS = {
  title: 'PriceParts',
  description:
    'The total is goods − discount + delivery fee − its discount + service fee + small-order fee + ' +
    'tip, and tax on top unless `taxInclusive`. Rounded half up, per line.',
  type: 'object',
  additionalProperties: false,
  required: [
    'goodsMinor',
    'discountMinor',
    'deliveryFeeMinor',
    'deliveryDiscountMinor',
    'serviceFeeMinor',
    'smallOrderFeeMinor',
    'taxInclusive',
    'taxMinor',
    'taxes',
    'tipMinor',
    'totalMinor',
  ],
  properties: {
    goodsMinor: { type: 'integer' },
    discountMinor: { type: 'integer' },
    deliveryFeeMinor: { type: 'integer' },
    deliveryDiscountMinor: { type: 'integer' },
    serviceFeeMinor: { type: 'integer' },
    smallOrderFeeMinor: { type: 'integer' },
    taxInclusive: { type: 'boolean' },
    taxMinor: { type: 'integer' },
    taxes: {
      type: 'array',
      items: {
        title: 'TaxPart',
        type: 'object',
        additionalProperties: false,
        required: ['taxClass', 'perMillion', 'taxMinor'],
        properties: {
          taxClass: { type: 'string' },
          perMillion: { type: 'integer', description: 'Millionths: 88750 is 8.875 %.' },
          taxMinor: { type: 'integer' },
        },
      },
    },
    tipMinor: { type: 'integer' },
    totalMinor: { type: 'integer' },
  },
} as const;
export type PriceParts = FromSchema<typeof PRICE_PARTS>;

/** What a line is called and costs; the same in a quote and in an order. */
export const LINE_PROPERTIES = {
  product: PRODUCT_ID,
  variant: { anyOf: [VARIANT_ID, { type: 'null' }] },
  options: { type: 'array', items: OPTION_ID },
  name: { type: 'string' },
  details: {
    description: 'Names of the variant and of chosen options.',
    type: 'array',
    items: { type: 'string' },
  },
  quantity: { type: 'integer' },
  note: { type: ['string', 'null'] },
  unitPriceMinor: { type: 'integer', description: 'Of one unit, options included.' },
  goodsMinor: { type: 'integer' },
  discountMinor: { type: 'integer' },
  taxMinor: { type: 'integer' },
} as const;
export const LINE_REQUIRED = [
  'product',
  'variant',
  'options',
  'name',
  'details',
  'quantity',
  'note',
  'unitPriceMinor',
  'goodsMinor',
  'discountMinor',
  'taxMinor',
] as const;

export const CART_PRICE = {
  title: 'CartPrice',
  description: 'What the cart costs now. Nothing is kept; placing it prices it again.',
  type: 'object',
  additionalProperties: false,
  required: [
    'vendor',
    'currency',
    'items',
    'price',
    'promotion',
    'ageMin',
    'readyAt',
    'menuVersion',
  ],
  properties: {
    vendor: VENDOR_ID,
    currency: CURRENCY,
    items: {
      type: 'array',
      items: {
        title: 'CartPriceLine',
        type: 'object',
        additionalProperties: false,
        required: LINE_REQUIRED,
        properties: LINE_PROPERTIES,
      },
    },
    price: PRICE_PARTS,
    promotion: { type: ['string', 'null'] },
    ageMin: { type: ['integer', 'null'], description: 'Years the customer must have.' },
    readyAt: TIME,
    menuVersion: { type: 'integer' },
  },
} as const;
export type CartPrice = FromSchema<typeof CART_PRICE>;

export const REORDER = {
  title: 'Reorder',
  description: 'What of an order can be bought again, and what it costs now. Nothing is placed.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'items', 'dropoff', 'gone', 'quote', 'problem'],
  properties: {
    vendor: VENDOR_ID,
    items: { type: 'array', items: CART_LINE },
    dropoff: POINT,
    gone: {
      type: 'array',
      items: {
        title: 'GoneLine',
        type: 'object',
        additionalProperties: false,
        required: ['product', 'name', 'expected'],
        properties: {
          product: PRODUCT_ID,
          name: { type: 'string' },
          expected: { type: 'string', description: 'What the line is not any more.' },
        },
      },
    },
    quote: { anyOf: [CART_PRICE, { type: 'null' }] },
    problem: {
      description: 'Code of what keeps the rest from being ordered now; null: nothing.',
      type: ['string', 'null'],
    },
  },
} as const;
export type Reorder = FromSchema<typeof REORDER>;
