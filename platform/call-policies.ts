/**
 * How calls between services are kept from spreading trouble: the one table of time-outs, retries,
 * circuit breakers and bulkheads, by action. Pure; `call-guard.ts` carries it out. Counts are of one
 * calling process.
 */
import { ROUTES } from '../contracts/api/routes.ts';

export interface CallPolicy {
  /** Host ms until a call has failed, each try by itself. */
  readonly timeoutMs: number;
  /** Further tries when the other side was not there. Only for what reads: writes are sent once. */
  readonly retries: number;
  /** Calls under way at once. */
  readonly concurrencyMax: number;
  /** Calls that wait for a place; more are refused. */
  readonly waitingMax: number;
  readonly breaker: BreakerPolicy;
}

export interface BreakerPolicy {
  /** Host ms over which failures are counted. */
  readonly windowMs: number;
  /** Fewer calls than this in a window say nothing. */
  readonly callsMin: number;
  /** Per cent of the calls of a window that must fail. */
  readonly failedPercent: number;
  /** Host ms it stays open; then one call may try. */
  readonly openMs: number;
}

const BREAKER: BreakerPolicy = { windowMs: 10_000, callsMin: 20, failedPercent: 50, openMs: 5_000 };

const READ: CallPolicy = {
  timeoutMs: 5_000,
  retries: 1,
  concurrencyMax: 500,
  waitingMax: 1_000,
  breaker: BREAKER,
};
const WRITE: CallPolicy = { ...READ, timeoutMs: 10_000, retries: 0 };
/** Asked within another call by somebody who waits: late is as bad as never. */
const INNER: CallPolicy = { ...READ, timeoutMs: 2_000 };
/** Hashes passwords, which take a core for some 20 ms each. */
const HASHING: CallPolicy = { ...WRITE, concurrencyMax: 100, waitingMax: 100 };
/** Long work for few. */
const HEAVY_READ: CallPolicy = {
  ...READ,
  timeoutMs: 30_000,
  retries: 0,
  concurrencyMax: 4,
  waitingMax: 20,
};
const HEAVY_WRITE: CallPolicy = { ...HEAVY_READ };

/** Actions that differ from the rule: what a GET leads to is READ, everything else WRITE. */
export const CALL_POLICIES: Readonly<Record<string, CallPolicy>> = {
  'users.verifyApiKey': { ...INNER, concurrencyMax: 200 },
  'users.address': INNER,
  'users.register': HASHING,
  'users.enrol': HASHING,
  'users.login': HASHING,
  'users.changePassword': HASHING,
  'users.resetPassword': HASHING,
  'users.deleteMe': HASHING,
  'users.exportMe': HEAVY_READ,
  'vendors.get': INNER,
  'vendors.terms': INNER,
  'vendors.analytics': HEAVY_READ,
  'catalog.menu': INNER,
  'catalog.known': INNER,
  'catalog.importMenu': HEAVY_WRITE,
  'catalog.exportMenu': HEAVY_READ,
  'drivers.claims': INNER,
  'deliveries.pin': INNER,
  'deliveries.zoneIntake': { ...INNER, timeoutMs: 500, retries: 0 },
  // Placing waits for terms, menu and quote in turn, each with its own limit above.
  'orders.place': { ...WRITE, concurrencyMax: 600, waitingMax: 2_000 },
  // Waits for a foreign server, up to five seconds.
  'webhooks.ping': { ...WRITE, concurrencyMax: 20, waitingMax: 20 },
  'search.find': { ...READ, timeoutMs: 2_000 },
  'search.suggest': { ...READ, timeoutMs: 1_000 },
};

const READS: ReadonlySet<string> = new Set(
  ROUTES.filter(({ method }) => method === 'GET').map(({ action }) => action),
);

/** The policy of an action, whoever calls it. */
export function policyOf(action: string): CallPolicy {
  const own = Object.hasOwn(CALL_POLICIES, action) ? CALL_POLICIES[action] : undefined;
  return own ?? (READS.has(action) ? READ : WRITE);
}
