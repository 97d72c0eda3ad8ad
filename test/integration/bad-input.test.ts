/**
 * Every route against what nobody should send: values that do not fit, from the schema of each route;
 * SQL and HTML in every text; other people's things. New routes are walked as they come.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ROUTES, type Route } from '../../contracts/api/routes.ts';
import { createValidator } from '../../platform/validation.ts';
import { pathNames } from '../../services/api/open-api.ts';
import { isFreeText, kindOf, type Schema, sampleOf, wrongOnes } from '../support/samples.ts';
import { sharedScope } from '../support/scope.ts';
import { tableHashes } from '../support/tables.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { makeWorld, type Side, type World } from './world.ts';

/** What is anybody's who may call the route at all: a shop window, a map, a place nobody took. */
const SHARED = new Set([
  ...['vendors.get', 'catalog.menu', 'inventory.levels', 'zones.get'],
  ...['drivers.shift', 'drivers.takeShift'],
]);
const HOSTILE = `'; DROP TABLE users; --"<script>alert(1)</script>\${7*7}{{7*7}}%00%s`;

let stack: Stack;
let world: World;
const scope = sharedScope();
let serial = 0;

before(async () => {
  stack = await withStack(scope);
  world = await makeWorld(stack);
});

type Who = keyof Side['tokens'] | 'ops' | 'nobody';

/** Who may call a route, the least mighty first. */
function callersOf(route: Route): Who[] {
  if (route.roles === 'public') return ['nobody'];
  const order: Who[] = ['customer', 'driver', 'vendor', 'ops'];
  const { roles } = route;
  return order.filter((who) => roles.some((role) => role === who));
}

function tokenOf(who: Who, side: Side): string | undefined {
  if (who === 'nobody') return undefined;
  return who === 'ops' ? world.ops : side.tokens[who];
}

function schemaOf(route: Route): Schema {
  return route.params as Schema;
}

/** The schema of what is not in the path. */
function restOf(route: Route): Schema {
  const names = pathNames(route.path);
  const { properties = {}, required = [], ...rest } = schemaOf(route);
  return {
    ...rest,
    properties: Object.fromEntries(Object.entries(properties).filter(([n]) => !names.includes(n))),
    required: required.filter((name) => !names.includes(name)),
  };
}

function pathOf(route: Route, ids: Side['ids'], text = 'sample'): string {
  return route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const schema = schemaOf(route).properties?.[name] ?? {};
    return encodeURIComponent(String(sampleOf(schema, { ids, text })));
  });
}

async function send(
  route: Route,
  path: string,
  given: { readonly token: string | undefined; readonly values: unknown },
): Promise<Answer> {
  const { token, values } = given;
  const headers = { 'idempotency-key': `walk-${++serial}-of-routes` };
  if (route.method === 'GET' || route.method === 'DELETE') {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries((values ?? {}) as object)) {
      query.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
    }
    const suffix = query.size === 0 ? '' : `?${query}`;
    return stack.call(route.method, path + suffix, { token, headers });
  }
  return stack.call(route.method, path, { token, headers, body: values });
}

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

const AT_ONCE = 6;

/** Does the same with each, some of them at a time. */
async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const runner = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
}

/** In a query everything is text: what a text may be cannot be wrong there. */
function isWrongInQuery(why: string): boolean {
  return !['an object for a text', 'an object for a list'].includes(why);
}

