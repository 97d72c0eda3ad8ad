/**
 * What a file of products would make of a menu: pure. A product is known by its sku, a variant by
 * its name, a category and an option group by theirs. What the file does not say stays as it is.
 */
import { CATEGORIES_MAX, PRODUCTS_MAX, type Variant } from '../../contracts/api/catalog.ts';
import { type CategoryId, newId, type OptionGroupId, type VendorId } from '../../contracts/ids.ts';
import type { ProductLine, VariantCell } from './csv-columns.ts';
import type { MenuLine } from './csv-menu.ts';
import type { LineProblem } from './csv-text.ts';
import type { CategoryRow, ProductRow } from './rows.ts';
import { type MenuParts, productProblems, shownPrice } from './rules.ts';

export interface ImportPlan {
  /** New ones. */
  readonly categories: readonly CategoryRow[];
  /** New and changed ones, as they will be. */
  readonly products: readonly ProductRow[];
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly problems: readonly LineProblem[];
}

/** Names are the same whatever their case. */
function nameKey(name: string): string {
  return name.trim().toLowerCase();
}

/** Plans; stores nothing. */
export function planImport(
  vendor: VendorId,
  parts: MenuParts,
  lines: readonly MenuLine[],
): ImportPlan {
  const bySku = new Map(
    parts.products.flatMap((row) => (row.sku === null ? [] : [[row.sku, row]])),
  );
  const names = namesOf(vendor, parts);
  const problems: LineProblem[] = [];
  const products: ProductRow[] = [];
  let created = 0;
  let position = Math.max(-1, ...parts.products.map((row) => row.position)) + 1;
  for (const { line, product } of lines) {
    const before = bySku.get(product.sku);
    const groups = groupsOf(product, names.groups, line, problems);
    const row = merge(product, before ?? blank(vendor, product.sku, position), {
      category: product.category === undefined ? undefined : names.category(product.category),
      groups,
    });
    problems.push(...rowProblems(row, product, before, line));
    if (before === undefined) {
      created++;
      position++;
      products.push(row);
    } else if (!isSame(before, row)) products.push({ ...row, version: before.version + 1 });
  }
  const { added } = names;
  problems.push(...roomProblems(parts, added.length, created));
  const changed = products.length - created;
  const unchanged = lines.length - products.length;
  return { categories: added, products, created, changed, unchanged, problems };
}

interface Names {
  readonly category: (name: string | null) => CategoryId | null;
  /** Null: several groups have this name. */
  readonly groups: ReadonlyMap<string, OptionGroupId | null>;
  /** Categories that were asked for and are new. */
  readonly added: readonly CategoryRow[];
}

function namesOf(vendor: VendorId, parts: MenuParts): Names {
  const categories = new Map<string, CategoryId>();
  for (const { id, name } of parts.categories) {
    if (!categories.has(nameKey(name))) categories.set(nameKey(name), id);
  }
  const groups = new Map<string, OptionGroupId | null>();
  for (const { id, name } of parts.optionGroups) {
    groups.set(nameKey(name), groups.has(nameKey(name)) ? null : id);
  }
  const added: CategoryRow[] = [];
  const next = Math.max(-1, ...parts.categories.map(({ position }) => position)) + 1;
  return {
    groups,
    added,
    category(name) {
      if (name === null) return null;
      const known = categories.get(nameKey(name));
      if (known !== undefined) return known;
      const id = newId('category');
      const position = next + added.length;
      added.push({ id, vendor, name, description: '', position, version: 1 });
      categories.set(nameKey(name), id);
      return id;
    },
  };
}

function groupsOf(
  { option_groups }: ProductLine,
  known: Names['groups'],
  line: number,
  problems: LineProblem[],
): OptionGroupId[] | undefined {
  return option_groups?.flatMap((name) => {
    const id = known.get(nameKey(name));
    if (typeof id === 'string') return [id];
    const expected =
      id === null
        ? `a name that one option group has; several are called ${name}`
        : `names of option groups of the menu; none is called ${name}`;
    problems.push({ line, column: 'option_groups', expected });
    return [];
  });
}

