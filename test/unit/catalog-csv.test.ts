import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LINE_PATTERN, TEXT_PATTERN } from '../../contracts/api/common.ts';
import { newId } from '../../contracts/ids.ts';
import type { ProductLine } from '../../services/catalog/csv-columns.ts';
import { readMenu, writeMenu } from '../../services/catalog/csv-menu.ts';
import { planImport } from '../../services/catalog/import-plan.ts';
import type { MenuParts } from '../../services/catalog/rules.ts';

const HEAD = 'sku,name,price_minor';
const EMPTY: MenuParts = { categories: [], optionGroups: [], products: [] };

function products(text: string): ProductLine[] {
  const { lines, problems } = readMenu(text);
  assert.deepEqual(problems, []);
  return lines.map(({ product }) => product);
}

function problems(text: string): string[] {
  return readMenu(text).problems.map(({ line, column }) => `${line} ${column ?? '-'}`);
}

describe('a menu as CSV', () => {
  it('reads every column', () => {
    const head =
      'sku,name,category,description,variants,option_groups,tax_class,age_min,image_url,active,windows';
    const line =
      'w-1,Wein,Drinks,"rot, trocken",Glass=600|Bottle=2400=off,Ice|Lemon \\| lime,reduced,18,' +
      'https://img.example.com/w.jpg,false,"1-3,5 11:00-15:00|7 18:00-02:00"';
    assert.deepEqual(products(`${head}\n${line}\n`), [
      {
        sku: 'w-1',
        name: 'Wein',
        category: 'Drinks',
        description: 'rot, trocken',
        variants: [
          { name: 'Glass', priceMinor: 600, active: true },
          { name: 'Bottle', priceMinor: 2_400, active: false },
        ],
        option_groups: ['Ice', 'Lemon | lime'],
        tax_class: 'reduced',
        age_min: 18,
        image_url: 'https://img.example.com/w.jpg',
        active: false,
        windows: [
          { days: [1, 2, 3, 5], from: '11:00', to: '15:00' },
          { days: [7], from: '18:00', to: '02:00' },
        ],
      },
    ]);
  });

  it('takes semicolons and tabs, any line ends, a byte order mark and blank lines', () => {
    const expected = [{ sku: 'a', name: 'A', price_minor: 1 }];
    assert.deepEqual(products('\uFEFFsku;name;price_minor\r\n\r\na;A;1'), expected);
    assert.deepEqual(products('SKU\tName\tprice_minor\ra\tA\t1\n\n'), expected);
  });

  it('names every bad line, its column and what was expected', () => {
    const text = [
      HEAD,
      'a,A,1',
      ',B,2',
      'c,,3',
      'd,D,1.50',
      'e,E,-1',
      'f,F',
      'g,G,7,8',
      'a,Again,1',
      'h,"H,1',
      'i,"I"x,1',
      'j,J,9999999999',
      'k,K,5',
    ].join('\n');
    assert.deepEqual(problems(text), [
      ...['3 sku', '4 name', '5 price_minor', '6 price_minor', '7 -', '8 -', '9 sku'],
      ...['10 -', '11 -', '12 price_minor'],
    ]);
    const { lines } = readMenu(text);
    assert.deepEqual(
      lines.map(({ line, product }) => [line, product.sku]),
      [
        [2, 'a'],
        [13, 'k'],
      ],
    );
  });

  it('counts lines as an editor does, with line breaks within quotes', () => {
    const text = 'sku,name,price_minor,description\na,A,1,"two\nlines"\n\nb,B,x,\n';
    assert.deepEqual(problems(text), ['5 price_minor']);
  });

  it('refuses a header it does not understand, and a file without one', () => {
    assert.deepEqual(problems('sku,name,colour,sku\n'), ['1 colour', '1 sku']);
    assert.deepEqual(problems('name\n'), ['1 sku']);
    assert.deepEqual(problems(''), ['1 -']);
  });

  it('refuses cells that say what cannot be', () => {
    const cell = (column: string, value: string): string[] =>
      problems(`sku,name,${column}\na,A,"${value.replaceAll('"', '""')}"\n`);
    const bad: [string, string][] = [
      ['variants', 'Small'],
      ['variants', 'Small=1|Large=x'],
      ['variants', 'Small=1=on'],
      ['option_groups', 'Extras|extras'],
      ['tax_class', 'luxury'],
      ['age_min', '0'],
      ['age_min', '18.5'],
      ['image_url', 'http://img.example.com/a.jpg'],
      ['image_url', 'javascript:alert(1)'],
      ['active', 'maybe'],
      ['windows', '8 11:00-12:00'],
      ['windows', '5-1 11:00-12:00'],
      ['windows', '1 25:00-26:00'],
      ['description', 'a\u0000b'],
    ];
    for (const [column, value] of bad) {
      assert.deepEqual(cell(column, value), [`2 ${column}`], `${column} ${value}`);
    }
    const both = 'sku,name,price_minor,variants\na,A,1,Small=1\n';
    assert.deepEqual(problems(both), ['2 price_minor']);
  });

  it('keeps HTML, SQL and formulas as the text they are', () => {
    const name = `<script>alert('x')</script>'; DROP TABLE products; --`;
    const [read] = products(`${HEAD}\na,"${name}",1\n`);
    assert.equal(read?.name, name);
    const written = writeMenu([{ sku: 'a', name: '=HYPERLINK("https://x")', price_minor: 1 }]);
    assert.match(written, /,"'=HYPERLINK/);
    assert.equal(products(written)[0]?.name, '=HYPERLINK("https://x")');
  });
});

const line = new RegExp(LINE_PATTERN, 'u');
const text = new RegExp(TEXT_PATTERN, 'u');
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map((each) => each.trim())
  .filter((each) => each !== '' && line.test(each));
const names = (max: number): fc.Arbitrary<string[]> =>
  fc.uniqueArray(name, { maxLength: max, selector: (each) => each.toLowerCase() });
const time = fc.constantFrom('00:00', '09:30', '23:59');
const days = fc
  .uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 })
  .map((list) => list.sort());
