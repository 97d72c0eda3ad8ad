/** Products of a menu: adding, changing and removing single ones. */
import { PRODUCTS_MAX, type Product, type Variant } from '../../contracts/api/catalog.ts';
import type {
  CatalogListQuery,
  ProductChange,
  ProductCreate,
  ProductList,
  ProductRef,
  ProductsKnown,
  ProductsUnknown,
} from '../../contracts/api/catalog-editing.ts';
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import { type FieldProblem, WaggleError } from '../../contracts/errors.ts';
import { type CategoryId, newId, type OptionGroupId } from '../../contracts/ids.ts';
import type { Transaction } from '../../platform/database.ts';
import { uniqueViolation } from '../../platform/database-errors.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import type { Call } from '../../platform/service.ts';
import { changeMenu, checkRoom, ownPart, partUnderLock } from './changing.ts';
import { type CatalogDeps, ownMenu } from './menus.ts';
import * as queries from './queries.ts';
import { type ProductRow, productView } from './rows.ts';
import { productProblems, shownPrice } from './rules.ts';

export async function createProduct(
  deps: CatalogDeps,
  params: ProductCreate,
  call: Call,
): Promise<Product> {
  const { answer } = await changeMenu(
    deps,
    params.vendor,
    call,
    async (trx, { vendor }) => {
      const end = await queries.endOf(trx, 'products', vendor);
      checkRoom(end.count + 1, PRODUCTS_MAX, 'products');
      const variants = variantsOf(params.variants ?? [], []);
      checkPrice(params.priceMinor, variants, true);
      const row: ProductRow = {
        id: newId('product'),
        vendor,
        sku: params.sku ?? null,
        category: (params.category ?? null) as CategoryId | null,
        name: params.name,
        description: params.description ?? '',
        price_minor: shownPrice(params.priceMinor ?? 0, variants),
        tax_class: params.taxClass ?? 'standard',
        age_min: params.ageMin ?? null,
        image_url: params.imageUrl ?? null,
        active: params.active ?? true,
        windows: params.windows ?? [],
        variants,
        option_groups: (params.optionGroups ?? []) as OptionGroupId[],
        position: params.position ?? end.next,
        version: 1,
      };
      await store(trx, row);
      return { answer: productView(row), changed: [row.id] };
    },
    ['product', params],
  );
  return answer;
}

export async function getProduct(
  deps: CatalogDeps,
  params: ProductRef,
  call: Call,
): Promise<Product> {
  return productView(await ownPart(deps, 'products', params.id, call));
}

/** For other services: which of these are not of this vendor, whom the caller must be. */
export async function known(
  deps: CatalogDeps,
  params: ProductsKnown,
  call: Call,
): Promise<ProductsUnknown> {
  const { vendor } = await ownMenu(deps, params.vendor, call);
  if (params.items.length === 0) return { unknown: [] };
  const ids = params.items.map(({ product }) => product);
  const rows = await queries.productsByIds(deps.database.knex, vendor, ids);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const isKnown = ({ product, variant }: ProductsKnown['items'][number]): boolean => {
    const row = byId.get(product);
    return variant === null
      ? row !== undefined
      : row?.variants.some(({ id }) => id === variant) === true;
  };
  return { unknown: params.items.flatMap((item, index) => (isKnown(item) ? [] : [index])) };
}

export async function listProducts(
  deps: CatalogDeps,
  params: CatalogListQuery,
  call: Call,
): Promise<ProductList> {
  const { vendor } = await ownMenu(deps, params.vendor, call);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const after = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const page = { vendor, after, limit: limit + 1 };
  const { rows, next } = pageOf(
    await queries.listParts(deps.database.knex, 'products', page),
    limit,
  );
  return { items: rows.map(productView), next };
}

export async function changeProduct(
  deps: CatalogDeps,
  params: ProductChange,
  call: Call,
): Promise<Product> {
  const { vendor } = await ownPart(deps, 'products', params.id, call);
  const { answer } = await changeMenu(deps, vendor, call, async (trx) => {
    const row = await partUnderLock(trx, 'products', params);
    const changed = mergeProduct(row, params);
    await store(trx, changed);
    return { answer: productView(changed), changed: [row.id] };
  });
  return answer;
}

