/**
 * Fires the timers of sagas: durable rows in zone time. Takes bounded batches, shares them with other
 * nodes by SKIP LOCKED, sleeps until the nearest is due.
 */
import type { DoorClock } from '../../../dispatch/redis/door.ts';
import type { Database } from '../../../platform/database.ts';
import { type Pump, startPump } from '../../../platform/pump.ts';
import type { SagaFigures } from './saga-figures.ts';
import * as rows from './saga-rows.ts';
import { handle, type SagaWorld } from './saga-store.ts';

/** Host ms between looks: a timer that was set meanwhile fires at most so late. */
const POLL_MS = 1_000;
const SOONEST_MS = 20;
/** Timers fired in one transaction. */
const BATCH_MAX = 200;
/** Host ms until a timer is tried again that could not be fired. */
const PUT_OFF_MS = 30_000;

export interface TimersOptions {
  readonly database: Database;
  readonly clock: DoorClock;
  readonly world: () => Promise<SagaWorld>;
  readonly figures: SagaFigures;
  readonly onFired: () => void;
  readonly onError: (error: unknown) => void;
}

/** Starts firing; several may run at once. */
export function startTimers(options: TimersOptions): Pump {
  const { database, clock } = options;
  let alarm: NodeJS.Timeout | undefined;
  const pump = startPump({
    work: async () => {
      const fired = await fireDue(options);
      if (fired > 0) options.onFired();
      if (fired === BATCH_MAX) return true;
      const nearest = await rows.nearestDue(database.knex);
      options.figures.waited(nearest === null ? 0 : clock.zoneMs() - nearest);
      clearTimeout(alarm);
      const hostMs = nearest === null ? POLL_MS : (nearest - clock.zoneMs()) / clock.speed;
      if (hostMs < POLL_MS) alarm = setTimeout(() => pump.wake(), Math.max(SOONEST_MS, hostMs));
      return false;
    },
    pollMs: POLL_MS,
    backOffMs: [100, 5_000],
    onError: options.onError,
  });
  return {
    wake: () => pump.wake(),
    async stop() {
      await pump.stop();
      clearTimeout(alarm);
    },
  };
}

/** Fires one batch; when that fails, one after the other, and puts off the one that is in the way. */
async function fireDue(options: TimersOptions): Promise<number> {
  try {
    return await fire(options, BATCH_MAX);
  } catch (error) {
    options.onError(error);
  }
  const { database, clock } = options;
  for (let fired = 0; fired < BATCH_MAX; fired++) {
    const nowMs = Math.round(clock.zoneMs());
    try {
      if ((await fire(options, 1)) === 0) return fired;
    } catch (error) {
      options.onError(error);
      await rows.putOff(database.knex, nowMs, nowMs + PUT_OFF_MS * clock.speed);
    }
  }
  return BATCH_MAX;
}

/** Fires the timers that are due, at most so many, in one transaction; how many there were. */
async function fire({ database, world }: TimersOptions, max: number): Promise<number> {
  const now = await world();
  return database.transaction(async (trx) => {
    const due = await rows.lockDue(trx, now.nowMs, max);
    const told = due.map(({ saga: { order } }) => ({ order, input: { type: 'timer' } as const }));
    if (due.length > 0) await handle(trx, now, due, told);
    return due.length;
  });
}
