/** Deliveries: the business record, the way to the engine, and the projection of its logs. */
import type { Redis } from 'ioredis';
import type { ServiceSchema } from 'moleculer';
import { Counter, Gauge } from 'prom-client';
import { EMPTY } from '../../contracts/api/common.ts';
import * as decisionSchemas from '../../contracts/api/decisions.ts';
import * as schemas from '../../contracts/api/deliveries.ts';
import * as exceptionSchemas from '../../contracts/api/exceptions.ts';
import * as quoteSchemas from '../../contracts/api/quotes.ts';
import * as setAsideSchemas from '../../contracts/api/set-aside.ts';
import type { TrackLink } from '../../contracts/api/tracking.ts';
import * as zoneSchemas from '../../contracts/api/zones.ts';
import {
  DELIVERY_REQUESTS,
  DELIVERY_STREAM,
  type DeliveryAsked,
  type DeliveryChanged,
} from '../../contracts/messages/deliveries.ts';
import { isEnded } from '../../contracts/states.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { openDatabase } from '../../platform/database.ts';
import { startErasing } from '../../platform/erasure.ts';
import type { Pump } from '../../platform/pump.ts';
import { connectRedis } from '../../platform/redis.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import {
  type Part,
  startFollowing,
  startPublishing,
  startPurging,
} from '../../platform/service-streams.ts';
import { checkSees } from './access.ts';
import * as asking from './asking.ts';
import { startCommandRelay } from './command-relay.ts';
import type * as creation from './creation.ts';
import * as decisions from './decisions.ts';
import { FORGETTING } from './erasure.ts';
import * as exceptions from './exceptions/exceptions.ts';
import { startProjector } from './projector/projector.ts';
import { proofActions, proofDeps, startForgettingProofs } from './proofs/proof-actions.ts';
import { createPins } from './proofs/proof-pins.ts';
import { deliveryById } from './queries.ts';
import { createIntake } from './quotes/intake.ts';
import * as quoting from './quotes/quoting.ts';
import * as reading from './reading.ts';
import * as requests from './requests.ts';
import { deliveryView } from './rows.ts';
import * as setAside from './set-aside.ts';
import * as steering from './steering.ts';
import { summarise } from './summary.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config } = context;
  const database = openDatabase('deliveries', config.database.deliveries);
  const running: Part[] = [];
  let redis: Redis | undefined;
  let relay: Pump | undefined;
  const deps: creation.DeliveriesDeps = {
    database,
    door: context.door,
    signer: createTokens(config.auth),
    trackingLinkMs: config.auth.trackingLinkMs,
    publicUrl: config.api.publicUrl,
    wakeRelay: () => relay?.wake(),
    pins: createPins(config.auth.keys),
  };
  const proofs = proofDeps(context, deps);
  context.addCheck('deliveries.database', () => database.ping());
  countExceptions(context, database);
  return {
    name: 'deliveries',
    actions: {
      ...actionsOf(deps, context),
      ...setAsideActions(context, {
        database,
        door: context.door,
        redis: () => redis,
        keyPrefix: config.redis.keyPrefix,
      }),
      ...exceptionActions(context, { database, door: context.door }),
      ...quoteActions(context, { database, door: context.door, intake: createIntake(database) }),
      ...proofActions(context, proofs),
    },
    async started() {
      const door = await context.door();
      redis = connectRedis(config.redis.url, 'deliveries-set-aside');
      relay = startCommands(context, deps, door);
      running.push(
        relay,
        startProjecting(context, deps, door),
        startEvents(context, deps, door),
        startRequests(context, deps),
        startPurging(context, database, { inbox: true, idempotency: true }),
        quoting.startForgettingQuotes({ database, door: context.door }, (err) =>
          context.log.warn({ err }, 'old quotes could not be forgotten; trying again'),
        ),
        startForgettingProofs(context, proofs),
        startErasing(context, database, FORGETTING),
        exceptions.startForgetting({ database, door: context.door }, (err) =>
          context.log.warn({ err }, 'old exceptions could not be forgotten; trying again'),
        ),
        decisions.startForgettingDecisions({ database, door: context.door }, (err) =>
          context.log.warn({ err }, 'old decisions could not be forgotten; trying again'),
        ),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((pump) => pump.stop()));
      redis?.disconnect();
      await database.close();
    },
  };
}