/** Off the menu for good; orders keep what they say of it. */
export async function removeProduct(
  deps: CatalogDeps,
  params: ProductRef,
  call: Call,
): Promise<void> {
  const { vendor } = await ownPart(deps, 'products', params.id, call);
  await changeMenu(deps, vendor, call, async (trx) => {
    const row = await partUnderLock(trx, 'products', params);
    await queries.markRemoved(trx, 'products', row.id);
    return { answer: undefined, removed: [row.id] };
  });
}

/** A product with the fields of a change; what is left out stays. */
function mergeProduct(row: ProductRow, params: ProductChange): ProductRow {
  const variants =
    params.variants === undefined ? row.variants : variantsOf(params.variants, row.variants);
  checkPrice(params.priceMinor, variants, row.variants.length > 0 && variants.length === 0);
  const given = <T>(value: T | undefined, before: T): T => (value === undefined ? before : value);
  return {
    ...row,
    sku: given(params.sku, row.sku),
    category: given(params.category as CategoryId | null | undefined, row.category),
    name: params.name ?? row.name,
    description: params.description ?? row.description,
    price_minor: shownPrice(params.priceMinor ?? row.price_minor, variants),
    tax_class: params.taxClass ?? row.tax_class,
    age_min: given(params.ageMin, row.age_min),
    image_url: given(params.imageUrl, row.image_url),
    active: params.active ?? row.active,
    windows: params.windows ?? row.windows,
    variants,
    option_groups: given(params.optionGroups as OptionGroupId[] | undefined, [
      ...row.option_groups,
    ]),
    position: params.position ?? row.position,
    version: row.version + 1,
  };
}

/** A product has a price of its own or variants that have one; both would be two truths. */
function checkPrice(
  priceMinor: number | undefined,
  variants: readonly Variant[],
  isNeeded: boolean,
): void {
  if (variants.length > 0 && priceMinor !== undefined) {
    refuse([{ field: '/priceMinor', expected: 'nothing, where variants carry the prices' }]);
  }
  if (variants.length === 0 && priceMinor === undefined && isNeeded) {
    refuse([{ field: '/priceMinor', expected: 'a price, where there are no variants' }]);
  }
}

/** Variants as they are stored: those that go on keep their id, the others get one. */
function variantsOf(
  given: NonNullable<ProductCreate['variants']>,
  before: readonly Variant[],
): readonly Variant[] {
  const known = new Set(before.map(({ id }) => id));
  return given.map(({ id, name, priceMinor, active = true }, index) => {
    if (id !== undefined && !known.has(id)) {
      const expected = 'a variant this product has, or none for a new one';
      refuse([{ field: `/variants/${index}/id`, expected }]);
    }
    return { id: id ?? newId('variant'), name, priceMinor, active };
  });
}

/** Stores a product once its rules hold and what it names is of its own menu. */
async function store(trx: Transaction, row: ProductRow): Promise<void> {
  const problems: FieldProblem[] = [...productProblems(row)];
  if (row.category !== null) {
    const known = await queries.knownIds(trx, 'categories', row.vendor, [row.category]);
    if (known.size === 0) {
      problems.push({ field: '/category', expected: 'a category of this menu, or null' });
    }
  }
  const groups = await queries.knownIds(trx, 'option_groups', row.vendor, row.option_groups);
  row.option_groups.forEach((id, index) => {
    if (groups.has(id)) return;
    problems.push({ field: `/optionGroups/${index}`, expected: 'an option group of this menu' });
  });
  if (problems.length > 0) refuse(problems);
  try {
    await queries.putProducts(trx, [row]);
  } catch (error) {
    if (uniqueViolation(error) !== 'products_sku') throw error;
    throw new WaggleError('resource.conflict', 'another product of this vendor has this sku');
  }
}

function refuse(problems: readonly FieldProblem[]): never {
  throw new WaggleError('request.invalid', undefined, problems);
}
