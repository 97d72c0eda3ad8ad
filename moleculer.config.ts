/**
 * The broker of every Waggle process. Membership and calls travel over Redis; membership is a hint,
 * never authority. Validation, metrics and errors are the platform's, so Moleculer's own are off.
 */
import type { BrokerOptions, Middleware } from 'moleculer';
import type { Config } from './config/index.ts';

/** As long as any call may take, host ms; each has its own limit in `platform/call-policies.ts`. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEARTBEAT_SECONDS = 2;
const HEARTBEAT_TIMEOUT_SECONDS = 8;
/** Calls nested deeper than this are a loop. */
const CALL_LEVELS_MAX = 12;
const RECONNECT_LONGEST_MS = 2_000;

/** Options of the broker called `node`; `guard` is what surrounds each call it makes. */
export function brokerOptions(config: Config, node: string, guard: Middleware): BrokerOptions {
  return {
    // Installations that share a Redis must not see each other.
    namespace: `waggle${config.redis.keyPrefix.replaceAll(/[^A-Za-z0-9]/g, '-')}`,
    nodeID: node,
    transporter: { type: 'Redis', options: redisOptions(config.redis.url) },
    registry: { strategy: 'RoundRobin', preferLocal: true, discoverer: 'Local' },
    heartbeatInterval: HEARTBEAT_SECONDS,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_SECONDS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    maxCallLevel: CALL_LEVELS_MAX,
    // Both are the guard's: Moleculer's breaker would count each try of one call.
    retryPolicy: { enabled: false },
    circuitBreaker: { enabled: false },
    validator: false,
    metrics: false,
    tracing: false,
    cacher: false,
    errorHandler: null,
    middlewares: [guard],
    skipProcessEventRegistration: true,
    logger: {
      type: 'Pino',
      options: { level: brokerLevel(config.log.level), pino: { options: { base: { node } } } },
    } as unknown as NonNullable<BrokerOptions['logger']>,
  };
}

/** The broker's own news (who came, who went) is detail at our level of "info". */
function brokerLevel(level: Config['log']['level']): string {
  if (level === 'info') return 'warn';
  return level === 'silent' ? 'fatal' : level;
}

function redisOptions(url: string): object {
  const { hostname, port, username, password, pathname, protocol } = new URL(url);
  return {
    host: hostname,
    port: port === '' ? 6379 : Number(port),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 ? { db: Number(pathname.slice(1)) } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
    retryStrategy: (times: number) => Math.min(RECONNECT_LONGEST_MS, times * 100),
  };
}
