/**
 * Owns the one table of everything that can be configured. `docs/configuration.md` is generated from
 * it, and loadConfig reads nothing that is not in it.
 */
import { ownDatabases, postgresProtocols } from './databases.ts';
import { doorVariables } from './door.ts';
import { fraudVariables } from './fraud.ts';
import { PROFILES_PATTERN } from './routes.ts';
import type { Variable } from './variable.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const KIB = 1024;
const MIB = 1024 * KIB;

const name = { pattern: /^[a-z][a-z0-9-]{0,62}$/, expected: 'lower-case letters, digits and -' };

export const schema = {
  WAGGLE_NODE_NAME: {
    kind: 'text',
    ...name,
    default: 'node-1',
    description: 'Name of this process, unique in the installation.',
  },
  WAGGLE_HOST: {
    kind: 'text',
    default: '0.0.0.0',
    description: 'Address the API and the gateway listen on.',
  },
  WAGGLE_ADMIN_HOST: {
    kind: 'text',
    default: '127.0.0.1',
    description: 'Address health and metrics listen on; never open it to the public.',
  },
  WAGGLE_ADMIN_PORT: {
    kind: 'integer',
    min: 0,
    max: 65_535,
    default: 3100,
    description: 'Port of /health/live, /health/ready and /metrics; 0 takes a free one.',
  },
  WAGGLE_LOG_LEVEL: {
    kind: 'choice',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    description: 'Least severe level that is logged.',
  },
  WAGGLE_STOP_DEADLINE_MS: {
    kind: 'integer',
    min: 100,
    max: 10 * MINUTE_MS,
    default: 10_000,
    description: 'How long a stopping process may take to hand over and drain.',
  },
  REDIS_URL: {
    kind: 'url',
    protocols: ['redis:', 'rediss:'],
    description: 'Redis 7 or newer with an append-only file and `noeviction`.',
  },
  WAGGLE_KEY_PREFIX: {
    kind: 'text',
    pattern: /^[A-Za-z0-9_.:-]{0,64}$/,
    expected: 'up to 64 letters, digits, and . _ : -',
    default: '',
    description: 'Put before every key, so that installations (and tests) can share a Redis.',
  },
  DATABASE_URL: {
    kind: 'url',
    protocols: postgresProtocols,
    description: 'PostgreSQL 18, used by every service without a database of its own.',
  },
  ...ownDatabases,
  WAGGLE_DATABASE_POOL_MAX: {
    kind: 'integer',
    min: 1,
    max: 200,
    default: 10,
    description: 'Most connections one service of one process keeps open.',
  },
  WAGGLE_DATABASE_TIMEOUT_MS: {
    kind: 'integer',
    min: 100,
    max: 5 * MINUTE_MS,
    default: 5_000,
    description: 'How long a query, or the wait for a free connection, may take.',
  },
  WAGGLE_API_PORT: {
    kind: 'integer',
    min: 0,
    max: 65_535,
    default: 3000,
    description: 'Port of the REST API and the pages; 0 takes a free one.',
  },
  WAGGLE_PUBLIC_API_URL: {
    kind: 'url',
    protocols: ['http:', 'https:'],
    default: 'http://127.0.0.1:3000',
    description: 'How the API is reached from outside; used in links.',
  },
  WAGGLE_API_BODY_BYTES_MAX: {
    kind: 'integer',
    min: KIB,
    max: 64 * MIB,
    default: MIB,
    description: 'Largest request body the API reads.',
  },
  ...doorVariables,
  WAGGLE_GATEWAY_PORT: {
    kind: 'integer',
    min: 0,
    max: 65_535,
    default: 3001,
    description: 'Port of the WebSocket gateway; 0 takes a free one.',
  },
  WAGGLE_PUBLIC_GATEWAY_URL: {
    kind: 'url',
    protocols: ['ws:', 'wss:'],
    default: 'ws://127.0.0.1:3001',
    description: 'How the gateway is reached from outside; told to apps and pages.',
  },
  WAGGLE_GATEWAY_SOCKETS_MAX: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: 18_000,
    description:
      'Sockets one gateway holds; more are sent away. Keep it below the open-file limit.',
  },
  WAGGLE_GATEWAY_SOCKET_BYTES_MAX: {
    kind: 'integer',
    min: KIB,
    max: 16 * MIB,
    default: 64 * KIB,
    description: 'Unsent bytes of one socket before it is closed as too slow.',
  },
  WAGGLE_GATEWAY_MESSAGES_PER_SECOND: {
    kind: 'integer',
    min: 1,
    max: 10_000,
    default: 50,
    description: 'Messages one socket may send per second, as a lasting rate.',
  },
  WAGGLE_GATEWAY_APP_MIN: {
    kind: 'text',
    pattern: /^(\d{1,5}(\.\d{1,5}){0,2})?$/,
    expected: 'a version such as 2, 2.4 or 2.4.1, or nothing',
    default: '',
    description: 'Driver apps with a lower version are told to update; empty: all may connect.',
  },
  WAGGLE_GATEWAY_FLUSH_MS: {
    kind: 'integer',
    min: 5,
    max: 1_000,
    default: 50,
    description: 'How often positions are passed on to the shards, in host milliseconds.',
  },
  WAGGLE_JWT_KEYS: {
    kind: 'text',
    pattern: /^[A-Za-z0-9_-]{1,32}:[^\s:,]{32,256}(,[A-Za-z0-9_-]{1,32}:[^\s:,]{32,256}){0,7}$/,
    expected: '`kid:secret` pairs joined by commas, secrets of 32 characters or more, at most 8',
    secret: true,
    description: 'Keys of access tokens: the first one signs, all of them verify.',
  },
  WAGGLE_SECRETS_KEYS: {
    kind: 'text',
    pattern:
      /^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=(,[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=){0,7}$/,
    expected: '`kid:key` pairs joined by commas, keys of 32 bytes in base64, at most 8',
    secret: true,
    description: 'Keys of secrets in the database: the first one seals, all of them open.',
  },
  WAGGLE_ACCESS_TOKEN_MS: {
    kind: 'integer',
    min: 1_000,
    max: DAY_MS,
    default: 15 * MINUTE_MS,
    description: 'Life of an access token, in host milliseconds.',
  },
  WAGGLE_REFRESH_TOKEN_MS: {
    kind: 'integer',
    min: MINUTE_MS,
    max: 400 * DAY_MS,
    default: 30 * DAY_MS,
    description: 'Life of a refresh token, in host milliseconds.',
  },
  WAGGLE_TRACKING_LINK_MS: {
    kind: 'integer',
    min: MINUTE_MS,
    max: 30 * DAY_MS,
    default: DAY_MS,
    description: 'Life of a signed tracking link, in host milliseconds.',
  },
  WAGGLE_OPERATOR_EMAIL: {
    kind: 'text',
    pattern: /^[^\s@]+@[^\s@]+$/,
    expected: 'an e-mail address',
    default: null,
    description:
      'First operator, made at start when it does not exist yet. Needs the password too.',
  },
  WAGGLE_OPERATOR_PASSWORD: {
    kind: 'text',
    pattern: /^.{16,256}$/,
    expected: '16 to 256 characters',
    default: null,
    secret: true,
    description: 'Password of the first operator.',
  },
  WAGGLE_SHARDS: {
    kind: 'integer',
    min: 1,
    max: 1024,
    default: 32,
    description: 'Shards of the installation. Fixed for its life, the same on every node.',
  },
  WAGGLE_DISPATCH_WORKERS: {
    kind: 'integer',
    min: 1,
    max: 64,
    default: 1,
    description: 'Worker threads of a dispatch node, each hosting a part of its shards.',
  },
  WAGGLE_LEASE_MS: {
    kind: 'integer',
    min: 500,
    max: MINUTE_MS,
    default: 3_000,
    description:
      'Life of a shard lease, in host milliseconds; a third of it is the renewal period.',
  },
  WAGGLE_SPEED: {
    kind: 'number',
    min: 0.1,
    max: 1_000,
    default: 1,
    description: 'Zone milliseconds per host millisecond. Leases, sockets and tokens stay real.',
  },
  WAGGLE_ROUND_MS: {
    kind: 'integer',
    min: 50,
    max: MINUTE_MS,
    default: 1_000,
    description: 'Zone milliseconds between matching rounds.',
  },
  WAGGLE_ZONE_OPEN_WAIT_MS: {
    kind: 'integer',
    min: 0,
    max: MINUTE_MS,
    default: 5_000,
    description: 'Longest wait for the engine before a zone is answered as not open yet.',
  },
  WAGGLE_MAILBOX_MAX: {
    kind: 'integer',
    min: 100,
    max: 1_000_000,
    default: 20_000,
    description: 'Commands waiting in one shard before new requests must wait in the outbox.',
  },
  WAGGLE_MAILBOX_DRIVER_RESERVE: {
    kind: 'integer',
    min: 0,
    max: 1_000_000,
    default: 5_000,
    description: 'Places on top of it that only actions of drivers may use.',
  },
  WAGGLE_POSITIONS_MAX: {
    kind: 'integer',
    min: 100,
    max: 1_000_000,
    default: 2_000,
    description: 'Position batches kept per shard; older ones are dropped.',
  },
  WAGGLE_LOG_BYTES_MAX: {
    kind: 'integer',
    min: MIB,
    max: 16_384 * MIB,
    default: 256 * MIB,
    description: 'Bytes of one shard log at which new requests are refused; nothing is dropped.',
  },
  WAGGLE_SNAPSHOT_RECORDS: {
    kind: 'integer',
    min: 10,
    max: 1_000_000,
    default: 2_000,
    description: 'Log records between two snapshots of a shard.',
  },
  WAGGLE_ROUTES_SOURCE: {
    kind: 'choice',
    choices: ['none', 'osrm', 'google'],
    default: 'none',
    description:
      'Who is asked for road times; none: zones plan by what they learn and by distance.',
  },
  WAGGLE_ROUTES_URL: {
    kind: 'text',
    pattern: /^https?:\/\/[^\s@]+$/,
    expected: 'a URL like http://… or https://…, without a password',
    default: null,
    secret: true,
    description:
      'Base URL of the source; `{profile}` in it is replaced. Must be set for osrm; unset for google: its own.',
  },
  WAGGLE_ROUTES_KEY: {
    kind: 'text',
    pattern: /^[\x21-\x7e]{1,256}$/,
    expected: 'up to 256 characters without spaces',
    default: null,
    secret: true,
    description: 'API key of the source, sent in a header. Must be set for google.',
  },
  WAGGLE_ROUTES_PROFILES: {
    kind: 'text',
    pattern: PROFILES_PATTERN,
    expected: '`vehicle:name` pairs joined by commas',
    default: null,
    description:
      'OSRM profile or Google travel mode of each vehicle kind; kinds left out are not asked for.',
  },
  WAGGLE_ROUTES_TRAFFIC: {
    kind: 'choice',
    choices: ['aware', 'unaware'],
    default: 'aware',
    description: 'Google only: with the traffic of now (billed at the higher rate) or without.',
  },
  WAGGLE_ROUTES_TIMEOUT_MS: {
    kind: 'integer',
    min: 50,
    max: MINUTE_MS,
    default: 2_000,
    description: 'How long one request to the source may take, in host milliseconds.',
  },
  WAGGLE_ROUTES_REQUESTS_PER_SECOND: {
    kind: 'number',
    min: 0.1,
    max: 1_000,
    default: 10,
    description: 'Requests one dispatch node sends to the source, as a lasting rate.',
  },
  WAGGLE_ROUTES_HOLD_MS: {
    kind: 'integer',
    min: 10_000,
    max: DAY_MS,
    default: 15 * MINUTE_MS,
    description: 'How long a told time holds for its pair of cells, in zone milliseconds.',
  },
  WAGGLE_ROUTES_ELEMENTS_PER_DAY: {
    kind: 'integer',
    min: 0,
    max: 100_000_000,
    default: 10_000,
    description:
      'Google only: billed elements asked for per UTC day by the whole installation; then no more.',
  },
  WAGGLE_ARCHIVE_DAYS: {
    kind: 'integer',
    min: 1,
    max: 365,
    default: 3,
    description:
      'Days the archive keeps log records and snapshots, so that decisions can be audited.',
  },
  WAGGLE_TRACE_DAYS: {
    kind: 'integer',
    min: 1,
    max: 3_650,
    default: 30,
    description: 'Days a delivery trace keeps its full coordinates before they coarsen.',
  },
  WAGGLE_FILES_DIR: {
    kind: 'text',
    pattern: /^[^\0]{1,512}$/,
    expected: 'a path of up to 512 characters',
    default: '.waggle/files',
    description:
      'Folder of papers and proofs; one that every process with api, drivers or deliveries sees.',
  },
  WAGGLE_WEBHOOK_INSECURE: {
    kind: 'choice',
    choices: ['refuse', 'allow'],
    default: 'refuse',
    description:
      'Webhooks to http and to private addresses; allow them in tests and development only.',
  },
  WAGGLE_STREAM_ENTRIES_MAX: {
    kind: 'integer',
    min: 1_000,
    max: 10_000_000,
    default: 100_000,
    description: 'Entries of one service event stream before its relay waits.',
  },
  ...fraudVariables,
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof schema;
