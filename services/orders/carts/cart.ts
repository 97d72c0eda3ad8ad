/**
 * Whether a cart can be bought from a menu, and what its lines are then: names, unit prices, tax
 * classes. Pure; every problem is told at once, each with a JSON Pointer and what was expected.
 */
import type { CartLine } from '../../../contracts/api/carts.ts';
import type {
  Menu,
  Option,
  OptionGroup,
  Product,
  Variant,
} from '../../../contracts/api/catalog.ts';
import type { FieldProblem } from '../../../contracts/errors.ts';
import { GOODS_MINOR_MAX, type GoodsLine } from './pricing.ts';
import { isOpenAt, type WallTime, wallTime } from './product-windows.ts';

/** A menu that answers by id. Built once per version of a menu. */
export interface MenuIndex {
  readonly vendor: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly version: number;
  readonly products: ReadonlyMap<string, Product>;
  readonly groups: ReadonlyMap<string, OptionGroup>;
}

export function indexMenu(menu: Menu): MenuIndex {
  const { vendor, currency, timeZone, version } = menu;
  return {
    ...{ vendor, currency, timeZone, version },
    products: new Map(menu.products.map((product) => [product.id, product])),
    groups: new Map(menu.optionGroups.map((group) => [group.id, group])),
  };
}

/** A line that can be bought. */
export interface BuyableLine extends GoodsLine {
  readonly product: string;
  readonly variant: string | null;
  /** Sorted. */
  readonly options: readonly string[];
  readonly name: string;
  readonly details: readonly string[];
  readonly quantity: number;
  readonly note: string | null;
  readonly unitPriceMinor: number;
  readonly ageMin: number | null;
}

export interface CheckedCart {
  /** Complete only without problems. */
  readonly lines: readonly BuyableLine[];
  readonly problems: readonly FieldProblem[];
  /** Units that cost something else than the customer was shown. */
  readonly changes: readonly FieldProblem[];
  /** The oldest that a product asks for. */
  readonly ageMin: number | null;
}

export interface CartTerms {
  /** When the cart is for; windows are judged by it. */
  readonly atMs: number;
  /** JSON Pointer of the cart in the request. */
  readonly at: string;
  readonly ageConfirmed: boolean;
}

/** Checks lines against a menu. */
export function checkCart(
  menu: MenuIndex,
  items: readonly CartLine[],
  { atMs, at, ageConfirmed }: CartTerms,
): CheckedCart {
  const problems: FieldProblem[] = [];
  const changes: FieldProblem[] = [];
  const lines: BuyableLine[] = [];
  let now: WallTime | undefined;
  items.forEach((item, index) => {
    const field = `${at}/items/${index}`;
    const product = menu.products.get(item.product);
    if (product === undefined) {
      problems.push({ field: `${field}/product`, expected: 'a product that this vendor sells' });
      return;
    }
    if (product.windows.length > 0) {
      now ??= wallTime(menu.timeZone, atMs);
      if (!isOpenAt(product.windows, now)) {
        problems.push({
          field: `${field}/product`,
          expected: 'a product that is sold at that time',
        });
      }
    }
    const found = problems.length;
    const variant = checkVariant(product, item, field, problems);
    const options = checkOptions(menu, product, item, field, problems);
    if (problems.length > found) return;
    const line = buyable({ product, variant, options, item });
    lines.push(line);
    const expected = item.expectedUnitPriceMinor;
    if (expected !== undefined && expected !== line.unitPriceMinor) {
      const unit = `${field}/expectedUnitPriceMinor`;
      changes.push({ field: unit, expected: String(line.unitPriceMinor) });
    }
  });
  const goodsMinor = lines.reduce((sum, line) => sum + line.goodsMinor, 0);
  if (goodsMinor > GOODS_MINOR_MAX) {
    problems.push({ field: `${at}/items`, expected: `goods for at most ${GOODS_MINOR_MAX}` });
  }
  const ages = lines.flatMap((line) => (line.ageMin === null ? [] : [line.ageMin]));
  const ageMin = ages.length === 0 ? null : Math.max(...ages);
  if (ageMin !== null && !ageConfirmed) {
    const expected = `true: a product is sold to people of ${ageMin} years and over`;
    problems.push({ field: `${at}/ageConfirmed`, expected });
  }
  return { lines, problems, changes, ageMin };
}

function checkVariant(
  product: Product,
  item: CartLine,
  field: string,
  problems: FieldProblem[],
): Variant | null {
  const { variants } = product;
  if (variants.length === 0) {
    if (item.variant !== undefined) {
      problems.push({ field: `${field}/variant`, expected: 'none: the product has no variants' });
    }
    return null;
  }
  const variant = variants.find((each) => each.id === item.variant && each.active);
  if (variant === undefined) {
    problems.push({ field: `${field}/variant`, expected: 'a variant that the product has' });
  }
  return variant ?? null;
}

/** The chosen options in the order of the menu. */
function checkOptions(
  menu: MenuIndex,
  product: Product,
  item: CartLine,
  field: string,
  problems: FieldProblem[],
): Option[] {
  const wanted = new Set(item.options);
  const chosen: Option[] = [];
  for (const id of product.optionGroups) {
    const group = menu.groups.get(id);
    if (group === undefined) continue;
    const options = group.options.filter((option) => option.active && wanted.has(option.id));
    for (const option of options) wanted.delete(option.id);
    chosen.push(...options);
    const expected = ruleBroken(group, options.length);
    if (expected !== null) problems.push({ field: `${field}/options`, expected });
  }
  item.options?.forEach((option, index) => {
    if (wanted.has(option)) {
      const expected = 'an option that the product has';
      problems.push({ field: `${field}/options/${index}`, expected });
    }
  });
  return chosen;
}

/** What a group asks for, when it is not what was chosen. */
function ruleBroken({ name, min, max, required }: OptionGroup, count: number): string | null {
  if (count === 0 && !required) return null;
  const least = required ? Math.max(1, min) : min;
  if (count >= least && count <= max) return null;
  const many = least === max ? `${max}` : `${least} to ${max}`;
  return `${many} of “${name}”${required ? '' : ', or none'}`;
}

function buyable(parts: {
  readonly product: Product;
  readonly variant: Variant | null;
  readonly options: readonly Option[];
  readonly item: CartLine;
}): BuyableLine {
  const { product, variant, options, item } = parts;
  const { quantity } = item;
  const ids = options.map(({ id }) => id).sort();
  const unitPriceMinor = options.reduce(
    (sum, option) => sum + option.priceMinor,
    (variant ?? product).priceMinor,
  );
  return {
    key: [product.id, variant?.id ?? '', ...ids].join(' '),
    product: product.id,
    variant: variant?.id ?? null,
    options: ids,
    name: product.name,
    details: [...(variant === null ? [] : [variant.name]), ...options.map(({ name }) => name)],
    quantity,
    note: item.note === undefined || item.note === '' ? null : item.note,
    unitPriceMinor,
    goodsMinor: quantity * unitPriceMinor,
    taxClass: product.taxClass,
    ageMin: product.ageMin,
  };
}
