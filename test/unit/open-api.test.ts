/** The API's description against the linter's recommended rules, and the table against house rules. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { ROUTES, type Route } from '../../contracts/api/routes.ts';
import { openApi, pathNames } from '../../services/api/open-api.ts';

/**
 * POSTs that make or move something and are not repeatable by a key, each with what makes that safe.
 * An answer with a secret must not be kept to be given out again.
 */
const WITHOUT_KEY: Readonly<Record<string, string>> = {
  'users.register': 'the e-mail address is unique; the answer holds tokens',
  'drivers.register': 'the e-mail address is unique; the answer holds tokens',
  'users.login': 'another session does no harm; the answer holds tokens',
  'users.createApiKey': 'the answer holds the secret; a second key is seen in the list',
  'webhooks.create': 'the answer holds the secret; a second webhook is seen in the list',
  'users.viewLink': 'a link is a signed text; nothing is written',
  'deliveries.addProof': 'counted and bounded per delivery; the answer holds a signed link',
  'deliveries.link': 'a link is a signed text; nothing is written',
};

/** POSTs of orders and payments that take no key, and why the same again moves nothing. */
const BY_STATE: Readonly<Record<string, string>> = {
  'orders.price': 'writes nothing',
  'orders.cancel': 'a cancelled order is cancelled; its refund has the order for a key',
  'orders.reorder': 'answers with a cart; writes nothing',
  'orders.rate': 'replaces what was said',
  'orders.endPromotion': 'what has ended has ended',
  'orders.review': 'a decision is taken once; the saga has gone on then',
  'orders.block': 'what is blocked is blocked',
};

describe('the OpenAPI document', () => {
  test('has nothing that the recommended rules of Redocly find fault with', async () => {
    const problems = await lintFromString({
      source: JSON.stringify(openApi(ROUTES, 'https://waggle.example')),
      absoluteRef: 'openapi.json',
      config: await createConfig({ extends: ['recommended'] }),
    });
    const lines = problems.map(
      ({ severity, ruleId, message, location }) =>
        `${severity} ${ruleId} ${location[0]?.pointer ?? ''}: ${message}`,
    );
    assert.deepEqual(lines, []);
  });

  test('says of each operation who may call it and how it can be refused', () => {
    const document = openApi(ROUTES, 'https://waggle.example') as unknown as {
      paths: Record<string, Record<string, { responses: object; security: object[] }>>;
    };
    for (const route of ROUTES) {
      const operation = document.paths[route.path]?.[route.method.toLowerCase()];
      assert.ok(operation, `${route.method} ${route.path}`);
      for (const code of ['4XX', '5XX']) assert.ok(code in operation.responses, route.path);
      assert.equal(operation.security.length > 0, route.roles !== 'public', route.path);
    }
  });
});

describe('the route table', () => {
  test('makes every POST that creates repeatable by a key, or says why it need not be', () => {
    const creates = (route: Route): boolean => route.method === 'POST' && route.status === 201;
    const keyless = ROUTES.filter((route) => creates(route) && route.idempotent === undefined);
    const unexplained = keyless.map(({ action }) => action).filter((a) => !(a in WITHOUT_KEY));
    assert.deepEqual(unexplained, []);
    const actions = new Set(ROUTES.map(({ action }) => action));
    const stale = Object.keys(WITHOUT_KEY).filter((action) => !actions.has(action));
    assert.deepEqual(stale, []);
  });

  test('makes what may move money repeatable by a key, or by the state it leads to', () => {
    const moves = ({ action, method }: Route): boolean =>
      method === 'POST' && /^(orders|payments)\./.test(action);
    const others = ROUTES.filter((route) => moves(route) && route.idempotent !== true);
    const unexplained = others.map(({ action }) => action).filter((a) => !(a in BY_STATE));
    assert.deepEqual(unexplained, []);
  });

  test('bounds every text, list and number that a request may bring', () => {
    const problems = ROUTES.flatMap(({ method, path, params }) =>
      unbounded(params, '').map((where) => `${method} ${path} ${where}`),
    );
    assert.deepEqual(problems, []);
  });

  test('gives one title to one schema: a component is the first that is met under its title', () => {
    const first = new Map<string, string>();
    const clashes = new Set<string>();
    const walk = (schema: unknown): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { title, description: _own, ...rest } = schema as Record<string, unknown>;
      if (typeof title === 'string') {
        const text = JSON.stringify(rest);
        if ((first.get(title) ?? text) !== text) clashes.add(title);
        first.set(title, text);
      }
      for (const part of Object.values(schema)) walk(part);
    };
    for (const { params, result } of ROUTES) walk([params, result]);
    assert.deepEqual([...clashes], []);
  });

  test('names every path parameter in the schema, and each action and path once', () => {
    for (const { path, params } of ROUTES) {
      const properties = (params.properties ?? {}) as object;
      for (const name of pathNames(path)) assert.ok(name in properties, `${path}: ${name}`);
    }
    const doors = ROUTES.map(
      ({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`,
    );
    assert.equal(new Set(doors).size, doors.length);
  });
});

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly [keyword: string]: unknown;
}

/** Places in a schema where a request could bring more than somebody thought of. */
function unbounded(schema: Schema, where: string): string[] {
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  const has = (...keywords: string[]): boolean => keywords.some((keyword) => keyword in schema);
  const here: string[] = [];
  if (types.includes('string') && !has('maxLength', 'pattern', 'enum', 'const', 'format')) {
    here.push(`${where} is a text of any length`);
  }
  if (types.includes('array') && !has('maxItems')) here.push(`${where} is a list of any length`);
  if ((types.includes('integer') || types.includes('number')) && !has('enum', 'const')) {
    if (!has('maximum', 'exclusiveMaximum')) here.push(`${where} is a number of any size`);
  }
  if (types.includes('object') && schema.additionalProperties !== false) {
    here.push(`${where} takes fields of any name`);
  }
  const inner = [
    ...Object.entries(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [['*', schema.items] as const]),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map((each) => ['', each] as const),
  ];
  return [
    ...here,
    ...inner.flatMap(([name, each]) => unbounded(each, name === '' ? where : `${where}/${name}`)),
  ];
}
