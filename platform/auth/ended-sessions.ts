/**
 * Access tokens whose session has ended are refused at once, and asking costs no more than two looks
 * into memory: every process that checks tokens hears of each end (`events:sessions`) and remembers it
 * for as long as such a token could live. One that starts hears the ends of that time first.
 */

import { WaggleError } from '../../contracts/errors.ts';
import { type SessionId, timeOfId, type UserId } from '../../contracts/ids.ts';
import { SESSION_STREAM, type SessionsEnded } from '../../contracts/messages/users.ts';
import type { ServiceContext } from '../service-context.ts';
import type { Part } from '../service-streams.ts';
import { startTail } from '../stream-tail.ts';
import { type Claims, createTokens } from './tokens.ts';

/** Of persons, and of single sessions. Full: the oldest goes, and its tokens live out their time. */
const ENDS_MAX = 200_000;
/** Clocks of processes may differ by this much. */
const SKEW_MS = 10_000;

interface End {
  /** Wall ms. */
  readonly atMs: number;
  readonly except: SessionId | undefined;
  readonly untilMs: number;
}

export class EndedSessions {
  readonly #keptMs: number;
  readonly #nowMs: () => number;
  /** By person or session, in the order in which they are forgotten. */
  readonly #ends = new Map<UserId | SessionId, End>();

  constructor(keptMs: number, nowMs: () => number = Date.now) {
    this.#keptMs = keptMs;
    this.#nowMs = nowMs;
  }

  hear({ user, session, except, atMs }: SessionsEnded): void {
    const nowMs = this.#nowMs();
    const key = session ?? user;
    const known = this.#ends.get(key);
    // Heard again, or out of order: the later one says more.
    if (known !== undefined && known.atMs >= atMs) return;
    this.#ends.delete(key);
    this.#ends.set(key, { atMs, except, untilMs: nowMs + this.#keptMs });
    for (const [oldest, { untilMs }] of this.#ends) {
      if (untilMs > nowMs && this.#ends.size <= ENDS_MAX) break;
      this.#ends.delete(oldest);
    }
  }

  /** Whether the session of a token has ended. */
  has({ sub, session }: Pick<Claims, 'sub' | 'session'>): boolean {
    if (session === undefined) return false;
    if (this.#ends.has(session)) return true;
    const end = this.#ends.get(sub as UserId);
    return end !== undefined && session !== end.except && timeOfId(session) <= end.atMs;
  }
}

export interface LiveTokens extends Part {
  /** As `Tokens.verifyToken`; throws `auth.invalid` for a session that has ended, too. */
  verifyToken(token: string): Promise<Claims>;
}

/** Starts hearing of ends. */
export function startLiveTokens(context: ServiceContext, name: string): LiveTokens {
  const { auth } = context.config;
  const tokens = createTokens(auth);
  const keptMs = auth.accessTokenMs + SKEW_MS;
  const ended = new EndedSessions(keptMs);
  const tail = startTail(context, {
    name: `${name}-sessions`,
    streams: [SESSION_STREAM],
    hear: (event) => ended.hear(event as SessionsEnded),
    againMs: keptMs,
  });
  return {
    async verifyToken(token) {
      const claims = await tokens.verifyToken(token);
      if (!ended.has(claims)) return claims;
      throw new WaggleError('auth.invalid', 'the session has ended: log in');
    },
    stop: () => tail.stop(),
  };
}
