/** Orders: what customers buy. Their way to the door is a delivery, asked for like any shop would. */
import type { ServiceSchema } from 'moleculer';
import { EMPTY } from '../../contracts/api/common.ts';
import * as schemas from '../../contracts/api/orders.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { openDatabase } from '../../platform/database.ts';
import type { Pump } from '../../platform/pump.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import {
  type Part,
  startFollowing,
  startPublishing,
  startPurging,
} from '../../platform/service-streams.ts';
import { startTail } from '../../platform/stream-tail.ts';
import * as cancelling from './cancelling.ts';
import { careActions } from './care-actions.ts';
import { COUNTED, cartActions } from './cart-actions.ts';
import { startErasing } from './erasure.ts';
import { createChecker } from './fraud/checking.ts';
import { createKnowledge, HEARD } from './knowledge.ts';
import * as orders from './orders.ts';
import { PlacementBatch } from './placement-batch.ts';
import { writePlacements } from './placement-writing.ts';
import type * as placing from './placing.ts';
import { policyOf } from './price-policies.ts';
import { refusalCounter } from './refusals.ts';
import { createSagaFigures } from './saga-figures.ts';
import { FOLLOWED, follow, type Heard } from './saga-following.ts';
import { limitsAt } from './saga-limits.ts';
import type { SagaWorld } from './saga-store.ts';
import { startTimers } from './saga-timers.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config } = context;
  const database = openDatabase('orders', config.database.orders);
  const action = createActionBuilder({ log: context.log });
  const running: Part[] = [];
  let relay: Pump | undefined;
  const deps: placing.OrdersDeps = {
    database,
    door: context.door,
    signer: createTokens(config.auth),
    trackingLinkMs: config.auth.trackingLinkMs,
    publicUrl: config.api.publicUrl,
    wakeRelay: () => relay?.wake(),
    knowledge: createKnowledge((market) => policyOf(database.knex, market)),
    batch: new PlacementBatch(database, writePlacements, () => relay?.wake()),
  };
  const figures = createSagaFigures(context.metrics, database);
  const world = async (): Promise<SagaWorld> => {
    const { clock } = await context.door();
    return { nowMs: Math.round(clock.zoneMs()), limits: limitsAt(clock.speed), figures };
  };
  const countRefusal = refusalCounter(context.metrics);
  context.addCheck('orders.database', () => database.ping());
  return {
    name: 'orders',
    hooks: {
      error: Object.fromEntries(
        COUNTED.map((name) => [
          name,
          (_context: unknown, error: Error) => {
            countRefusal(error);
            throw error;
          },
        ]),
      ),
    },
    actions: {
      ...cartActions(action, deps),
      get: action<schemas.OrderRef, schemas.Order>({
        params: schemas.ORDER_REF,
        handler: (params, call) => orders.get(database, params.id, call),
      }),
      list: action<schemas.OrderQuery, schemas.OrderList>({
        params: schemas.ORDER_QUERY,
        handler: (params, call) => orders.list(database, params, call),
      }),
      summary: action<object, schemas.OrderSummary>({
        params: EMPTY,
        handler: () => orders.summarise(database),
      }),
      ...careActions(action, { ...deps, world }),
      cancel: action<schemas.OrderCancel, schemas.Order>({
        params: schemas.ORDER_CANCEL,
        handler: (params, call) => cancelling.cancel({ ...deps, world }, params, call),
      }),
    },
    async started() {
      const door = await context.door();
      relay = startPublishing(context, database);
      const timers = startTimers({
        ...{ database, door, figures, check: createChecker(config.fraud) },
        limits: limitsAt(door.clock.speed),
        onFired: deps.wakeRelay,
        onError: (err) => context.log.warn({ err }, 'timers could not be fired; trying again'),
      });
      running.push(
        relay,
        timers,
        startTail(context, {
          ...{ name: 'orders', streams: HEARD, hear: deps.knowledge.hear },
          onGap: deps.knowledge.forgetAll,
        }),
        ...FOLLOWED.map((stream) =>
          startFollowing<Heard>(context, {
            ...{ database, stream, consumer: 'orders' },
            handler: async (trx, entries) => follow(trx, await world(), entries),
          }),
        ),
        startErasing(context, database),
        startPurging(context, database, { inbox: true, idempotency: true }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}
