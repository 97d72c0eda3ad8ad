/**
 * The REST door: routes of contracts/api/routes.ts to actions of services. Owns identity, limits,
 * headers and the shape of errors; never a business rule.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Context, ServiceBroker, ServiceSchema } from 'moleculer';
import ApiGateway from 'moleculer-web';
import { Histogram } from 'prom-client';
import type { Config } from '../../config/index.ts';
import { ROUTES, type Route } from '../../contracts/api/routes.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { startLiveTokens } from '../../platform/auth/ended-sessions.ts';
import { toWaggleError } from '../../platform/broker-errors.ts';
import { createFileLinks } from '../../platform/files/file-links.ts';
import { openFolderStore } from '../../platform/files/file-store.ts';
import { connectRedis } from '../../platform/redis.ts';
import type { Caller, CallMeta } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { addressOf } from './address.ts';
import { etagOf, isKnown, versionWanted } from './conditions.ts';
import { fileAliases } from './files.ts';
import { answerHeaders, assetHeaders, corsOf, safetyHeaders } from './headers.ts';
import { createIdentity, type Identity } from './identity.ts';
import { createLimiting, type Limiting } from './limiting.ts';
import { API_PREFIX, openApi } from './open-api.ts';
import { documentationAliases, pageAliases } from './pages.ts';
import { problemOf, sendProblem } from './problems.ts';
import { createRateLimit } from './rate-limit.ts';
import { createRequestReader, type RequestReader } from './requests.ts';

/** Wall ms a caller has for sending its headers, and all of its request: slow ones must not pile up. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 120_000;
const CORRELATION = /^[A-Za-z0-9_-]{8,64}$/;
/** Where `web/build.ts` puts the pages. */
const WEB_DIR = join(import.meta.dirname, '..', '..', '.waggle', 'web');

interface ApiRequest extends IncomingMessage {
  $ctx?: Context<unknown, CallMeta>;
  $params?: unknown;
  $alias?: { readonly action?: string };
  query?: Record<string, unknown>;
  body?: unknown;
  correlationId?: string;
  startedMs?: number;
  waggleRoute?: Route;
}

interface Parts {
  readonly config: Config;
  readonly identity: Identity;
  readonly limiting: Limiting;
  readonly requests: RequestReader;
}

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log } = context;
  let broker: ServiceBroker | undefined;
  const tokens = startLiveTokens(context, 'api');
  const redis = connectRedis(config.redis.url, 'api-limits');
  const limit = createRateLimit({ redis, keyPrefix: config.redis.keyPrefix });
  const parts: Parts = {
    config,
    identity: createIdentity({
      tokens,
      verifyApiKey: (secret) => callAsSystem<Caller>(broker, 'users.verifyApiKey', { secret }),
    }),
    limiting: createLimiting(limit, config.api.door),
    requests: createRequestReader(ROUTES),
  };
  const files = fileAliases({
    store: openFolderStore(config.files.dir),
    links: createFileLinks(config.auth.keys, config.api.publicUrl),
    take: (request, response) =>
      parts.limiting.address(addressOf(request, config.api.door.proxyHops), response),
    tell: (action, params) => callAsSystem(broker, action, params),
  });
  const duration = durationMetric(context);
  const safety = safetyHeaders(config);
  return {
    name: 'api',
    mixins: [ApiGateway as unknown as ServiceSchema],
    settings: settingsOf({
      port: config.api.port,
      ip: config.node.host,
      logRequest: null,
      logResponse: null,
      logRequestParams: null,
      logRouteRegistration: 'debug',
      rootCallOptions: (
        options: { requestID?: string },
        request: ApiRequest,
        response: ServerResponse,
      ) => begin(options, request, response, { duration, safety }),
      routes: [
        restRoute(parts),
        { ...pagesRoute('/files', files), cors: corsOf(config) },
        pagesRoute('/api', documentationAliases(openApi(ROUTES, config.api.publicUrl))),
        pagesRoute('/', pageAliases(WEB_DIR, config.gateway.publicUrl)),
      ],
      assets: { folder: WEB_DIR, options: { index: ['index.html'], setHeaders: assetHeaders } },
      onError: refuse(log),
    }),
    methods: {
      // The gateway's own handler logs every refusal as an error; ours decides by status.
      errorHandler(
        this: { sendError(request: ApiRequest, response: ServerResponse, error: unknown): void },
        request: ApiRequest,
        response: ServerResponse,
        error: unknown,
      ) {
        this.sendError(request, response, error);
      },
    },
    created(this: { broker: ServiceBroker }) {
      broker = this.broker;
    },
    async started() {
      const server = this.server as Server;
      server.headersTimeout = HEADERS_TIMEOUT_MS;
      server.requestTimeout = REQUEST_TIMEOUT_MS;
    },
    async stopped() {
      limit.stop();
      await tokens.stop();
      redis.disconnect();
    },
  };
}

/** Answers with the problem document of whatever went wrong; what is ours is logged. */
function refuse(log: ServiceContext['log']) {
  return (request: ApiRequest, response: ServerResponse, error: unknown): void => {
    const problem = problemOf(error);
    if (problem.status >= 500) {
      const { correlationId, method } = request;
      log.warn({ err: error, correlationId, method, action: request.$alias?.action }, 'failed');
    }
    sendProblem(response, problem, request.correlationId);
  };
}

