import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Menu, mayChoose, type Option, type Variant } from '../../contracts/api/catalog.ts';
import { newId } from '../../contracts/ids.ts';
import { MenuMemory } from '../../services/catalog/menu-memory.ts';
import { scaledPrice } from '../../services/catalog/prices.ts';
import type { MenuRow, OptionGroupRow, ProductRow } from '../../services/catalog/rows.ts';
import {
  optionGroupProblems,
  piecesOf,
  productProblems,
  sellableMenu,
  shownPrice,
  summaryOf,
} from '../../services/catalog/rules.ts';

const VENDOR = newId('vendor');
const MENU: MenuRow = {
  vendor: VENDOR,
  account: newId('account'),
  currency: 'EUR',
  time_zone: 'Europe/Berlin',
  approved: true,
  version: 7,
  vendor_version: 1,
};

function option(name: string, active = true): Option {
  return { id: newId('option'), name, priceMinor: 100, active };
}

function variant(name: string, priceMinor: number, active = true): Variant {
  return { id: newId('variant'), name, priceMinor, active };
}

function group(change: Partial<OptionGroupRow> = {}): OptionGroupRow {
  return {
    id: newId('optionGroup'),
    vendor: VENDOR,
    name: 'Extras',
    ...{ min: 0, max: 2, required: false, version: 1 },
    options: [option('Egg'), option('Chili')],
    ...change,
  };
}

function product(change: Partial<ProductRow> = {}): ProductRow {
  return {
    id: newId('product'),
    vendor: VENDOR,
    ...{ sku: null, category: null, name: 'Ramen', description: '', price_minor: 900 },
    ...{ tax_class: 'standard', age_min: null, image_url: null, active: true },
    ...{ windows: [], variants: [], option_groups: [], position: 0, version: 1 },
    ...change,
  };
}

describe('an option group', () => {
  const fields = (change: Partial<OptionGroupRow>): string[] =>
    optionGroupProblems(group(change)).map(({ field }) => field);

  it('asks for at most what it has, and for at least one when it is required', () => {
    assert.deepEqual(fields({}), []);
    assert.deepEqual(fields({ max: 3 }), ['/max']);
    assert.deepEqual(fields({ min: 2, max: 1 }), ['/min']);
    assert.deepEqual(fields({ required: true, min: 0 }), ['/min']);
    assert.deepEqual(fields({ required: true, min: 1 }), []);
  });

  it('has no two options of one name', () => {
    assert.deepEqual(fields({ options: [option('Egg'), option(' egg ')] }), ['/options/1/name']);
  });

  it('takes none, or from min to max', () => {
    const counts = (rule: { min: number; max: number; required: boolean }): number[] =>
      [0, 1, 2, 3, 4].filter((count) => mayChoose(rule, count));
    assert.deepEqual(counts({ min: 2, max: 3, required: false }), [0, 2, 3]);
    assert.deepEqual(counts({ min: 2, max: 3, required: true }), [2, 3]);
    assert.deepEqual(counts({ min: 0, max: 1, required: false }), [0, 1]);
  });
});

describe('a product', () => {
  it('has no two variants of one name', () => {
    const twice = product({ variants: [variant('L', 1), variant('l', 2)] });
    assert.deepEqual(
      productProblems(twice).map(({ field }) => field),
      ['/variants/1/name'],
    );
  });

  it('is shown at the price of the cheapest variant that is for sale', () => {
    assert.equal(shownPrice(500, []), 500);
    assert.equal(shownPrice(500, [variant('S', 700), variant('L', 900)]), 700);
    assert.equal(shownPrice(500, [variant('S', 700, false), variant('L', 900)]), 900);
  });

  it('is told as inactive when none of its variants is for sale', () => {
    const row = product({ variants: [variant('S', 700, false)] });
    assert.equal(summaryOf(row, new Map()).active, false);
  });
});

