/** Orders: what customers buy. Their way to the door is a delivery, asked for like any shop would. */
import type { ServiceSchema } from 'moleculer';
import { EMPTY } from '../../contracts/api/common.ts';
import * as schemas from '../../contracts/api/orders.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { openDatabase } from '../../platform/database.ts';
import { startErasing } from '../../platform/erasure.ts';
import type { Pump } from '../../platform/pump.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startPublishing, startPurging } from '../../platform/service-streams.ts';
import { startTail } from '../../platform/stream-tail.ts';
import * as cancelling from './care/cancelling.ts';
import { careActions } from './care/care-actions.ts';
import { FORGETTING } from './care/erasure.ts';
import { COUNTED, cartActions } from './carts/cart-actions.ts';
import { createKnowledge, HEARD } from './carts/knowledge.ts';
import { PlacementBatch } from './carts/placement-batch.ts';
import { writePlacements } from './carts/placement-writing.ts';
import type * as placing from './carts/placing.ts';
import { policyOf } from './carts/price-policies.ts';
import { refusalCounter } from './carts/refusals.ts';
import * as orders from './orders.ts';
import { createSagas } from './saga/saga-running.ts';

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
    batch: new PlacementBatch(
      database,
      async (trx, placements) => writePlacements(trx, await sagas.world(), placements),
      () => relay?.wake(),
    ),
  };
  const sagas = createSagas(context, database);
  const caring = { ...deps, world: sagas.world };
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
      ...careActions(action, caring),
      cancel: action<schemas.OrderCancel, schemas.Order>({
        params: schemas.ORDER_CANCEL,
        handler: (params, call) => cancelling.cancel(caring, params, call),
      }),
    },
    async started() {
      relay = startPublishing(context, database);
      running.push(
        relay,
        ...(await sagas.start(deps.wakeRelay)),
        startTail(context, {
          ...{ name: 'orders', streams: HEARD, hear: deps.knowledge.hear },
          onGap: deps.knowledge.forgetAll,
        }),
        startErasing(context, database, FORGETTING),
        startPurging(context, database, { inbox: true, idempotency: true }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}
