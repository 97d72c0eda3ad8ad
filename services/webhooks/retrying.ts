/**
 * When a failed try is repeated, when a webhook that keeps failing rests, and when it is switched
 * off. Pure. Host ms.
 */
const FIRST_MS = 5_000;
const LONGEST_MS = 3_600_000;
/** Part of a wait that is left to chance, so that what failed together does not come back together. */
const JITTER = 0.4;

/** How long a message is tried before it is given up. */
export const GIVE_UP_MS = 86_400_000;
/** Nothing got through for so long: the webhook is switched off. */
export const DISABLE_AFTER_MS = 3 * 86_400_000;

/** Failures in a row before a webhook rests between single tries. */
export const RESTS_AFTER = 10;
const REST_FIRST_MS = 1_000;
const REST_LONGEST_MS = 300_000;

/** Wait after the nth try (from 1); `chance` in [0, 1). */
export function backOffMs(attempts: number, chance: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 20));
  return Math.round(full * (1 - JITTER / 2 + JITTER * chance));
}

/** How long a webhook rests after so many failures in a row; 0: it does not. */
export function restMs(failures: number): number {
  if (failures < RESTS_AFTER) return 0;
  return Math.min(REST_LONGEST_MS, REST_FIRST_MS * 2 ** Math.min(failures - RESTS_AFTER, 20));
}