function blank(vendor: VendorId, sku: string, position: number): ProductRow {
  return {
    id: newId('product'),
    ...{ vendor, sku, position },
    category: null,
    name: '',
    description: '',
    price_minor: 0,
    tax_class: 'standard',
    age_min: null,
    image_url: null,
    active: true,
    windows: [],
    variants: [],
    option_groups: [],
    version: 1,
  };
}

function merge(
  line: ProductLine,
  row: ProductRow,
  named: {
    readonly category: CategoryId | null | undefined;
    readonly groups: OptionGroupId[] | undefined;
  },
): ProductRow {
  const variants =
    line.variants === undefined ? row.variants : variantsOf(line.variants, row.variants);
  const given = <T>(value: T | undefined, before: T): T => (value === undefined ? before : value);
  return {
    ...row,
    name: line.name ?? row.name,
    category: given(named.category, row.category),
    description: line.description ?? row.description,
    price_minor: shownPrice(line.price_minor ?? row.price_minor, variants),
    variants,
    option_groups: named.groups ?? row.option_groups,
    tax_class: line.tax_class ?? row.tax_class,
    age_min: given(line.age_min, row.age_min),
    image_url: given(line.image_url, row.image_url),
    active: line.active ?? row.active,
    windows: line.windows ?? row.windows,
  };
}

/** A variant of the same name goes on with its id. */
function variantsOf(cells: readonly VariantCell[], before: readonly Variant[]): Variant[] {
  const ids = new Map(before.map(({ id, name }) => [nameKey(name), id]));
  return cells.map(({ name, priceMinor, active }) => {
    return { id: ids.get(nameKey(name)) ?? newId('variant'), name, priceMinor, active };
  });
}

function rowProblems(
  row: ProductRow,
  { price_minor, variants }: ProductLine,
  before: ProductRow | undefined,
  line: number,
): LineProblem[] {
  const problems: LineProblem[] = productProblems(row).length
    ? [{ line, column: 'variants', expected: 'different names' }]
    : [];
  const losesVariants = before !== undefined && before.variants.length > 0;
  const isNeeded = before === undefined || losesVariants;
  if (row.variants.length === 0 && price_minor == null && isNeeded) {
    const expected = 'a price, where there are no variants';
    problems.push({ line, column: 'price_minor', expected });
  }
  if (row.variants.length > 0 && price_minor != null && variants === undefined) {
    const expected = 'nothing, because this product has variants that carry the prices';
    problems.push({ line, column: 'price_minor', expected });
  }
  return problems;
}

function roomProblems(parts: MenuParts, categories: number, products: number): LineProblem[] {
  const problems: LineProblem[] = [];
  if (parts.categories.length + categories > CATEGORIES_MAX) {
    const expected = `at most ${CATEGORIES_MAX} categories in the menu`;
    problems.push({ line: 1, column: 'category', expected });
  }
  if (parts.products.length + products > PRODUCTS_MAX) {
    const expected = `at most ${PRODUCTS_MAX} products in the menu`;
    problems.push({ line: 1, column: null, expected });
  }
  return problems;
}

function isSame(a: ProductRow, b: ProductRow): boolean {
  return JSON.stringify(contentOf(a)) === JSON.stringify(contentOf(b));
}

/** Everything a line may change, in one order. */
function contentOf(row: ProductRow): unknown[] {
  return [
    ...[row.name, row.category, row.description, row.price_minor, row.tax_class, row.age_min],
    ...[row.image_url, row.active, row.option_groups],
    row.variants.map(({ id, name, priceMinor, active }) => [id, name, priceMinor, active]),
    row.windows.map(({ days, from, to }) => [days, from, to]),
  ];
}

/** A product as a line of a file. */
export function lineOf(row: ProductRow, parts: MenuParts): ProductLine {
  const category = parts.categories.find(({ id }) => id === row.category);
  const groups = row.option_groups.flatMap(
    (id) => parts.optionGroups.find((group) => group.id === id)?.name ?? [],
  );
  return {
    sku: row.sku ?? '',
    name: row.name,
    category: category?.name ?? null,
    description: row.description,
    price_minor: row.variants.length > 0 ? null : row.price_minor,
    variants: row.variants,
    option_groups: groups,
    tax_class: row.tax_class,
    age_min: row.age_min,
    image_url: row.image_url,
    active: row.active,
    windows: row.windows,
  };
}
