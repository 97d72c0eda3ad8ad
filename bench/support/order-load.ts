/** Customers of the benchmark of orders: a process of its own that places what it is told to. */
import { newId } from '../../contracts/ids.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { BENCH_KEY } from './bench-stack.ts';
import { type LatLon, movedBy, seededRandom } from './city.ts';
import { runLanes } from './http-lanes.ts';

/** One shop and what may be bought of it. */
export interface Shop {
  readonly vendor: string;
  readonly place: LatLon;
  readonly products: readonly string[];
}

export interface LoadOrder {
  readonly port: number;
  readonly account: string;
  readonly shops: readonly Shop[];
  readonly perSecond: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface LoadReply {
  readonly sent: number;
  readonly statuses: Readonly<Record<number, number>>;
  readonly latencies: readonly number[];
  readonly lags: readonly number[];
  readonly refusals: readonly string[];
}

const CUSTOMERS = 20_000;
const LANES = 512;
const TOKEN_MS = 3_600_000;
const LINES_MAX = 3;
/** Customers live at most so far east or north of the shop. */
const AWAY_METERS = 2_500;

let tokens: readonly string[] = [];

async function place(order: LoadOrder): Promise<LoadReply> {
  const { port, account, shops, perSecond, seconds, seed } = order;
  tokens = tokens.length > 0 ? tokens : await signTokens(account);
  const random = seededRandom(seed);
  const away = (): number => (random() - 0.5) * 2 * AWAY_METERS;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const request = (n: number): string => {
    const { vendor, place, products } = pick(shops);
    const items = Array.from({ length: 1 + Math.floor(random() * LINES_MAX) }, () => ({
      product: pick(products),
      quantity: 1 + Math.floor(random() * 2),
    }));
    const payment = { kind: 'test', token: 'ok' };
    const body = JSON.stringify({
      vendor,
      items,
      dropoff: movedBy(place, away(), away()),
      payment,
    });
    return [
      'POST /api/v1/orders HTTP/1.1',
      'Host: 127.0.0.1',
      `Authorization: Bearer ${pick(tokens)}`,
      `Idempotency-Key: bench-${seed}-${n}-${Math.floor(random() * 1e9)}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n');
  };
  const report = await runLanes({ port, lanes: LANES, perSecond, seconds, request });
  const { sent, statuses, latencies, lags, refusals } = report;
  return { sent, statuses, latencies: latencies.list(), lags: lags.list(), refusals };
}

async function signTokens(account: string): Promise<string[]> {
  const signer = createTokens({ keys: [BENCH_KEY], accessTokenMs: TOKEN_MS });
  return Promise.all(
    Array.from({ length: CUSTOMERS }, () =>
      signer.signAccess({ sub: newId('user'), role: 'customer', account }),
    ),
  );
}

process.on('message', (order: LoadOrder) => {
  place(order).then(
    (reply) => process.send?.(reply),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(0));
