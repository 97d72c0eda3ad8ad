/** What can be bought from a menu, and how each mistake is told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CartLine } from '../../contracts/api/carts.ts';
import type { Menu, OptionGroup, Product } from '../../contracts/api/catalog.ts';
import { newId } from '../../contracts/ids.ts';
import { type CheckedCart, checkCart, indexMenu } from '../../services/orders/carts/cart.ts';
import { timesOf } from '../../services/orders/carts/cart-times.ts';

const VENDOR = newId('vendor');
const NOON = Date.parse('2026-01-14T12:00:00Z');

const option = (name: string, priceMinor: number) => ({
  ...{ id: newId('option'), name, priceMinor, active: true },
});
const small = { id: newId('variant'), name: 'Small', priceMinor: 700, active: true };
const large = { id: newId('variant'), name: 'Large', priceMinor: 1_000, active: true };
const cheese = option('Cheese', 150);
const ham = option('Ham', 200);
const olives = option('Olives', 50);
const mild = option('Mild', 0);
const hot = option('Hot', 0);

function group(name: string, change: Partial<OptionGroup>): OptionGroup {
  const base = { id: newId('optionGroup'), vendor: VENDOR, name, min: 0, max: 1, required: false };
  return { ...base, options: [], version: 1, ...change };
}
const toppings = group('Toppings', { min: 2, max: 2, options: [cheese, ham, olives] });
const heat = group('Heat', { min: 1, required: true, options: [mild, hot] });

function product(name: string, change: Partial<Product>): Product {
  return {
    ...{ id: newId('product'), vendor: VENDOR, sku: null, category: null, name, description: '' },
    ...{ priceMinor: 500, taxClass: 'standard', ageMin: null, imageUrl: null, active: true },
    ...{ windows: [], variants: [], optionGroups: [], position: 0, version: 1 },
    ...change,
  };
}
const soup = product('Soup', {});
const pizza = product('Pizza', { variants: [small, large], optionGroups: [toppings.id] });
const curry = product('Curry', { optionGroups: [heat.id] });
const breakfast = product('Breakfast', {
  windows: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '07:00', to: '11:00' }],
});
const wine = product('Wine', { ageMin: 18 });
const gold = product('Gold', { priceMinor: 100_000_000 });
const menu = indexMenu({
  ...{ vendor: VENDOR, currency: 'EUR', timeZone: 'UTC', version: 3, categories: [] },
  optionGroups: [toppings, heat],
  products: [soup, pizza, curry, breakfast, wine, gold],
} satisfies Menu);

const check = (items: CartLine[], terms: { ageConfirmed?: boolean; atMs?: number } = {}) =>
  checkCart(menu, items, { at: '', atMs: NOON, ageConfirmed: false, ...terms });
const fields = ({ problems }: CheckedCart): string[] => problems.map(({ field }) => field);

describe('a cart', () => {
  test('costs what the menu says: the variant, and each option for every unit', () => {
    const { lines, problems } = check([
      { product: soup.id, quantity: 2 },
      { product: pizza.id, variant: large.id, options: [ham.id, cheese.id], quantity: 3 },
    ]);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      lines.map(({ unitPriceMinor, goodsMinor }) => [unitPriceMinor, goodsMinor]),
      [
        [500, 1_000],
        [1_350, 4_050],
      ],
    );
    assert.deepEqual(lines[1]?.details, ['Large', 'Cheese', 'Ham']);
  });

  test('is told every mistake at once, each at its place', () => {
    const strange = newId('product');
    const checked = check([
      { product: strange, quantity: 1 },
      { product: pizza.id, quantity: 1 },
      { product: soup.id, variant: small.id, quantity: 1 },
      { product: soup.id, options: [cheese.id], quantity: 1 },
      { product: curry.id, quantity: 1 },
      { product: breakfast.id, quantity: 1 },
    ]);
    assert.deepEqual(fields(checked), [
      '/items/0/product',
      '/items/1/variant',
      '/items/2/variant',
      '/items/3/options/0',
      '/items/4/options',
      '/items/5/product',
    ]);
  });

  test('keeps the rules of option groups: min, max, required, or none at all', () => {
    const with_ = (options: string[]): string[] =>
      fields(check([{ product: pizza.id, variant: small.id, options, quantity: 1 }]));
    assert.deepEqual(with_([]), []);
    assert.deepEqual(with_([cheese.id]), ['/items/0/options']);
    assert.deepEqual(with_([cheese.id, ham.id]), []);
    assert.deepEqual(with_([cheese.id, ham.id, olives.id]), ['/items/0/options']);
    const both = check([{ product: curry.id, options: [mild.id, hot.id], quantity: 1 }]);
    assert.match(both.problems[0]?.expected ?? '', /^1 of “Heat”$/);
  });

  test('has products only at the times they are sold', () => {
    const early = Date.parse('2026-01-14T08:00:00Z');
    assert.deepEqual(fields(check([{ product: breakfast.id, quantity: 1 }], { atMs: early })), []);
  });

  test('with something for adults needs their word, and says how old they must be', () => {
    const refused = check([{ product: wine.id, quantity: 1 }]);
    assert.deepEqual([fields(refused), refused.ageMin], [['/ageConfirmed'], 18]);
    assert.deepEqual(
      fields(check([{ product: wine.id, quantity: 1 }], { ageConfirmed: true })),
      [],
    );
  });

  test('that was shown another unit price is told the right one', () => {
    const { problems, changes } = check([
      { product: soup.id, quantity: 1, expectedUnitPriceMinor: 450 },
    ]);
    assert.deepEqual(problems, []);
    assert.deepEqual(changes, [{ field: '/items/0/expectedUnitPriceMinor', expected: '500' }]);
  });

  test('has a bound that keeps arithmetic exact', () => {
    assert.deepEqual(fields(check([{ product: gold.id, quantity: 11 }])), ['/items']);
  });
});

describe('the time of a cart', () => {
  const at = (ms: number): string => new Date(NOON + ms).toISOString();

  test('is now and the usual preparation, unless somebody says otherwise', () => {
    assert.equal(timesOf({}, 600, NOON, '').readyMs, NOON + 600_000);
    assert.equal(timesOf({ readyInSeconds: 30 }, 600, NOON, '').readyMs, NOON + 30_000);
    assert.equal(timesOf({ readyAt: at(5_000) }, 600, NOON, '').readyMs, NOON + 5_000);
  });

  test('that is scheduled begins before its preparation, and the vendor must be open then', () => {
    const scheduledFor = at(7_200_000);
    const times = timesOf({ scheduledFor }, 600, NOON, '');
    assert.equal(times.startMs, NOON + 7_200_000 - 600_000 - 600_000);
    assert.deepEqual([times.atMs, times.scheduledMs], [NOON + 7_200_000, NOON + 7_200_000]);
  });

  test('cannot be too soon, too far ahead, or two times', () => {
    const day = 86_400_000;
    for (const cart of [
      { scheduledFor: at(60_000) },
      { scheduledFor: at(-1) },
      { scheduledFor: at(15 * day) },
      { scheduledFor: at(day), readyAt: at(day) },
      { readyAt: at(day), readyInSeconds: 1 },
    ]) {
      assert.throws(() => timesOf(cart, 600, NOON, ''), { code: 'request.invalid' });
    }
  });
});
