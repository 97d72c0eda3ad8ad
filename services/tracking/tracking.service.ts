/** Tracking by signed link, and the stored traces of deliveries. */
import type { ServiceSchema } from 'moleculer';
import { DELIVERY_REF, type DeliveryRef } from '../../contracts/api/deliveries.ts';
import * as schemas from '../../contracts/api/tracking.ts';
import { DELIVERY_STREAM, type DeliveryChanged } from '../../contracts/messages/deliveries.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { openDatabase } from '../../platform/database.ts';
import { startPump } from '../../platform/pump.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startFollowing } from '../../platform/service-streams.ts';
import * as archive from './archive.ts';
import * as viewing from './viewing.ts';

const READ_EVERY_MS = 2_000;
const ARCHIVE_EVERY_MS = 5_000;
const FORGET_EVERY_MS = 600_000;

export function createService(context: ServiceContext): ServiceSchema {
  const { config } = context;
  const database = openDatabase('tracking', config.database.tracking);
  const deps: viewing.TrackingDeps = {
    database,
    door: context.door,
    tokens: createTokens(config.auth),
    gatewayUrl: `${config.gateway.publicUrl}/v1`,
  };
  const action = createActionBuilder({ log: context.log });
  const running: Part[] = [];
  context.addCheck('tracking.database', () => database.ping());
  return {
    name: 'tracking',
    actions: {
      view: action<schemas.TrackRef, schemas.TrackView>({
        params: schemas.TRACK_REF,
        handler: ({ token }, call) => viewing.view(deps, token, call),
      }),
      trace: action<DeliveryRef, schemas.Trace>({
        params: DELIVERY_REF,
        handler: ({ id }, call) => viewing.trace(deps, id, call),
      }),
    },
    async started() {
      const door = await context.door();
      running.push(
        ...startArchive(context, deps, door),
        startFollowing<DeliveryChanged>(context, {
          database,
          stream: DELIVERY_STREAM,
          consumer: 'tracking',
          handler: (trx, entries) => archive.follow(trx, door, entries),
        }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}

function startArchive(
  { config, log }: ServiceContext,
  { database }: viewing.TrackingDeps,
  door: Door,
): Part[] {
  const every = (pollMs: number, what: string, work: () => Promise<boolean>): Part =>
    startPump({
      work,
      pollMs,
      backOffMs: [500, 30_000],
      onError: (err) => log.warn({ err }, what),
    });
  return [
    every(READ_EVERY_MS, 'points could not be stored', () => archive.storePoints(database, door)),
    every(ARCHIVE_EVERY_MS, 'traces could not be archived', () =>
      archive.archiveEnded(database, Date.now()),
    ),
    every(FORGET_EVERY_MS, 'old traces could not be made coarse', async () => {
      await archive.forget(database, Date.now(), config.trace.days);
      return false;
    }),
  ];
}
