/** Tickets: what a vendor has to prepare, and when it says it is ready. */
import type { ServiceSchema } from 'moleculer';
import * as schemas from '../../contracts/api/kitchen.ts';
import { KITCHEN_REQUESTS, type KitchenRequest } from '../../contracts/messages/kitchen.ts';
import { ORDER_STREAM, type OrderEvent } from '../../contracts/messages/orders.ts';
import { VENDOR_STREAM, type VendorChanged } from '../../contracts/messages/vendors.ts';
import { openDatabase } from '../../platform/database.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startFollowing, startPublishing } from '../../platform/service-streams.ts';
import * as board from './board.ts';
import { followOrders, followRequests, followVendors, hasLeft, LEFT } from './following.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log, addCheck } = context;
  const database = openDatabase('kitchen', config.database.kitchen);
  const running: Part[] = [];
  const nowMs = async (): Promise<number> => Math.round((await context.door()).clock.zoneMs());
  const action = createActionBuilder({ log });
  const deps: board.KitchenDeps = { database, nowMs };
  addCheck('kitchen.database', () => database.ping());
  return {
    name: 'kitchen',
    actions: {
      list: action<schemas.TicketQuery, schemas.TicketList>({
        params: schemas.TICKET_QUERY,
        handler: (params, call) => board.list(deps, params, call),
      }),
      get: action<schemas.TicketRef, schemas.TicketView>({
        params: schemas.TICKET_REF,
        handler: (params, call) => board.get(deps, params.id, call),
      }),
      accept: action<schemas.TicketAccept, schemas.TicketView>({
        params: schemas.TICKET_ACCEPT,
        handler: (params, call) => board.accept(deps, params, call),
      }),
      reject: action<schemas.TicketReject, schemas.TicketView>({
        params: schemas.TICKET_REJECT,
        handler: (params, call) => board.reject(deps, params, call),
      }),
      start: action<schemas.TicketRef, schemas.TicketView>({
        params: schemas.TICKET_REF,
        handler: (params, call) => board.start(deps, params.id, call),
      }),
      delay: action<schemas.TicketDelay, schemas.TicketView>({
        params: schemas.TICKET_DELAY,
        handler: (params, call) => board.delay(deps, params, call),
      }),
      ready: action<schemas.TicketRef, schemas.TicketView>({
        params: schemas.TICKET_REF,
        handler: (params, call) => board.ready(deps, params.id, call),
      }),
    },
    async started() {
      running.push(
        startPublishing(context, database),
        startFollowing<KitchenRequest>(context, {
          database,
          stream: KITCHEN_REQUESTS,
          consumer: 'kitchen',
          handler: async (trx, entries) => followRequests(trx, entries, await nowMs()),
          // A request that comes twice is answered twice: tickets know what they are.
          inbox: false,
        }),
        startFollowing<VendorChanged>(context, {
          database,
          stream: VENDOR_STREAM,
          consumer: 'kitchen',
          handler: followVendors,
          inbox: false,
        }),
        startFollowing<OrderEvent>(context, {
          database,
          stream: ORDER_STREAM,
          consumer: 'kitchen',
          handler: followOrders,
          mentions: LEFT,
          wants: hasLeft,
          inbox: false,
          patient: true,
        }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}
