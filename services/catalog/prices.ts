/** Many prices at once: by a share, or one by one. All of them or none. */
import { PRICE_MINOR_MAX } from '../../contracts/api/catalog.ts';
import type { MenuChangedAnswer, PriceChange } from '../../contracts/api/catalog-editing.ts';
import { type FieldProblem, WaggleError } from '../../contracts/errors.ts';
import type { CategoryId, VendorId } from '../../contracts/ids.ts';
import type { Transaction } from '../../platform/database.ts';
import type { Call } from '../../platform/service.ts';
import { changeMenu } from './changing.ts';
import type { CatalogDeps } from './menus.ts';
import * as queries from './queries.ts';
import type { ProductRow } from './rows.ts';
import { shownPrice } from './rules.ts';

export async function changePrices(
  deps: CatalogDeps,
  params: PriceChange,
  call: Call,
): Promise<MenuChangedAnswer> {
  checkForm(params);
  const { answer, version } = await changeMenu(deps, params.vendor, call, async (trx, menu) => {
    const rows = await rowsOf(trx, menu.vendor, params);
    const priced =
      params.prices === undefined
        ? rows.map((row) => byShare(row, params.byBasisPoints ?? 0, params.roundToMinor ?? 1))
        : byList(rows, params.prices);
    const before = new Map(rows.map((row) => [row.id, row]));
    const changed = priced.flatMap((row) => {
      const old = before.get(row.id);
      return old !== undefined && isPricedSame(old, row)
        ? []
        : [{ ...row, version: row.version + 1 }];
    });
    await queries.putProducts(trx, changed);
    return {
      answer: changed.length,
      changed: changed.map(({ id }) => id),
      isSame: changed.length === 0,
    };
  });
  return { vendor: params.vendor, version, changed: answer };
}

/** Either a share (of a category, or of everything) or a list. */
function checkForm({ byBasisPoints, prices, category, roundToMinor }: PriceChange): void {
  const problems: FieldProblem[] = [];
  if ((byBasisPoints === undefined) === (prices === undefined)) {
    problems.push({ field: '/byBasisPoints', expected: 'this or prices, and not both' });
  }
  if (prices !== undefined && category !== undefined) {
    problems.push({ field: '/category', expected: 'only together with byBasisPoints' });
  }
  if (prices !== undefined && roundToMinor !== undefined) {
    problems.push({ field: '/roundToMinor', expected: 'only together with byBasisPoints' });
  }
  if (problems.length > 0) throw new WaggleError('request.invalid', undefined, problems);
}

async function rowsOf(
  trx: Transaction,
  vendor: VendorId,
  { prices, category }: PriceChange,
): Promise<readonly ProductRow[]> {
  if (prices !== undefined) {
    const ids = prices.map(({ product }) => product);
    return queries.productsByIds(trx, vendor, ids);
  }
  if (category === undefined) return (await queries.partsOf(trx, vendor)).products;
  const known = await queries.knownIds(trx, 'categories', vendor, [category]);
  if (known.size === 0) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/category', expected: 'a category of this menu' },
    ]);
  }
  return queries.productsIn(trx, vendor, category as CategoryId);
}

/** A price changed by a share and rounded to the nearest multiple; exact in integers. */
export function scaledPrice(priceMinor: number, basisPoints: number, roundToMinor: number): number {
  const share = priceMinor * (10_000 + basisPoints);
  return Math.round(share / (10_000 * roundToMinor)) * roundToMinor;
}

function byShare(row: ProductRow, basisPoints: number, roundToMinor: number): ProductRow {
  const scaled = (priceMinor: number): number => {
    const price = scaledPrice(priceMinor, basisPoints, roundToMinor);
    if (price <= PRICE_MINOR_MAX) return price;
    throw new WaggleError('request.invalid', undefined, [
      { field: '/byBasisPoints', expected: `prices of at most ${PRICE_MINOR_MAX} afterwards` },
    ]);
  };
  const variants = row.variants.map((each) => ({ ...each, priceMinor: scaled(each.priceMinor) }));
  const own = variants.length > 0 ? row.price_minor : scaled(row.price_minor);
  return { ...row, variants, price_minor: shownPrice(own, variants) };
}

function byList(
  rows: readonly ProductRow[],
  prices: NonNullable<PriceChange['prices']>,
): ProductRow[] {
  const byId = new Map<string, ProductRow>(rows.map((row) => [row.id, row]));
  const problems: FieldProblem[] = [];
  prices.forEach(({ product, variant, priceMinor }, index) => {
    const row = byId.get(product);
    const field = `/prices/${index}/${row === undefined ? 'product' : 'variant'}`;
    if (row === undefined) {
      problems.push({ field, expected: 'a product of this menu' });
    } else if (variant === undefined) {
      if (row.variants.length > 0) problems.push({ field, expected: 'one of its variants' });
      else byId.set(product, { ...row, price_minor: priceMinor });
    } else if (row.variants.some(({ id }) => id === variant)) {
      const variants = row.variants.map((each) =>
        each.id === variant ? { ...each, priceMinor } : each,
      );
      byId.set(product, { ...row, variants, price_minor: shownPrice(priceMinor, variants) });
    } else {
      problems.push({ field, expected: 'a variant of this product' });
    }
  });
  if (problems.length > 0) throw new WaggleError('request.invalid', undefined, problems);
  return [...byId.values()];
}

function isPricedSame(a: ProductRow, b: ProductRow): boolean {
  const pricesOf = ({ price_minor, variants }: ProductRow): string =>
    [price_minor, ...variants.map(({ priceMinor }) => priceMinor)].join(' ');
  return pricesOf(a) === pricesOf(b);
}
