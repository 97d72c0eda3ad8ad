/** The REST door: who may call what, what bad requests get, and what it says of itself. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import { ROUTES, type Route } from '../../contracts/api/routes.ts';
import { ID_PREFIXES, type IdKind, newId } from '../../contracts/ids.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { sharedScope } from '../support/scope.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { CENTRE, expectOk, register } from './city.ts';

let stack: Stack;
const tokens = new Map<string, string>();

const scope = sharedScope();

describe('the REST door', () => {
  before(async () => {
    stack = await withStack(scope);
    tokens.set('ops', await stack.operator());
    tokens.set('customer', await register(stack, 'customer'));
    tokens.set('vendor', await register(stack, 'vendor'));
    tokens.set('driver', await registerDriver('driver-1@example.com'));
    const body = { name: 'reader', scopes: ['deliveries:read'] };
    const key = expectOk(
      await stack.call('POST', '/api-keys', { token: tokens.get('vendor'), body }),
    );
    tokens.set('api key', String(key.secret));
  });

  test('what belongs to others looks as if it did not exist', async () => {
    const other = await registerDriver('driver-2@example.com');
    const me = expectOk(await stack.call('GET', '/drivers/me', { token: other }));
    const path = `/drivers/${String(me.id)}`;
    assert.equal((await stack.call('GET', path, { token: other })).status, 200);
    assert.equal((await stack.call('GET', path, { token: tokens.get('ops') })).status, 200);
    const foreign = await stack.call('GET', path, { token: tokens.get('driver') });
    assert.deepEqual([foreign.status, foreign.body.code], [404, 'resource.not_found']);
    const vehicle = { token: tokens.get('driver'), body: { kind: 'car' } };
    assert.equal((await stack.call('POST', `${path}/vehicles`, vehicle)).status, 404);
  });

  test('an e-mail address registers once, whatever its case, and leaves no driver behind', async () => {
    const body = { email: 'twice@example.com', password: 'a long password', name: 'T' };
    expectOk(await stack.call('POST', '/auth/register', { body }));
    const again = { ...body, email: 'Twice@Example.com' };
    const customer = await stack.call('POST', '/auth/register', { body: again });
    assert.deepEqual([customer.status, customer.body.code], [409, 'resource.conflict']);
    const count = async (): Promise<number> => {
      const answer = await stack.call('GET', '/drivers', { token: tokens.get('ops') });
      return (expectOk(answer).items as unknown[]).length;
    };
    const before = await count();
    const driver = { ...body, vehicles: [{ kind: 'car' }] };
    assert.equal((await stack.call('POST', '/drivers', { body: driver })).status, 409);
    assert.equal(await count(), before);
  });

  test('a refused field is named with a pointer, and the answer carries the correlation id', async () => {
    const body = { name: 'X', place: { lat: 91, lon: 0 }, timeZone: 'Europe/Berlin' };
    const headers = { 'x-correlation-id': 'a-correlation-id' };
    const answer = await stack.call('POST', '/vendors', {
      token: tokens.get('ops'),
      body,
      headers,
    });
    assert.equal(answer.status, 422);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    assert.equal(answer.headers.get('x-correlation-id'), 'a-correlation-id');
    assert.equal(answer.body.correlationId, 'a-correlation-id');
    assert.deepEqual(answer.body.fields, [{ field: '/place/lat', expected: 'must be <= 90' }]);
  });

  test('unknown fields, unknown zones and coordinates beyond a double are refused', async () => {
    const token = tokens.get('ops');
    const vendor = { name: 'X', place: CENTRE, timeZone: 'Europe/Berlin' };
    const unknown = await stack.call('POST', '/vendors', { token, body: { ...vendor, x: 1 } });
    assert.deepEqual(fieldsOf(unknown), ['/x']);
    const zone = await stack.call('POST', '/vendors', {
      token,
      body: { ...vendor, timeZone: 'Mars/North' },
    });
    assert.deepEqual(fieldsOf(zone), ['/timeZone']);
    const huge = await raw(
      '/vendors',
      '{"name":"X","timeZone":"UTC","place":{"lat":1e999,"lon":0}}',
    );
    assert.equal(huge.status, 422);
  });

  test('a body that is no JSON, no object or too large is refused before anybody reads it', async () => {
    assert.equal((await raw('/vendors', '{"name":')).status, 400);
    assert.equal((await raw('/vendors', '[1]')).status, 400);
    assert.equal((await raw('/vendors', 'name=x', 'text/plain')).status, 400);
    assert.equal((await raw('/vendors', `{"name":"${'x'.repeat(1_100_000)}"}`)).status, 413);
  });

  test('expired, tampered and foreign tokens are told apart from missing ones', async () => {
    const code = async (token: string | undefined): Promise<unknown> =>
      (await stack.call('GET', '/me', { token })).body.code;
    const account = 'acc_00000000-0000-7000-8000-000000000001';
    const [key] = stack.config.auth.keys;
    const expired = await new SignJWT({ role: 'ops', account, scope: 'access' })
      .setProtectedHeader({ alg: 'HS256', kid: key.kid })
      .setIssuer('waggle')
      .setSubject(newId('user'))
      .setExpirationTime(Math.floor(Date.now() / 1000) - 60)
      .sign(new TextEncoder().encode(key.secret));
    const good = tokens.get('customer') ?? '';
    const strange = createTokens({
      keys: [{ kid: 'test', secret: 'x'.repeat(32) }],
      accessTokenMs: 60_000,
    });
    assert.equal(await code(undefined), 'auth.missing');
    assert.equal(await code('nonsense'), 'auth.invalid');
    assert.equal(await code(`${good.slice(0, -4)}AAAA`), 'auth.invalid');
    assert.equal(
      await code(await strange.signAccess({ sub: newId('user'), role: 'ops', account })),
      'auth.invalid',
    );
    assert.equal(await code(expired), 'auth.expired');
  });

  test('a tracking link opens one delivery and nothing else', async () => {
    const signer = createTokens(stack.config.auth);
    const account = 'acc_00000000-0000-7000-8000-000000000001';
    const link = await signer.signTracking(newId('delivery'), account, 60_000);
    assert.equal((await stack.call('GET', '/me', { token: link })).status, 403);
    assert.equal((await stack.call('GET', `/track/${link}`)).status, 404);
    assert.equal((await stack.call('GET', `/track/${tokens.get('customer')}`)).status, 401);
    const view = await signer.signView(newId('user'), account, 60_000);
    assert.equal((await stack.call('GET', '/zones', { token: view })).status, 200);
    assert.equal((await stack.call('GET', '/ops/audit', { token: view })).status, 403);
  });

  test('a refresh token works once; using it again ends all that came from it', async () => {
    const body = { email: 'refresh@example.com', password: 'a long password', name: 'R' };
    const session = expectOk(await stack.call('POST', '/auth/register', { body }));
    const first = (session.tokens as { refreshToken: string }).refreshToken;
    const refresh = (refreshToken: unknown): Promise<Answer> =>
      stack.call('POST', '/auth/refresh', { body: { refreshToken } });
    const second = expectOk(await refresh(first)).refreshToken;
    assert.equal((await refresh(first)).status, 401);
    assert.equal((await refresh(second)).status, 401);
  });

  test('after some wrong passwords even the right one has to wait', async () => {
    const right = { email: 'guess@example.com', password: 'a long password', name: 'G' };
    expectOk(await stack.call('POST', '/auth/register', { body: right }));
    const login = (password: string): Promise<Answer> =>
      stack.call('POST', '/auth/login', { body: { email: right.email, password } });
    for (let n = 0; n < 10; n++) assert.equal((await login('wrong password')).status, 401);
    const answer = await login(right.password);
    const seconds = Number(answer.headers.get('retry-after'));
    assert.ok(answer.status === 429 && seconds > 1 && seconds <= 60, String(seconds));
  });

  test('the OpenAPI document names every route, and Swagger UI shows it', async () => {
    const document = (await (await fetch(`${stack.url}/api/v1/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
    };
    assert.equal(document.openapi, '3.1.0');
    for (const { path, method } of ROUTES) {
      assert.ok(document.paths[path]?.[method.toLowerCase()], `${method} ${path}`);
    }
    const page = await fetch(`${stack.url}/api/docs`);
    assert.match(await page.text(), /swagger-ui-bundle\.js/);
    assert.equal((await fetch(`${stack.url}/api/docs/swagger-ui-bundle.js`)).status, 200);
  });

  test('what is not there is a problem document, too', async () => {
    const answer = await stack.call('GET', '/nothing/here');
    assert.deepEqual([answer.status, answer.body.code], [404, 'resource.not_found']);
  });

  // The last one: it ends the sessions of all who walk.
  test('every route lets in the roles of its table and nobody else', async () => {
    const wrong: string[] = [];
    for (const route of inWalkingOrder()) {
      for (const who of ['nobody', ...tokens.keys()]) {
        const answer = await knock(route, who);
        const expected = expectation(route, who);
        const got = answer.status === 401 || answer.status === 403 ? answer.status : 'in';
        if (got !== expected) {
          wrong.push(`${route.method} ${route.path} as ${who}: ${answer.status}, not ${expected}`);
        }
        if (answer.status >= 500) wrong.push(`${route.path} as ${who}: ${answer.status}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
});

async function registerDriver(email: string): Promise<string> {
  const body = { email, password: 'a long password', name: 'D', vehicles: [{ kind: 'bicycle' }] };
  const session = expectOk(await stack.call('POST', '/drivers', { body }));
  return (session.tokens as { accessToken: string }).accessToken;
}

function fieldsOf({ body }: Answer): string[] {
  return (body.fields as { field: string }[]).map(({ field }) => field);
}

async function raw(path: string, body: string, type = 'application/json'): Promise<Response> {
  return fetch(`${stack.url}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.get('ops')}`, 'content-type': type },
    body,
  });
}

/** The route that ends the session of whoever walks comes last. */
function inWalkingOrder(): Route[] {
  const isLast = ({ action }: Route): number => (action === 'users.logoutEverywhere' ? 1 : 0);
  return ROUTES.toSorted((a, b) => isLast(a) - isLast(b));
}

/** Calls a route with ids that nobody has and an empty body. */
function knock(route: Route, who: string): Promise<Answer> {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    strangeValue(route, name),
  );
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(route.method);
  return stack.call(route.method, path, {
    token: tokens.get(who),
    ...(hasBody ? { body: {} } : {}),
  });
}

/** A well-formed value for a path parameter that names nothing. */
function strangeValue(route: Route, name: string): string {
  const properties = route.params.properties as Record<string, { pattern?: string }>;
  const pattern = properties[name]?.pattern ?? '';
  const kind = (Object.keys(ID_PREFIXES) as IdKind[]).find((candidate) =>
    pattern.startsWith(`^${ID_PREFIXES[candidate]}_`),
  );
  return kind === undefined ? 'x'.repeat(40) : newId(kind);
}

function expectation(route: Route, who: string): 401 | 403 | 'in' {
  // The credentials of these are in the request itself, and ours are nonsense.
  if (route.action === 'tracking.view') return 401;
  if (route.roles === 'public') return 'in';
  if (who === 'nobody') return 401;
  if (who === 'api key') return route.scope === 'deliveries:read' ? 'in' : 403;
  return route.roles.some((role) => role === who) ? 'in' : 403;
}
