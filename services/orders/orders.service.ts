/** Orders: what customers buy. Their way to the door is a delivery, asked for like any shop would. */
import type { Redis } from 'ioredis';
import type { ServiceBroker, ServiceSchema } from 'moleculer';
import { Counter } from 'prom-client';
import * as schemas from '../../contracts/api/orders.ts';
import {
  DELIVERY_STREAM,
  type DeliveryChanged,
  ORDER_STREAM,
} from '../../contracts/api/service-events.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { toWaggleError } from '../../platform/broker-errors.ts';
import { openDatabase } from '../../platform/database.ts';
import { createEventStream } from '../../platform/event-stream.ts';
import { purgeIdempotency } from '../../platform/idempotency.ts';
import { purgeInbox } from '../../platform/inbox.ts';
import { DELIVER_TIMEOUT_MS, startRelay } from '../../platform/outbox.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import { connectRedis } from '../../platform/redis.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { startStreamConsumer } from '../../platform/stream-consumer.ts';
import * as orders from './orders.ts';
import * as placing from './placing.ts';

const PURGE_EVERY_MS = 600_000;

export function createService(context: ServiceContext): ServiceSchema {
  const { config } = context;
  const database = openDatabase('orders', config.database.orders);
  const action = createActionBuilder({ log: context.log });
  const running: { stop(): Promise<void> }[] = [];
  const connections: Redis[] = [];
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
    async started(this: { broker: ServiceBroker }) {
      const events = connectRedis(config.redis.url, 'orders-events');
      const reading = connectRedis(config.redis.url, 'orders-reading');
      connections.push(events, reading);
      relay = startOrderRelay(context, deps, this.broker, events);
      running.push(relay, startFollowing(context, deps, reading), startPurge(context, deps));
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      for (const connection of connections.splice(0)) connection.disconnect();
      await database.close();
    },
  };
}

/** Asks for deliveries and tells others of orders, from the outbox. */
function startOrderRelay(
  { config, log }: ServiceContext,
  { database }: placing.OrdersDeps,
  broker: ServiceBroker,
  redis: Redis,
): Pump {
  const stream = createEventStream({
    redis,
    key: `${config.redis.keyPrefix}${ORDER_STREAM}`,
    entriesMax: config.streams.entriesMax,
  });
  return startRelay({
    database,
    async deliver(row) {
      if (row.topic === placing.ORDER_TOPIC) {
        const { event_id: id, correlation, payload } = row;
        return stream.publish({ id, correlation, event: payload });
      }
      const meta = { caller: { kind: 'system' }, correlationId: row.correlation ?? row.event_id };
      try {
        await broker.call('deliveries.create', row.payload, { meta, timeout: DELIVER_TIMEOUT_MS });
      } catch (error) {
        throw toWaggleError(error);
      }
    },
    onError: (err, row) => log.warn({ err, event: row?.event_id }, 'an entry waits in the outbox'),
  });
}

function startFollowing(
  { config, log, metrics }: ServiceContext,
  { database }: placing.OrdersDeps,
  redis: Redis,
): { stop(): Promise<void> } {
  const dead = new Counter({
    name: 'waggle_orders_dead_letters_total',
    help: 'Delivery events that orders gave up on.',
    registers: [metrics],
  });
  return startStreamConsumer<DeliveryChanged>({
    redis,
    stream: `${config.redis.keyPrefix}${DELIVERY_STREAM}`,
    group: orders.CONSUMER,
    consumer: config.node.name,
    start: 'beginning',
    batch: 200,
    blockMs: 500,
    claimIdleMs: 30_000,
    deliveriesMax: 20,
    retryMs: [100, 10_000],
    deadLettersMax: 10_000,
    handler: (entries) => orders.follow(database, entries),
    onError: (err, id) => log.warn({ err, id }, 'a delivery event could not be handled'),
    onDeadLetter: (id, err) => {
      dead.inc();
      log.error({ err, id }, 'a delivery event is a dead letter now');
    },
  });
}

function startPurge({ log }: ServiceContext, { database }: placing.OrdersDeps): Pump {
  return startPump({
    work: async () => {
      await purgeInbox(database.knex);
      await purgeIdempotency(database.knex);
      return false;
    },
    pollMs: PURGE_EVERY_MS,
    backOffMs: [1_000, PURGE_EVERY_MS],
    onError: (err) => log.warn({ err }, 'old keys could not be removed'),
  });
}
