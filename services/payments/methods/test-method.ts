/**
 * A method without money whose token decides what happens, for tests and try-outs:
 * `ok`; `insufficient_funds`, `card_declined`, `expired` (declined so); `slow` (every answer takes
 * SLOW_MS); `flaky` (the first try of each operation fails); `capture_fails`; `refund_fails`. Any
 * other token is not supported.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { MethodAnswer } from '../payment.ts';
import type { MethodRequest, PaymentPort } from './port.ts';

/** Host ms. */
const SLOW_MS = 500;
const DECLINES = ['insufficient_funds', 'card_declined', 'expired'];
const WORKING = ['ok', 'slow', 'flaky', 'capture_fails', 'refund_fails'];
/** Keys of flaky operations remembered; the oldest go first. */
const TRIED_MAX = 10_000;

export function createTestMethod(): PaymentPort {
  const tried = new Set<string>();
  const answer = async ({ key, method }: MethodRequest, fails?: string): Promise<MethodAnswer> => {
    const token = method.kind === 'test' ? method.token : '';
    if (token === 'slow') await delay(SLOW_MS);
    if (token === 'flaky' && !tried.has(key)) {
      const [oldest] = tried;
      if (tried.size >= TRIED_MAX && oldest !== undefined) tried.delete(oldest);
      tried.add(key);
      throw new Error('the test method fails once');
    }
    return token === fails ? { ok: false, code: token } : { ok: true, reference: `test-${key}` };
  };
  return {
    async authorise(request) {
      const token = request.method.kind === 'test' ? request.method.token : '';
      if (DECLINES.includes(token)) return { ok: false, code: token };
      if (!WORKING.includes(token)) return { ok: false, code: 'not_supported' };
      return answer(request);
    },
    capture: (request) => answer(request, 'capture_fails'),
    void: (request) => answer(request),
    refund: (request) => answer(request, 'refund_fails'),
  };
}
