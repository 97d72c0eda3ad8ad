/** What the catalog asks of its tables. Every write runs under the lock of its menu (`lockMenu`). */
import type { CategoryId, OptionGroupId, ProductId, VendorId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import type { CategoryRow, MenuRow, OptionGroupRow, ProductRow } from './rows.ts';
import type { MenuParts } from './rules.ts';

export type NewMenu = Omit<MenuRow, 'version'>;
/** Tables whose rows belong to a menu, are listed by id and are removed by a mark. */
export type Part = 'categories' | 'option_groups' | 'products';
interface PartRows {
  readonly categories: CategoryRow;
  readonly option_groups: OptionGroupRow;
  readonly products: ProductRow;
}

export async function menuOf(db: Queryable, vendor: string): Promise<MenuRow | undefined> {
  return db('menus').where({ vendor }).first();
}

export async function lockMenu(trx: Transaction, vendor: string): Promise<MenuRow | undefined> {
  return trx('menus').where({ vendor }).forUpdate().first();
}

export async function setMenuVersion(
  trx: Transaction,
  vendor: string,
  version: number,
): Promise<void> {
  await trx('menus').where({ vendor }).update({ version });
}

/** Makes menus that are not there yet. */
export async function addMenus(db: Queryable, menus: readonly NewMenu[]): Promise<void> {
  const sorted = [...menus].sort((a, b) => (a.vendor < b.vendor ? -1 : 1));
  await db('menus').insert(sorted).onConflict('vendor').ignore();
}

export async function lockMenus(
  trx: Transaction,
  vendors: readonly string[],
): Promise<readonly MenuRow[]> {
  return trx('menus')
    .whereRaw('vendor = ANY(?)', [[...vendors]])
    .orderByRaw('vendor COLLATE "C"')
    .forUpdate();
}

/** Writes rows that are locked. */
export async function updateMenus(trx: Transaction, rows: readonly MenuRow[]): Promise<void> {
  await trx.raw(
    `UPDATE menus m SET currency = n.currency, time_zone = n.time_zone, approved = n.approved,
            version = n.version, vendor_version = n.vendor_version
       FROM jsonb_populate_recordset(NULL::menus, ?::jsonb) n WHERE m.vendor = n.vendor`,
    [JSON.stringify(rows)],
  );
}

export interface WholeMenu {
  readonly menu: MenuRow;
  readonly parts: MenuParts;
}

/**
 * A menu with everything that was not removed, in order. One statement, so that version and parts
 * are of one moment without a transaction.
 */
export async function wholeMenu(db: Queryable, vendor: string): Promise<WholeMenu | undefined> {
  const { rows } = await db.raw<{ rows: (MenuRow & MenuParts)[] }>(
    `SELECT m.*,
       (SELECT coalesce(json_agg(c ORDER BY c.position, c.id), '[]') FROM categories c
         WHERE c.vendor = m.vendor AND c.removed_at IS NULL) AS categories,
       (SELECT coalesce(json_agg(g ORDER BY g.id), '[]') FROM option_groups g
         WHERE g.vendor = m.vendor AND g.removed_at IS NULL) AS "optionGroups",
       (SELECT coalesce(json_agg(p ORDER BY p.position, p.id), '[]') FROM products p
         WHERE p.vendor = m.vendor AND p.removed_at IS NULL) AS products
     FROM menus m WHERE m.vendor = ?`,
    [vendor],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { categories, optionGroups, products, ...menu } = row;
  return { menu, parts: { categories, optionGroups, products } };
}

/** The parts of a menu that is known to be there. */
export async function partsOf(db: Queryable, vendor: string): Promise<MenuParts> {
  const whole = await wholeMenu(db, vendor);
  return whole?.parts ?? { categories: [], optionGroups: [], products: [] };
}

export async function partById<P extends Part>(
  db: Queryable,
  part: P,
  id: string,
): Promise<PartRows[P] | undefined> {
  return db(part).where({ id, removed_at: null }).first() as Promise<PartRows[P] | undefined>;
}

export async function listParts<P extends Part>(
  db: Queryable,
  part: P,
  page: { readonly vendor: string; readonly after: string | undefined; readonly limit: number },
): Promise<PartRows[P][]> {
  const query = db(part)
    .where({ vendor: page.vendor, removed_at: null })
    .orderBy('id')
    .limit(page.limit);
  if (page.after !== undefined) query.where('id', '>', page.after);
  return query as unknown as Promise<PartRows[P][]>;
}

/** How many there are, and the position after the last. */
export async function endOf(
  trx: Transaction,
  part: 'categories' | 'products',
  vendor: string,
): Promise<{ readonly count: number; readonly next: number }> {
  const { rows } = await trx.raw<{ rows: { count: number; next: number }[] }>(
    `SELECT count(*) AS count, coalesce(max(position) + 1, 0) AS next FROM ??
      WHERE vendor = ? AND removed_at IS NULL`,
    [part, vendor],
  );
  return rows[0] ?? { count: 0, next: 0 };
}

export async function countOptionGroups(trx: Transaction, vendor: string): Promise<number> {
  const row = await trx('option_groups').where({ vendor, removed_at: null }).count().first();
  return Number(row?.count ?? 0);
}

/** Which of these ids are of the vendor and not removed. */
export async function knownIds(
  db: Queryable,
  part: Part,
  vendor: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows: { id: string }[] = await db(part)
    .where({ vendor, removed_at: null })
    .whereRaw('id = ANY(?)', [[...ids]])
    .select('id');
  return new Set(rows.map(({ id }) => id));
}

export async function putCategories(trx: Transaction, rows: readonly CategoryRow[]): Promise<void> {
  await trx.raw(
    `INSERT INTO categories (id, vendor, name, description, position, version)
     SELECT id, vendor, name, description, position, version
       FROM jsonb_populate_recordset(NULL::categories, ?::jsonb)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
       position = excluded.position, version = excluded.version`,
    [JSON.stringify(rows)],
  );
}

export async function putOptionGroups(
  trx: Transaction,
  rows: readonly OptionGroupRow[],
): Promise<void> {
  await trx.raw(
    `INSERT INTO option_groups (id, vendor, name, min, max, required, options, version)
     SELECT id, vendor, name, min, max, required, options, version
       FROM jsonb_populate_recordset(NULL::option_groups, ?::jsonb)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, min = excluded.min, max = excluded.max,
       required = excluded.required, options = excluded.options, version = excluded.version`,
    [JSON.stringify(rows)],
  );
}

export async function putProducts(trx: Transaction, rows: readonly ProductRow[]): Promise<void> {
  await trx.raw(
    `INSERT INTO products (id, vendor, sku, category, name, description, price_minor, tax_class,
       age_min, image_url, active, windows, variants, option_groups, position, version)
     SELECT id, vendor, sku, category, name, description, price_minor, tax_class,
       age_min, image_url, active, windows, variants, option_groups, position, version
       FROM jsonb_populate_recordset(NULL::products, ?::jsonb)
     ON CONFLICT (id) DO UPDATE SET sku = excluded.sku, category = excluded.category,
       name = excluded.name, description = excluded.description,
       price_minor = excluded.price_minor, tax_class = excluded.tax_class,
       age_min = excluded.age_min, image_url = excluded.image_url, active = excluded.active,
       windows = excluded.windows, variants = excluded.variants,
       option_groups = excluded.option_groups, position = excluded.position,
       version = excluded.version`,
    [JSON.stringify(rows)],
  );
}

export async function markRemoved(trx: Transaction, part: Part, id: string): Promise<void> {
  await trx(part).where({ id }).update({ removed_at: trx.fn.now() });
}

export async function productsByIds(
  db: Queryable,
  vendor: string,
  ids: readonly string[],
): Promise<ProductRow[]> {
  return db('products')
    .where({ vendor, removed_at: null })
    .whereRaw('id = ANY(?)', [[...ids]])
    .orderBy('id');
}

export async function productsIn(
  db: Queryable,
  vendor: VendorId,
  category: CategoryId,
): Promise<ProductRow[]> {
  return db('products').where({ vendor, category, removed_at: null }).orderBy('id');
}

/** The category is gone: its products have none. Returns whose they were. */
export async function clearCategory(trx: Transaction, category: string): Promise<ProductId[]> {
  const { rows } = await trx.raw<{ rows: { id: ProductId }[] }>(
    `UPDATE products SET category = NULL, version = version + 1
      WHERE category = ? AND removed_at IS NULL RETURNING id`,
    [category],
  );
  return rows.map(({ id }) => id);
}

/** The group is gone: no product of the vendor names it any more. Returns which did. */
export async function clearOptionGroup(
  trx: Transaction,
  vendor: VendorId,
  group: OptionGroupId,
): Promise<ProductId[]> {
  const { rows } = await trx.raw<{ rows: { id: ProductId }[] }>(
    `UPDATE products SET option_groups = option_groups - ?::text, version = version + 1
      WHERE vendor = ? AND removed_at IS NULL AND jsonb_exists(option_groups, ?) RETURNING id`,
    [group, vendor, group],
  );
  return rows.map(({ id }) => id);
}

/** Puts rows at the positions of their ids in the list; what is not in it comes after. */
export async function putOrder(
  trx: Transaction,
  part: 'categories' | 'products',
  vendor: string,
  ids: readonly string[],
): Promise<void> {
  await trx.raw(
    `WITH named AS (SELECT id, place FROM unnest(?::text[]) WITH ORDINALITY AS n (id, place)),
     ordered AS (
       SELECT p.id, (row_number() OVER (
                ORDER BY n.place NULLS LAST, p.position, p.id) - 1)::integer AS place
         FROM ?? p LEFT JOIN named n ON n.id = p.id
        WHERE p.vendor = ? AND p.removed_at IS NULL)
     UPDATE ?? p SET position = o.place, version = p.version + 1
       FROM ordered o WHERE o.id = p.id AND p.position <> o.place`,
    [[...ids], part, vendor, part],
  );
}

export async function categoryNames(
  db: Queryable,
  vendor: string,
): Promise<ReadonlyMap<string, string>> {
  const rows: { id: string; name: string }[] = await db('categories')
    .where({ vendor, removed_at: null })
    .select('id', 'name');
  return new Map(rows.map(({ id, name }) => [id, name]));
}