function setAsideActions(
  { log }: ServiceContext,
  deps: setAside.SetAsideDeps,
): NonNullable<ServiceSchema['actions']> {
  const action = createActionBuilder({ log });
  return {
    listQuarantined: action<setAsideSchemas.QuarantinedQuery, setAsideSchemas.QuarantinedList>({
      params: setAsideSchemas.QUARANTINED_QUERY,
      handler: (params) => setAside.listQuarantined(deps, params),
    }),
    redriveQuarantined: action<setAsideSchemas.QuarantinedRedrive, zoneSchemas.OpsAccepted>({
      params: setAsideSchemas.QUARANTINED_REDRIVE,
      handler: (params, call) => setAside.redriveQuarantined(deps, params, call),
    }),
    listDeadLetters: action<setAsideSchemas.DeadLettersQuery, setAsideSchemas.DeadLetterList>({
      params: setAsideSchemas.DEAD_LETTERS_QUERY,
      handler: (params) => setAside.deadLetters(deps, params),
    }),
    redriveDeadLetter: action<setAsideSchemas.DeadLetterRedrive, zoneSchemas.OpsAccepted>({
      params: setAsideSchemas.DEAD_LETTER_REDRIVE,
      handler: (params, call) => setAside.redriveDead(deps, params, call),
    }),
  };
}

function quoteActions(
  { log }: ServiceContext,
  deps: quoting.QuotingDeps,
): NonNullable<ServiceSchema['actions']> {
  const action = createActionBuilder({ log });
  return {
    quote: action<quoteSchemas.QuoteCreate, quoteSchemas.Quote>({
      params: quoteSchemas.QUOTE_CREATE,
      handler: (params, call) => quoting.quote(deps, params, call),
    }),
    zoneIntake: action<quoteSchemas.ZoneIntakeQuery, quoteSchemas.ZoneIntake>({
      params: quoteSchemas.ZONE_INTAKE_QUERY,
      handler: (params) => quoting.zoneIntake(deps, params),
    }),
  };
}

function exceptionActions(
  { log }: ServiceContext,
  deps: exceptions.ExceptionDeps,
): NonNullable<ServiceSchema['actions']> {
  const action = createActionBuilder({ log });
  return {
    listExceptions: action<exceptionSchemas.ExceptionQuery, exceptionSchemas.ExceptionList>({
      params: exceptionSchemas.EXCEPTION_QUERY,
      handler: (params) => exceptions.list(deps, params),
    }),
    claimException: action<exceptionSchemas.ExceptionRef, exceptionSchemas.Exception>({
      params: exceptionSchemas.EXCEPTION_REF,
      handler: (params, call) => exceptions.claim(deps, params, call),
    }),
    releaseException: action<exceptionSchemas.ExceptionRef, exceptionSchemas.Exception>({
      params: exceptionSchemas.EXCEPTION_REF,
      handler: (params, call) => exceptions.release(deps, params, call),
    }),
    snoozeException: action<exceptionSchemas.ExceptionSnooze, exceptionSchemas.Exception>({
      params: exceptionSchemas.EXCEPTION_SNOOZE,
      handler: (params, call) => exceptions.snooze(deps, params, call),
    }),
    resolveException: action<exceptionSchemas.ExceptionResolve, exceptionSchemas.Exception>({
      params: exceptionSchemas.EXCEPTION_RESOLVE,
      handler: (params, call) => exceptions.resolve(deps, params, call),
    }),
  };
}

/** What is open by kind, counted when somebody asks. */
function countExceptions(
  { metrics }: ServiceContext,
  database: creation.DeliveriesDeps['database'],
): void {
  new Gauge({
    name: 'waggle_exceptions_open',
    help: 'Open exceptions by kind and whether somebody looks after them.',
    labelNames: ['kind', 'owned'],
    registers: [metrics],
    async collect() {
      const counts = await exceptions.countOpen(database);
      this.reset();
      for (const { problem, owned, count } of counts) this.set({ kind: problem, owned }, count);
    },
  });
}

type Door = Awaited<ReturnType<ServiceContext['door']>>;

function startCommands(
  { metrics, log }: ServiceContext,
  { database }: creation.DeliveriesDeps,
  door: Door,
): Pump {
  const sent = new Counter({
    name: 'waggle_delivery_commands_sent_total',
    help: 'Commands appended to mailboxes, by outcome and whether it was a re-send.',
    labelNames: ['outcome', 'resend'],
    registers: [metrics],
  });
  return startCommandRelay({
    database,
    door,
    onError: (err) => log.warn({ err }, 'commands could not be sent; trying again'),
    onSent: (outcome, attempts) => sent.inc({ outcome, resend: attempts > 1 ? 'yes' : 'no' }),
  });
}

