/**
 * Every list costs as many SQL statements for one row as for many, counted. Lists are taken from the
 * route table as they come; one that cannot be shown two lengths here must say why.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { PAGE_LIMIT_MAX } from '../../contracts/api/common.ts';
import { ROUTES, type Route } from '../../contracts/api/routes.ts';
import type { Claims } from '../../platform/auth/tokens.ts';
import { toWaggleError } from '../../platform/broker-errors.ts';
import type { Caller } from '../../platform/service.ts';
import { type Schema, sampleOf } from '../support/samples.ts';
import { sharedScope } from '../support/scope.ts';
import { countStatements, type StatementCounter } from '../support/statements.ts';
import { type Stack, withStack } from './business-stack.ts';
import { expectOk } from './city.ts';
import { DOOR, EARNED, makeWorld, SHIFT, type Side, type World } from './world.ts';

/** Lists that have less than two lengths in this world, and where their rows come from. */
const NOT_SHOWN: Readonly<Record<string, string>> = {
  'deliveries.events': 'facts of the engine; one statement, over one delivery',
  'deliveries.decisions': 'from rounds of the engine; shown in decisions.test.ts',
  'deliveries.proofs': 'one delivery, a bounded number; one statement',
  'deliveries.listExceptions': 'raised by the engine; shown in exceptions.test.ts',
  'deliveries.audit': 'from the log of the engine',
  'deliveries.listQuarantined': 'kept in Redis',
  'deliveries.listDeadLetters': 'kept in Redis',
  'tracking.trace': 'one blob per delivery',
  'zones.nodes': 'kept in Redis',
  'webhooks.messages': 'need an engine that moves deliveries; one statement per page',
  'webhooks.attempts': 'need an engine that moves deliveries; one statement per page',
  'drivers.papers': 'wait for their files; one statement per page',
  'drivers.myEarningSums': 'a row per day and currency; one statement that adds up',
  'drivers.earningSums': 'a row per day and currency; one statement that adds up',
  'orders.waiting': 'held back by rules of fraud; one statement',
};

/** What a list must be asked for, so that it has something to say. */
const ASKED: Readonly<Record<string, object>> = { 'search.suggest': { q: 'noodle' } };

let stack: Stack;
let world: World;
let counter: StatementCounter;
/** What the lists cost when there was less in the world. */
const costsBefore = new Map<Route, Cost[]>();
const scope = sharedScope();

before(async () => {
  counter = countStatements(scope);
  stack = await withStack(scope);
  world = await makeWorld(stack);
  for (const route of ROUTES.filter(isList)) costsBefore.set(route, await costsOf(route));
  const order = await addMore(world.mine);
  world = { ...world, mine: { ...world.mine, ids: { ...world.mine.ids, ord: order } } };
});

const SOMEWHERE_ELSE = [
  ...[
    [12.9, 52.4],
    [13.0, 52.4],
    [13.0, 52.5],
  ],
  ...[
    [12.9, 52.5],
    [12.9, 52.4],
  ],
];

/** Gives one side more of everything than the other has; the order with most to tell. */
async function addMore({ tokens, ids }: Side): Promise<string> {
  let serial = 0;
  let order = '';
  const post = async (token: string, path: string, body: object): Promise<string> => {
    const headers = { 'idempotency-key': `more-${++serial}-${path}` };
    return String(expectOk(await stack.call('POST', path, { token, body, headers })).id);
  };
  const { customer, vendor } = tokens;
  const shop = `/vendors/${ids.ven}`;
  const options = [{ name: 'Small', priceMinor: 0 }];
  for (let n = 0; n < 2; n++) {
    const product = await post(vendor, `${shop}/products`, { name: `Dish ${n}`, priceMinor: 500 });
    await post(vendor, `${shop}/categories`, { name: `Category ${n}` });
    await post(vendor, `${shop}/option-groups`, { name: `Group ${n}`, options });
    await post(customer, '/me/addresses', { label: 'Work', text: '2 Side Street', point: DOOR });
    await post(vendor, '/members', { email: `more-${n}@example.com`, name: 'M', member: 'staff' });
    await post(vendor, '/api-keys', { name: 'more', scopes: ['orders:read'] });
    await post(vendor, '/webhooks', { url: `https://hooks.example.com/${n}` });
    const discount = { code: `MORE${n}`, name: 'More', kind: 'percent', basisPoints: 500 };
    await post(vendor, '/promotions', { ...discount, vendor: ids.ven });
    const items = [product, ids.prd].map((each) => ({ product: each, quantity: 1 }));
    order = await post(customer, '/orders', { vendor: ids.ven, items, dropoff: DOOR });
    await stock(vendor, shop, { product, available: 0 });
    await post(world.ops, `/drivers/${ids.drv}/earnings`, EARNED);
    await post(world.ops, '/shifts', { zone: ids.zon, ...SHIFT });
    await post(world.ops, '/ops/blocked', { phone: `+4930123456${n}`, reason: 'test' });
    const market = { name: `Market ${n}`, timeZone: 'UTC', currency: 'EUR' };
    await post(world.ops, '/markets', market);
  }
  for (const state of ['suspended', 'approved']) {
    const body = { state, reason: 'looked at again' };
    expectOk(await stack.call('PUT', `${shop}/approval`, { token: world.ops, body }));
  }
  const polygon = { type: 'Polygon', coordinates: [SOMEWHERE_ELSE] };
  await post(world.ops, '/zones', { market: ids.mkt, name: 'West', polygon });
  const theirs = world.others;
  const line = { product: theirs.ids.prd, available: 0 };
  await stock(theirs.tokens.vendor, `/vendors/${theirs.ids.ven}`, line);
  // What follows from an order is told later; here is one more thing that happened to this one.
  const cancel = { token: customer, body: {} };
  assert.ok((await stack.call('POST', `/orders/${order}/cancel`, cancel)).status < 300);
  return order;
}

