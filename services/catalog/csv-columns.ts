/**
 * The columns of a menu as CSV: how each cell is read, what is expected of it, and how it is written
 * again. What is written reads back as the same.
 */
import {
  GROUPS_OF_PRODUCT_MAX,
  IMAGE_URL,
  PRICE_MINOR_MAX,
  SKU,
  TAX_CLASSES,
  type TaxClass,
  VARIANTS_MAX,
  WINDOWS_MAX,
} from '../../contracts/api/catalog.ts';
import { LINE_PATTERN, NAME, TEXT_PATTERN } from '../../contracts/api/common.ts';
import type { Opening } from '../../contracts/api/vendors.ts';
import { guardFormula, unguardFormula } from './csv-text.ts';

/** What a cell means, or what was expected instead. */
export type Cell<T> = { readonly value: T } | { readonly expected: string };

/** A variant as a cell gives it; it has an id only once it is stored. */
export interface VariantCell {
  readonly name: string;
  readonly priceMinor: number;
  readonly active: boolean;
}

/** One line of a menu; a column that the file does not have is undefined. */
export interface ProductLine {
  readonly sku: string;
  readonly name?: string;
  /** Name of a category; it is made when the menu has none of that name. */
  readonly category?: string | null;
  readonly description?: string;
  readonly price_minor?: number | null;
  readonly variants?: readonly VariantCell[];
  /** Names of option groups of the menu. */
  readonly option_groups?: readonly string[];
  readonly tax_class?: TaxClass;
  readonly age_min?: number | null;
  readonly image_url?: string | null;
  readonly active?: boolean;
  readonly windows?: readonly Opening[];
}

export type Column = keyof ProductLine;

