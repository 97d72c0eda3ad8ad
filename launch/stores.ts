/**
 * Owns having a Redis and a PostgreSQL: the ones named in the environment, else private ones. A
 * private one that dies is started again on its port with its data, as a service manager would.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LaunchError } from './launch-error.ts';
import { forgetPostgres, startPostgres } from './postgres.ts';
import { forgetRedis, startRedis } from './redis.ts';

/** A store that dies this often in one run has a reason that a restart does not cure. */
const RESTARTS_MAX = 20;
/** How often, and after which pause in host ms, one restart is tried. */
const RESTART_TRIES_MAX = 20;
const RESTART_PAUSE_MS = 500;

export interface StoresOptions {
  readonly stateDir: string;
  readonly ephemeral?: boolean | undefined;
  readonly notify: (line: string) => void;
  /** URLs from the environment; a private store is started for each one left out. */
  readonly redisUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
}

export interface Stores {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** SIGKILL to a private store, which then restarts. Throws LaunchError for one that is not ours. */
  kill(name: 'redis' | 'postgres'): void;
  stop(): Promise<void>;
}

/** Removes the data of private stores that do not run; programs and secrets stay. */
export async function forgetStores(stateDir: string): Promise<void> {
  await Promise.all([forgetRedis(stateDir), forgetPostgres(stateDir)]);
}

interface RunningStore {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** Starts what is missing, both at once. */
export async function startStores(options: StoresOptions): Promise<Stores> {
  const { stateDir, ephemeral, notify } = options;
  const startOwnRedis = (port?: number) => startRedis({ stateDir, ephemeral, notify, port });
  const startOwnPostgres = (port?: number) => startPostgres({ stateDir, ephemeral, port });
  const outcomes = await Promise.allSettled([
    options.redisUrl === undefined ? keepRunning('Redis', startOwnRedis, notify) : undefined,
    options.databaseUrl === undefined
      ? keepRunning('PostgreSQL', startOwnPostgres, notify)
      : undefined,
  ]);
  const [redis, postgres] = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : undefined,
  );
  const stop = async (): Promise<void> => {
    await Promise.all([redis?.stop(), postgres?.stop()]);
  };
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const redisUrl = options.redisUrl ?? redis?.url;
  const databaseUrl = options.databaseUrl ?? postgres?.url;
  if (redisUrl === undefined || databaseUrl === undefined) throw new Error('both stores have URLs');
  const kill = (name: 'redis' | 'postgres'): void => {
    const store = name === 'redis' ? redis : postgres;
    if (store === undefined) throw new LaunchError(`${name} is not ours to kill (its URL is set)`);
    store.kill();
  };
  return { redisUrl, databaseUrl, kill, stop };
}

interface KeptStore {
  readonly url: string;
  kill(): void;
  stop(): Promise<void>;
}

async function keepRunning(
  label: string,
  start: (port?: number) => Promise<RunningStore>,
  notify: (line: string) => void,
): Promise<KeptStore> {
  let current = await start();
  let stopping = false;
  let restarting: Promise<void> = Promise.resolve();
  let restarts = 0;
  const watch = (store: RunningStore): void => {
    void store.exited.then(() => {
      if (stopping || restarts >= RESTARTS_MAX) return;
      restarts += 1;
      notify(`${label} ended unasked: starting it again`);
      restarting = again(store.port);
    });
  };
  // A killed server's own processes, or its port, may need a moment to go; one refusal is not the end.
  const again = async (port: number): Promise<void> => {
    for (let tries = 1; !stopping; tries++) {
      try {
        current = await start(port);
        return watch(current);
      } catch (error) {
        const isLast = tries >= RESTART_TRIES_MAX;
        notify(`${label} did not come back${isLast ? '' : ', trying again'}: ${String(error)}`);
        if (isLast) return;
        await delay(RESTART_PAUSE_MS);
      }
    }
  };
  watch(current);
  return {
    url: current.url,
    kill: () => process.kill(current.pid, 'SIGKILL'),
    stop: async () => {
      stopping = true;
      await restarting;
      await current.stop();
    },
  };
}