const productLine: fc.Arbitrary<ProductLine> = fc
  .record({
    sku: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,20}$/),
    name,
    category: fc.option(name),
    description: fc
      .string({ unit: 'binary', maxLength: 40 })
      .map((each) => each.replaceAll(/\r\n?/g, '\n'))
      .filter((each) => text.test(each)),
    price: fc.integer({ min: 0, max: 100_000_000 }),
    variants: names(4),
    option_groups: names(4),
    tax_class: fc.constantFrom('standard' as const, 'reduced' as const, 'zero' as const),
    age_min: fc.option(fc.integer({ min: 1, max: 99 })),
    active: fc.boolean(),
    windows: fc.array(fc.record({ days, from: time, to: time }, { noNullPrototype: true }), {
      maxLength: 3,
    }),
  })
  .map(({ price, variants, ...rest }) => ({
    ...rest,
    image_url: null,
    price_minor: variants.length > 0 ? null : price,
    variants: variants.map((each, n) => ({
      name: each,
      priceMinor: price,
      active: n % 2 === 0,
    })),
  }));

describe('what is written as CSV', () => {
  it('reads back as the same', () => {
    const list = fc.uniqueArray(productLine, { maxLength: 5, selector: ({ sku }) => sku });
    fc.assert(
      fc.property(list, (lines) => {
        assert.deepEqual(products(writeMenu(lines)), lines);
      }),
      { numRuns: 300 },
    );
  });

  it('imports once: the same file again changes nothing', () => {
    const list = fc.uniqueArray(productLine, { maxLength: 5, selector: ({ sku }) => sku });
    fc.assert(
      fc.property(list, (lines) => {
        const vendor = newId('vendor');
        const file = lines.map((product, n) => {
          return { line: n + 2, product: { ...product, option_groups: [] } };
        });
        const first = planImport(vendor, EMPTY, file);
        assert.deepEqual([first.created, first.problems], [lines.length, []]);
        const parts = { ...EMPTY, categories: first.categories, products: first.products };
        const second = planImport(vendor, parts, file);
        assert.deepEqual(
          [second.created, second.changed, second.unchanged, second.categories],
          [0, 0, lines.length, []],
        );
      }),
    );
  });
});
