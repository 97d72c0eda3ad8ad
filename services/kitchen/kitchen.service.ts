/** Tickets: what a vendor has to prepare, and when it says it is ready. */
import type { ServiceSchema } from 'moleculer';
import { KITCHEN_REQUESTS, type KitchenAsked } from '../../contracts/messages/kitchen.ts';
import { openDatabase } from '../../platform/database.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import {
  type Part,
  startFollowing,
  startPublishing,
  startPurging,
} from '../../platform/service-streams.ts';
import { followRequests } from './following.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config, addCheck } = context;
  const database = openDatabase('kitchen', config.database.kitchen);
  const running: Part[] = [];
  const nowMs = async (): Promise<number> => Math.round((await context.door()).clock.zoneMs());
  addCheck('kitchen.database', () => database.ping());
  return {
    name: 'kitchen',
    actions: {},
    async started() {
      running.push(
        startPublishing(context, database),
        startFollowing<KitchenAsked>(context, {
          database,
          stream: KITCHEN_REQUESTS,
          consumer: 'kitchen',
          handler: async (trx, entries) => followRequests(trx, entries, await nowMs()),
        }),
        startPurging(context, database, { inbox: true, idempotency: false }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}
