/**
 * Owns a small marketplace with one thing of each kind that belongs to somebody, made through the
 * public door, and everybody's credentials. Tests that walk all routes stand on it.
 */
import { ID_PREFIXES, type IdKind } from '../../contracts/ids.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Stack } from './business-stack.ts';
import { CENTRE, expectOk, makeCity, register } from './city.ts';

/** Everybody on one side: what they may call with, and what is theirs. */
export interface Side {
  readonly tokens: Readonly<Record<'customer' | 'vendor' | 'driver' | 'api key', string>>;
  /** By the prefix of the kind. */
  readonly ids: Readonly<Record<string, string>>;
}

export interface World {
  readonly ops: string;
  /** Owns what `ids` names. */
  readonly mine: Side;
  /** Others of the same roles, with things of their own. */
  readonly others: Side;
}

export const DOOR = { lat: CENTRE.lat + 0.01, lon: CENTRE.lon + 0.01 };
export const KEY_SCOPES = [
  ...['deliveries:read', 'deliveries:write', 'orders:read', 'orders:write'],
  ...['catalog:read', 'catalog:write', 'inventory:read', 'inventory:write'],
  ...['kitchen:read', 'kitchen:write', 'vendors:read', 'vendors:write'],
  ...['webhooks:read', 'webhooks:write'],
];

/** What a driver is given, and a place to work at, tomorrow. */
export const EARNED = { amountMinor: 500, currency: 'EUR', reason: 'a rainy day' };
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
export const SHIFT = { day: TOMORROW, from: '12:00', to: '16:00' };

let serial = 0;

export async function makeWorld(stack: Stack): Promise<World> {
  const { ops, market, zone } = await makeCity(stack);
  const common = { [ID_PREFIXES.market]: market, [ID_PREFIXES.zone]: zone };
  const mine = await makeSide(stack, ops, common);
  const others = await makeSide(stack, ops, common);
  return { ops, mine, others };
}

type Post = (token: string, path: string, body: object) => Promise<Record<string, unknown>>;

async function makeSide(stack: Stack, ops: string, common: Side['ids']): Promise<Side> {
  const post: Post = async (token, path, body) => {
    const headers = { 'idempotency-key': `world-${++serial}-${path}` };
    return expectOk(await stack.call('POST', path, { token, body, headers }));
  };
  const customer = await register(stack, 'customer');
  const vendor = await register(stack, 'vendor');
  const ids: Record<string, string> = { ...common };
  const keep = (kind: IdKind, made: Record<string, unknown>): string => {
    ids[ID_PREFIXES[kind]] = String(made.id);
    return String(made.id);
  };
  const shop = await makeShop(stack, { ops, vendor, post, keep });
  const driver = await makeDriver(post, keep);
  await post(ops, `/drivers/${ids[ID_PREFIXES.driver]}/earnings`, EARNED);
  const zone = ids[ID_PREFIXES.zone];
  const [shift] = (await post(ops, '/shifts', { zone, ...SHIFT })).items as { id: string }[];
  if (shift !== undefined) keep('shift', shift);
  const paper = { kind: 'identity', contentType: 'application/pdf', bytes: 100 };
  keep('document', await post(driver, '/drivers/me/papers', paper));
  const place = { label: 'Home', text: '1 Main Street', point: DOOR };
  keep('address', await post(customer, '/me/addresses', place));
  const items = [{ product: shop.product, quantity: 1 }];
  const cart = { carts: [{ vendor: shop.id, items }], dropoff: DOOR };
  const checkout = await post(customer, '/checkouts', cart);
  keep('checkout', checkout);
  const order = await post(customer, '/orders', { vendor: shop.id, items, dropoff: DOOR });
  keep('order', order);
  ids[ID_PREFIXES.delivery] = String(order.delivery);
  const scopes = KEY_SCOPES;
  const key = await post(vendor, '/api-keys', { name: 'all', scopes });
  keep('apiKey', key.key as Record<string, unknown>);
  const hook = { url: 'https://hooks.example.com/waggle' };
  keep('webhook', await post(vendor, '/webhooks', hook));
  const member = { email: `world-${serial}@example.com`, name: 'Cook', member: 'staff' };
  keep('user', await post(vendor, '/members', member));
  ids[ID_PREFIXES.ticket] = await firstTicket(stack, vendor, shop.id);
  const delivery = `/deliveries/${ids[ID_PREFIXES.delivery]}`;
  await waitFor(async () => (await stack.call('GET', delivery, { token: ops })).status === 200);
  return { tokens: { customer, vendor, driver, 'api key': String(key.secret) }, ids };
}

interface Making {
  readonly ops: string;
  readonly vendor: string;
  readonly post: Post;
  readonly keep: (kind: IdKind, made: Record<string, unknown>) => string;
}

/** A vendor that ops approved, with a menu that has one of everything. */
async function makeShop(
  stack: Stack,
  { ops, vendor, post, keep }: Making,
): Promise<{ readonly id: string; readonly product: string }> {
  const profile = { name: `Noodles ${++serial}`, place: CENTRE, timeZone: 'Europe/Berlin' };
  const id = keep('vendor', await post(vendor, '/vendors', profile));
  const approval = { token: ops, body: { state: 'approved', reason: 'papers are fine' } };
  expectOk(await stack.call('PUT', `/vendors/${id}/approval`, approval));
  const path = `/vendors/${id}`;
  const category = keep('category', await post(vendor, `${path}/categories`, { name: 'Soups' }));
  const options = [
    { name: 'Mild', priceMinor: 0 },
    { name: 'Hot', priceMinor: 50 },
  ];
  keep('optionGroup', await post(vendor, `${path}/option-groups`, { name: 'Heat', options }));
  const soup = { name: 'Noodle soup', priceMinor: 950, category };
  const product = keep('product', await post(vendor, `${path}/products`, soup));
  const discount = {
    code: `NOODLE${serial}`,
    name: 'Ten off',
    kind: 'percent',
    basisPoints: 1_000,
  };
  keep('promotion', await post(vendor, '/promotions', { ...discount, vendor: id }));
  return { id, product };
}

async function makeDriver(post: Post, keep: Making['keep']): Promise<string> {
  const email = `world-driver-${++serial}@example.com`;
  const person = { email, password: 'a long password', name: 'D', vehicles: [{ kind: 'bicycle' }] };
  const session = await post('', '/drivers', person);
  keep('driver', session.driver as Record<string, unknown>);
  return (session.tokens as { accessToken: string }).accessToken;
}

/** The kitchen hears of an order a moment after it was placed. */
async function firstTicket(stack: Stack, token: string, vendor: string): Promise<string> {
  return waitFor(
    async () => {
      const answer = await stack.call('GET', `/vendors/${vendor}/tickets`, { token });
      const [ticket] = (answer.body.items ?? []) as { id?: string }[];
      return ticket?.id;
    },
    { what: 'a ticket in the kitchen', timeoutMs: 15_000 },
  );
}
