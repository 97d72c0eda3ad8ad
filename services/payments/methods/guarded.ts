/**
 * Guards a method: a time-out for every call, and a circuit breaker, so that one that is away is left
 * alone for a while. Modes: closed → open after `failuresMax` in a row → one try after `openMs` →
 * closed or open again. What it refuses is thrown like any other failure and tried again later.
 */
import type { MethodAnswer } from '../payment.ts';
import type { MethodRequest, PaymentPort } from './port.ts';

export interface GuardPolicy {
  /** Host ms. */
  readonly timeOutMs: number;
  readonly failuresMax: number;
  readonly openMs: number;
  /** Host ms; passed in for tests. */
  readonly now: () => number;
}

export const GUARD_POLICY: GuardPolicy = {
  timeOutMs: 4_000,
  failuresMax: 20,
  openMs: 2_000,
  now: Date.now,
};

export function guarded(port: PaymentPort, policy: GuardPolicy = GUARD_POLICY): PaymentPort {
  let failures = 0;
  let openUntil = 0;
  const call = async (
    ask: (request: MethodRequest) => Promise<MethodAnswer>,
    request: MethodRequest,
  ): Promise<MethodAnswer> => {
    if (failures >= policy.failuresMax) {
      if (policy.now() < openUntil) throw new Error('the payment method is left alone for a while');
      // One may try; the others wait for what becomes of it.
      openUntil = policy.now() + policy.openMs;
    }
    try {
      const answer = await withTimeOut(ask(request), policy.timeOutMs);
      failures = 0;
      return answer;
    } catch (error) {
      failures++;
      if (failures >= policy.failuresMax) openUntil = policy.now() + policy.openMs;
      throw error;
    }
  };
  return {
    // Nobody is asked: there is nothing to guard.
    atOnce: port.atOnce,
    authorise: (request) => call((each) => port.authorise(each), request),
    capture: (request) => call((each) => port.capture(each), request),
    void: (request) => call((each) => port.void(each), request),
    refund: (request) => call((each) => port.refund(each), request),
  };
}

async function withTimeOut<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the payment method did not answer in time')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
