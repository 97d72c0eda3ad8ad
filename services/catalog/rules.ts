/** Rules of menus as pure functions: what a product or an option group must be, what can be bought. */
import type { Category, Menu, Variant } from '../../contracts/api/catalog.ts';
import type { FieldProblem } from '../../contracts/errors.ts';
import type { OptionGroupId, ProductId } from '../../contracts/ids.ts';
import type { ProductSummary } from '../../contracts/messages/catalog.ts';
import {
  type CategoryRow,
  categoryView,
  type MenuRow,
  type OptionGroupRow,
  optionGroupView,
  type ProductRow,
  productView,
} from './rows.ts';

/** What an option group breaks; none: it may be stored. */
export function optionGroupProblems(
  group: Pick<OptionGroupRow, 'min' | 'max' | 'required' | 'options'>,
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const { min, max, required, options } = group;
  if (max > options.length) {
    problems.push({ field: '/max', expected: `at most the number of options, ${options.length}` });
  }
  if (min > max) problems.push({ field: '/min', expected: 'at most max' });
  if (required && min < 1) {
    problems.push({ field: '/min', expected: 'at least 1 when required' });
  }
  return [...problems, ...repeated(options, '/options')];
}

/** What a product breaks by itself; whether what it names exists is asked of the tables. */
export function productProblems(product: Pick<ProductRow, 'variants' | 'windows'>): FieldProblem[] {
  return repeated(product.variants, '/variants');
}

/** Names (customers choose by them) and ids of a list must differ. */
function repeated(
  list: readonly { readonly id: string; readonly name: string }[],
  field: string,
): FieldProblem[] {
  const names = new Set<string>();
  const ids = new Set<string>();
  return list.flatMap(({ id, name }, index) => {
    const problems: FieldProblem[] = [];
    const known = name.trim().toLowerCase();
    if (names.has(known)) {
      problems.push({ field: `${field}/${index}/name`, expected: 'a name that no other has' });
    }
    if (ids.has(id)) {
      problems.push({ field: `${field}/${index}/id`, expected: 'an id that no other has' });
    }
    names.add(known);
    ids.add(id);
    return problems;
  });
}

/** The price that is shown for a product: its own, or the least of its variants that can be bought. */
export function shownPrice(ownMinor: number, variants: readonly Variant[]): number {
  if (variants.length === 0) return ownMinor;
  const active = variants.filter((variant) => variant.active);
  const priced = active.length > 0 ? active : variants;
  return Math.min(...priced.map(({ priceMinor }) => priceMinor));
}

/** Whether anything of the product is for sale. */
export function isActive({ active, variants }: Pick<ProductRow, 'active' | 'variants'>): boolean {
  return active && (variants.length === 0 || variants.some((variant) => variant.active));
}

export interface MenuParts {
  readonly categories: readonly CategoryRow[];
  readonly optionGroups: readonly OptionGroupRow[];
  readonly products: readonly ProductRow[];
}

/**
 * The menu as customers see it: without what is inactive, and without products that nobody could
 * order because a required group has too few options left. Rows come in their order.
 */
export function sellableMenu(menu: MenuRow, parts: MenuParts): Menu {
  const groups = new Map(
    parts.optionGroups.map((row) => {
      const options = row.options.filter(({ active }) => active);
      return [row.id, { ...row, max: Math.min(row.max, Math.max(1, options.length)), options }];
    }),
  );
  const offered = (id: OptionGroupId): boolean => {
    const group = groups.get(id);
    return group !== undefined && group.options.length >= Math.max(1, group.min);
  };
  const isBlocked = (id: OptionGroupId): boolean =>
    !offered(id) && groups.get(id)?.required === true;
  const used = new Set<OptionGroupId>();
  const products = parts.products.flatMap((row) => {
    if (!isActive(row) || row.option_groups.some(isBlocked)) return [];
    const named = row.option_groups.filter(offered);
    for (const id of named) used.add(id);
    const variants = row.variants.filter(({ active }) => active);
    return [productView({ ...row, variants, option_groups: named })];
  });
  return {
    vendor: menu.vendor,
    currency: menu.currency,
    timeZone: menu.time_zone,
    version: menu.version,
    categories: parts.categories.map((row): Category => categoryView(row)),
    optionGroups: [...groups.values()].filter(({ id }) => used.has(id)).map(optionGroupView),
    products,
  };
}

/** What others are told of a product. */
export function summaryOf(
  row: ProductRow,
  categories: ReadonlyMap<string, string>,
): ProductSummary {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    category: row.category === null ? null : (categories.get(row.category) ?? null),
    priceMinor: row.price_minor,
    imageUrl: row.image_url,
    ageMin: row.age_min,
    active: isActive(row),
  };
}

export interface Piece {
  readonly changed: readonly ProductSummary[];
  readonly removed: readonly ProductId[];
}

/** Cuts news into pieces of at most `max` products; always at least one piece. */
export function piecesOf(
  changed: readonly ProductSummary[],
  removed: readonly ProductId[],
  max: number,
): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < changed.length; at += max) {
    pieces.push({ changed: changed.slice(at, at + max), removed: [] });
  }
  for (let at = 0; at < removed.length; at += max) {
    pieces.push({ changed: [], removed: removed.slice(at, at + max) });
  }
  return pieces.length > 0 ? pieces : [{ changed: [], removed: [] }];
}