async function stock(token: string, shop: string, line: object): Promise<void> {
  expectOk(await stack.call('PUT', `${shop}/stock`, { token, body: { items: [line] } }));
}

async function callersOf(route: Route, side: Side): Promise<Caller[]> {
  const tokens: Record<string, string> = { ...side.tokens, ops: world.ops };
  if (route.roles === 'public') return [{ kind: 'public' }];
  const { roles } = route;
  return roles.flatMap((role) => {
    const token = tokens[role];
    if (token === undefined) return [];
    const { sub, account, driver, session, member } = decodeJwt<Claims>(token) as Claims;
    const caller = { kind: 'user', sub, role, account, session, member } as const;
    return [{ ...caller, ...(driver === undefined ? {} : { driver: driver.id }) } as Caller];
  });
}

interface Cost {
  readonly rows: number;
  readonly statements: readonly string[];
}

/** What a route costs for each caller, side and page length; answers other than a list are left out. */
async function costsOf(route: Route): Promise<Cost[]> {
  const schema = route.params as Schema;
  const costs: Cost[] = [];
  const limits = schema.properties?.limit === undefined ? [undefined] : [1, PAGE_LIMIT_MAX];
  for (const side of [world.mine, world.others]) {
    for (const caller of await callersOf(route, side)) {
      for (const limit of limits) {
        const sample = sampleOf(schema, { ids: side.ids }) as Record<string, unknown>;
        const max = (schema.properties?.limit as Schema | undefined)?.maximum ?? PAGE_LIMIT_MAX;
        const page = limit === undefined ? {} : { limit: Math.min(limit, max) };
        const ask = (): Promise<Record<string, unknown>> =>
          stack.act(caller, route.action, { ...sample, ...ASKED[route.action], ...page });
        try {
          // Once to fill what is kept in memory, once to count.
          await ask();
          const { result, statements } = await counter.of(ask);
          costs.push({ rows: rowsOf(result), statements });
        } catch (error) {
          // What is not for this caller costs nothing.
          const { code } = toWaggleError(error);
          if (code !== 'auth.forbidden' && code !== 'resource.not_found') throw error;
        }
      }
    }
  }
  return costs;
}

function rowsOf(result: Record<string, unknown>): number {
  return Object.values(result).reduce<number>(
    (sum, value) => sum + (Array.isArray(value) ? value.length : 0),
    0,
  );
}

function isList({ method, result }: Route): boolean {
  const properties = (result as Schema | undefined)?.properties ?? {};
  return method === 'GET' && properties.items?.type === 'array';
}

describe('lists', () => {
  test('cost as many statements for one row as for many', async () => {
    const problems: string[] = [];
    for (const route of ROUTES.filter(isList)) {
      const all = [...(costsBefore.get(route) ?? []), ...(await costsOf(route))];
      const costs = all.filter(({ rows }) => rows > 0);
      const lengths = new Set(costs.map(({ rows }) => rows));
      if (lengths.size < 2 && !(route.action in NOT_SHOWN)) {
        problems.push(`${route.action} was seen with ${[...lengths]} rows only`);
      }
      const counts = new Set(costs.map(({ statements }) => statements.length));
      if (counts.size > 1) {
        const each = costs.map(({ rows, statements }) => `${rows} rows: ${statements.length}`);
        problems.push(`${route.action} costs ${[...new Set(each)].join(', ')} statements`);
      }
    }
    assert.deepEqual(problems, []);
    const counted = costsBefore.get(
      ROUTES.find(({ action }) => action === 'vendors.list') as Route,
    );
    assert.ok(
      counted?.every(({ statements }) => statements.length > 0),
      'the counter counts',
    );
  });
});
