/**
 * A circuit breaker: after too many failures it lets nobody through for a while, then one who tries.
 * It counts calls, not tries of one call.
 *
 * Modes: closed (counts) → open (until a time) → trying (one call under way) → closed, or open again.
 */
import type { BreakerPolicy } from './call-policies.ts';

export interface Breaker {
  /** Host ms to wait; 0: go ahead, and say afterwards how it went. */
  waitMs(): number;
  ended(isFailure: boolean): void;
}

/** `now` gives host ms; `onOpen` hears of each opening. */
export function createBreaker(
  policy: BreakerPolicy,
  now: () => number,
  onOpen: () => void,
): Breaker {
  let mode: 'closed' | 'open' | 'trying' = 'closed';
  let openUntilMs = 0;
  let windowEndMs = 0;
  let calls = 0;
  let failures = 0;
  const open = (): void => {
    mode = 'open';
    openUntilMs = now() + policy.openMs;
    onOpen();
  };
  const close = (): void => {
    mode = 'closed';
    windowEndMs = now() + policy.windowMs;
    calls = 0;
    failures = 0;
  };
  return {
    waitMs() {
      if (mode === 'closed') return 0;
      if (mode === 'trying') return policy.openMs;
      const leftMs = openUntilMs - now();
      if (leftMs > 0) return leftMs;
      mode = 'trying';
      return 0;
    },
    ended(isFailure) {
      if (mode === 'trying') {
        if (isFailure) open();
        else close();
        return;
      }
      // What ends late, of before it opened, tells nothing new.
      if (mode === 'open') return;
      if (now() >= windowEndMs) close();
      calls++;
      if (isFailure) failures++;
      if (calls >= policy.callsMin && failures * 100 >= calls * policy.failedPercent) open();
    },
  };
}
