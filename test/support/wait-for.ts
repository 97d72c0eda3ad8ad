/** Owns waiting in tests: for a condition, never for a time. */
import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Host milliseconds until the wait fails; default 5 000. */
  readonly timeoutMs?: number | undefined;
  /** Host milliseconds between looks; by default 10 at first, then a tenth of the time waited. */
  readonly intervalMs?: number | undefined;
  /** What is waited for, for the message. */
  readonly what?: string | undefined;
}

const LOOK_MS = { first: 10, longest: 100 } as const;

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
  const begun = performance.now();
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, Falsy>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const waitedMs = performance.now() - begun;
    if (waitedMs >= timeoutMs) {
      const what = options.what ?? condition.toString();
      throw new Error(`not met within ${timeoutMs} ms: ${what}`, { cause });
    }
    await delay(options.intervalMs ?? lookAgainMs(waitedMs));
  }
}

/** Looks may cost as much as what they wait for: rarely late by more than a tenth is soon enough. */
function lookAgainMs(waitedMs: number): number {
  return Math.min(LOOK_MS.longest, Math.max(LOOK_MS.first, waitedMs / 10));
}
