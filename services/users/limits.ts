/** How often what can be guessed or sent in somebody's name may be tried. Owns the numbers. */
import type { Limit, Limits } from '../../platform/limits.ts';

const MINUTE_MS = 60_000;

/** Wrong passwords for one e-mail address from one network address. */
const GUESSES: Limit = { name: 'guesses', max: 10, windowMs: MINUTE_MS };
/** The same from wherever: slows down a botnet, and is no easy way to lock somebody out. */
const GUESSES_ANYWHERE: Limit = { name: 'guesses-anywhere', max: 100, windowMs: 10 * MINUTE_MS };
/** Wrong passwords from one network address, whoever's. */
const FAILURES: Limit = { name: 'failures', max: 300, windowMs: 10 * MINUTE_MS };

/** Asking for a new password: per e-mail address, known or not, and per network address. */
export const RESETS: Limit = { name: 'resets', max: 3, windowMs: 15 * MINUTE_MS };
export const RESETS_FROM: Limit = { name: 'resets-from', max: 30, windowMs: 15 * MINUTE_MS };
/** Tokens of new passwords tried from one network address. */
export const TOKENS_FROM: Limit = { name: 'tokens-from', max: 30, windowMs: 15 * MINUTE_MS };
/** Verification codes sent to one person, and tried by one. */
export const CODES: Limit = { name: 'codes', max: 5, windowMs: 60 * MINUTE_MS };
export const CODES_TRIED: Limit = { name: 'codes-tried', max: 20, windowMs: 60 * MINUTE_MS };
/** Exports of one person. */
export const EXPORTS: Limit = { name: 'exports', max: 5, windowMs: 60 * MINUTE_MS };

/** Registrations from one network address. */
export function signUps(perMinute: number): Limit {
  return { name: 'sign-ups', max: perMinute, windowMs: MINUTE_MS };
}

/**
 * Runs a check of a password. A try counts before it is known to be wrong, so that many at once are
 * not more than many in turn; the right one is given back. `whose`: e-mail address or user id.
 */
export async function guarded(
  limits: Limits,
  { whose, from = 'inside' }: { readonly whose: string; readonly from: string | undefined },
  fits: () => Promise<boolean>,
): Promise<boolean> {
  await limits.check(FAILURES, from);
  const pair = `${whose} ${from}`;
  await limits.take(GUESSES, pair);
  await limits.take(GUESSES_ANYWHERE, whose);
  let failed = false;
  try {
    failed = !(await fits());
    return !failed;
  } finally {
    // What could not be checked was no guess.
    if (failed) await limits.take(FAILURES, from).catch(() => {});
    else {
      await limits.giveBack(GUESSES, pair);
      await limits.giveBack(GUESSES_ANYWHERE, whose);
    }
  }
}