function startProjecting(
  { metrics, log }: ServiceContext,
  { database }: creation.DeliveriesDeps,
  door: Door,
): Pump {
  const records = new Counter({
    name: 'waggle_projector_records_total',
    help: 'Log records projected.',
    registers: [metrics],
  });
  const lag = new Gauge({
    name: 'waggle_projector_lag_zone_ms',
    help: 'Zone ms between the newest projected record and now.',
    registers: [metrics],
  });
  const anomalies = new Counter({
    name: 'waggle_projector_anomalies_total',
    help: 'Facts that must never stand in a log, by kind.',
    labelNames: ['kind'],
    registers: [metrics],
  });
  return startProjector({
    database,
    door,
    onError: (err) => log.warn({ err }, 'the logs could not be followed; trying again'),
    onAnomaly: (anomaly) => {
      anomalies.inc({ kind: anomaly.kind });
      log.error({ anomaly }, 'the log says what must never happen');
    },
    onProgress: (count, lagMs) => {
      records.inc(count);
      lag.set(lagMs);
    },
  });
}

/** Publishes changes; the card of an ended delivery goes with the news of its end. */
function startEvents(
  context: ServiceContext,
  { database }: creation.DeliveriesDeps,
  door: Door,
): Pump {
  return startPublishing(context, database, async (topic, events) => {
    if (topic !== DELIVERY_STREAM) return;
    const ended = (events() as DeliveryChanged[]).filter(({ state }) => isEnded(state));
    await Promise.all(ended.map(({ delivery }) => door.dropCard(delivery)));
  });
}

function startRequests(context: ServiceContext, deps: creation.DeliveriesDeps): Part {
  return startFollowing<DeliveryAsked>(context, {
    database: deps.database,
    stream: DELIVERY_REQUESTS,
    consumer: 'deliveries',
    handler: (trx, entries) => requests.follow(deps, trx, entries),
  });
}

function actionsOf(
  deps: creation.DeliveriesDeps,
  { log }: ServiceContext,
): NonNullable<ServiceSchema['actions']> {
  const { database } = deps;
  const action = createActionBuilder({ log });
  return {
    request: action<schemas.DeliveryCreate, schemas.DeliveryCreated>({
      params: schemas.DELIVERY_CREATE,
      handler: (params, call) => asking.request(deps, params, call),
    }),
    get: action<schemas.DeliveryRef, schemas.DeliveryDetail>({
      params: schemas.DELIVERY_REF,
      handler: (params, call) => reading.get(deps, params.id, call),
    }),
    list: action<schemas.DeliveryQuery, schemas.DeliveryList>({
      params: schemas.DELIVERY_QUERY,
      handler: (params, call) => reading.list(database, params, call),
    }),
    events: action<schemas.DeliveryRef, schemas.DeliveryEvents>({
      params: schemas.DELIVERY_REF,
      handler: (params, call) => reading.events(database, params.id, call),
    }),
    decisions: action<decisionSchemas.DecisionQuery, decisionSchemas.DecisionList>({
      params: decisionSchemas.DECISION_QUERY,
      handler: (params, call) => decisions.list(database, params, call),
    }),
    audit: action<zoneSchemas.AuditQuery, zoneSchemas.AuditList>({
      params: zoneSchemas.AUDIT_QUERY,
      handler: (params) => reading.audit(database, params),
    }),
    summary: action<object, schemas.DeliverySummary>({
      params: EMPTY,
      handler: async () => summarise(database.knex, (await deps.door()).clock.zoneMs()),
    }),
    cancel: action<schemas.DeliveryCancel, schemas.DeliveryCancelled>({
      params: schemas.DELIVERY_CANCEL,
      handler: (params, call) => steering.cancel(deps, params, call),
    }),
    ready: action<schemas.DeliveryReady, schemas.Delivery>({
      params: schemas.DELIVERY_READY,
      handler: async (params, call) => deliveryView(await steering.ready(deps, params, call)),
    }),
    ops: action<schemas.DeliveryOps, { request: string }>({
      params: schemas.DELIVERY_OPS,
      handler: (params, call) => steering.ops(deps, params, call),
    }),
    link: action<schemas.DeliveryRef, TrackLink>({
      params: schemas.DELIVERY_REF,
      handler: async ({ id }, call) => {
        const row = checkSees(call.caller, await deliveryById(database.knex, id));
        return asking.trackingLink(deps, row);
      },
    }),
  };
}
