/** What changes a menu: creating, changing, ordering, prices, and bringing a whole menu as CSV. */
import type { FromSchema } from 'json-schema-to-ts';
import {
  AGE_MIN,
  CATEGORIES_MAX,
  CATEGORY,
  DESCRIPTION,
  GROUPS_OF_PRODUCT_MAX,
  IMAGE_URL,
  OPTION_GROUP,
  OPTIONS_MAX,
  PRICE_MINOR,
  PRODUCT,
  PRODUCTS_MAX,
  SKU,
  TAX_CLASS,
  VARIANTS_MAX,
  VERSION,
  WINDOWS,
} from './catalog.ts';
import {
  CATEGORY_ID,
  NAME,
  NEXT,
  OPTION_GROUP_ID,
  OPTION_ID,
  PAGE_QUERY,
  PRODUCT_ID,
  VARIANT_ID,
  VENDOR_ID,
} from './common.ts';

const POSITION = {
  description: 'Least first; left out: at the end.',
  type: 'integer',
  minimum: 0,
  maximum: 1_000_000,
} as const;
const SWITCH = { type: 'boolean' } as const;

export const CATALOG_LIST_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['vendor'],
  properties: { vendor: VENDOR_ID, ...PAGE_QUERY },
} as const;
export type CatalogListQuery = FromSchema<typeof CATALOG_LIST_QUERY>;

const CATEGORY_FIELDS = { name: NAME, description: DESCRIPTION, position: POSITION } as const;

export const CATEGORY_CREATE = {
  title: 'CategoryCreate',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'name'],
  properties: { vendor: VENDOR_ID, ...CATEGORY_FIELDS },
} as const;
export type CategoryCreate = FromSchema<typeof CATEGORY_CREATE>;

export const CATEGORY_CHANGE = {
  title: 'CategoryChange',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: CATEGORY_ID, version: VERSION, ...CATEGORY_FIELDS },
} as const;
export type CategoryChange = FromSchema<typeof CATEGORY_CHANGE>;

export const CATEGORY_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: CATEGORY_ID, version: VERSION },
} as const;
export type CategoryRef = FromSchema<typeof CATEGORY_REF>;

export const CATEGORY_LIST = {
  title: 'CategoryList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: CATEGORY }, next: NEXT },
} as const;
export type CategoryList = FromSchema<typeof CATEGORY_LIST>;

const OPTIONS_NEW = {
  description: 'The whole list; an option that goes on carries its id.',
  type: 'array',
  minItems: 1,
  maxItems: OPTIONS_MAX,
  items: {
    title: 'OptionNew',
    type: 'object',
    additionalProperties: false,
    required: ['name', 'priceMinor'],
    properties: { id: OPTION_ID, name: NAME, priceMinor: PRICE_MINOR, active: SWITCH },
  },
} as const;

const OPTION_GROUP_FIELDS = {
  name: NAME,
  min: { type: 'integer', minimum: 0, maximum: OPTIONS_MAX },
  max: { type: 'integer', minimum: 1, maximum: OPTIONS_MAX },
  required: SWITCH,
  options: OPTIONS_NEW,
} as const;

export const OPTION_GROUP_CREATE = {
  title: 'OptionGroupCreate',
  description: 'Left out: min 0 (1 when required), max the number of options, not required.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'name', 'options'],
  properties: { vendor: VENDOR_ID, ...OPTION_GROUP_FIELDS },
} as const;
export type OptionGroupCreate = FromSchema<typeof OPTION_GROUP_CREATE>;

export const OPTION_GROUP_CHANGE = {
  title: 'OptionGroupChange',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: OPTION_GROUP_ID, version: VERSION, ...OPTION_GROUP_FIELDS },
} as const;
export type OptionGroupChange = FromSchema<typeof OPTION_GROUP_CHANGE>;

export const OPTION_GROUP_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: OPTION_GROUP_ID, version: VERSION },
} as const;
export type OptionGroupRef = FromSchema<typeof OPTION_GROUP_REF>;

export const OPTION_GROUP_LIST = {
  title: 'OptionGroupList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: OPTION_GROUP }, next: NEXT },
} as const;
export type OptionGroupList = FromSchema<typeof OPTION_GROUP_LIST>;

const VARIANTS_NEW = {
  description: 'The whole list; a variant that goes on carries its id.',
  type: 'array',
  maxItems: VARIANTS_MAX,
  items: {
    title: 'VariantNew',
    type: 'object',
    additionalProperties: false,
    required: ['name', 'priceMinor'],
    properties: { id: VARIANT_ID, name: NAME, priceMinor: PRICE_MINOR, active: SWITCH },
  },
} as const;