describe('bad input', () => {
  test('a sample can be made for every route', () => {
    const validator = createValidator();
    const problems = ROUTES.flatMap((route) =>
      [true, false].flatMap((full) => {
        try {
          validator.check(route.params)(sampleOf(schemaOf(route), { full }));
          return [];
        } catch (error) {
          const { fields } = error as { fields?: unknown };
          return full ? [] : [`${nameOf(route)}: ${JSON.stringify(fields)}`];
        }
      }),
    );
    assert.deepEqual(problems, []);
  });

  test('what does not fit is refused by name, and nothing is written', async () => {
    const before = await tableHashes(stack.config.database.users.url);
    const problems: string[] = [];
    let sent = 0;
    const seen = new Set<Schema>();
    for (const route of ROUTES) {
      const [who = 'nobody'] = callersOf(route).reverse();
      const schema = restOf(route);
      const isQuery = route.method === 'GET' || route.method === 'DELETE';
      const path = pathOf(route, world.mine.ids);
      const right = fullSample(route, schema);
      const wrong = wrongOnes(schema, right, seen).filter(
        ({ why }) => !isQuery || isWrongInQuery(why),
      );
      sent += wrong.length;
      await atOnce(wrong, async ({ at, value, why }) => {
        const answer = await send(route, path, { token: tokenOf(who, world.mine), values: value });
        const fields = (answer.body.fields ?? []) as { field: string }[];
        const isNamed = fields.some(({ field }) => at.startsWith(field) || field.startsWith(at));
        if (answer.status !== 422 || !isNamed) {
          const told = `${answer.status} ${JSON.stringify(answer.body.fields ?? answer.body.code)}`;
          problems.push(`${nameOf(route)} ${at} ${why}: ${told}`);
        }
      });
    }
    assert.deepEqual(problems, []);
    assert.ok(sent > 500, `${sent} requests`);
    assert.deepEqual(await tableHashes(stack.config.database.users.url), before);
  });

  test("other people's things are not there, whatever is asked of them", async () => {
    const before = await tableHashes(stack.config.database.users.url);
    const problems: string[] = [];
    for (const route of ROUTES.filter(
      ({ path, action }) => path.includes('{') && !SHARED.has(action),
    )) {
      const strangers: Who[] = callersOf(route).filter((who) => who !== 'ops' && who !== 'nobody');
      if (route.scope !== undefined) strangers.push('api key');
      for (const who of strangers) {
        const values = sampleOf(restOf(route), { ids: world.mine.ids });
        const token = tokenOf(who, world.others);
        const answer = await send(route, pathOf(route, world.mine.ids), { token, values });
        // What is wrong with the request itself may be said, if its owner is told the same.
        const isSame = async (): Promise<boolean> => {
          const own = { token: tokenOf(who, world.mine), values };
          const { status, body } = await send(route, pathOf(route, world.mine.ids), own);
          return (
            status === 422 && JSON.stringify(body.fields) === JSON.stringify(answer.body.fields)
          );
        };
        if (answer.status === 422 && (await isSame())) continue;
        if (answer.status !== 404) {
          problems.push(`${nameOf(route)} as another ${who}: ${answer.status} ${answer.body.code}`);
        }
      }
    }
    assert.deepEqual(problems, []);
    assert.deepEqual(await tableHashes(stack.config.database.users.url), before);
  });

  test('what is mine can be read by me', async () => {
    const problems: string[] = [];
    const known = new Set(Object.keys(world.mine.ids));
    for (const route of ROUTES.filter(
      ({ method, path }) => method === 'GET' && path.includes('{'),
    )) {
      const kinds = pathNames(route.path).map((name) =>
        kindOf(schemaOf(route).properties?.[name] ?? {}),
      );
      const path = pathOf(route, world.mine.ids);
      if (kinds.includes(undefined) || ![...known].some((prefix) => path.includes(`${prefix}_`))) {
        continue;
      }
      const answers = await Promise.all(
        callersOf(route).map((who) =>
          send(route, path, {
            token: tokenOf(who, world.mine),
            values: sampleOf(restOf(route), { ids: world.mine.ids }),
          }),
        ),
      );
      if (!answers.some(({ status }) => status === 200)) {
        problems.push(`${nameOf(route)}: ${answers.map(({ status }) => status)}`);
      }
    }
    assert.deepEqual(problems, []);
  });

  test('SQL and HTML in every text is data or refused, never more', async () => {
    const problems: string[] = [];
    let kept = 0;
    await atOnce(
      ROUTES.filter(({ action }) => !LEAVING.has(action)),
      async (route) => {
        for (const who of callersOf(route).slice(-1)) {
          const values = sampleOf(restOf(route), {
            ids: world.mine.ids,
            text: HOSTILE,
            full: true,
          });
          const token = tokenOf(who, world.mine);
          const path = pathOf(route, world.mine.ids, HOSTILE);
          for (const each of [
            values,
            sampleOf(restOf(route), { ids: world.mine.ids, text: HOSTILE }),
          ]) {
            const answer = await send(route, path, { token, values: each });
            if (answer.status >= 500) problems.push(`${nameOf(route)}: ${answer.status}`);
            if (answer.status < 300)
              kept += altered(restOf(route), each, answer.body, problems, route);
          }
        }
      },
    );
    assert.deepEqual(problems, []);
    assert.ok(kept > 5, `${kept} texts came back as they were`);
    assert.equal((await stack.call('GET', '/me', { token: world.ops })).status, 200);
  });

  test('a character that cannot be stored is refused by name', async () => {
    const problems: string[] = [];
    await atOnce(
      ROUTES.filter(({ action }) => !LEAVING.has(action)),
      async (route) => {
        const { properties = {} } = restOf(route);
        for (const [name, schema] of Object.entries(properties).filter(([, s]) => isFreeText(s))) {
          const [who = 'nobody'] = callersOf(route).reverse();
          const right = sampleOf(restOf(route), { ids: world.mine.ids }) as object;
          const length = Math.min(schema.maxLength ?? 20, 20);
          const text = 'x\u0000'.padEnd(Math.max(length, schema.minLength ?? 0), 'x').slice(0, 200);
          const answer = await send(route, pathOf(route, world.mine.ids), {
            token: tokenOf(who, world.mine),
            values: { ...right, [name]: text },
          });
          if (answer.status >= 500 || (answer.status < 300 && !SECRETS.has(name))) {
            problems.push(`${nameOf(route)} /${name}: ${answer.status}`);
          }
        }
      },
    );
    assert.deepEqual(problems, []);
  });
});

/** These would end the session of who walks, or what the walk stands on. */
const LEAVING = new Set([
  ...['users.logoutEverywhere', 'users.deleteMe', 'users.changePassword', 'users.logout'],
  ...['users.removeMember', 'users.revokeApiKey', 'users.rotateApiKey', 'users.changeMe'],
]);
/** Hashed, never stored as text. */
const SECRETS = new Set(['password', 'newPassword', 'currentPassword', 'refreshToken', 'token']);

/** With all optional parts where that fits, which not every combination does. */
function fullSample(route: Route, schema: Schema): unknown {
  const { ids } = world.mine;
  const full = sampleOf(schema, { ids, full: true });
  try {
    const path = sampleOf(
      { ...schemaOf(route), required: pathNames(route.path) },
      { ids },
    ) as object;
    createValidator().check(route.params)({ ...structuredClone(full as object), ...path });
    return full;
  } catch {
    return sampleOf(schema, { ids });
  }
}

/** Counts texts that came back as they were sent; those that did not are problems. */
function altered(
  schema: Schema,
  sent: unknown,
  body: Record<string, unknown>,
  problems: string[],
  route: Route,
): number {
  let same = 0;
  for (const [name, value] of Object.entries(sent as Record<string, unknown>)) {
    const part = schema.properties?.[name];
    if (part === undefined || !isFreeText(part) || typeof body[name] !== 'string') continue;
    if (body[name] === value) same++;
    else problems.push(`${nameOf(route)} /${name} came back as ${String(body[name])}`);
  }
  return same;
}
