/** Stock: what is there, what is set aside for orders, and every change with its reason. */
import type { ServiceSchema } from 'moleculer';
import { INVENTORY_REQUESTS, type StockAsked } from '../../contracts/messages/inventory.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { startPump } from '../../platform/pump.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import {
  type Part,
  startFollowing,
  startPublishing,
  startPurging,
} from '../../platform/service-streams.ts';
import * as queries from './queries.ts';
import * as requests from './requests.ts';

/** How often it is looked for reservations whose time is over, host ms. */
const EXPIRY_POLL_MS = 500;
const RESERVATIONS_KEPT_DAYS = 30;
const PURGE_BATCH = 5_000;
const PURGE_EVERY_MS = 60_000;

export function createService(context: ServiceContext): ServiceSchema {
  const { config } = context;
  const database = openDatabase('inventory', config.database.inventory);
  const running: Part[] = [];
  context.addCheck('inventory.database', () => database.ping());
  return {
    name: 'inventory',
    actions: {},
    async started() {
      running.push(
        startPublishing(context, database),
        startFollowing<StockAsked>(context, {
          database,
          stream: INVENTORY_REQUESTS,
          consumer: 'inventory',
          handler: requests.follow,
        }),
        startPurging(context, database, { inbox: true, idempotency: true }),
        startForgetting(context, database),
        await startExpiry(context, database),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}

/** The timers of reservations are their rows; this looks at them by zone time. */
async function startExpiry(context: ServiceContext, database: Database): Promise<Part> {
  const { clock } = await context.door();
  return startPump({
    work: () => requests.expire(database, Math.round(clock.zoneMs())),
    pollMs: EXPIRY_POLL_MS,
    backOffMs: [EXPIRY_POLL_MS, 30_000],
    onError: (err) => context.log.warn({ err }, 'reservations could not be given back'),
  });
}

function startForgetting({ log }: ServiceContext, database: Database): Part {
  return startPump({
    work: async () => {
      await queries.purgeReservations(database.knex, RESERVATIONS_KEPT_DAYS, PURGE_BATCH);
      return false;
    },
    pollMs: PURGE_EVERY_MS,
    backOffMs: [1_000, PURGE_EVERY_MS],
    onError: (err) => log.warn({ err }, 'old reservations could not be removed'),
  });
}
