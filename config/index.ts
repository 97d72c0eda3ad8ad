/**
 * Owns the way from the environment to one frozen object. All problems are reported together, each
 * with its variable; nothing else in Waggle reads the environment, and nothing happens at import.
 */
import { type DatabaseService, databaseServices } from './databases.ts';
import { type DoorConfig, doorOf } from './door.ts';
import { type RoutesConfig, routesOf, routesProblems } from './routes.ts';
import { schema, type VariableName } from './schema.ts';
import { readVariable, type Variable } from './variable.ts';

export { type DatabaseService, databaseServices } from './databases.ts';
export type { DoorConfig } from './door.ts';
export type { RoutesConfig } from './routes.ts';

export interface NamedKey {
  readonly kid: string;
  readonly secret: string;
}

export interface DatabaseConfig {
  readonly url: string;
  readonly poolMax: number;
  readonly timeoutMs: number;
}

/** Field units are in their names; docs/configuration.md has defaults and bounds. */
export interface Config {
  readonly node: {
    readonly name: string;
    readonly host: string;
    readonly adminHost: string;
    /** 0: a free port. */
    readonly adminPort: number;
    readonly stopDeadlineMs: number;
  };
  readonly log: { readonly level: LogLevel };
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly database: Readonly<Record<DatabaseService, DatabaseConfig>>;
  readonly api: {
    readonly port: number;
    readonly publicUrl: string;
    readonly bodyBytesMax: number;
    readonly door: DoorConfig;
  };
  readonly gateway: {
    readonly port: number;
    readonly publicUrl: string;
    readonly socketsMax: number;
    readonly socketBytesMax: number;
    readonly messagesPerSecond: number;
    readonly flushMs: number;
    /** Least version of driver apps; empty: any. */
    readonly appMin: string;
  };
  readonly auth: {
    /** Never empty; the first signs, all verify. */
    readonly keys: readonly [NamedKey, ...NamedKey[]];
    readonly accessTokenMs: number;
    readonly refreshTokenMs: number;
    readonly trackingLinkMs: number;
    /** Made at start when it does not exist; undefined: none is made. */
    readonly operator: { readonly email: string; readonly password: string } | undefined;
  };
  readonly dispatch: {
    readonly shards: number;
    readonly workers: number;
    readonly leaseMs: number;
    /** Zone milliseconds per host millisecond. */
    readonly speed: number;
    /** Zone milliseconds between rounds. */
    readonly roundMs: number;
    readonly zoneOpenWaitMs: number;
    readonly mailboxMax: number;
    readonly mailboxDriverReserve: number;
    readonly positionsMax: number;
    readonly logBytesMax: number;
    readonly snapshotRecords: number;
    /** Where road times are asked for; undefined: nowhere. */
    readonly routes: RoutesConfig | undefined;
  };
  /** Of secrets in the database: the first seals, all open. */
  readonly secrets: { readonly keys: readonly [NamedKey, ...NamedKey[]] };
  readonly streams: { readonly entriesMax: number };
  /** `insecure`: http and private addresses are allowed. */
  readonly webhooks: { readonly insecure: boolean };
  /** When an order is suspicious; see services/orders/fraud. */
  readonly fraud: {
    readonly ordersPerHourMax: number;
    readonly amountMinorMax: number;
    readonly reviewScore: number;
    readonly refuseScore: number;
  };
  readonly trace: { readonly days: number };
  /** Where files of people are kept. */
  readonly files: { readonly dir: string };
  readonly archive: { readonly days: number };
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface ConfigProblem {
  readonly variable: string;
  readonly problem: string;
}

/** Every problem of an environment at once. Not retryable: the process should end. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'config_invalid';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ variable, problem }) => `  ${variable} ${problem}`);
    super(`the configuration has ${problems.length} problem(s):\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the whole environment into a deeply frozen object. Throws ConfigError with all problems. */
export function loadConfig(env: Environment): Config {
  const { values, problems } = readAll(env);
  problems.push(...unknownVariables(env), ...contradictions(values));
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(assemble(values));
}

/** What a program needs that only reads the stores: no keys, no ports. */
export interface StoresConfig {
  readonly redis: Config['redis'];
  /** Undefined when neither the common nor the archive's own database is named. */
  readonly archive: DatabaseConfig | undefined;
}

/** As loadConfig, for the few variables of StoresConfig; all others may be missing. */
export function loadStoresConfig(env: Environment): StoresConfig {
  const { values, problems } = readAll({ DATABASE_URL: NO_DATABASE, ...env });
  const needed: readonly string[] = [
    ...['REDIS_URL', 'WAGGLE_KEY_PREFIX', 'DATABASE_URL', 'ARCHIVE_DATABASE_URL'],
    ...['WAGGLE_DATABASE_POOL_MAX', 'WAGGLE_DATABASE_TIMEOUT_MS'],
  ];
  const serious = problems.filter(({ variable }) => needed.includes(variable));
  if (serious.length > 0) throw new ConfigError(serious);
  const redis = { url: values.get('REDIS_URL'), keyPrefix: values.get('WAGGLE_KEY_PREFIX') };
  const { archive } = databases(values);
  return deepFreeze({
    redis: redis as Config['redis'],
    archive: archive.url === NO_DATABASE ? undefined : archive,
  });
}

/** Stands for a database that nobody has named. */
const NO_DATABASE = 'postgres://nowhere';

type Values = Map<VariableName, string | number | undefined>;

function readAll(env: Environment): { values: Values; problems: ConfigProblem[] } {
  const values: Values = new Map();
  const problems: ConfigProblem[] = [];
  for (const variable of Object.keys(schema) as VariableName[]) {
    const definition: Variable = schema[variable];
    const reading = readVariable(definition, env[variable]);
    if ('problem' in reading) problems.push({ variable, problem: reading.problem });
    else values.set(variable, reading.value);
  }
  return { values, problems };
}

/** A misspelt name would be ignored in silence, so every WAGGLE_ name must be in the table. */
function unknownVariables(env: Environment): ConfigProblem[] {
  const launchOnly = new Set(['WAGGLE_STATE_DIR', 'WAGGLE_SERVICES']);
  return Object.keys(env)
    .filter((name) => name.startsWith('WAGGLE_') && !(name in schema) && !launchOnly.has(name))
    .map((variable) => ({
      variable,
      problem: 'is not a variable of Waggle; expected one of docs/configuration.md',
    }));
}

function contradictions(values: Values): ConfigProblem[] {
  const problems: ConfigProblem[] = routesProblems(values);
  const email = values.get('WAGGLE_OPERATOR_EMAIL');
  const password = values.get('WAGGLE_OPERATOR_PASSWORD');
  if (email !== undefined && password === undefined) {
    problems.push({
      variable: 'WAGGLE_OPERATOR_PASSWORD',
      problem: 'is not set; expected a password, because WAGGLE_OPERATOR_EMAIL is set',
    });
  }
  for (const variable of ['WAGGLE_JWT_KEYS', 'WAGGLE_SECRETS_KEYS'] as const) {
    const keys = values.get(variable);
    if (typeof keys !== 'string') continue;
    const kids = parseKeys(keys).map((key) => key.kid);
    if (new Set(kids).size !== kids.length) {
      problems.push({ variable, problem: 'names a kid twice; expected every kid once' });
    }
  }
  return problems;
}

/** The patterns of such variables ask for at least one pair. */
function parseKeys(text: string): [NamedKey, ...NamedKey[]] {
  return text.split(',').map((pair) => {
    const colon = pair.indexOf(':');
    return { kid: pair.slice(0, colon), secret: pair.slice(colon + 1) };
  }) as [NamedKey, ...NamedKey[]];
}

function assemble(values: Values): Config {
  const number = (name: VariableName): number => values.get(name) as number;
  const text = (name: VariableName): string => values.get(name) as string;
  const email = values.get('WAGGLE_OPERATOR_EMAIL') as string | undefined;
  return {
    node: {
      name: text('WAGGLE_NODE_NAME'),
      host: text('WAGGLE_HOST'),
      adminHost: text('WAGGLE_ADMIN_HOST'),
      adminPort: number('WAGGLE_ADMIN_PORT'),
      stopDeadlineMs: number('WAGGLE_STOP_DEADLINE_MS'),
    },
    log: { level: text('WAGGLE_LOG_LEVEL') as LogLevel },
    redis: { url: text('REDIS_URL'), keyPrefix: text('WAGGLE_KEY_PREFIX') },
    database: databases(values),
    api: {
      port: number('WAGGLE_API_PORT'),
      publicUrl: text('WAGGLE_PUBLIC_API_URL').replace(/\/$/, ''),
      bodyBytesMax: number('WAGGLE_API_BODY_BYTES_MAX'),
      door: doorOf(values),
    },
    gateway: {
      port: number('WAGGLE_GATEWAY_PORT'),
      publicUrl: text('WAGGLE_PUBLIC_GATEWAY_URL').replace(/\/$/, ''),
      socketsMax: number('WAGGLE_GATEWAY_SOCKETS_MAX'),
      socketBytesMax: number('WAGGLE_GATEWAY_SOCKET_BYTES_MAX'),
      messagesPerSecond: number('WAGGLE_GATEWAY_MESSAGES_PER_SECOND'),
      flushMs: number('WAGGLE_GATEWAY_FLUSH_MS'),
      appMin: text('WAGGLE_GATEWAY_APP_MIN'),
    },
    auth: {
      keys: parseKeys(text('WAGGLE_JWT_KEYS')),
      accessTokenMs: number('WAGGLE_ACCESS_TOKEN_MS'),
      refreshTokenMs: number('WAGGLE_REFRESH_TOKEN_MS'),
      trackingLinkMs: number('WAGGLE_TRACKING_LINK_MS'),
      operator:
        email === undefined ? undefined : { email, password: text('WAGGLE_OPERATOR_PASSWORD') },
    },
    dispatch: {
      shards: number('WAGGLE_SHARDS'),
      workers: number('WAGGLE_DISPATCH_WORKERS'),
      leaseMs: number('WAGGLE_LEASE_MS'),
      speed: number('WAGGLE_SPEED'),
      roundMs: number('WAGGLE_ROUND_MS'),
      zoneOpenWaitMs: number('WAGGLE_ZONE_OPEN_WAIT_MS'),
      mailboxMax: number('WAGGLE_MAILBOX_MAX'),
      mailboxDriverReserve: number('WAGGLE_MAILBOX_DRIVER_RESERVE'),
      positionsMax: number('WAGGLE_POSITIONS_MAX'),
      logBytesMax: number('WAGGLE_LOG_BYTES_MAX'),
      snapshotRecords: number('WAGGLE_SNAPSHOT_RECORDS'),
      routes: routesOf(values),
    },
    secrets: { keys: parseKeys(text('WAGGLE_SECRETS_KEYS')) },
    streams: { entriesMax: number('WAGGLE_STREAM_ENTRIES_MAX') },
    webhooks: { insecure: text('WAGGLE_WEBHOOK_INSECURE') === 'allow' },
    fraud: {
      ordersPerHourMax: number('WAGGLE_FRAUD_ORDERS_PER_HOUR'),
      amountMinorMax: number('WAGGLE_FRAUD_AMOUNT_MINOR'),
      reviewScore: number('WAGGLE_FRAUD_REVIEW_SCORE'),
      refuseScore: number('WAGGLE_FRAUD_REFUSE_SCORE'),
    },
    trace: { days: number('WAGGLE_TRACE_DAYS') },
    files: { dir: text('WAGGLE_FILES_DIR') },
    archive: { days: number('WAGGLE_ARCHIVE_DAYS') },
  };
}

function databases(values: Values): Config['database'] {
  const common = values.get('DATABASE_URL') as string;
  const poolMax = values.get('WAGGLE_DATABASE_POOL_MAX') as number;
  const timeoutMs = values.get('WAGGLE_DATABASE_TIMEOUT_MS') as number;
  const entries = databaseServices.map((service) => {
    const own = `${service.toUpperCase()}_DATABASE_URL` as VariableName;
    const url = (values.get(own) as string | undefined) ?? common;
    return [service, { url, poolMax, timeoutMs }] as const;
  });
  return Object.fromEntries(entries) as Record<DatabaseService, DatabaseConfig>;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
