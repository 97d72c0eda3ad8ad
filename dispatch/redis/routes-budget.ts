/**
 * The daily budget of billed road times, counted in Redis for all nodes together: a bound that each
 * process kept for itself would be none. When Redis is away nothing is spent.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../runtime/ports.ts';
import type { Keys } from './keys.ts';
import { DONE_CODES } from './result-codes.ts';
import type { Scripts } from './scripts.ts';

const DAY_MS = 86_400_000;
/** The counter of a day is kept for two, so that ops can look at yesterday's. */
const COUNTER_SECONDS = 172_800;

interface BudgetDeps {
  readonly client: Redis;
  readonly keys: Keys;
  readonly scripts: Scripts;
  readonly clock: Clock;
}

/** Takes elements out of today's budget (UTC, by the clock of Redis); false: it would not last. */
export function routesBudget(
  { client, keys, scripts, clock }: BudgetDeps,
  elementsPerDay: number,
): (elements: number) => Promise<boolean> {
  return async (elements) => {
    const day = Math.floor(clock.hostMs() / DAY_MS);
    const args = [elements, elementsPerDay, COUNTER_SECONDS];
    const code = await scripts.run(client, 'routes-budget-1', [keys.routesElements(day)], args);
    return code === DONE_CODES.done;
  };
}
