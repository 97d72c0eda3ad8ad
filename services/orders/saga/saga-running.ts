/** Starts what carries the sagas of a process: their timers, and the streams they listen to. */
import type { Database } from '../../../platform/database.ts';
import type { ServiceContext } from '../../../platform/service-context.ts';
import { type Part, startFollowing } from '../../../platform/service-streams.ts';
import { createChecker } from '../fraud/checking.ts';
import { createSagaFigures } from './saga-figures.ts';
import { FOLLOWED, follow, type Heard, isOfOrder } from './saga-following.ts';
import { limitsAt } from './saga-limits.ts';
import type { SagaWorld } from './saga-store.ts';
import { startTimers } from './saga-timers.ts';
import { TermsMemory } from './terms-memory.ts';

export interface Sagas {
  /** What a step is decided in, now. */
  readonly world: () => Promise<SagaWorld>;
  /** Starts carrying; `wakeRelay` is called when there is something to send. */
  start(wakeRelay: () => void): Promise<Part[]>;
}

export function createSagas(context: ServiceContext, database: Database): Sagas {
  const { config, log, metrics } = context;
  const figures = createSagaFigures(metrics, database);
  const memory = new TermsMemory();
  const check = createChecker(config.fraud);
  const world = async (): Promise<SagaWorld> => {
    const { clock } = await context.door();
    const nowMs = Math.round(clock.zoneMs());
    return { nowMs, limits: limitsAt(clock.speed), figures, memory, check };
  };
  return {
    world,
    async start(wakeRelay) {
      const { clock } = await context.door();
      const timers = startTimers({
        ...{ database, clock, world, figures, onFired: wakeRelay },
        onError: (err) => log.warn({ err }, 'timers could not be fired; trying again'),
      });
      const listening = FOLLOWED.map((stream) =>
        startFollowing<Heard>(context, {
          ...{ database, stream, consumer: 'orders' },
          handler: async (trx, entries) => follow(trx, await world(), entries),
          wants: isOfOrder,
          afterwards: wakeRelay,
          // The saga takes no harm from what comes twice: every part knows where it stands.
          inbox: false,
        }),
      );
      return [timers, ...listening];
    },
  };
}
