/** Changing menus: versions, order, prices, removal, import, and what others are told of it. */
import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import type { Menu, Product } from '../../contracts/api/catalog.ts';
import { newId } from '../../contracts/ids.ts';
import { CATALOG_STREAM, type MenuChanged } from '../../contracts/messages/catalog.ts';
import { openDatabase } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { connectRedis } from '../../platform/redis.ts';
import type { Call } from '../../platform/service.ts';
import { importMenu } from '../../services/catalog/importing.ts';
import { MenuMemory } from '../../services/catalog/menu-memory.ts';
import { type CatalogDeps, menu } from '../../services/catalog/menus.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { cleanUpInReverse, sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity } from './city.ts';

/** Several machines' worth of tests may run beside this one. */
const PATIENTLY = { timeoutMs: 20_000 } as const;

let stack: Stack;
let city: City;
const scope = sharedScope();

describe('a change of a menu', () => {
  before(async () => {
    stack = await withStack(scope);
    city = await makeCity(stack);
  });

  test('is refused when somebody else changed it meanwhile', async () => {
    const vendor = await newVendor();
    const made = await add(vendor, 'products', { name: 'Tea', priceMinor: 250 });
    const path = `/products/${made.id}`;
    const first = expectOk(await call('PATCH', path, { version: 1, priceMinor: 300 }));
    assert.deepEqual([first.version, first.priceMinor, first.name], [2, 300, 'Tea']);
    const late = await call('PATCH', path, { version: 1, priceMinor: 100 });
    assert.deepEqual([late.status, late.body.code], [412, 'resource.changed']);
    assert.equal((await call('DELETE', `${path}?version=1`)).status, 412);
    assert.equal((await menuOf(vendor)).products[0]?.priceMinor, 300);
  });

  test('keeps what it does not name, and clears what it names as null', async () => {
    const vendor = await newVendor();
    const body = { name: 'Wine', priceMinor: 900, sku: 'w1', ageMin: 18, description: 'red' };
    const made = await add(vendor, 'products', body);
    const changed = expectOk(await call('PATCH', `/products/${made.id}`, { ageMin: null }));
    assert.deepEqual(
      [changed.ageMin, changed.sku, changed.description, changed.priceMinor],
      [null, 'w1', 'red', 900],
    );
    const variants = [{ name: 'Glass', priceMinor: 400 }];
    const varied = expectOk(await call('PATCH', `/products/${made.id}`, { variants }));
    assert.equal(varied.priceMinor, 400);
    const [glass] = varied.variants as { id: string }[];
    const kept = [{ id: glass?.id, name: 'Small glass', priceMinor: 300 }];
    const again = expectOk(await call('PATCH', `/products/${made.id}`, { variants: kept }));
    assert.equal((again.variants as { id: string }[])[0]?.id, glass?.id);
  });

  test('is refused when it names what is not of this menu, with a pointer', async () => {
    const vendor = await newVendor();
    const other = await newVendor();
    const category = await add(other, 'categories', { name: 'Theirs' });
    const group = await add(other, 'option-groups', {
      name: 'Theirs',
      options: [{ name: 'A', priceMinor: 0 }],
    });
    const path = `/vendors/${vendor}/products`;
    const base = { name: 'Tea', priceMinor: 100 };
    const bad: [object, string][] = [
      [{ ...base, category: category.id }, '/category'],
      [{ ...base, optionGroups: [group.id] }, '/optionGroups/0'],
      [{ ...base, variants: [{ name: 'S', priceMinor: 1 }] }, '/priceMinor'],
      [{ name: 'Tea' }, '/priceMinor'],
      [{ ...base, priceMinor: -1 }, '/priceMinor'],
      [{ ...base, priceMinor: 9.5 }, '/priceMinor'],
      [{ ...base, imageUrl: 'http://img.example.com/x.png' }, '/imageUrl'],
      [{ ...base, imageUrl: 'javascript:alert(1)' }, '/imageUrl'],
      [{ ...base, name: 'a\u0000b' }, '/name'],
      [
        { ...base, variants: [{ id: newId('variant'), name: 'S', priceMinor: 1 }] },
        '/variants/0/id',
      ],
      [{ ...base, taxClass: 'luxury' }, '/taxClass'],
    ];
    for (const [body, field] of bad) {
      const answer = await call('POST', path, body);
      const fields = (answer.body.fields ?? []) as { field: string }[];
      assert.deepEqual([answer.status, fields[0]?.field], [422, field], JSON.stringify(body));
    }
    assert.deepEqual((await menuOf(vendor)).products, []);
    await add(vendor, 'products', { ...base, sku: 'same' });
    assert.equal((await call('POST', path, { ...base, sku: 'same' })).status, 409);
  });

  test('stores HTML and SQL as the text it is', async () => {
    const vendor = await newVendor();
    const name = `<img src=x onerror=alert(1)>'); DROP TABLE products; --`;
    const description = '<b>bold</b>\n"quoted" \\ %s {{x}} \u202e';
    const category = await add(vendor, 'categories', { name });
    await add(vendor, 'products', { name, description, priceMinor: 1, category: category.id });
    const read = await menuOf(vendor);
    assert.deepEqual(
      [read.categories[0]?.name, read.products[0]?.name, read.products[0]?.description],
      [name, name, description],
    );
  });

  test('puts what is named first, in its order', async () => {
    const vendor = await newVendor();
    const ids: string[] = [];
    for (const name of ['A', 'B', 'C', 'D']) {
      ids.push((await add(vendor, 'products', { name, priceMinor: 1 })).id);
    }
    const products = [ids[3], ids[1]];
    expectOk(await call('PUT', `/vendors/${vendor}/menu/order`, { products }));
    const names = (await menuOf(vendor)).products.map(({ name }) => name);
    assert.deepEqual(names, ['D', 'B', 'A', 'C']);
    const strange = await call('PUT', `/vendors/${vendor}/menu/order`, {
      products: [newId('product')],
    });
    assert.equal(strange.status, 422);
  });

  test('of many prices goes through as a whole or not at all', async () => {
    const vendor = await newVendor();
    const soup = await add(vendor, 'products', { name: 'Soup', priceMinor: 999 });
    const variants = [
      { name: 'S', priceMinor: 500 },
      { name: 'L', priceMinor: 800 },
    ];
    const tea = await add(vendor, 'products', { name: 'Tea', variants });
    const path = `/vendors/${vendor}/menu/prices`;
    const up = expectOk(await call('PATCH', path, { byBasisPoints: 1_000, roundToMinor: 10 }));
    assert.equal(up.changed, 2);
    const prices = async (): Promise<unknown> =>
      (await menuOf(vendor)).products.map((product) => [
        product.priceMinor,
        ...product.variants.map(({ priceMinor }) => priceMinor),
      ]);
    assert.deepEqual(await prices(), [[1_100], [550, 550, 880]]);
    const list = [
      { product: soup.id, priceMinor: 700 },
      { product: tea.id, priceMinor: 1 },
    ];
    assert.equal((await call('PATCH', path, { prices: list })).status, 422);
    assert.deepEqual(await prices(), [[1_100], [550, 550, 880]]);
    expectOk(await call('PATCH', path, { prices: list.slice(0, 1) }));
    assert.deepEqual(await prices(), [[700], [550, 550, 880]]);
    assert.equal((await call('PATCH', path, {})).status, 422);
  });

  test('removes categories and groups from the products that name them', async () => {
    const vendor = await newVendor();
    const category = await add(vendor, 'categories', { name: 'Soups' });
    const options = [{ name: 'Egg', priceMinor: 100 }];
    const group = await add(vendor, 'option-groups', { name: 'Extras', options });
    const body = { name: 'Ramen', priceMinor: 1, category: category.id, optionGroups: [group.id] };
    const product = await add(vendor, 'products', body);
    assert.equal((await call('DELETE', `/categories/${category.id}`)).status, 204);
    assert.equal((await call('DELETE', `/option-groups/${group.id}`)).status, 204);
    const read = (await menuOf(vendor)).products[0] as Product;
    assert.deepEqual([read.category, read.optionGroups, read.version], [null, [], 3]);
    assert.equal((await call('DELETE', `/products/${product.id}`)).status, 204);
    assert.equal((await call('GET', `/products/${product.id}`)).status, 404);
    assert.deepEqual((await menuOf(vendor)).products, []);
  });

  test('by import takes all lines or none, and says what is wrong with each bad one', async () => {
    const vendor = await newVendor();
    const path = `/vendors/${vendor}/menu/import`;
    const good = 'sku,name,category,price_minor\nt1,Tea,Drinks,250\nc1,Coffee,drinks,300\n';
    const bad = `${good}x1,,Drinks,1.5\nt1,Again,,1\n`;
    const dry = expectOk(await call('POST', path, { csv: bad, dryRun: true }));
    const lines = (dry.problems as { line: number; column: string }[]).map(
      ({ line, column }) => `${line} ${column}`,
    );
    assert.deepEqual(lines, ['4 name', '4 price_minor', '5 sku']);
    const refused = await call('POST', path, { csv: bad });
    assert.deepEqual(
      [refused.status, (refused.body.fields as { field: string }[]).map(({ field }) => field)],
      [422, ['/csv/4/name', '/csv/4/price_minor', '/csv/5/sku']],
    );
    assert.deepEqual((await menuOf(vendor)).products, []);
    const done = expectOk(await call('POST', path, { csv: good }));
    assert.deepEqual([done.created, done.categories, done.problems], [2, 1, []]);
    const same = expectOk(await call('POST', path, { csv: good }));
    assert.deepEqual([same.unchanged, same.version], [2, done.version]);
    const cheaper = expectOk(await call('POST', path, { csv: good.replace('250', '200') }));
    assert.deepEqual([cheaper.created, cheaper.changed, cheaper.unchanged], [0, 1, 1]);
    const out = expectOk(await call('GET', `/vendors/${vendor}/menu/export`));
    const back = expectOk(await call('POST', path, { csv: out.csv }));
    assert.deepEqual([back.unchanged, back.changed], [2, 0]);
  });

  test('comes with its vendor: another time zone is another version, and told', async (t) => {
    const vendor = await newVendor();
    const before = await menuOf(vendor);
    expectOk(await call('PATCH', `/vendors/${vendor}`, { timeZone: 'Europe/Paris' }));
    const now = await waitFor(async () => {
      const read = await menuOf(vendor);
      return read.timeZone === 'Europe/Paris' && read;
    }, PATIENTLY);
    assert.equal(now.version, before.version + 1);
    const [told] = await toldOf(t, vendor, 1);
    assert.deepEqual([told?.version, told?.changed, told?.removed], [now.version, [], []]);
  });

  test('is told in bounded pieces, each of its own version', async (t) => {
    const vendor = await newVendor();
    const lines = Array.from({ length: 120 }, (_, n) => `s${n},Thing ${n},${n}`);
    const csv = `sku,name,price_minor\n${lines.join('\n')}\n`;
    const { version } = expectOk(await call('POST', `/vendors/${vendor}/menu/import`, { csv }));
    const [first] = (await menuOf(vendor)).products;
    expectOk(await call('PATCH', `/products/${first?.id}`, { active: false }));
    assert.equal((await call('DELETE', `/products/${first?.id}`)).status, 204);
    const events = await toldOf(t, vendor, 5);
    assert.deepEqual(
      events.map((event) => [event.changed.length, event.removed.length]),
      [
        [50, 0],
        [50, 0],
        [20, 0],
        [1, 0],
        [0, 1],
      ],
    );
    const versions = events.map((event) => event.version);
    assert.deepEqual(versions, [2, 3, 4, 5, 6]);
    assert.equal(version, 4);
    assert.equal(events[3]?.changed[0]?.active, false);
    assert.equal((await menuOf(vendor)).version, 6);
  });
});

