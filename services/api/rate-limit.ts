/**
 * Requests per caller and second, in fixed windows. Per process, bounded: when more callers come in
 * one second than can be counted, the rest share one count.
 */
import { WaggleError } from '../../contracts/errors.ts';

const WINDOW_MS = 1_000;
const CALLERS_MAX = 50_000;

export interface RateLimit {
  /** Counts a request; throws `request.rate_limited` past the limit. */
  take(caller: string, perSecond: number): void;
}

/** `now` gives host ms. */
export function createRateLimit(now: () => number = Date.now): RateLimit {
  let windowEndMs = 0;
  const counts = new Map<string, number>();
  return {
    take(caller, perSecond) {
      const nowMs = now();
      if (nowMs >= windowEndMs) {
        counts.clear();
        windowEndMs = nowMs + WINDOW_MS;
      }
      const key = counts.has(caller) || counts.size < CALLERS_MAX ? caller : 'everybody else';
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count > perSecond) throw new WaggleError('request.rate_limited');
    },
  };
}