describe('the menu that customers see', () => {
  it('leaves out what is inactive: products, variants, options, groups nobody uses', () => {
    const used = group({ options: [option('Egg'), option('Gone', false)] });
    const unused = group({ name: 'Unused' });
    const soup = product({
      option_groups: [used.id],
      variants: [variant('S', 700), variant('L', 900, false)],
    });
    const parts = {
      categories: [],
      optionGroups: [used, unused],
      products: [soup, product({ active: false })],
    };
    const menu = sellableMenu(MENU, parts);
    assert.deepEqual([menu.version, menu.products.length, menu.optionGroups.length], [7, 1, 1]);
    assert.deepEqual(
      menu.products[0]?.variants.map(({ name }) => name),
      ['S'],
    );
    assert.deepEqual(
      menu.optionGroups[0]?.options.map(({ name }) => name),
      ['Egg'],
    );
    assert.equal(menu.optionGroups[0]?.max, 1);
  });

  it('leaves out what nobody could order: a required group has too few options left', () => {
    const gone = { options: [option('Rice', false), option('Noodles', false)] };
    const needed = group({ required: true, min: 1, ...gone });
    const asked = group({ min: 2, options: [option('A'), option('B', false)] });
    const blocked = product({ option_groups: [needed.id] });
    const free = product({ option_groups: [asked.id] });
    const parts = { categories: [], optionGroups: [needed, asked], products: [blocked, free] };
    const menu = sellableMenu(MENU, parts);
    assert.deepEqual(
      menu.products.map(({ id, optionGroups }) => [id, optionGroups]),
      [[free.id, []]],
    );
    assert.deepEqual(menu.optionGroups, []);
  });
});

describe('the memory of menus', () => {
  const menuOf = (vendor: string, version: number, products: number): Menu => {
    const rows = Array.from({ length: products }, () => product());
    const parts = { categories: [], optionGroups: [], products: rows };
    return sellableMenu({ ...MENU, vendor, version }, parts);
  };

  it('knows a menu of one version, and forgets what was read longest ago when it is full', () => {
    const memory = new MenuMemory(10);
    memory.put(menuOf('a', 1, 4));
    memory.put(menuOf('b', 1, 4));
    assert.equal(memory.get('a', 2), undefined);
    assert.equal(memory.get('a', 1)?.vendor, 'a');
    memory.put(menuOf('c', 1, 4));
    assert.equal(memory.get('b', 1), undefined);
    memory.put(menuOf('a', 2, 5));
    assert.deepEqual([memory.get('a', 2)?.version, memory.get('c', 1)?.vendor], [2, 'c']);
    memory.put(menuOf('d', 1, 11));
    assert.deepEqual(
      ['a', 'c', 'd'].map((vendor) => memory.get(vendor, 1)),
      [undefined, undefined, undefined],
    );
  });
});

describe('news of a menu', () => {
  it('come in pieces of bounded size, and there is always one', () => {
    const summary = summaryOf(product(), new Map());
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 9 }), (a, b, max) => {
        const changed = Array.from({ length: a }, () => summary);
        const removed = Array.from({ length: b }, () => newId('product'));
        const pieces = piecesOf(changed, removed, max);
        assert.ok(pieces.length >= 1);
        assert.ok(pieces.every((each) => each.changed.length + each.removed.length <= max));
        assert.deepEqual(
          pieces.flatMap((each) => each.removed),
          removed,
        );
        assert.equal(pieces.flatMap((each) => each.changed).length, a);
      }),
    );
  });
});

describe('a price changed by a share', () => {
  it('is the nearest multiple of what it is rounded to, never below zero', () => {
    assert.equal(scaledPrice(999, 1_000, 1), 1_099);
    assert.equal(scaledPrice(1_000, 250, 50), 1_050);
    assert.equal(scaledPrice(1_000, -9_999, 1), 0);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000_000 }),
        fc.integer({ min: -9_999, max: 100_000 }),
        fc.integer({ min: 1, max: 10_000 }),
        (price, share, round) => {
          const scaled = scaledPrice(price, share, round);
          assert.ok(Number.isSafeInteger(scaled) && scaled >= 0 && scaled % round === 0);
          const exact = (price * (10_000 + share)) / 10_000;
          assert.ok(Math.abs(scaled - exact) <= round / 2 + 1e-3);
        },
      ),
    );
  });
});
