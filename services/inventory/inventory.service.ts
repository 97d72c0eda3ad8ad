/** Stock: what is there, what is set aside for orders, and every change with its reason. */
import type { ServiceSchema } from 'moleculer';
import { Counter } from 'prom-client';
import * as schemas from '../../contracts/api/inventory.ts';
import { newId } from '../../contracts/ids.ts';
import { CATALOG_STREAM, type MenuChanged } from '../../contracts/messages/catalog.ts';
import { INVENTORY_REQUESTS, type StockAsked } from '../../contracts/messages/inventory.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import {
  type Part,
  startFollowing,
  startPublishing,
  startPurging,
} from '../../platform/service-streams.ts';
import * as queries from './queries.ts';
import * as reading from './reading.ts';
import * as requests from './requests.ts';
import * as stock from './stock.ts';

/** How often it is looked for reservations whose time is over, host ms. */
const EXPIRY_POLL_MS = 500;
const RESERVATIONS_KEPT_MS = 30 * 86_400_000;
const PURGE_BATCH = 5_000;
const PURGE_EVERY_MS = 60_000;

export function createService(context: ServiceContext): ServiceSchema {
  const { config } = context;
  const database = openDatabase('inventory', config.database.inventory);
  const running: Part[] = [];
  const answers = answersMetric(context);
  let relay: Pump | undefined;
  const deps: stock.InventoryDeps = {
    database,
    door: context.door,
    wakeRelay: () => relay?.wake(),
  };
  context.addCheck('inventory.database', () => database.ping());
  return {
    name: 'inventory',
    actions: actionsOf(deps, context),
    async started() {
      relay = startPublishing(context, database);
      running.push(
        relay,
        startFollowing<StockAsked>(context, {
          database,
          stream: INVENTORY_REQUESTS,
          consumer: 'inventory',
          handler: (trx, entries) =>
            requests.follow(trx, entries, ({ type }) => answers.inc({ type })),
          afterwards: () => relay?.wake(),
          // A request that comes twice is answered twice: reservations know what they are.
          inbox: false,
        }),
        startFollowing<MenuChanged>(context, {
          database,
          stream: CATALOG_STREAM,
          consumer: 'inventory',
          handler: requests.followMenus,
          wants: ({ removed }) => removed.length > 0,
          inbox: false,
        }),
        startPurging(context, database, { inbox: false, idempotency: true }),
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

/** A batch that is rolled back and taken again counts twice; it is for rates, not for books. */
function answersMetric({ metrics }: ServiceContext): Counter<'type'> {
  return new Counter({
    name: 'waggle_stock_answers_total',
    help: 'What orders were answered about stock, by type.',
    labelNames: ['type'],
    registers: [metrics],
  });
}

function actionsOf(
  deps: stock.InventoryDeps,
  { log }: ServiceContext,
): NonNullable<ServiceSchema['actions']> {
  const { database } = deps;
  const action = createActionBuilder({ log });
  return {
    list: action<schemas.StockQuery, schemas.StockList>({
      params: schemas.STOCK_QUERY,
      handler: (params, call) => reading.list(database, params, call),
    }),
    set: action<schemas.StockSet, schemas.StockSetAnswer>({
      params: schemas.STOCK_SET,
      handler: (params, call) => stock.set(deps, params, call),
    }),
    remove: action<schemas.StockRef, void>({
      params: schemas.STOCK_REF,
      handler: (params, call) => stock.remove(deps, params, call),
    }),
    adjust: action<schemas.StockAdjust, schemas.Adjustment>({
      params: schemas.STOCK_ADJUST,
      handler: (params, call) => stock.adjust(deps, params, call),
    }),
    adjustments: action<schemas.AdjustmentQuery, schemas.AdjustmentList>({
      params: schemas.ADJUSTMENT_QUERY,
      handler: (params, call) => reading.adjustments(database, params, call),
    }),
    levels: action<schemas.LevelsQuery, schemas.StockLevels>({
      params: schemas.LEVELS_QUERY,
      handler: ({ vendor }) => reading.levels(database, vendor),
    }),
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
      const before = newId('order', Date.now() - RESERVATIONS_KEPT_MS);
      await queries.purgeReservations(database.knex, before, PURGE_BATCH);
      return false;
    },
    pollMs: PURGE_EVERY_MS,
    backOffMs: [1_000, PURGE_EVERY_MS],
    onError: (err) => log.warn({ err }, 'old reservations could not be removed'),
  });
}
