/**
 * Carries out the table of call policies around every call a process makes, before a node is chosen:
 * bulkhead, then breaker, then tries with a time-out each. Moleculer's own breaker and retries stay
 * off: its breaker lies within its retries and counts each try, and both look at one node.
 */
import type { Context, Middleware } from 'moleculer';
import { WaggleError } from '../contracts/errors.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import { toWaggleError } from './broker-errors.ts';
import { type Bulkhead, createBulkhead } from './bulkhead.ts';
import { type CallPolicy, policyOf } from './call-policies.ts';

/** Host ms before a further try, at most; spread, so that callers do not come back together. */
const RETRY_MS = 100;

export interface CallGuardOptions {
  /** Why a call was not made, or was made again. */
  readonly onEvent?: (event: CallEvent, action: string) => void;
  readonly policy?: (action: string) => CallPolicy;
  /** Host ms. */
  readonly now?: () => number;
}

export type CallEvent = 'opened' | 'refused_open' | 'refused_full' | 'retried';

interface Options {
  timeout?: number;
  [name: string]: unknown;
}
/** What the broker gives back: the context hangs on the promise, and its meta is read from there. */
type Answer = Promise<unknown> & { ctx?: Context };
/** A name, or an end point that somebody chose. */
type Target = string | { readonly action: { readonly name: string } };
type BrokerCall = (target: Target, params: unknown, options?: Options) => Answer;

interface Guard {
  readonly policy: CallPolicy;
  readonly breaker: Breaker;
  readonly bulkhead: Bulkhead;
}

export function createCallGuard(options: CallGuardOptions = {}): Middleware {
  const {
    onEvent = () => {},
    policy: find = policyOf,
    now = performance.now.bind(performance),
  } = options;
  const guards = new Map<string, Guard>();
  const guardOf = (action: string): Guard => {
    let guard = guards.get(action);
    if (guard === undefined) {
      const policy = find(action);
      guard = {
        policy,
        breaker: createBreaker(policy.breaker, now, () => onEvent('opened', action)),
        bulkhead: createBulkhead(policy.concurrencyMax, policy.waitingMax),
      };
      guards.set(action, guard);
    }
    return guard;
  };
  return {
    name: 'call-guard',
    call(next: BrokerCall): BrokerCall {
      return (target, params, given = {}) => {
        const action = typeof target === 'string' ? target : target.action.name;
        // Moleculer's own questions about nodes and services are not ours to hold up.
        if (action.startsWith('$')) return next(target, params, given);
        return guarded({ action, guard: guardOf(action), next, onEvent }, params, given);
      };
    },
  } as unknown as Middleware;
}

interface Guarded {
  readonly action: string;
  readonly guard: Guard;
  readonly next: BrokerCall;
  readonly onEvent: (event: CallEvent, action: string) => void;
}

function guarded(how: Guarded, params: unknown, given: Options): Answer {
  const answer: Answer = run(how, params, given, (inner) => {
    if (inner.ctx !== undefined) answer.ctx = inner.ctx;
  });
  return answer;
}

async function run(
  { action, guard, next, onEvent }: Guarded,
  params: unknown,
  given: Options,
  keep: (inner: Answer) => void,
): Promise<unknown> {
  const { policy, breaker, bulkhead } = guard;
  const place = bulkhead.enter();
  if (place === undefined) {
    onEvent('refused_full', action);
    throw refused(1);
  }
  await place;
  try {
    const waitMs = breaker.waitMs();
    if (waitMs > 0) {
      onEvent('refused_open', action);
      throw refused(Math.ceil(waitMs / 1000));
    }
    const timeout = Math.min(given.timeout ?? Number.POSITIVE_INFINITY, policy.timeoutMs);
    let isFailure = false;
    try {
      for (let left = policy.retries; ; left--) {
        const inner = next(action, params, { ...given, timeout });
        keep(inner);
        try {
          return await inner;
        } catch (error) {
          if (left <= 0 || toWaggleError(error).code !== 'service.unavailable') throw error;
        }
        onEvent('retried', action);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * RETRY_MS));
      }
    } catch (error) {
      isFailure = isTrouble(error);
      throw error;
    } finally {
      breaker.ended(isFailure);
    }
  } finally {
    bulkhead.leave();
  }
}

function refused(retryAfterSeconds: number): WaggleError {
  const error = new WaggleError('service.unavailable');
  error.retryAfterSeconds = retryAfterSeconds;
  return error;
}

/** Failures that speak of the other side; a refusal of what was asked is an answer like any other. */
function isTrouble(error: unknown): boolean {
  const { code } = toWaggleError(error);
  return code === 'internal' || code === 'request.timeout' || code === 'service.unavailable';
}
