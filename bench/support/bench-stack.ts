/**
 * Owns a Waggle of three processes for benchmarks: a Redis with an append-only file as in production,
 * one dispatch node, one gateway; all started as `npm start` starts them. One zone is open on it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Door } from '../../dispatch/redis/door.ts';
import { openDoor } from '../../dispatch/redis/door.ts';
import { findFreePorts } from '../../launch/ports.ts';
import { commonEnvironment, defineProcesses } from '../../launch/processes.ts';
import type { ProcessDefinition } from '../../launch/supervisor.ts';
import { withBenchRedis } from './bench-redis.ts';
import { cityPolygon, cityZone } from './city.ts';
import { cpuMicros, residentBytes } from './process-usage.ts';
import { waitUntil } from './waiting.ts';

export const BENCH_KEY = { kid: 'bench', secret: 'a-secret-of-the-benchmarks-only-0123456789' };
const SHARDS = 4;
const READY_MS = 30_000;
const STOP_MS = 5_000;

/** CPU µs of each server process so far. */
export interface ServerCpu {
  readonly gateway: number;
  readonly redis: number;
  readonly dispatch: number;
}

export interface BenchStack {
  readonly door: Door;
  readonly redisUrl: string;
  readonly gatewayPort: number;
  readonly pids: Readonly<Record<keyof ServerCpu, number>>;
  cpu(): ServerCpu;
  /** A counter of the gateway's `/metrics`, by the beginning of its line; 0 when it has none. */
  gatewayCount(lineStart: string): Promise<number>;
  /** Resident bytes of the server processes. */
  memory(): ServerCpu;
}

/** Runs `use` on a stack of its own and stops it afterwards, whatever happens. */
export function withBenchStack<T>(use: (stack: BenchStack) => Promise<T>): Promise<T> {
  return withBenchRedis(true, async (redis) => {
    const [apiPort = 0, gatewayPort = 0] = await findFreePorts(2);
    const common = commonEnvironment(
      // Neither of the two processes has tables; nothing listens at this address.
      { redisUrl: redis.url, databaseUrl: 'postgres://127.0.0.1:1/none', apiPort, gatewayPort },
      {
        WAGGLE_JWT_KEYS: `${BENCH_KEY.kid}:${BENCH_KEY.secret}`,
        WAGGLE_SECRETS_KEYS: `bench:${Buffer.alloc(32).toString('base64')}`,
        WAGGLE_SHARDS: String(SHARDS),
        WAGGLE_LOG_LEVEL: 'error',
        WAGGLE_MAILBOX_MAX: '100000',
        NODE_ENV: 'production',
      },
    );
    const definitions = await defineProcesses(common, [
      { name: 'dispatch-1', services: ['dispatch'] },
      { name: 'gateway-1', services: ['gateway'] },
    ]);
    const children = definitions.map(start);
    let door: Door | undefined;
    try {
      await Promise.all(definitions.map((definition, i) => ready(definition, children[i])));
      door = await openDoor({ redisUrl: redis.url, keyPrefix: '', shards: SHARDS });
      await openZone(door);
      const [dispatch, gateway] = children;
      const pids = { gateway: pidOf(gateway), redis: redis.pid, dispatch: pidOf(dispatch) };
      const each = (read: (pid: number) => number): ServerCpu => ({
        gateway: read(pids.gateway),
        redis: read(pids.redis),
        dispatch: read(pids.dispatch),
      });
      return await use({
        ...{ door, redisUrl: redis.url, gatewayPort, pids },
        cpu: () => each(cpuMicros),
        gatewayCount: (lineStart) => readCount(definitions[1]?.adminPort ?? 0, lineStart),
        memory: () => each(residentBytes),
      });
    } finally {
      await door?.close();
      await Promise.all(children.map(stop));
    }
  });
}

function pidOf(child: ChildProcess | undefined): number {
  if (child?.pid === undefined) throw new Error('a server process could not be started');
  return child.pid;
}

function start({ argv, env }: ProcessDefinition): ChildProcess {
  const [file = process.execPath, ...args] = argv;
  const child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  child.once('exit', () => process.removeListener('exit', killAtExit));
  return child;
}

async function ready(definition: ProcessDefinition, child?: ChildProcess): Promise<void> {
  await waitUntil(READY_MS, `${definition.name} to be ready`, async () => {
    if (child?.exitCode !== null) throw new Error(`${definition.name} ended at its start`);
    const url = `http://127.0.0.1:${definition.adminPort}/health/ready`;
    return (await fetch(url).catch(() => null))?.status === 200;
  });
}

async function readCount(adminPort: number, lineStart: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const found = text.split('\n').find((line) => line.startsWith(lineStart));
  return Number(found?.split(' ').at(-1) ?? 0);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

async function openZone(door: Door): Promise<void> {
  const config = cityZone();
  const { id, market, shard, version, currency, timeZone } = config;
  const entry = { id, market, shard, version, currency, timeZone };
  await door.putZone({ ...entry, name: 'bench', polygon: cityPolygon() });
  await door.append({ zone: id, command: { type: 'zone.open', config } });
  await waitUntil(READY_MS, 'the zone to open', async () => (await door.logEnd(shard)).seq > 0);
}
