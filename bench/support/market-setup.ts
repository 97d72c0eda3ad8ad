/** Owns the shops of the benchmark of orders: made through the public API, as an operator would. */
import { cityPoints, cityPolygon, type LatLon } from './city.ts';
import { BENCH_OPERATOR, type MarketStack } from './market-stack.ts';
import type { Shop } from './order-load.ts';
import { waitUntil } from './waiting.ts';

const SHOPS = 60;
const PRODUCTS = 10;
/** More than is ever bought: the benchmark measures counting, not running out. */
const STOCK = 1_000_000;
/** Farther than any customer of theirs lives. */
const AREA_METERS = 8_000;
const OPEN_MS = 30_000;
const TIME_ZONE = 'America/Chicago';

interface Made {
  readonly id: string;
}

type Call = <T>(method: string, path: string, body?: object) => Promise<T>;

/** Opens a market with its zone, shops, menus and stock. */
export async function openShops({ apiPort }: MarketStack): Promise<{ shops: Shop[] }> {
  const call = await logIn(apiPort);
  const market = await call<Made>('POST', '/markets', {
    name: 'Bench',
    timeZone: TIME_ZONE,
    currency: 'USD',
  });
  const policy = { radiusMeters: AREA_METERS };
  const polygon = cityPolygon();
  const zone = { market: market.id, name: 'Bench', polygon, policy };
  const { id } = await call<Made>('POST', '/zones', zone);
  await waitUntil(OPEN_MS, 'the zone to open', async () => {
    const { items } = await call<{ items: (Made & { open: boolean })[] }>('GET', '/zones');
    return items.some((each) => each.id === id && each.open);
  });
  const draw = cityPoints(7);
  const shops: Shop[] = [];
  for (let n = 0; n < SHOPS; n++) shops.push(await openShop(call, `Shop ${n + 1}`, draw()));
  return { shops };
}

async function openShop(call: Call, name: string, place: LatLon): Promise<Shop> {
  const area = { radiusMeters: AREA_METERS };
  const { id: vendor } = await call<Made>('POST', '/vendors', {
    ...{ name, place, timeZone: TIME_ZONE, area },
  });
  const products: string[] = [];
  for (let n = 0; n < PRODUCTS; n++) {
    const body = { name: `Dish ${n + 1}`, priceMinor: 500 + 100 * n };
    products.push((await call<Made>('POST', `/vendors/${vendor}/products`, body)).id);
  }
  const items = products.map((product) => ({ product, available: STOCK }));
  await call('PUT', `/vendors/${vendor}/stock`, { items });
  return { vendor, place, products };
}

/** Calls as the operator. Throws what the API said when it did not do it. */
async function logIn(port: number): Promise<Call> {
  let token: string | undefined;
  let calls = 0;
  const call: Call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': `bench-setup-${++calls}`,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  const session = await call<{ tokens: { accessToken: string } }>(
    'POST',
    '/auth/login',
    BENCH_OPERATOR,
  );
  token = session.tokens.accessToken;
  return call;
}
