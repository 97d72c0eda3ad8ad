/**
 * Fires the timers of sagas: durable rows in zone time. Takes bounded batches, shares them with other
 * nodes by SKIP LOCKED, sleeps until the nearest is due. An order that was just placed is a timer
 * that is due at once: its first step, the fraud rules, is taken here, for many orders together.
 */
import type { Door } from '../../../dispatch/redis/door.ts';
import type { Database } from '../../../platform/database.ts';
import { listen } from '../../../platform/listener.ts';
import { type Pump, startPump } from '../../../platform/pump.ts';
import type { Checker } from '../fraud/checking.ts';
import type { SagaFigures } from './saga-figures.ts';
import * as rows from './saga-rows.ts';
import type { SagaLimits } from './saga-state.ts';
import { BATCH_MAX, handle, type Told } from './saga-store.ts';
import type { TermsMemory } from './terms-memory.ts';

/** Host ms between looks when nobody wakes it: timers that were set meanwhile are not nearer. */
const POLL_MS = 1_000;
const SOONEST_MS = 20;
/** Host ms until a timer is tried again that could not be fired. */
const PUT_OFF_MS = 30_000;

export interface TimersOptions {
  readonly database: Database;
  readonly door: Door;
  readonly limits: SagaLimits;
  readonly figures: SagaFigures;
  readonly memory: TermsMemory;
  readonly check: Checker;
  readonly onFired: () => void;
  readonly onError: (error: unknown) => void;
}

/** Starts firing; several may run at once. */
export function startTimers(options: TimersOptions): Pump {
  const { database, door } = options;
  let alarm: NodeJS.Timeout | undefined;
  const pump = startPump({
    work: async () => {
      const fired = await fireDue(options);
      if (fired > 0) options.onFired();
      if (fired === BATCH_MAX) return true;
      const nearest = await rows.nearestDue(database.knex);
      options.figures.waited(nearest === null ? 0 : door.clock.zoneMs() - nearest);
      clearTimeout(alarm);
      const hostMs =
        nearest === null ? POLL_MS : (nearest - door.clock.zoneMs()) / door.clock.speed;
      if (hostMs < POLL_MS) alarm = setTimeout(() => pump.wake(), Math.max(SOONEST_MS, hostMs));
      return false;
    },
    pollMs: POLL_MS,
    backOffMs: [100, 5_000],
    onError: options.onError,
  });
  const listener = listen(database, 'orders_timers', () => pump.wake());
  return {
    wake: () => pump.wake(),
    async stop() {
      await listener.stop();
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
  const { database, door } = options;
  for (let fired = 0; fired < BATCH_MAX; fired++) {
    const nowMs = Math.round(door.clock.zoneMs());
    try {
      if ((await fire(options, 1)) === 0) return fired;
    } catch (error) {
      options.onError(error);
      await rows.putOff(database.knex, nowMs, nowMs + PUT_OFF_MS * door.clock.speed);
    }
  }
  return BATCH_MAX;
}

/** Fires the timers that are due, at most so many, in one transaction; how many there were. */
async function fire(options: TimersOptions, max: number): Promise<number> {
  const { database, door, limits, figures, memory, check } = options;
  const nowMs = Math.round(door.clock.zoneMs());
  return database.transaction(async (trx) => {
    const due = await rows.lockDue(trx, nowMs, max);
    if (due.length === 0) return 0;
    const news = due.filter(({ saga }) => saga.step === 'checking');
    const checked = await check(
      trx,
      news.map(({ terms }) => terms),
    );
    const told = due.map(({ saga }): Told => {
      const { order } = saga;
      return { order, input: checked.get(order) ?? { type: 'timer' } };
    });
    await handle(trx, { nowMs, limits, figures, memory }, due, told);
    return due.length;
  });
}
