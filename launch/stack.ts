/**
 * Owns one whole Waggle on one machine: stores, migrations, processes. `npm start` and the end-to-end
 * tests start it the same way. It knows nothing of the city that plays on it.
 */
import { mkdirSync } from 'node:fs';
import { loadConfig } from '../config/index.ts';
import { LaunchError } from './launch-error.ts';
import { applyMigrations } from './migrations.ts';
import { projectRoot } from './paths.ts';
import { findFreePorts, isPortFree } from './ports.ts';
import { commonEnvironment, defineProcesses, findProcess, stopGroups } from './processes.ts';
import { readSecrets } from './secrets.ts';
import { type Stores, startStores } from './stores.ts';
import { removeStoresNote, writeStoresNote } from './stores-note.ts';
import { Supervisor } from './supervisor.ts';

const READY_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 10_000;

export interface StackOptions {
  readonly stateDir: string;
  /** Stores without disk, for tests. */
  readonly ephemeral?: boolean | undefined;
  /** Port of the API; left out: a free one. */
  readonly apiPort?: number | undefined;
  readonly gatewayPort?: number | undefined;
  /** Stores to use instead of private ones. */
  readonly redisUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
  /** Zone milliseconds per host millisecond; default 1. */
  readonly speed?: number | undefined;
  /** Further variables for every process, by their names in docs/configuration.md. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly notify?: ((line: string) => void) | undefined;
  /** Settles when nobody wants the stack any more: a start under way is given up. */
  readonly unwanted?: Promise<unknown> | undefined;
}

export interface Stack {
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  readonly operator: { readonly email: string; readonly password: string };
  readonly supervisor: Supervisor;
  /** What a client of the stack needs, as variables. */
  readonly clientEnvironment: Readonly<Record<string, string>>;
  /** Kills by process name, service name, `redis` or `postgres`; returns who it was. */
  kill(target: string): string;
  stop(): Promise<void>;
}

/** Starts everything and returns when every process is ready. Leaves nothing running if it fails. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const notify = options.notify ?? (() => {});
  mkdirSync(options.stateDir, { recursive: true });
  await assertPortsFree(options);
  const [freeApi, freeGateway] = await findFreePorts(2);
  const apiPort = options.apiPort ?? freeApi;
  const gatewayPort = options.gatewayPort ?? freeGateway;
  if (apiPort === undefined || gatewayPort === undefined) throw new Error('two ports are free');
  const stores = await startStores({ ...options, notify });
  const supervisor = new Supervisor({
    stateDir: options.stateDir,
    cwd: projectRoot,
    stopDeadlineMs: STOP_DEADLINE_MS,
    onExit: (name, how) => notify(`${name} ended (${how}): starting it again`),
  });
  const stop = async (): Promise<void> => {
    await supervisor.stopAll(stopGroups);
    removeStoresNote(options.stateDir);
    await stores.stop();
  };
  try {
    const secrets = readSecrets(options.stateDir);
    const common = commonEnvironment(
      { redisUrl: stores.redisUrl, databaseUrl: stores.databaseUrl, apiPort, gatewayPort },
      {
        // A city of people registers from this one machine.
        WAGGLE_SIGN_UPS_PER_MINUTE: '1000000',
        // A dozen of them order for all of it.
        WAGGLE_FRAUD_ORDERS_PER_HOUR: '0',
        ...inheritedEnvironment(),
        WAGGLE_JWT_KEYS: secrets.jwtKeys,
        WAGGLE_SECRETS_KEYS: secrets.secretsKeys,
        WAGGLE_OPERATOR_EMAIL: secrets.operatorEmail,
        WAGGLE_OPERATOR_PASSWORD: secrets.operatorPassword,
        ...(options.speed === undefined ? {} : { WAGGLE_SPEED: String(options.speed) }),
        ...options.env,
      },
    );
    writeStoresNote(options.stateDir, {
      REDIS_URL: stores.redisUrl,
      DATABASE_URL: stores.databaseUrl,
      WAGGLE_KEY_PREFIX: String(common.WAGGLE_KEY_PREFIX ?? ''),
    });
    const definitions = await defineProcesses(common);
    // Loading once here finds a bad variable before five processes fail on it.
    await applyMigrations(loadConfig(common));
    const givenUp = options.unwanted?.then(() => {
      throw new LaunchError('stopped while it started');
    });
    const started = supervisor.startAll(definitions, READY_DEADLINE_MS);
    // Whichever of the two comes second has nobody waiting for it any more.
    for (const each of [started, givenUp]) each?.catch(() => {});
    await Promise.race([started, ...(givenUp ? [givenUp] : [])]);
    return describeStack(common, supervisor, stores, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function describeStack(
  common: Readonly<Record<string, string | undefined>>,
  supervisor: Supervisor,
  stores: Stores,
  stop: () => Promise<void>,
): Stack {
  const pick = (name: string): string => common[name] ?? '';
  const clientEnvironment = {
    WAGGLE_PUBLIC_API_URL: pick('WAGGLE_PUBLIC_API_URL'),
    WAGGLE_PUBLIC_GATEWAY_URL: pick('WAGGLE_PUBLIC_GATEWAY_URL'),
    WAGGLE_OPERATOR_EMAIL: pick('WAGGLE_OPERATOR_EMAIL'),
    WAGGLE_OPERATOR_PASSWORD: pick('WAGGLE_OPERATOR_PASSWORD'),
  };
  return {
    apiUrl: clientEnvironment.WAGGLE_PUBLIC_API_URL,
    gatewayUrl: clientEnvironment.WAGGLE_PUBLIC_GATEWAY_URL,
    operator: {
      email: clientEnvironment.WAGGLE_OPERATOR_EMAIL,
      password: clientEnvironment.WAGGLE_OPERATOR_PASSWORD,
    },
    supervisor,
    clientEnvironment,
    kill: (target) => {
      if (target === 'redis' || target === 'postgres') {
        stores.kill(target);
        return target;
      }
      const name = findProcess(target);
      if (name === undefined) throw new LaunchError(`nothing here is called ${target}`);
      supervisor.kill(name, 'SIGKILL');
      return name;
    },
    stop,
  };
}

async function assertPortsFree(options: StackOptions): Promise<void> {
  const doors = [
    ['the API', options.apiPort, 'WAGGLE_API_PORT'],
    ['the gateway', options.gatewayPort, 'WAGGLE_GATEWAY_PORT'],
  ] as const;
  for (const [what, port, variable] of doors) {
    if (port === undefined || (await isPortFree(port))) continue;
    throw new LaunchError(
      `port ${port} for ${what} is in use: stop what listens there, or choose another with ` +
        `${variable}=${port + 10}`,
    );
  }
}

/** Variables of the person's shell that processes may see: Waggle's own, and what Node needs. */
function inheritedEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const wanted =
      name.startsWith('WAGGLE_') ||
      name.endsWith('_DATABASE_URL') ||
      ['PATH', 'HOME', 'TZ', 'LANG', 'NODE_OPTIONS', 'NODE_COMPILE_CACHE'].includes(name);
    if (wanted && value !== undefined) kept[name] = value;
  }
  return kept;
}