const LINE = new RegExp(LINE_PATTERN, 'u');
const TEXT = new RegExp(TEXT_PATTERN, 'u');
const SKU_FORM = new RegExp(SKU.pattern, 'u');
const URL_FORM = new RegExp(IMAGE_URL.pattern, 'u');
const DESCRIPTION_MAX = 2_000;
const WINDOW_FORM =
  /^([1-7](?:[-,][1-7])*) ((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Readers by column; an empty cell is what the product has when nothing is said. */
export const READERS: {
  readonly [C in Column]-?: (text: string) => Cell<Exclude<ProductLine[C], undefined>>;
} = {
  sku: (text) =>
    SKU_FORM.test(text)
      ? { value: text }
      : { expected: '1 to 64 letters, digits, and . _ / - after the first' },
  name: (text) => readName(text),
  category: (text) => (text === '' ? { value: null } : readName(text)),
  description: (text) => {
    const plain = unguardFormula(text);
    return plain.length <= DESCRIPTION_MAX && TEXT.test(plain)
      ? { value: plain }
      : { expected: `at most ${DESCRIPTION_MAX} characters of plain text` };
  },
  price_minor: (text) => (text === '' ? { value: null } : readPrice(text)),
  variants: readVariants,
  option_groups: readNames,
  tax_class: (text) => {
    const known = TAX_CLASSES.find((each) => each === (text === '' ? 'standard' : text));
    return known === undefined
      ? { expected: `one of ${TAX_CLASSES.join(', ')}` }
      : { value: known };
  },
  age_min: (text) => {
    if (text === '') return { value: null };
    return /^[1-9]\d?$/.test(text)
      ? { value: Number(text) }
      : { expected: 'whole years from 1 to 99, or nothing' };
  },
  image_url: (text) => {
    if (text === '') return { value: null };
    return text.length <= IMAGE_URL.maxLength && URL_FORM.test(text)
      ? { value: text }
      : { expected: `an https:// address of at most ${IMAGE_URL.maxLength} characters` };
  },
  active: (text) => {
    if (text === '' || text === 'true') return { value: true };
    return text === 'false' ? { value: false } : { expected: 'true or false' };
  },
  windows: readWindows,
};

export const COLUMNS = Object.keys(READERS) as readonly Column[];

function readName(text: string): Cell<string> {
  const name = unguardFormula(text).trim();
  return name !== '' && name.length <= NAME.maxLength && LINE.test(name)
    ? { value: name }
    : { expected: `1 to ${NAME.maxLength} characters on one line` };
}

function readPrice(text: string): Cell<number> {
  const price = Number(text);
  return /^\d{1,9}$/.test(text) && price <= PRICE_MINOR_MAX
    ? { value: price }
    : { expected: `minor units as a whole number from 0 to ${PRICE_MINOR_MAX}` };
}

function readVariants(text: string): Cell<readonly VariantCell[]> {
  const expected =
    'Name=price, separated by |, the price in minor units, =off after one that is not for sale';
  const variants = partsOf(text).flatMap((part) => {
    const [name = '', price = '', off, ...more] = fieldsOf(part);
    const read = readName(name);
    const priced = readPrice(price.trim());
    const isSwitch = off === undefined || off.trim() === 'off';
    if ('expected' in read || 'expected' in priced || !isSwitch || more.length > 0) return [];
    return [{ name: read.value, priceMinor: priced.value, active: off === undefined }];
  });
  if (variants.length !== partsOf(text).length) return { expected };
  if (variants.length > VARIANTS_MAX) return { expected: `at most ${VARIANTS_MAX} variants` };
  return { value: variants };
}

function readNames(text: string): Cell<readonly string[]> {
  const names = partsOf(text).map((part) => readName(fieldsOf(part).join('=')));
  const values = names.flatMap((name) => ('value' in name ? [name.value] : []));
  const different = new Set(values.map((name) => name.toLowerCase()));
  if (values.length !== names.length || different.size !== values.length) {
    return { expected: 'different names of option groups, separated by |' };
  }
  if (values.length > GROUPS_OF_PRODUCT_MAX) {
    return { expected: `at most ${GROUPS_OF_PRODUCT_MAX} option groups` };
  }
  return { value: values };
}

function readWindows(text: string): Cell<readonly Opening[]> {
  const parts = text.trim() === '' ? [] : text.split('|');
  const windows = parts.flatMap((part) => {
    const [, days, from, to] = WINDOW_FORM.exec(part.trim()) ?? [];
    if (days === undefined || from === undefined || to === undefined) return [];
    const list = daysOf(days);
    return list.length === 0 ? [] : [{ days: list, from, to }];
  });
  if (windows.length !== parts.length || windows.length > WINDOWS_MAX) {
    const expected = `at most ${WINDOWS_MAX} of days and times such as 1-5 11:00-15:00, separated by |`;
    return { expected };
  }
  return { value: windows };
}

/** `1-3,5` is 1, 2, 3, 5; nothing for a range that runs backwards or a day named twice. */
function daysOf(text: string): number[] {
  const days = text.split(',').flatMap((part) => {
    const [first = 0, last = first, ...more] = part.split('-').map(Number);
    if (more.length > 0 || last < first) return [0];
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
  });
  return days.includes(0) || new Set(days).size !== days.length ? [] : days;
}

/** Splits at |, but not where a backslash stands before it. */
function partsOf(text: string): string[] {
  return text.trim() === '' ? [] : split(text, '|');
}

/** Splits at =, and takes the backslashes off. */
function fieldsOf(part: string): string[] {
  return split(part, '=').map((field) => field.replaceAll(/\\(.)/gsu, '$1'));
}

function split(text: string, at: string): string[] {
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    const sign = text[i] ?? '';
    if (sign === at) parts.push('');
    else parts[parts.length - 1] += sign === '\\' ? sign + (text[++i] ?? '') : sign;
  }
  return parts;
}

function escaped(name: string): string {
  return guardFormula(name).replaceAll(/[\\|=]/g, '\\$&');
}

/** How a line is written; the columns in their order. */
export function cellsOf(line: ProductLine): string[] {
  const write: Readonly<Record<Column, string>> = {
    sku: line.sku,
    name: guardFormula(line.name ?? ''),
    category: guardFormula(line.category ?? ''),
    description: guardFormula(line.description ?? ''),
    price_minor: line.price_minor == null ? '' : String(line.price_minor),
    variants: (line.variants ?? [])
      .map(
        ({ name, priceMinor, active }) => `${escaped(name)}=${priceMinor}${active ? '' : '=off'}`,
      )
      .join('|'),
    option_groups: (line.option_groups ?? []).map(escaped).join('|'),
    tax_class: line.tax_class ?? '',
    age_min: line.age_min == null ? '' : String(line.age_min),
    image_url: line.image_url ?? '',
    active: line.active === false ? 'false' : 'true',
    windows: (line.windows ?? [])
      .map(({ days, from, to }) => `${days.join(',')} ${from}-${to}`)
      .join('|'),
  };
  return COLUMNS.map((column) => write[column]);
}
