/**
 * OpenAPI 3.1 from the one route table: the schemas in it are exactly those that validate. A schema
 * with a `title` becomes a named component the first time it is met. Pure.
 */
import { PROBLEM } from '../../contracts/api/common.ts';
import type { JsonSchema, Route } from '../../contracts/api/routes.ts';
import { takesVersion } from './conditions.ts';

export const API_PREFIX = '/api/v1';

interface Document {
  readonly openapi: '3.1.0';
  readonly [key: string]: unknown;
}

type Components = Map<string, unknown>;

/** The whole document. `serverUrl`: how the API is reached from outside. */
export function openApi(routes: readonly Route[], serverUrl: string): Document {
  const components: Components = new Map();
  const problem = hoist(PROBLEM, components);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const methods = paths[route.path] ?? {};
    methods[route.method.toLowerCase()] = operation(route, components, problem);
    paths[route.path] = methods;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Waggle',
      version: '1.0.0',
      description:
        'Orders, deliveries, drivers and zones. Times are RFC 3339 zone time; money is integer ' +
        'minor units; errors are RFC 9457 problem documents with a stable `code`.',
      license: { name: 'Proprietary', identifier: 'LicenseRef-proprietary' },
    },
    servers: [{ url: `${serverUrl}${API_PREFIX}` }],
    paths,
    components: {
      schemas: Object.fromEntries(components),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, wgl_…' },
      },
    },
  };
}

function operation(route: Route, components: Components, problem: unknown): object {
  const { inPath, rest } = splitParams(route);
  const parameters: object[] = inPath.map(([name, schema]) => ({
    name,
    in: 'path',
    required: true,
    schema: hoist(schema, components),
  }));
  const isRead = route.method === 'GET' || route.method === 'DELETE';
  const required = (route.params.required ?? []) as readonly string[];
  if (isRead) {
    for (const [name, schema] of rest) {
      const needed = required.includes(name);
      parameters.push({ name, in: 'query', required: needed, schema: hoist(schema, components) });
    }
  }
  if (takesVersion(route)) {
    const schema = { type: 'string', maxLength: 100 };
    parameters.push({ name: 'If-Match', in: 'header', required: false, schema });
  }
  if (route.idempotent) {
    const schema = { type: 'string', minLength: 8, maxLength: 200 };
    const required = route.idempotent === true;
    parameters.push({ name: 'Idempotency-Key', in: 'header', required, schema });
  }
  return {
    operationId: route.action,
    summary: route.summary,
    tags: [route.action.split('.')[0]],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(isRead || rest.length === 0 ? {} : { requestBody: bodyOf(route, components) }),
    responses: responsesOf(route, components, problem),
    security: securityOf(route),
    'x-roles': route.roles,
  };
}

type Property = readonly [name: string, schema: JsonSchema];

/** Names of path parameters, `/a/{id}` → ['id']. */
export function pathNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
}

function splitParams(route: Route): { inPath: Property[]; rest: Property[] } {
  const names = pathNames(route.path);
  const properties = Object.entries((route.params.properties ?? {}) as Record<string, JsonSchema>);
  return {
    inPath: properties.filter(([name]) => names.includes(name)),
    rest: properties.filter(([name]) => !names.includes(name)),
  };
}

/** The schema of the body: the parameters without those in the path. */
function bodyOf(route: Route, components: Components): object {
  const names = pathNames(route.path);
  const { rest } = splitParams(route);
  const required = ((route.params.required ?? []) as string[]).filter((n) => !names.includes(n));
  const schema =
    names.length === 0
      ? route.params
      : { ...route.params, required, properties: Object.fromEntries(rest) };
  return {
    required: required.length > 0,
    content: { 'application/json': { schema: hoist(schema, components) } },
  };
}

function responsesOf(route: Route, components: Components, problem: unknown): object {
  const content =
    route.result === undefined
      ? {}
      : { content: { 'application/json': { schema: hoist(route.result, components) } } };
  const also = Object.entries(route.also ?? {}).map(
    ([status, description]) =>
      [status, { description, headers: headersOf(route), ...content }] as const,
  );
  return {
    [route.status]: { description: 'Done', headers: headersOf(route), ...content },
    ...(route.method === 'GET' ? { 304: { description: 'Still as If-None-Match says' } } : {}),
    ...Object.fromEntries(also),
    '4XX': problemResponse('What was asked cannot be done', problem),
    '5XX': problemResponse('Not done; `retryable` says whether to send it again', problem),
  };
}

const text = (description: string): object => ({ description, schema: { type: 'string' } });
const CORRELATION = { 'X-Correlation-Id': text('In logs and problems, too') };
const LIMITS = {
  RateLimit: text('What is left of each quota, and when it begins anew'),
  'RateLimit-Policy': text('The quotas that count for this caller'),
};

function problemResponse(description: string, problem: unknown): object {
  const retry = { 'Retry-After': text('Seconds; with 429 and 503') };
  return {
    description,
    headers: { ...CORRELATION, ...LIMITS, ...retry },
    content: { 'application/problem+json': { schema: problem } },
  };
}

/** Headers of an answer that went well. */
function headersOf(route: Route): object {
  const hasTag = route.result !== undefined && route.method !== 'POST';
  return {
    ...CORRELATION,
    ...LIMITS,
    ...(hasTag ? { ETag: text('For If-None-Match, and If-Match where there is a version') } : {}),
    ...(route.status === 201 ? { Location: text('Where it is') } : {}),
  };
}

function securityOf(route: Route): object[] {
  if (route.roles === 'public') return [];
  return [{ token: [] }, ...(route.scope === undefined ? [] : [{ apiKey: [route.scope] }])];
}

/** Replaces titled schemas by references, at every depth. */
function hoist(schema: unknown, components: Components): unknown {
  if (Array.isArray(schema)) return schema.map((inner) => hoist(inner, components));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { title } = schema as { title?: unknown };
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, hoist(value, components)]),
  );
  if (typeof title !== 'string') return inner;
  components.set(title, inner);
  return { $ref: `#/components/schemas/${title}` };
}
