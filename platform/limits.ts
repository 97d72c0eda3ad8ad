/**
 * Limits on what is dear or guessed at (log-ins, registrations, codes): counts in windows that all
 * processes share through Redis. While Redis is away each process counts for itself. Who is counted
 * is stored as a hash only; both places are bounded, by expiry and by number.
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { WaggleError } from '../contracts/errors.ts';

export interface Limit {
  readonly name: string;
  readonly max: number;
  /** Wall ms; begins with the first that is counted. */
  readonly windowMs: number;
}

export interface Limits {
  /** Counts one more; throws `request.rate_limited` past the limit. */
  take(limit: Limit, who: string): Promise<void>;
  /** Throws when the limit is used up; counts nothing. */
  check(limit: Limit, who: string): Promise<void>;
  /** Takes one count back. */
  giveBack(limit: Limit, who: string): Promise<void>;
}

/** Counts of one process that are kept at once; when full the oldest makes room. */
const ENTRIES_MAX = 10_000;

interface Count {
  readonly count: number;
  readonly leftMs: number;
}

/** Where counts live. */
interface Counts {
  add(key: string, windowMs: number, by: 1 | -1): Promise<Count>;
  read(key: string): Promise<Count>;
}

export interface LimitsOptions {
  /** Undefined: this process counts alone. */
  readonly redis?: Redis | undefined;
  readonly keyPrefix: string;
  /** Host ms, for the counts of this process. */
  readonly now?: () => number;
}

export function createLimits({ redis, keyPrefix, now = Date.now }: LimitsOptions): Limits {
  const own = ownCounts(now);
  const shared = redis === undefined ? own : sharedCounts(redis);
  const either = (ask: (counts: Counts) => Promise<Count>): Promise<Count> =>
    ask(shared).catch(() => ask(own));
  const keyOf = ({ name }: Limit, who: string): string =>
    `${keyPrefix}limit:${name}:${createHash('sha256').update(who).digest('base64url')}`;
  return {
    async take(limit, who) {
      const key = keyOf(limit, who);
      const { count, leftMs } = await either((counts) => counts.add(key, limit.windowMs, 1));
      if (count > limit.max) throw limited(leftMs);
    },
    async check(limit, who) {
      const { count, leftMs } = await either((counts) => counts.read(keyOf(limit, who)));
      if (count >= limit.max) throw limited(leftMs);
    },
    async giveBack(limit, who) {
      await either((counts) => counts.add(keyOf(limit, who), limit.windowMs, -1));
    },
  };
}

function limited(leftMs: number): WaggleError {
  const error = new WaggleError('request.rate_limited');
  error.retryAfterSeconds = Math.max(1, Math.ceil(leftMs / 1000));
  return error;
}

/** INCRBY and PEXPIRE NX in one transaction: no count without an end, no window that moves. */
function sharedCounts(redis: Redis): Counts {
  return {
    async add(key, windowMs, by) {
      const answers = await redis
        .multi()
        .incrby(key, by)
        .pexpire(key, windowMs, 'NX')
        .pttl(key)
        .exec();
      return { count: Number(answers?.[0]?.[1] ?? 0), leftMs: Number(answers?.[2]?.[1] ?? 0) };
    },
    async read(key) {
      const answers = await redis.multi().get(key).pttl(key).exec();
      return { count: Number(answers?.[0]?.[1] ?? 0), leftMs: Number(answers?.[1]?.[1] ?? 0) };
    },
  };
}

function ownCounts(now: () => number): Counts {
  const entries = new Map<string, { count: number; readonly untilMs: number }>();
  const find = (key: string): { count: number; readonly untilMs: number } | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || entry.untilMs > now()) return entry;
    entries.delete(key);
    return undefined;
  };
  return {
    async add(key, windowMs, by) {
      const entry = find(key) ?? { count: 0, untilMs: now() + windowMs };
      entry.count += by;
      if (!entries.has(key) && entries.size >= ENTRIES_MAX) {
        const [oldest] = entries.keys();
        if (oldest !== undefined) entries.delete(oldest);
      }
      entries.set(key, entry);
      return { count: entry.count, leftMs: entry.untilMs - now() };
    },
    async read(key) {
      const entry = find(key);
      return { count: entry?.count ?? 0, leftMs: entry === undefined ? 0 : entry.untilMs - now() };
    },
  };
}
