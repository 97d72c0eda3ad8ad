/** Tracking by signed link, and the stored traces of deliveries. */
import type { Redis } from 'ioredis';
import type { ServiceSchema } from 'moleculer';
import { DELIVERY_REF, type DeliveryRef } from '../../contracts/api/deliveries.ts';
import { DELIVERY_STREAM, type DeliveryChanged } from '../../contracts/api/service-events.ts';
import * as schemas from '../../contracts/api/tracking.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { openDatabase } from '../../platform/database.ts';
import { startPump } from '../../platform/pump.ts';
import { connectRedis } from '../../platform/redis.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { startStreamConsumer } from '../../platform/stream-consumer.ts';
import * as archive from './archive.ts';
import * as viewing from './viewing.ts';

const READ_EVERY_MS = 2_000;
const ARCHIVE_EVERY_MS = 5_000;
const FORGET_EVERY_MS = 600_000;

interface Part {
  stop(): Promise<void>;
}

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
  let redis: Redis | undefined;
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
      redis = connectRedis(config.redis.url, 'tracking-reading');
      running.push(
        ...startArchive(context, deps, door),
        startFollowing(context, deps, door, redis),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      redis?.disconnect();
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

function startFollowing(
  { config, log }: ServiceContext,
  { database }: viewing.TrackingDeps,
  door: Door,
  redis: Redis,
): Part {
  return startStreamConsumer<DeliveryChanged>({
    redis,
    stream: `${config.redis.keyPrefix}${DELIVERY_STREAM}`,
    group: archive.CONSUMER,
    consumer: config.node.name,
    start: 'beginning',
    batch: 100,
    blockMs: 500,
    claimIdleMs: 30_000,
    deliveriesMax: 20,
    retryMs: [100, 10_000],
    deadLettersMax: 10_000,
    handler: (entries) => archive.follow(database, door, entries),
    onError: (err, id) => log.warn({ err, id }, 'a delivery event could not be handled'),
    onDeadLetter: (id, err) => log.error({ err, id }, 'a delivery event is a dead letter now'),
  });
}
