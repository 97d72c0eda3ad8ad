/** Webhooks: what happened to deliveries, told to the shops that asked for them. */
import type { ServiceSchema } from 'moleculer';
import { Counter, Gauge, Histogram } from 'prom-client';
import * as schemas from '../../contracts/api/webhooks.ts';
import { DELIVERY_STREAM, type DeliveryChanged } from '../../contracts/messages/deliveries.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import type { Pump } from '../../platform/pump.ts';
import { createSecretBox } from '../../platform/secret-box.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startFollowing, startPurging } from '../../platform/service-streams.ts';
import { follow } from './following.ts';
import { startForgetting } from './forgetting.ts';
import * as history from './history.ts';
import { countMessages } from './message-queries.ts';
import { createPoster } from './posting.ts';
import { startSealing } from './sealing.ts';
import { startSending } from './sending.ts';
import * as webhooks from './webhooks.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log } = context;
  const { insecure } = config.webhooks;
  const database = openDatabase('webhooks', config.database.webhooks);
  const poster = createPoster({ insecure });
  const box = createSecretBox(config.secrets.keys);
  const deps = { database, poster, box, insecure };
  const running: Part[] = [];
  context.addCheck('webhooks.database', () => database.ping());
  return {
    name: 'webhooks',
    actions: actionsOf(context, deps),
    async started() {
      const signer = createTokens(config.auth);
      const { publicUrl } = config.api;
      const { trackingLinkMs } = config.auth;
      running.push(
        startSenders(context, deps),
        startSealing(database, box, (err) =>
          log.warn({ err }, 'secrets could not be sealed; trying again'),
        ),
        startFollowing<DeliveryChanged>(context, {
          database,
          stream: DELIVERY_STREAM,
          consumer: 'webhooks',
          handler: (trx, entries) => follow({ signer, trackingLinkMs, publicUrl }, trx, entries),
        }),
        startPurging(context, database, { inbox: true, idempotency: false }),
        startForgetting(database, (err) =>
          log.warn({ err }, 'old messages could not be forgotten; trying again'),
        ),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      poster.close();
      await database.close();
    },
  };
}

function actionsOf(
  { log }: ServiceContext,
  deps: webhooks.WebhooksDeps,
): NonNullable<ServiceSchema['actions']> {
  const action = createActionBuilder({ log });
  return {
    create: action<schemas.WebhookCreate, schemas.WebhookCreated>({
      params: schemas.WEBHOOK_CREATE,
      handler: (params, call) => webhooks.create(deps, params, call),
    }),
    list: action<schemas.WebhookQuery, schemas.WebhookList>({
      params: schemas.WEBHOOK_QUERY,
      handler: (params, call) => webhooks.list(deps, params, call),
    }),
    get: action<schemas.WebhookRef, schemas.Webhook>({
      params: schemas.WEBHOOK_REF,
      handler: (params, call) => webhooks.get(deps, params.id, call),
    }),
    change: action<schemas.WebhookChange, schemas.Webhook>({
      params: schemas.WEBHOOK_CHANGE,
      handler: (params, call) => webhooks.change(deps, params, call),
    }),
    remove: action<schemas.WebhookRef, void>({
      params: schemas.WEBHOOK_REF,
      handler: (params, call) => webhooks.remove(deps, params.id, call),
    }),
    rotate: action<schemas.WebhookRotate, schemas.WebhookRotated>({
      params: schemas.WEBHOOK_ROTATE,
      handler: (params, call) => webhooks.rotate(deps, params, call),
    }),
    ping: action<schemas.WebhookRef, schemas.WebhookPinged>({
      params: schemas.WEBHOOK_REF,
      handler: (params, call) => webhooks.ping(deps, params.id, call),
    }),
    messages: action<schemas.WebhookMessageQuery, schemas.WebhookMessageList>({
      params: schemas.WEBHOOK_MESSAGE_QUERY,
      handler: (params, call) => history.messages(deps, params, call),
    }),
    attempts: action<schemas.WebhookAttemptQuery, schemas.WebhookAttemptList>({
      params: schemas.WEBHOOK_ATTEMPT_QUERY,
      handler: (params, call) => history.attempts(deps, params, call),
    }),
    redeliver: action<schemas.WebhookRedeliver, schemas.WebhookRedelivering>({
      params: schemas.WEBHOOK_REDELIVER,
      handler: (params, call) => history.redeliver(deps, params, call),
    }),
    redeliverOne: action<schemas.WebhookMessageRef, schemas.WebhookMessage>({
      params: schemas.WEBHOOK_MESSAGE_REF,
      handler: (params, call) => history.redeliverOne(deps, params, call),
    }),
  };
}

function startSenders(
  { metrics, log }: ServiceContext,
  { database, poster, box }: webhooks.WebhooksDeps,
): Pump {
  const seconds = new Histogram({
    name: 'waggle_webhook_seconds',
    help: 'Time of one try to deliver a webhook, by what came of it.',
    labelNames: ['outcome'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [metrics],
  });
  const dead = new Counter({
    name: 'waggle_webhook_messages_dead_total',
    help: 'Messages given up after a day of tries.',
    registers: [metrics],
  });
  const disabled = new Counter({
    name: 'waggle_webhooks_disabled_total',
    help: 'Webhooks switched off because nothing got through.',
    registers: [metrics],
  });
  showWaiting(metrics, database);
  return startSending({
    ...{ database, poster, box },
    onError: (err) => log.warn({ err }, 'webhooks could not be sent; trying again'),
    onPosted: ({ outcome, durationMs }) => seconds.observe({ outcome }, durationMs / 1000),
    onDead: (count) => dead.inc(count),
    onDisabled: (webhook, reason) => {
      disabled.inc();
      log.warn({ webhook, reason }, 'a webhook was switched off');
    },
  });
}

/** What waits, counted when somebody asks. */
function showWaiting(metrics: ServiceContext['metrics'], database: Database): void {
  const oldest = new Gauge({
    name: 'waggle_webhook_oldest_seconds',
    help: 'Age of the oldest message that waits.',
    registers: [metrics],
  });
  new Gauge({
    name: 'waggle_webhook_messages_waiting',
    help: 'Messages that wait to be sent.',
    registers: [metrics],
    async collect() {
      const { waiting, oldestSeconds } = await countMessages(database.knex);
      this.set(waiting);
      oldest.set(oldestSeconds);
    },
  });
}
