/**
 * Owns the stores of the search benchmark, filled with a made-up city, and processes of Waggle on them,
 * started as in production.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../config/index.ts';
import type { SearchAnswer } from '../../contracts/api/search.ts';
import { applyMigrationsTo } from '../../launch/migrations.ts';
import { findFreePort } from '../../launch/ports.ts';
import { startPostgres } from '../../launch/postgres.ts';
import { commonEnvironment, defineProcesses, type ProcessRow } from '../../launch/processes.ts';
import { startNode } from '../../services/main.ts';
import { withBenchRedis } from './bench-redis.ts';
import { cpuMicros } from './process-usage.ts';
import type { Asked } from './search-questions.ts';
import { waitUntil } from './waiting.ts';

const READY_MS = 120_000;
const STOP_MS = 5_000;

export interface SearchStores {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** CPU µs of PostgreSQL and all its connections that are open. */
  postgresCpu(): number;
}

/** Runs `use` on stores of its own that are gone afterwards. Nothing is synced to disk. */
export function withSearchStores<T>(use: (stores: SearchStores) => Promise<T>): Promise<T> {
  return withBenchRedis(false, async (redis) => {
    const stateDir = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
    const postgres = await startPostgres({ stateDir, ephemeral: true });
    try {
      await applyMigrationsTo(postgres.url);
      return await use({
        databaseUrl: postgres.url,
        redisUrl: redis.url,
        postgresCpu: () => treeCpu(postgres.pid),
      });
    } finally {
      await postgres.stop();
      rmSync(stateDir, { recursive: true, force: true });
    }
  });
}

function treeCpu(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const pids = [pid, ...(children === '' ? [] : children.split(' ').map(Number))];
  return pids.reduce((sum, each) => {
    try {
      return sum + cpuMicros(each);
    } catch {
      // A connection may end between the listing and the reading.
      return sum;
    }
  }, 0);
}

/** The environment of a process on these stores; also for one within the benchmark. */
export function searchEnvironment(
  { databaseUrl, redisUrl }: Pick<SearchStores, 'databaseUrl' | 'redisUrl'>,
  apiPort: number,
): Record<string, string | undefined> {
  return commonEnvironment(
    { redisUrl, databaseUrl, apiPort, gatewayPort: apiPort + 1 },
    {
      WAGGLE_JWT_KEYS: 'bench:a-secret-of-the-benchmarks-only-0123456789',
      WAGGLE_SECRETS_KEYS: `bench:${Buffer.alloc(32).toString('base64')}`,
      WAGGLE_LOG_LEVEL: 'error',
      NODE_ENV: 'production',
    },
  );
}

/** The service within this process. */
export interface OwnSearch {
  /** Its action, called as another service here would. */
  find(asked: Asked): Promise<SearchAnswer>;
  stop(): Promise<void>;
}

/** Starts it as a node of this name, its read model loaded. */
export async function startOwnSearch(
  stores: Pick<SearchStores, 'databaseUrl' | 'redisUrl'>,
  name: string,
): Promise<OwnSearch> {
  const environment = searchEnvironment(stores, await findFreePort());
  const ports = { WAGGLE_ADMIN_PORT: String(await findFreePort()) };
  const config = loadConfig({ ...environment, ...ports, WAGGLE_NODE_NAME: name });
  const node = await startNode(config, { node: name, services: ['search'] });
  const { broker, adminPort } = node;
  await waitUntil(READY_MS, 'the read model', async () => (await modelDocuments(adminPort)) > 0);
  return {
    find: (asked) => broker.call<SearchAnswer, Asked>('search.find', asked),
    stop: () => node.stop(),
  };
}

export interface SearchServers {
  readonly apiPort: number;
  /** CPU µs of all of them. */
  cpu(): number;
}

/** Runs `use` with processes of these services, ready and with their read models loaded. */
export async function withSearchServers<T>(
  stores: SearchStores,
  rows: readonly ProcessRow[],
  use: (servers: SearchServers) => Promise<T>,
): Promise<T> {
  const apiPort = await findFreePort();
  const definitions = await defineProcesses(searchEnvironment(stores, apiPort), rows);
  const children = definitions.map(({ argv: [file = process.execPath, ...args], env }) => {
    const child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    process.once('exit', () => void child.kill('SIGKILL'));
    return child;
  });
  try {
    for (const { adminPort, name } of definitions) {
      const isSearch = rows.find((row) => row.name === name)?.services.includes('search') === true;
      await waitUntil(READY_MS, `${name} to be ready`, () => isReady(adminPort, isSearch));
    }
    const pids = children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    return await use({
      apiPort,
      cpu: () => pids.reduce((sum, pid) => sum + cpuMicros(pid), 0),
    });
  } finally {
    await Promise.all(children.map(stop));
  }
}

async function isReady(adminPort: number, isSearch: boolean): Promise<boolean> {
  const base = `http://127.0.0.1:${adminPort}`;
  const ready = await fetch(`${base}/health/ready`).catch(() => null);
  if (ready?.status !== 200 || !isSearch) return ready?.status === 200;
  return (await modelDocuments(adminPort)) > 0;
}

/** Documents in the read model of a process; 0: it has none yet. */
export async function modelDocuments(adminPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith('waggle_search_documents'));
  return Number(line?.split(' ').at(-1) ?? 0);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}
