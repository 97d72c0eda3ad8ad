/** Orders: what customers buy. Their way to the door is a delivery, asked for like any shop would. */
import type { ServiceSchema } from 'moleculer';
import * as schemas from '../../contracts/api/orders.ts';
import { DELIVERY_STREAM, type DeliveryChanged } from '../../contracts/messages/deliveries.ts';
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
import * as orders from './orders.ts';
import * as placing from './placing.ts';

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
  };
  context.addCheck('orders.database', () => database.ping());
  return {
    name: 'orders',
    actions: {
      place: action<schemas.OrderPlace, schemas.OrderPlaced>({
        params: schemas.ORDER_PLACE,
        handler: (params, call) => placing.place(deps, params, call),
      }),
      get: action<schemas.OrderRef, schemas.Order>({
        params: schemas.ORDER_REF,
        handler: (params, call) => orders.get(database, params.id, call),
      }),
      list: action<schemas.OrderQuery, schemas.OrderList>({
        params: schemas.ORDER_QUERY,
        handler: (params, call) => orders.list(database, params, call),
      }),
      cancel: action<schemas.OrderCancel, schemas.Order>({
        params: schemas.ORDER_CANCEL,
        handler: (params, call) => orders.cancel(deps, params, call),
      }),
    },
    async started() {
      relay = startPublishing(context, database);
      running.push(
        relay,
        startFollowing<DeliveryChanged>(context, {
          database,
          stream: DELIVERY_STREAM,
          consumer: 'orders',
          handler: orders.follow,
        }),
        startPurging(context, database, { inbox: true, idempotency: true }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}
