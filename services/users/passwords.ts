/**
 * Password hashes: argon2id. Hashing runs on the thread pool, never on the event loop; few at once,
 * so that a wave of registrations leaves cores to the engine. A bounded number waits, the rest is
 * refused with `service.unavailable`, to be sent again.
 */
import { hash, verify } from '@node-rs/argon2';
import { WaggleError } from '../../contracts/errors.ts';

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane; about 20 ms of one core. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const AT_ONCE_MAX = 2;
const WAITING_MAX = 200;

export interface Passwords {
  hash(password: string): Promise<string>;
  /**
   * Whether the password fits. Without a stored hash (none, or empty) it verifies against a decoy, so that the time
   * it takes does not tell whether the user exists.
   */
  fits(stored: string | undefined, password: string): Promise<boolean>;
}

export function createPasswords(): Passwords {
  const inTurn = createTurns();
  let decoy: Promise<string> | undefined;
  const make = (password: string): Promise<string> => inTurn(() => hash(password, OPTIONS));
  return {
    hash: make,
    async fits(stored, password) {
      if (stored) return inTurn(() => verify(stored, password));
      decoy ??= make('a password nobody has');
      const against = await decoy.catch((error: unknown) => {
        decoy = undefined;
        throw error;
      });
      await inTurn(() => verify(against, password));
      return false;
    },
  };
}

/** Lets few run at once, first come, first served. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= AT_ONCE_MAX) {
      if (waiting.length >= WAITING_MAX) throw new WaggleError('service.unavailable');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running++;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place is handed on, so that nobody who comes now can slip in.
      if (next === undefined) running--;
      else next();
    }
  };
}
