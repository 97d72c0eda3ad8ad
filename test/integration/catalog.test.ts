/** Menus through the public door, on real stores. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { MENU, type Menu, type Product } from '../../contracts/api/catalog.ts';
import { PRODUCT_LIST } from '../../contracts/api/catalog-editing.ts';
import { newId } from '../../contracts/ids.ts';
import { createValidator } from '../../platform/validation.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity, register } from './city.ts';

/** Several machines' worth of tests may run beside this one. */
const PATIENTLY = { timeoutMs: 20_000 } as const;

let stack: Stack;
let city: City;
const scope = sharedScope();

describe('a menu', () => {
  before(async () => {
    stack = await withStack(scope);
    city = await makeCity(stack);
  });

  test('of a new vendor is empty and knows its currency and time zone', async () => {
    const menu = await menuOf(city.vendor);
    assert.deepEqual(
      [menu.currency, menu.timeZone, menu.categories, menu.products],
      ['EUR', 'Europe/Berlin', [], []],
    );
  });

  test('is filled with categories, groups and products, and read back as it was written', async () => {
    const vendor = await newVendor();
    const category = await add(vendor, 'categories', { name: 'Soups' });
    const group = await add(vendor, 'option-groups', {
      name: 'Extras',
      max: 2,
      options: [
        { name: 'Egg', priceMinor: 120 },
        { name: 'Chili', priceMinor: 0 },
      ],
    });
    const product = await add(vendor, 'products', {
      name: 'Ramen',
      category,
      optionGroups: [group],
      taxClass: 'reduced',
      imageUrl: 'https://img.example.com/ramen.jpg',
      windows: [{ days: [1, 2], from: '11:00', to: '15:00' }],
      variants: [
        { name: 'Small', priceMinor: 900 },
        { name: 'Large', priceMinor: 1_200 },
      ],
    });
    const menu = await menuOf(vendor);
    createValidator().check(MENU)(menu);
    const list = await call('GET', `/vendors/${vendor}/products`, city.ops);
    createValidator().check(PRODUCT_LIST)(expectOk(list));
    assert.equal(menu.categories[0]?.name, 'Soups');
    assert.deepEqual(
      menu.optionGroups[0]?.options.map(({ name }) => name),
      ['Egg', 'Chili'],
    );
    const read = menu.products[0] as Product;
    assert.deepEqual([read.id, read.category, read.priceMinor], [product, category, 900]);
    assert.deepEqual(read.optionGroups, [group]);
    assert.deepEqual(
      read.variants.map(({ priceMinor }) => priceMinor),
      [900, 1_200],
    );
    assert.deepEqual(read.windows, [{ days: [1, 2], from: '11:00', to: '15:00' }]);
  });

  test('of a vendor that waits for approval is there for its own account alone', async () => {
    const owner = await register(stack, 'vendor');
    const body = { name: 'New', place: CENTRE, timeZone: 'Europe/Berlin' };
    const { id } = expectOk(await call('POST', '/vendors', owner, body));
    const product = { name: 'Tea', priceMinor: 250 };
    expectOk(await call('POST', `/vendors/${id}/products`, owner, product));
    const path = `/vendors/${id}/menu`;
    assert.equal((await call('GET', path, owner)).status, 200);
    assert.equal((await call('GET', path, city.customer)).status, 404);
    const approval = { state: 'approved' };
    expectOk(await call('PUT', `/vendors/${id}/approval`, city.ops, approval));
    await waitFor(async () => (await call('GET', path, city.customer)).status === 200, PATIENTLY);
  });

  test('may be kept by a key of its account with the scope for it', async () => {
    const owner = await register(stack, 'vendor');
    const place = { name: 'Keyed', place: CENTRE, timeZone: 'Europe/Berlin' };
    const { id } = expectOk(await call('POST', '/vendors', owner, place));
    const keyOf = async (token: string, ...scopes: string[]): Promise<string> => {
      const made = await call('POST', '/api-keys', token, { name: 'till', scopes });
      return String(expectOk(made).secret);
    };
    const key = await keyOf(owner, 'catalog:write', 'inventory:write');
    const path = `/vendors/${id}`;
    const product = { name: 'Tea', priceMinor: 250 };
    const made = expectOk(await call('POST', `${path}/products`, key, product));
    const items = [{ product: made.id, available: 3 }];
    expectOk(await call('PUT', `${path}/stock`, key, { items }));
    assert.equal((await call('GET', `${path}/products`, key)).status, 403);
    const foreign = await keyOf(await register(stack, 'vendor'), 'catalog:write');
    assert.equal((await call('POST', `${path}/products`, foreign, product)).status, 404);
    assert.equal((await call('PUT', `${path}/stock`, foreign, { items })).status, 403);
  });

  test('belongs to its account: for others it does not exist, except to read', async () => {
    const stranger = await register(stack, 'vendor');
    const path = `/vendors/${city.vendor}`;
    const body = { name: 'Mine now', priceMinor: 1 };
    assert.equal((await call('POST', `${path}/products`, stranger, body)).status, 404);
    assert.equal((await call('GET', `${path}/products`, stranger)).status, 404);
    assert.equal((await call('GET', `${path}/menu`, stranger)).status, 200);
    const product = await add(city.vendor, 'products', { name: 'Tea', priceMinor: 250 });
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await call(method, `/products/${product}`, stranger);
      assert.equal(answer.status, 404, method);
    }
    assert.equal((await call('GET', `/vendors/${newId('vendor')}/menu`, city.ops)).status, 404);
  });
});

async function newVendor(): Promise<string> {
  const body = { name: 'Somewhere', place: CENTRE, timeZone: 'Europe/Berlin' };
  return String(expectOk(await call('POST', '/vendors', city.ops, body)).id);
}

async function add(vendor: string, what: string, body: object): Promise<string> {
  return String(expectOk(await call('POST', `/vendors/${vendor}/${what}`, city.ops, body)).id);
}

async function menuOf(vendor: string): Promise<Menu> {
  const answer = await call('GET', `/vendors/${vendor}/menu`, city.customer);
  return expectOk(answer) as unknown as Menu;
}

function call(method: string, path: string, token: string, body?: object): Promise<Answer> {
  return stack.call(method, path, { token, ...(body === undefined ? {} : { body }) });
}
