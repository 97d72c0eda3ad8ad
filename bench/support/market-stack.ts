/**
 * Owns a marketplace for benchmarks: Redis and PostgreSQL that write to disk as in production, and the
 * services that have a part in an order. Couriers are a stand-in (`order-couriers.ts`): the engine has
 * benchmarks of its own.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseServices } from '../../config/index.ts';
import { applyMigrationsTo } from '../../launch/migrations.ts';
import { findFreePorts } from '../../launch/ports.ts';
import { forgetPostgres, startPostgres } from '../../launch/postgres.ts';
import { commonEnvironment, defineProcesses, type ProcessRow } from '../../launch/processes.ts';
import { startRedis } from '../../launch/redis.ts';
import { BENCH_KEY } from './bench-stack.ts';
import { cpuMicros, endedChildrenMicros } from './process-usage.ts';
import { waitUntil } from './waiting.ts';

const READY_MS = 60_000;
const STOP_MS = 10_000;
export const BENCH_OPERATOR = { email: 'ops@bench.example', password: 'a-password-of-benchmarks' };

/** The stand-in has their part, or nothing of theirs is asked for. */
const LEFT_OUT: ReadonlySet<string> = new Set(['deliveries', 'tracking', 'archive', 'webhooks']);
/**
 * What placing an order asks, and the door, in one process: no call of it goes over the network. The
 * other process carries the rest, and sagas with it.
 */
const PLACING: ReadonlySet<string> = new Set(['users', 'vendors', 'catalog', 'orders', 'zones']);
const rest = databaseServices.filter((name) => !LEFT_OUT.has(name) && !PLACING.has(name));
const PROCESSES: readonly ProcessRow[] = [
  { name: 'dispatch-1', services: ['dispatch'] },
  { name: 'placing-1', services: [...PLACING, 'api'] },
  { name: 'carrying-1', services: ['orders', ...rest] },
];

/** CPU µs of each part so far. */
export interface MarketCpu {
  readonly services: number;
  readonly postgres: number;
  readonly redis: number;
  readonly couriers: number;
}

export interface MarketStack {
  readonly apiPort: number;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  cpu(): MarketCpu;
}

/** Runs `use` on a marketplace of its own and stops it afterwards, whatever happens. */
export async function withMarket<T>(use: (market: MarketStack) => Promise<T>): Promise<T> {
  const stateDir = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
  const stops: (() => Promise<void> | void)[] = [() => rmSync(stateDir, { recursive: true })];
  try {
    const notify = (line: string): void => void process.stderr.write(`${line}\n`);
    const redis = await startRedis({ stateDir, notify });
    stops.push(() => redis.stop());
    stops.push(() => forgetPostgres(stateDir));
    const postgres = await startPostgres({ stateDir });
    stops.push(() => postgres.stop());
    await applyMigrationsTo(postgres.url);
    const [apiPort = 0, gatewayPort = 0] = await findFreePorts(2);
    const addresses = { redisUrl: redis.url, databaseUrl: postgres.url, apiPort, gatewayPort };
    const common = commonEnvironment(addresses, {
      ...process.env,
      WAGGLE_JWT_KEYS: `${BENCH_KEY.kid}:${BENCH_KEY.secret}`,
      WAGGLE_SECRETS_KEYS: `bench:${Buffer.alloc(32).toString('base64')}`,
      WAGGLE_OPERATOR_EMAIL: BENCH_OPERATOR.email,
      WAGGLE_OPERATOR_PASSWORD: BENCH_OPERATOR.password,
      // A writer of placements, a relay, timers and four streams for the sagas; more only wait.
      WAGGLE_DATABASE_POOL_MAX: '8',
      WAGGLE_LOG_LEVEL: 'error',
      NODE_ENV: 'production',
    });
    const pids = await startServices(common, stops);
    const couriers = await startCouriers(redis.url, stops);
    return await use({
      ...{ apiPort, databaseUrl: postgres.url, redisUrl: redis.url },
      cpu: () => ({
        services: pids.reduce((sum, pid) => sum + cpuMicros(pid), 0),
        postgres: familyMicros(postgres.pid),
        redis: cpuMicros(redis.pid),
        couriers: cpuMicros(couriers),
      }),
    });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

type Stops = (() => Promise<void> | void)[];

async function startServices(
  common: Readonly<Record<string, string | undefined>>,
  stops: Stops,
): Promise<number[]> {
  const definitions = await defineProcesses(common, PROCESSES);
  return Promise.all(
    definitions.map(async ({ name, argv, env, adminPort }) => {
      const [file = process.execPath, ...args] = argv;
      const child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
      stops.push(() => stopChild(child));
      await waitUntil(READY_MS, `${name} to be ready`, async () => {
        if (child.exitCode !== null) throw new Error(`${name} ended at its start`);
        const url = `http://127.0.0.1:${adminPort}/health/ready`;
        return (await fetch(url).catch(() => null))?.status === 200;
      });
      return child.pid ?? 0;
    }),
  );
}

async function startCouriers(redisUrl: string, stops: Stops): Promise<number> {
  const child = fork(join(import.meta.dirname, 'order-couriers.ts'), [redisUrl]);
  stops.push(() => stopChild(child));
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', () => reject(new Error('the couriers ended at their start')));
  });
  return child.pid ?? 0;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

/** CPU µs of a server and of its processes, those that ended too; PostgreSQL has one per connection. */
function familyMicros(parent: number): number {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isChild(name));
  function isChild(pid: string): boolean {
    try {
      return (
        Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]) === parent
      );
    } catch {
      return false;
    }
  }
  const living = [parent, ...children.map(Number)].reduce((sum, pid) => sum + quietMicros(pid), 0);
  return living + endedChildrenMicros(parent);
}

function quietMicros(pid: number): number {
  try {
    return cpuMicros(pid);
  } catch {
    // It ended between the listing and the reading.
    return 0;
  }
}