test('a menu of 200 products costs two queries, and one while it is what it was', async (t) => {
  const config = testConfig({ database: await withDatabase(t) });
  const database = openDatabase('catalog', config.database.catalog);
  cleanUpInReverse(t, () => database.close());
  const vendor = newId('vendor');
  await database.knex('menus').insert({
    ...{ vendor, account: newId('account'), currency: 'EUR', time_zone: 'UTC' },
  });
  await database.knex.raw(
    `INSERT INTO products (id, vendor, name, description, price_minor, tax_class, active, windows,
            variants, option_groups, position)
     SELECT 'prd_' || n, ?, 'Thing', '', n, 'standard', true, '[]', '[]', '[]', n
       FROM generate_series(1, 200) n`,
    [vendor],
  );
  const deps = { database, kept: new MenuMemory(), wakeRelay: () => {} } as unknown as CatalogDeps;
  const asked: string[] = [];
  database.knex.on('query', ({ sql }: { sql: string }) => asked.push(sql));
  const read = await menu(deps, vendor, {} as Call);
  assert.equal(read.products.length, 200);
  assert.equal(asked.length, 2, asked.join('\n'));
  asked.length = 0;
  assert.equal(await menu(deps, vendor, {} as Call), read);
  assert.equal(asked.length, 1);
});

