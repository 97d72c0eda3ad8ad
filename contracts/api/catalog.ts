/**
 * Menus: what a vendor sells, at which price, with which choices. These are the shapes that are read;
 * what changes them stands in catalog-editing.ts.
 */
import type { FromSchema } from 'json-schema-to-ts';
import {
  CATEGORY_ID,
  CURRENCY,
  NAME,
  OPTION_GROUP_ID,
  OPTION_ID,
  PRODUCT_ID,
  TEXT_PATTERN,
  VARIANT_ID,
  VENDOR_ID,
} from './common.ts';
import { OPENING } from './vendors.ts';

/** Bounds of one vendor's catalog; what goes beyond is refused. */
export const CATEGORIES_MAX = 200;
export const OPTION_GROUPS_MAX = 500;
export const PRODUCTS_MAX = 2_000;
/** Bounds of one product and of one option group. */
export const VARIANTS_MAX = 50;
export const GROUPS_OF_PRODUCT_MAX = 20;
export const OPTIONS_MAX = 100;
export const WINDOWS_MAX = 14;
export const PRICE_MINOR_MAX = 100_000_000;

/** Which rate of tax the market puts on a product. */
export const TAX_CLASSES = ['standard', 'reduced', 'zero'] as const;
export type TaxClass = (typeof TAX_CLASSES)[number];

export const PRICE_MINOR = {
  description: 'Minor units of the currency of the menu.',
  type: 'integer',
  minimum: 0,
  maximum: PRICE_MINOR_MAX,
} as const;
export const TAX_CLASS = { type: 'string', enum: TAX_CLASSES } as const;
export const AGE_MIN = {
  description: 'Years the customer must have; null: sold to everybody.',
  type: ['integer', 'null'],
  minimum: 1,
  maximum: 99,
} as const;
export const IMAGE_URL = {
  description: 'Where others keep the picture; https only.',
  type: ['string', 'null'],
  maxLength: 1_000,
  pattern: '^https://[^\\s"\'<>\\\\^`{|}\\p{Cc}\\p{Cs}]+$',
} as const;
export const DESCRIPTION = { type: 'string', maxLength: 2_000, pattern: TEXT_PATTERN } as const;
/** The vendor's own key of a product; one product of a vendor has it. */
export const SKU = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$' } as const;
export const WINDOWS = {
  description:
    'When it is sold, wall time in the zone of the vendor; none: whenever the vendor is open.',
  type: 'array',
  maxItems: WINDOWS_MAX,
  items: OPENING,
} as const;
/** Grows with each change of one thing; send it with a change to be refused when it is not the newest. */
export const VERSION = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;

export const CATEGORY = {
  title: 'Category',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'vendor', 'name', 'description', 'position', 'version'],
  properties: {
    id: CATEGORY_ID,
    vendor: VENDOR_ID,
    name: { type: 'string' },
    description: { type: 'string' },
    position: { type: 'integer' },
    version: VERSION,
  },
} as const;
export type Category = FromSchema<typeof CATEGORY>;

export const VARIANT = {
  title: 'Variant',
  description: 'One size or kind of a product, with its own whole price.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name', 'priceMinor', 'active'],
  properties: { id: VARIANT_ID, name: NAME, priceMinor: PRICE_MINOR, active: { type: 'boolean' } },
} as const;
export type Variant = FromSchema<typeof VARIANT>;

export const OPTION = {
  title: 'Option',
  description: 'Chosen at most once per unit; its price is added to the price of the unit.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name', 'priceMinor', 'active'],
  properties: { id: OPTION_ID, name: NAME, priceMinor: PRICE_MINOR, active: { type: 'boolean' } },
} as const;
export type Option = FromSchema<typeof OPTION>;

export const OPTION_GROUP = {
  title: 'OptionGroup',
  description:
    'Choices that products share. From `min` to `max` different options are chosen per unit; when ' +
    'the group is not `required`, none is right, too.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'vendor', 'name', 'min', 'max', 'required', 'options', 'version'],
  properties: {
    id: OPTION_GROUP_ID,
    vendor: VENDOR_ID,
    name: { type: 'string' },
    min: { type: 'integer', minimum: 0, maximum: OPTIONS_MAX },
    max: { type: 'integer', minimum: 1, maximum: OPTIONS_MAX },
    required: { type: 'boolean' },
    options: { type: 'array', maxItems: OPTIONS_MAX, items: OPTION },
    version: VERSION,
  },
} as const;
export type OptionGroup = FromSchema<typeof OPTION_GROUP>;

/** Whether so many different options of a group may be chosen for one unit. */
export function mayChoose(
  { min, max, required }: Pick<OptionGroup, 'min' | 'max' | 'required'>,
  count: number,
): boolean {
  return count === 0 ? !required : count >= min && count <= max;
}

export const PRODUCT = {
  title: 'Product',
  description:
    'With variants exactly one of them is bought, at its price; `priceMinor` is then the least of ' +
    'them. Texts are plain text, shown as they are.',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'vendor',
    'sku',
    'category',
    'name',
    'description',
    'priceMinor',
    'taxClass',
    'ageMin',
    'imageUrl',
    'active',
    'windows',
    'variants',
    'optionGroups',
    'position',
    'version',
  ],
  properties: {
    id: PRODUCT_ID,
    vendor: VENDOR_ID,
    sku: { anyOf: [SKU, { type: 'null' }] },
    category: { anyOf: [CATEGORY_ID, { type: 'null' }] },
    name: { type: 'string' },
    description: { type: 'string' },
    priceMinor: PRICE_MINOR,
    taxClass: TAX_CLASS,
    ageMin: AGE_MIN,
    imageUrl: IMAGE_URL,
    active: { type: 'boolean' },
    windows: WINDOWS,
    variants: { type: 'array', maxItems: VARIANTS_MAX, items: VARIANT },
    optionGroups: {
      description: 'Ids of groups of the same vendor, in the order they are asked.',
      type: 'array',
      maxItems: GROUPS_OF_PRODUCT_MAX,
      items: OPTION_GROUP_ID,
    },
    position: { type: 'integer' },
    version: VERSION,
  },
} as const;
export type Product = FromSchema<typeof PRODUCT>;

export const MENU = {
  title: 'Menu',
  description:
    'Everything of a vendor that can be bought, in order: nothing inactive is in it, and each ' +
    'product names only groups that are in it. Windows are for the reader to apply; so is stock.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'currency', 'timeZone', 'version', 'categories', 'optionGroups', 'products'],
  properties: {
    vendor: VENDOR_ID,
    currency: CURRENCY,
    timeZone: { type: 'string', description: 'Of the vendor: what windows are meant in.' },
    version: { type: 'integer', description: 'Grows with each change of the menu.' },
    categories: { type: 'array', items: CATEGORY },
    optionGroups: { type: 'array', items: OPTION_GROUP },
    products: { type: 'array', items: PRODUCT },
  },
} as const;
export type Menu = FromSchema<typeof MENU>;

export const MENU_REF = {
  type: 'object',
  additionalProperties: false,
  required: ['vendor'],
  properties: { vendor: VENDOR_ID },
} as const;
export type MenuRef = FromSchema<typeof MENU_REF>;

/** Answer of `catalog.menuVersion`: whether a menu read earlier is still the newest. */
export interface MenuVersion {
  readonly vendor: string;
  readonly version: number;
}
