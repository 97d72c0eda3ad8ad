/**
 * A method without money whose token decides what happens, for tests and try-outs:
 * `ok`; `insufficient_funds`, `card_declined`, `expired` (declined so); `slow` (every answer takes
 * SLOW_MS); `flaky` (the first try of each operation fails); `capture_fails`; `refund_fails`. Any
 * other token is not supported. Only `slow` and `flaky` have to be asked, as a method far away.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { MethodAnswer, Operation } from '../payment.ts';
import type { MethodRequest, PaymentPort } from './port.ts';

/** Host ms. */
const SLOW_MS = 500;
const DECLINES = ['insufficient_funds', 'card_declined', 'expired'];
const ASKED = ['slow', 'flaky'];
const WORKING = ['ok', 'capture_fails', 'refund_fails', ...ASKED];
/** Keys of flaky operations remembered; the oldest go first. */
const TRIED_MAX = 10_000;

export function createTestMethod(): PaymentPort {
  const tried = new Set<string>();
  const ask =
    (kind: Operation['kind']) =>
    async (request: MethodRequest): Promise<MethodAnswer> => {
      const { key } = request;
      const token = tokenOf(request);
      if (token === 'slow') await delay(SLOW_MS);
      if (token === 'flaky' && !tried.has(key)) {
        const [oldest] = tried;
        if (tried.size >= TRIED_MAX && oldest !== undefined) tried.delete(oldest);
        tried.add(key);
        throw new Error('the test method fails once');
      }
      return answerTo(kind, request);
    };
  return {
    atOnce: (kind, request) =>
      ASKED.includes(tokenOf(request)) ? undefined : answerTo(kind, request),
    authorise: ask('authorise'),
    capture: ask('capture'),
    void: ask('void'),
    refund: ask('refund'),
  };
}

function tokenOf({ method }: MethodRequest): string {
  return method.kind === 'test' ? method.token : '';
}

function answerTo(kind: Operation['kind'], request: MethodRequest): MethodAnswer {
  const token = tokenOf(request);
  if (kind === 'authorise' && DECLINES.includes(token)) return { ok: false, code: token };
  if (kind === 'authorise' && !WORKING.includes(token)) return { ok: false, code: 'not_supported' };
  if (token === `${kind}_fails`) return { ok: false, code: token };
  return { ok: true, reference: `test-${request.key}` };
}
