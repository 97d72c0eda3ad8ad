/** Owns what a test needs of a city, made through the public door. */
import type { Answer, Stack } from './business-stack.ts';

export interface City {
  readonly ops: string;
  readonly customer: string;
  readonly market: string;
  readonly zone: string;
  readonly vendor: string;
}

export const CENTRE = { lat: 52.52, lon: 13.4 } as const;
const HALF_DEGREES = 0.05;

function square(): object {
  const { lat, lon } = CENTRE;
  const d = HALF_DEGREES;
  const ring = [
    [lon - d, lat - d],
    [lon + d, lat - d],
    [lon + d, lat + d],
    [lon - d, lat + d],
    [lon - d, lat - d],
  ];
  return { type: 'Polygon', coordinates: [ring] };
}

/** Throws with the whole answer when a call did not succeed. */
export function expectOk(answer: Answer): Record<string, unknown> {
  if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

let people = 0;

/** Registers somebody; their access token. */
export async function register(stack: Stack, role: 'customer' | 'vendor'): Promise<string> {
  const body = {
    email: `person-${++people}@example.com`,
    password: 'a long password',
    name: 'Some Body',
    role,
  };
  const session = expectOk(await stack.call('POST', '/auth/register', { body }));
  return (session.tokens as { accessToken: string }).accessToken;
}

/** One market, one zone around CENTRE, one vendor in its middle, one customer. */
export async function makeCity(stack: Stack): Promise<City> {
  const ops = await stack.operator();
  const post = async (path: string, body: object): Promise<string> =>
    String(expectOk(await stack.call('POST', path, { token: ops, body })).id);
  const market = await post('/markets', {
    name: 'Berlin',
    timeZone: 'Europe/Berlin',
    currency: 'EUR',
  });
  const zone = await post('/zones', { market, name: 'Mitte', polygon: square() });
  const vendor = await post('/vendors', {
    name: 'Noodles',
    place: CENTRE,
    timeZone: 'Europe/Berlin',
  });
  return { ops, customer: await register(stack, 'customer'), market, zone, vendor };
}

/** Adds a product to the vendor of the city; its id. */
export async function addProduct(stack: Stack, city: City, product: object): Promise<string> {
  const path = `/vendors/${city.vendor}/products`;
  return String(expectOk(await stack.call('POST', path, { token: city.ops, body: product })).id);
}

const noodles = new WeakMap<City, Promise<string>>();

/** The one product of a city that has a menu: noodles, for 9.50. */
export function noodlesOf(stack: Stack, city: City): Promise<string> {
  const known = noodles.get(city);
  if (known !== undefined) return known;
  const made = addProduct(stack, city, { name: 'Noodles', priceMinor: 950 });
  noodles.set(city, made);
  return made;
}

/** Places a small order as the city's customer. */
export async function placeOrder(
  stack: Stack,
  city: City,
  key: string,
  { note, items = [{ quantity: 2 }] }: { note?: string; items?: object[] } = {},
): Promise<Answer> {
  const product = await noodlesOf(stack, city);
  return stack.call('POST', '/orders', {
    token: city.customer,
    headers: { 'idempotency-key': key },
    body: {
      vendor: city.vendor,
      items: items.map((item) => ({ product, ...item })),
      ...(note === undefined ? {} : { note }),
      dropoff: { lat: CENTRE.lat + 0.01, lon: CENTRE.lon + 0.01 },
      dropoffNote: 'Third floor',
      readyInSeconds: 30,
    },
  });
}
