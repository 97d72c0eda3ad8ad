/** Categories of a menu, and the order of everything in it. */
import { CATEGORIES_MAX, type Category } from '../../contracts/api/catalog.ts';
import type {
  CatalogListQuery,
  CategoryChange,
  CategoryCreate,
  CategoryList,
  CategoryRef,
  MenuChangedAnswer,
  MenuOrder,
} from '../../contracts/api/catalog-editing.ts';
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import type { Call } from '../../platform/service.ts';
import { changeMenu, checkRoom, ownPart, partUnderLock } from './changing.ts';
import { type CatalogDeps, ownMenu } from './menus.ts';
import * as queries from './queries.ts';
import { type CategoryRow, categoryView } from './rows.ts';

export async function createCategory(
  deps: CatalogDeps,
  params: CategoryCreate,
  call: Call,
): Promise<Category> {
  const { answer } = await changeMenu(
    deps,
    params.vendor,
    call,
    async (trx, menu) => {
      const end = await queries.endOf(trx, 'categories', menu.vendor);
      checkRoom(end.count + 1, CATEGORIES_MAX, 'categories');
      const row: CategoryRow = {
        id: newId('category'),
        vendor: menu.vendor,
        name: params.name,
        description: params.description ?? '',
        position: params.position ?? end.next,
        version: 1,
      };
      await queries.putCategories(trx, [row]);
      return { answer: categoryView(row) };
    },
    ['category', params],
  );
  return answer;
}

export async function listCategories(
  deps: CatalogDeps,
  params: CatalogListQuery,
  call: Call,
): Promise<CategoryList> {
  const { vendor } = await ownMenu(deps, params.vendor, call);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const after = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const page = { vendor, after, limit: limit + 1 };
  const { rows, next } = pageOf(
    await queries.listParts(deps.database.knex, 'categories', page),
    limit,
  );
  return { items: rows.map(categoryView), next };
}

export async function changeCategory(
  deps: CatalogDeps,
  params: CategoryChange,
  call: Call,
): Promise<Category> {
  const { vendor } = await ownPart(deps, 'categories', params.id, call);
  const { answer } = await changeMenu(deps, vendor, call, async (trx) => {
    const row = await partUnderLock(trx, 'categories', params);
    const changed: CategoryRow = {
      ...row,
      name: params.name ?? row.name,
      description: params.description ?? row.description,
      position: params.position ?? row.position,
      version: row.version + 1,
    };
    await queries.putCategories(trx, [changed]);
    // Products are told with the name of their category.
    const isRenamed = changed.name !== row.name;
    const products = isRenamed ? await queries.productsIn(trx, row.vendor, row.id) : [];
    return { answer: categoryView(changed), changed: products.map(({ id }) => id) };
  });
  return answer;
}

export async function removeCategory(
  deps: CatalogDeps,
  params: CategoryRef,
  call: Call,
): Promise<void> {
  const { vendor } = await ownPart(deps, 'categories', params.id, call);
  await changeMenu(deps, vendor, call, async (trx) => {
    const row = await partUnderLock(trx, 'categories', params);
    await queries.markRemoved(trx, 'categories', row.id);
    return { answer: undefined, changed: await queries.clearCategory(trx, row.id) };
  });
}

/** Puts categories and products in order; what is not named comes after, as it was. */
export async function order(
  deps: CatalogDeps,
  params: MenuOrder,
  call: Call,
): Promise<MenuChangedAnswer> {
  const { version } = await changeMenu(deps, params.vendor, call, async (trx, { vendor }) => {
    for (const part of ['categories', 'products'] as const) {
      const ids = params[part];
      if (ids === undefined) continue;
      const known = await queries.knownIds(trx, part, vendor, ids);
      const strange = ids.findIndex((id) => !known.has(id));
      if (strange >= 0) {
        const expected = `one of the ${part} of this menu`;
        const field = `/${part}/${strange}`;
        throw new WaggleError('request.invalid', undefined, [{ field, expected }]);
      }
      await queries.putOrder(trx, part, vendor, ids);
    }
    return { answer: undefined };
  });
  return { vendor: params.vendor, version, changed: 0 };
}
