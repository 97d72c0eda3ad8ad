/** Owns waiting in tests: for a condition, never for a time. */
import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Host milliseconds until the wait fails; default 5 000. */
  readonly timeoutMs?: number | undefined;
  /** Host milliseconds between looks; default 10. */
  readonly intervalMs?: number | undefined;
  /** What is waited for, for the message. */
  readonly what?: string | undefined;
}

type Falsy = false | null | undefined | 0 | '';

/**
 * Looks until the condition gives something truthy, and returns that. A condition that throws counts
 * as not yet met; the last error is the cause of the failure.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, Falsy>> {
  const timeoutMs = options.timeoutMs ?? 5_000;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, Falsy>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      const what = options.what ?? condition.toString();
      throw new Error(`not met within ${timeoutMs} ms: ${what}`, { cause });
    }
    await delay(options.intervalMs ?? 10);
  }
}