const PRODUCT_FIELDS = {
  sku: { anyOf: [SKU, { type: 'null' }] },
  category: { anyOf: [CATEGORY_ID, { type: 'null' }] },
  name: NAME,
  description: DESCRIPTION,
  priceMinor: PRICE_MINOR,
  taxClass: TAX_CLASS,
  ageMin: AGE_MIN,
  imageUrl: IMAGE_URL,
  active: SWITCH,
  windows: WINDOWS,
  variants: VARIANTS_NEW,
  optionGroups: {
    type: 'array',
    maxItems: GROUPS_OF_PRODUCT_MAX,
    uniqueItems: true,
    items: OPTION_GROUP_ID,
  },
  position: POSITION,
} as const;

export const PRODUCT_CREATE = {
  title: 'ProductCreate',
  description: 'Needs priceMinor or variants, not both.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'name'],
  properties: { vendor: VENDOR_ID, ...PRODUCT_FIELDS },
} as const;
export type ProductCreate = FromSchema<typeof PRODUCT_CREATE>;

export const PRODUCT_CHANGE = {
  title: 'ProductChange',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: PRODUCT_ID, version: VERSION, ...PRODUCT_FIELDS },
} as const;
export type ProductChange = FromSchema<typeof PRODUCT_CHANGE>;

export const PRODUCT_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: PRODUCT_ID, version: VERSION },
} as const;
export type ProductRef = FromSchema<typeof PRODUCT_REF>;

export const PRODUCT_LIST = {
  title: 'ProductList',
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: PRODUCT }, next: NEXT },
} as const;
export type ProductList = FromSchema<typeof PRODUCT_LIST>;

export const MENU_ORDER = {
  title: 'MenuOrder',
  description: 'Puts what is named in this order, before everything that is not named.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor'],
  properties: {
    vendor: VENDOR_ID,
    categories: {
      type: 'array',
      maxItems: CATEGORIES_MAX,
      uniqueItems: true,
      items: CATEGORY_ID,
    },
    products: { type: 'array', maxItems: PRODUCTS_MAX, uniqueItems: true, items: PRODUCT_ID },
  },
} as const;
export type MenuOrder = FromSchema<typeof MENU_ORDER>;

export const PRICE_CHANGE = {
  title: 'PriceChange',
  description:
    'New prices for many products at once, all or none: a change by basis points (100 is 1 %) of ' +
    'one category or of everything, or prices by product and variant.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor'],
  properties: {
    vendor: VENDOR_ID,
    byBasisPoints: { type: 'integer', minimum: -9_999, maximum: 100_000 },
    category: CATEGORY_ID,
    roundToMinor: {
      description: 'With byBasisPoints: new prices are the nearest multiple of this; default 1.',
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
    },
    prices: {
      type: 'array',
      minItems: 1,
      maxItems: PRODUCTS_MAX,
      items: {
        title: 'PriceNew',
        type: 'object',
        additionalProperties: false,
        required: ['product', 'priceMinor'],
        properties: { product: PRODUCT_ID, variant: VARIANT_ID, priceMinor: PRICE_MINOR },
      },
    },
  },
} as const;
export type PriceChange = FromSchema<typeof PRICE_CHANGE>;

export const MENU_CHANGED = {
  title: 'MenuChanged',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'version', 'changed'],
  properties: {
    vendor: VENDOR_ID,
    version: { type: 'integer', description: 'Of the menu, after the change.' },
    changed: { type: 'integer', description: 'How many products are not what they were.' },
  },
} as const;
export type MenuChangedAnswer = FromSchema<typeof MENU_CHANGED>;

/** Params of `catalog.known`, which other services ask before they keep something of a product. */
export const PRODUCTS_KNOWN = {
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'items'],
  properties: {
    vendor: VENDOR_ID,
    items: {
      type: 'array',
      maxItems: PRODUCTS_MAX,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['product', 'variant'],
        properties: { product: PRODUCT_ID, variant: { anyOf: [VARIANT_ID, { type: 'null' }] } },
      },
    },
  },
} as const;
export type ProductsKnown = FromSchema<typeof PRODUCTS_KNOWN>;

/** Its answer: places in the list of what is not of this vendor. A foreign vendor is not found. */
export interface ProductsUnknown {
  readonly unknown: readonly number[];
}
