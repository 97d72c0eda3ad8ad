/**
 * Slows down guessing: after some failures for one e-mail address further tries are refused for the
 * rest of the window. Per process, bounded; when full the oldest entry makes room.
 */
import { WaggleError } from '../../contracts/errors.ts';

const FAILURES_MAX = 10;
const WINDOW_MS = 60_000;
const ENTRIES_MAX = 10_000;

export interface FailureGuard {
  /** Throws `request.rate_limited` while the window is used up. */
  check(key: string): void;
  failed(key: string): void;
  succeeded(key: string): void;
}

/** `now` gives host ms. */
export function createFailureGuard(now: () => number = Date.now): FailureGuard {
  const entries = new Map<string, { failures: number; untilMs: number }>();
  return {
    check(key) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      if (entry.untilMs <= now()) entries.delete(key);
      else if (entry.failures >= FAILURES_MAX) throw new WaggleError('request.rate_limited');
    },
    failed(key) {
      const entry = entries.get(key) ?? { failures: 0, untilMs: now() + WINDOW_MS };
      entry.failures++;
      if (!entries.has(key) && entries.size >= ENTRIES_MAX) {
        const [oldest] = entries.keys();
        if (oldest !== undefined) entries.delete(oldest);
      }
      entries.set(key, entry);
    },
    succeeded(key) {
      entries.delete(key);
    },
  };
}
