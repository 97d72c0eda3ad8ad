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

/** Places a small order as the city's customer. */
export function placeOrder(stack: Stack, city: City, key: string): Promise<Answer> {
  return stack.call('POST', '/orders', {
    token: city.customer,
    headers: { 'idempotency-key': key },
    body: {
      vendor: city.vendor,
      items: [{ name: 'Noodles', quantity: 2, unitPriceMinor: 950 }],
      dropoff: { lat: CENTRE.lat + 0.01, lon: CENTRE.lon + 0.01 },
      dropoffNote: 'Third floor',
      readyInSeconds: 30,
    },
  });
}
