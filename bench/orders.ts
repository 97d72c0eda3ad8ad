/**
 * How many orders can be placed while the sagas of those before them drain? Customers place over HTTP
 * at a fixed rate; each order is priced, checked, stored, has its stock counted, its payment
 * authorised, its ticket accepted, is delivered by a stand-in at once, and is captured. Latency runs
 * from the time an order was meant to be placed. The backlog (sagas not done) is looked at once a
 * second: a rate holds only if it does not grow.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { newId } from '../contracts/ids.ts';
import { openShops } from './support/market-setup.ts';
import { type MarketCpu, type MarketStack, withMarket } from './support/market-stack.ts';
import type { LoadOrder, LoadReply, Shop } from './support/order-load.ts';
import { cpuMicros } from './support/process-usage.ts';
import type { BenchResult, Fact } from './support/report.ts';
import { Samples } from './support/samples.ts';
import { pass, waitUntil } from './support/waiting.ts';

const RATE = 1_000;
const SECONDS = 300;
const WARM_RATE = 200;
const WARM_SECONDS = 15;
const DRAIN_MS = 600_000;
const LOOK_MS = 1_000;
/** Looks between two lines of how it goes. */
const SAY_EVERY = 30;
/** A backlog that is level may still breathe: so many seconds of orders. */
const LEVEL_SECONDS = 2;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

interface Rig {
  readonly market: MarketStack;
  readonly load: ChildProcess;
  readonly database: pg.Client;
  readonly shops: readonly Shop[];
}

interface Phase {
  readonly reply: LoadReply;
  /** Sagas that were not done, once a second. */
  readonly backlog: readonly number[];
  readonly drainMs: number;
  readonly wallMs: number;
  readonly cpu: MarketCpu;
  readonly generator: number;
}

/** Runs the benchmark. `--rate N` orders a second, `--seconds N`. */
export async function benchOrders(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: { rate: { type: 'string' }, seconds: { type: 'string' } },
  });
  const rate = Number(values.rate ?? RATE);
  const seconds = Number(values.seconds ?? SECONDS);
  return withMarket(async (market) => {
    const database = new pg.Client({ connectionString: market.databaseUrl });
    await database.connect();
    const load = fork(join(import.meta.dirname, 'support', 'order-load.ts'), {
      serialization: 'advanced',
    });
    try {
      const { shops } = await openShops(market);
      const rig = { market, load, database, shops };
      await place(rig, WARM_RATE, WARM_SECONDS, 1);
      const phase = await place(rig, rate, seconds, 2);
      return report(phase, { rate, seconds, unpaid: await unsettled(database) });
    } finally {
      load.kill('SIGKILL');
      await database.end();
    }
  });
}

async function place(rig: Rig, rate: number, seconds: number, seed: number): Promise<Phase> {
  const { market, load, database, shops } = rig;
  const backlog: number[] = [];
  let isPlacing = true;
  const looking = (async () => {
    for (; isPlacing; await pass(LOOK_MS)) {
      backlog.push(await open(database));
      if (backlog.length % SAY_EVERY === 0) say(`${backlog.length} s: backlog ${backlog.at(-1)}`);
    }
  })();
  const before = market.cpu();
  const generatorBefore = cpuMicros(load.pid ?? 0);
  const startMs = performance.now();
  const account = newId('account');
  const port = market.apiPort;
  const reply = await ask(load, { port, account, shops, perSecond: rate, seconds, seed });
  const wallMs = performance.now() - startMs;
  isPlacing = false;
  await looking;
  const drainStartMs = performance.now();
  await waitUntil(DRAIN_MS, 'the last sagas to end', async () => (await open(database)) === 0);
  const drainMs = performance.now() - drainStartMs;
  const generator = cpuMicros(load.pid ?? 0) - generatorBefore;
  return { reply, backlog, drainMs, wallMs, generator, cpu: less(market.cpu(), before) };
}

function ask(load: ChildProcess, order: LoadOrder): Promise<LoadReply> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the customers ended'));
    load.once('exit', onExit);
    load.once('message', (reply: LoadReply) => {
      load.removeListener('exit', onExit);
      resolve(reply);
    });
    load.send(order);
  });
}

/** Sagas that are not done. */
async function open(database: pg.Client): Promise<number> {
  const { rows } = await database.query('SELECT count(*)::int AS n FROM orders.timers');
  return rows[0].n;
}