/** Moleculer types settings of services by name only; moleculer-web's are checked by nobody. */
function settingsOf(settings: object): NonNullable<ServiceSchema['settings']> {
  return settings as NonNullable<ServiceSchema['settings']>;
}

async function callAsSystem<R>(
  broker: ServiceBroker | undefined,
  action: string,
  params: object,
): Promise<R> {
  if (broker === undefined) throw new WaggleError('service.unavailable');
  try {
    const meta: CallMeta = { caller: { kind: 'system' } };
    return await broker.call<R, object>(action, params, { meta });
  } catch (error) {
    throw toWaggleError(error);
  }
}

function durationMetric({ metrics }: ServiceContext): Histogram<'action' | 'status'> {
  return new Histogram({
    name: 'waggle_api_request_seconds',
    help: 'Time to answer REST requests, by action and status.',
    labelNames: ['action', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [metrics],
  });
}

interface Beginning {
  readonly duration: Histogram<'action' | 'status'>;
  readonly safety: ReturnType<typeof safetyHeaders>;
}

/** Runs first for every request: correlation id, headers that are always set, the stop-watch. */
function begin(
  options: { requestID?: string },
  request: ApiRequest,
  response: ServerResponse,
  { duration, safety }: Beginning,
): void {
  const given = request.headers['x-correlation-id'];
  const correlationId = typeof given === 'string' && CORRELATION.test(given) ? given : randomUUID();
  request.correlationId = correlationId;
  options.requestID = correlationId;
  response.setHeader('X-Correlation-Id', correlationId);
  for (const [name, value] of safety) response.setHeader(name, value);
  // Only what is read can be "not modified"; the gateway would say so of writes, too.
  if (request.method !== 'GET') delete request.headers['if-none-match'];
  const stop = duration.startTimer();
  response.once('finish', () => {
    stop({ action: request.waggleRoute?.action ?? 'other', status: response.statusCode });
  });
}

function restRoute(parts: Parts): object {
  const byAction = new Map(ROUTES.map((route) => [route.action, route]));
  return {
    path: API_PREFIX,
    aliases: Object.fromEntries(
      ROUTES.map((route) => {
        const path = route.path.slice(1).replaceAll(/\{(\w+)\}/g, ':$1');
        return [`${route.method} ${path}`, route.action];
      }),
    ),
    mappingPolicy: 'restrict',
    mergeParams: false,
    authentication: false,
    authorization: false,
    autoAliases: false,
    logging: false,
    bodyParsers: { json: { strict: true, limit: parts.config.api.bodyBytesMax } },
    cors: corsOf(parts.config),
    async onBeforeCall(
      context: Context<unknown, CallMeta>,
      _route: unknown,
      request: ApiRequest,
      response: ServerResponse,
      alias: { readonly action: string },
    ) {
      const route = byAction.get(alias.action);
      if (route === undefined) throw new WaggleError('resource.not_found');
      answerHeaders(response, route);
      await admit(parts, route, context, { request, response });
    },
    onAfterCall(
      context: Context<unknown, CallMeta & { $location?: string }>,
      _route: unknown,
      request: ApiRequest,
      response: ServerResponse,
      data: unknown,
    ) {
      if (typeof data === 'object' && data !== null && request.method !== 'POST') {
        const etag = etagOf(data);
        response.setHeader('ETag', etag);
        if (isKnown(etag, request.headers)) context.meta.$statusCode = 304;
      }
      if (context.meta.$statusCode === 201) context.meta.$location = locationOf(request, data);
      return data;
    },
  };
}

/** Where a thing that was made can be found: below the list it was made in. */
function locationOf(request: ApiRequest, data: unknown): string {
  const path = `${API_PREFIX}${request.waggleRoute?.path ?? ''}`;
  const id = (data as { readonly id?: unknown } | null)?.id;
  return typeof id === 'string' && !path.includes('{') ? `${path}/${id}` : path;
}

/** Lets a request in: within its limit, by somebody who may, with parameters that can be read. */
async function admit(
  { config, identity, limiting, requests }: Parts,
  route: Route,
  context: Context<unknown, CallMeta>,
  { request, response }: { request: ApiRequest; response: ServerResponse },
): Promise<void> {
  request.waggleRoute = route;
  const address = addressOf(request, config.api.door.proxyHops);
  const { authorization } = request.headers;
  if (route.roles === 'public') limiting.address(address, response);
  const caller = await identity.authorize(route, authorization).catch((error: unknown) => {
    // Whoever guesses at credentials is counted like whoever has none.
    limiting.address(address, response);
    throw error;
  });
  limiting.caller(caller, response);
  const given = request.$params as {
    readonly body?: unknown;
    readonly query?: Record<string, unknown>;
    readonly params?: Record<string, unknown>;
  };
  request.$params = requests.read(route, {
    path: given.params ?? {},
    query: given.query ?? {},
    body: given.body,
    version: versionWanted(route, request.headers),
    contentType: request.headers['content-type'],
  });
  const key = request.headers['idempotency-key'];
  const { meta } = context;
  meta.caller = caller;
  meta.address = address;
  if (request.correlationId !== undefined) meta.correlationId = request.correlationId;
  if (typeof key === 'string') meta.idempotencyKey = key;
  meta.$statusCode = route.status;
}

function pagesRoute(path: string, aliases: object): object {
  return {
    path,
    aliases,
    mappingPolicy: 'restrict',
    mergeParams: false,
    bodyParsers: false,
    authentication: false,
    authorization: false,
    logging: false,
  };
}