test('an import of 1,500 lines costs as many statements as one of two', async (t) => {
  const config = testConfig({ database: await withDatabase(t) });
  const database = openDatabase('catalog', config.database.catalog);
  cleanUpInReverse(t, () => database.close());
  const vendor = newId('vendor');
  const account = newId('account');
  await database.knex('menus').insert({ vendor, account, currency: 'EUR', time_zone: 'UTC' });
  const deps = { database, kept: new MenuMemory(), wakeRelay: () => {} } as unknown as CatalogDeps;
  const call = { caller: { kind: 'system' }, correlationId: 'c' } as unknown as Call;
  const asked: string[] = [];
  database.knex.on('query', ({ sql }: { sql: string }) => asked.push(sql));
  const costOf = async (lines: number, prefix: string): Promise<number> => {
    const rows = Array.from({ length: lines }, (_, n) => `${prefix}${n},Thing,Shelf,${n}`);
    const csv = `sku,name,category,price_minor\n${rows.join('\n')}\n`;
    asked.length = 0;
    assert.equal((await importMenu(deps, { vendor, csv }, call)).created, lines);
    return asked.length;
  };
  assert.equal(await costOf(2, 'a'), await costOf(1_500, 'b'), asked.join('\n'));
});

async function newVendor(): Promise<string> {
  const body = { name: 'Somewhere', place: CENTRE, timeZone: 'Europe/Berlin' };
  return String(expectOk(await call('POST', '/vendors', body)).id);
}

async function add(vendor: string, what: string, body: object): Promise<{ id: string }> {
  const made = expectOk(await call('POST', `/vendors/${vendor}/${what}`, body));
  return made as { id: string };
}

async function menuOf(vendor: string): Promise<Menu> {
  return expectOk(await call('GET', `/vendors/${vendor}/menu`)) as unknown as Menu;
}

function call(method: string, path: string, body?: object): Promise<Answer> {
  return stack.call(method, path, { token: city.ops, ...(body === undefined ? {} : { body }) });
}

/** What was told of one menu, once there is so much of it. */
async function toldOf(t: TestContext, vendor: string, count: number): Promise<MenuChanged[]> {
  const redis = connectRedis(stack.config.redis.url, 'reading');
  t.after(() => redis.disconnect());
  return waitFor(async () => {
    const entries = await redis.xrange(
      `${stack.config.redis.keyPrefix}${CATALOG_STREAM}`,
      '-',
      '+',
    );
    const events = entries
      .map(([, fields]) => (JSON.parse(fields[1] ?? '') as EventEntry<MenuChanged>).event)
      .filter((event) => event.vendor === vendor);
    return events.length >= count && events;
  }, PATIENTLY);
}
