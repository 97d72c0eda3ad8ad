/**
 * Requests per window of time, by address, credential and account, over all processes of the API. Each
 * process counts by itself and adds its counts to Redis some times a second, so that no request waits
 * for it; what others counted since is what may slip through. While Redis is away each process goes on
 * alone. Bounded: when more callers come in one window than can be counted, the rest share one count.
 */
import type { Redis } from 'ioredis';
import { WaggleError } from '../../contracts/errors.ts';

/** Wall ms of a window, aligned so that all processes mean the same one. */
export const WINDOW_MS = 10_000;
/** How often counts are exchanged, host ms. */
const EXCHANGE_MS = 200;
const CALLERS_MAX = 50_000;
const EVERYBODY_ELSE = 'everybody else';

export interface Policy {
  /** Shown in headers: `address`, `credential` or `account`. */
  readonly name: string;
  /** Requests per window. */
  readonly quota: number;
}

/** What is left of one policy for one caller. */
export interface Standing {
  readonly policy: Policy;
  readonly left: number;
  readonly resetSeconds: number;
}

export interface RateLimit {
  /** Counts a request; throws `request.rate_limited` with the time to wait past the quota. */
  take(policy: Policy, who: string): Standing;
  /** Adds what was counted here to what all have counted. Runs by itself, too. */
  exchange(): Promise<void>;
  stop(): void;
}

export interface RateLimitOptions {
  /** Undefined: this process counts alone. */
  readonly redis?: Redis | undefined;
  readonly keyPrefix?: string;
  /** Wall ms. */
  readonly now?: () => number;
}

interface Count {
  /** Counted here. */
  own: number;
  /** Of these, known to all. */
  told: number;
  /** Counted by others, as far as is known. */
  others: number;
}

export function createRateLimit(options: RateLimitOptions = {}): RateLimit {
  const { redis, keyPrefix = '', now = Date.now } = options;
  let window = 0;
  let counts = new Map<string, Count>();
  const turn = (): number => {
    const nowMs = now();
    const current = Math.floor(nowMs / WINDOW_MS);
    if (current !== window) {
      window = current;
      counts = new Map();
    }
    return Math.max(1, Math.ceil(((current + 1) * WINDOW_MS - nowMs) / 1000));
  };
  const exchange = async (): Promise<void> => {
    if (redis === undefined) return;
    const mine = [...counts].filter(([, { own, told }]) => own > told);
    if (mine.length === 0) return;
    await tell(redis, `${keyPrefix}requests:${window}:`, mine);
  };
  const timer =
    redis === undefined ? undefined : setInterval(() => exchange().catch(() => {}), EXCHANGE_MS);
  timer?.unref();
  return {
    take(policy, who) {
      const resetSeconds = turn();
      const wanted = `${policy.name}:${who}`;
      const key = counts.has(wanted) || counts.size < CALLERS_MAX ? wanted : EVERYBODY_ELSE;
      const count = counts.get(key) ?? { own: 0, told: 0, others: 0 };
      count.own++;
      counts.set(key, count);
      const left = policy.quota - count.own - count.others;
      if (left < 0) {
        const error = new WaggleError('request.rate_limited');
        error.retryAfterSeconds = resetSeconds;
        throw error;
      }
      return { policy, left, resetSeconds };
    },
    exchange,
    stop: () => clearInterval(timer),
  };
}

async function tell(
  redis: Redis,
  prefix: string,
  mine: readonly (readonly [string, Count])[],
): Promise<void> {
  const sent = mine.map(([, { own }]) => own);
  const pipeline = redis.pipeline();
  mine.forEach(([key, count], index) => {
    pipeline.incrby(prefix + key, (sent[index] ?? 0) - count.told);
    pipeline.pexpire(prefix + key, 2 * WINDOW_MS);
  });
  const answers = (await pipeline.exec()) ?? [];
  mine.forEach(([, count], index) => {
    const [error, total] = answers[2 * index] ?? [];
    if (error !== null || typeof total !== 'number') return;
    count.told = sent[index] ?? 0;
    count.others = total - count.told;
  });
}