/** Orders that are not delivered with their whole amount captured: must be none. */
async function unsettled(database: pg.Client): Promise<number> {
  const { rows } = await database.query(
    `SELECT count(*)::int AS n FROM orders.orders o JOIN orders.sagas s ON s.order_id = o.id
      WHERE s.state <> 'delivered' OR s.captured_minor <> o.total_minor`,
  );
  return rows[0].n;
}

function less(a: MarketCpu, b: MarketCpu): MarketCpu {
  return {
    services: a.services - b.services,
    postgres: a.postgres - b.postgres,
    redis: a.redis - b.redis,
    couriers: a.couriers - b.couriers,
  };
}

function report(
  { reply, backlog, drainMs, wallMs, cpu, generator }: Phase,
  { rate, seconds, unpaid }: { rate: number; seconds: number; unpaid: number },
): BenchResult {
  const latencies = new Samples();
  latencies.addAll(reply.latencies);
  const lags = new Samples();
  lags.addAll(reply.lags);
  const placed = reply.statuses[201] ?? 0;
  const per = (micros: number): number => micros / Math.max(1, placed);
  const at = (part: number): number => backlog[Math.floor((backlog.length - 1) * part)] ?? 0;
  const parts: Fact[] = (['services', 'postgres', 'redis', 'couriers'] as const).map((name) => ({
    what: `${name === 'couriers' ? 'couriers (stand-in)' : name}`,
    value: per(cpu[name]),
    unit: 'µs CPU per order',
  }));
  const refused = reply.sent - placed;
  return {
    name: 'orders',
    question: `${rate.toLocaleString('en')} orders a second for ${seconds} s, placed over HTTP while their sagas drain`,
    facts: [
      { what: 'placed per second', value: (1_000 * placed) / wallMs, unit: 'orders' },
      { what: 'not placed', value: refused, unit: reply.refusals[0]?.slice(0, 200) ?? '' },
      { what: 'latency p50', value: latencies.quantile(0.5), unit: 'ms' },
      { what: 'latency p90', value: latencies.quantile(0.9), unit: 'ms' },
      { what: 'waited for a free connection, p99', value: lags.quantile(0.99), unit: 'ms' },
      ...parts,
      { what: 'customers (generator)', value: per(generator), unit: 'µs CPU per order' },
      { what: 'backlog after a quarter', value: at(0.25), unit: 'sagas' },
      { what: 'backlog after a half', value: at(0.5), unit: 'sagas' },
      { what: 'backlog at the end', value: at(1), unit: 'sagas' },
      { what: 'most', value: Math.max(...backlog), unit: 'sagas' },
      { what: 'to drain what was left', value: drainMs / 1_000, unit: 's' },
    ],
    targets: [
      {
        ...{ what: 'placed per second', measured: (1_000 * placed) / wallMs, bound: 1_000 },
        ...{ sense: 'least', unit: 'orders' },
      },
      {
        ...{ what: 'latency p99', measured: latencies.quantile(0.99), bound: 250 },
        ...{ sense: 'most', unit: 'ms' },
      },
      {
        ...{ what: 'backlog grown over the last half', measured: at(1) - at(0.5) },
        ...{ bound: rate * LEVEL_SECONDS, sense: 'most', unit: 'sagas' },
      },
      {
        ...{ what: 'not delivered and captured', measured: unpaid, bound: 0 },
        ...{ sense: 'most', unit: 'orders' },
      },
    ],
    bottleneck: bottleneck(cpu, generator, placed, wallMs + drainMs),
  };
}

function bottleneck(cpu: MarketCpu, generator: number, placed: number, wallMs: number): string {
  const { services, postgres, redis, couriers } = cpu;
  const all = services + postgres + redis + couriers + generator;
  const cores = all / 1_000 / wallMs;
  const share = (part: number): string => `${Math.round((100 * part) / all)} %`;
  return (
    `CPU: ${(all / 1_000 / Math.max(1, placed)).toFixed(2)} ms for an order from click to capture, ` +
    `${cores.toFixed(2)} cores busy; services (one thread) ${share(services)}, ` +
    `PostgreSQL ${share(postgres)}, Redis ${share(redis)}, customers ${share(generator)}`
  );
}
