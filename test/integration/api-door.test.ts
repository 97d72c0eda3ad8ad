/** What surrounds every answer of the REST door: headers, conditions, limits. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { CENTRE, expectOk, register } from './city.ts';

let stack: Stack;
const scope = sharedScope();
const ORIGIN = 'https://shop.example';

describe('the REST door', () => {
  before(async () => {
    stack = await withStack(scope, ['users', 'vendors', 'zones', 'api'], {
      WAGGLE_CORS_ORIGINS: `${ORIGIN},https://other.example`,
      WAGGLE_CREDENTIAL_PER_SECOND: '10',
      WAGGLE_ACCOUNT_PER_SECOND: '15',
      WAGGLE_ADDRESS_PER_SECOND: '10',
      WAGGLE_SIGN_UPS_PER_MINUTE: '12',
    });
  });

  test('sends what keeps browsers safe with every answer, and HSTS only over https', async () => {
    const { headers } = await stack.call('GET', '/me');
    const expected = {
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'strict-transport-security': null,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value);
    assert.match(headers.get('permissions-policy') ?? '', /camera=\(\)/);
    const page = await fetch(`${stack.url}/api/docs`);
    assert.match(page.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
  });

  test('lets pages of the named origins call, and no others', async () => {
    const preflight = async (origin: string): Promise<Response> =>
      fetch(`${stack.url}/api/v1/me`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'PATCH',
          'access-control-request-headers': 'authorization,if-match,idempotency-key',
        },
      });
    const allowed = await preflight(ORIGIN);
    assert.equal(allowed.headers.get('access-control-allow-origin'), ORIGIN);
    assert.equal(allowed.headers.get('access-control-allow-credentials'), null);
    assert.match(allowed.headers.get('access-control-expose-headers') ?? '', /ETag/);
    const foreign = await preflight('https://evil.example');
    assert.equal(foreign.headers.get('access-control-allow-origin'), null);
    assert.ok(foreign.status >= 400);
  });

  test('answers 304 to who has it already, and changes only what its caller has seen', async () => {
    const token = await stack.operator();
    const body = { name: 'Noodles', place: CENTRE, timeZone: 'Europe/Berlin' };
    const vendor = expectOk(await stack.call('POST', '/vendors', { token, body }));
    const path = `/vendors/${String(vendor.id)}`;
    const first = await stack.call('GET', path, { token });
    const etag = first.headers.get('etag') ?? '';
    assert.match(etag, /^"\d+-[\w-]+"$/);
    assert.equal(first.headers.get('cache-control'), 'private, no-cache');
    const again = await stack.call('GET', path, { token, headers: { 'if-none-match': etag } });
    assert.deepEqual([again.status, again.body], [304, {}]);
    const rename = (name: string, tag: string): Promise<Answer> =>
      stack.call('PATCH', path, { token, body: { name }, headers: { 'if-match': tag } });
    const changed = await rename('Better Noodles', etag);
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get('etag'), etag);
    const late = await rename('Worse Noodles', etag);
    assert.deepEqual([late.status, late.body.code], [412, 'resource.changed']);
    const stale = await stack.call('GET', path, { token, headers: { 'if-none-match': etag } });
    assert.deepEqual([stale.status, stale.body.name], [200, 'Better Noodles']);
    const headers = { 'if-match': '"1-x"' };
    const blind = await stack.call('PATCH', '/me', { token, body: { name: 'X' }, headers });
    assert.deepEqual([blind.status, blind.body.code], [422, 'request.invalid']);
  });

  test('makes a thing once per key, and refuses another request under it', async () => {
    const token = await stack.operator();
    const headers = { 'idempotency-key': 'the-market-of-berlin' };
    const body = { name: 'Berlin', timeZone: 'Europe/Berlin', currency: 'EUR' };
    const make = (name: string): Promise<Answer> =>
      stack.call('POST', '/markets', { token, headers, body: { ...body, name } });
    const [first, again, other] = [await make('Berlin'), await make('Berlin'), await make('Bonn')];
    assert.deepEqual([first.status, again.body], [201, first.body]);
    assert.deepEqual([other.status, other.body.code], [409, 'idempotency.mismatch']);
  });

  test('tells each caller its quota, and when to come back past it', async () => {
    const token = await register(stack, 'vendor');
    const ask = (): Promise<Answer> => stack.call('GET', '/me', { token });
    const first = await ask();
    const policy = '"credential";q=100;w=10, "account";q=150;w=10';
    assert.equal(first.headers.get('ratelimit-policy'), policy);
    assert.match(first.headers.get('ratelimit') ?? '', /^"credential";r=\d+;t=\d+, "account";r=/);
    const refused: Answer[] = [];
    await waitFor(
      async () => {
        const answers = await Promise.all(Array.from({ length: 60 }, ask));
        refused.push(...answers.filter(({ status }) => status === 429));
        return refused.length > 0;
      },
      { timeoutMs: 30_000, what: 'more than the quota' },
    );
    const seconds = Number(refused[0]?.headers.get('retry-after'));
    assert.ok(seconds >= 1 && seconds <= 10);
    assert.equal((await stack.call('GET', '/me', { token: await stack.operator() })).status, 200);
  });

  test('limits registrations of one address', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 13 && statuses.at(-1) !== 429; n++) {
      const body = { email: `crowd-${n}@example.com`, password: 'a long password', name: 'C' };
      statuses.push((await stack.call('POST', '/auth/register', { body })).status);
    }
    assert.equal(statuses.at(-1), 429);
  });

  test('counts wrong credentials against the address they come from', async () => {
    let serial = 0;
    const guess = (): Promise<Answer> =>
      stack.call('GET', '/me', { token: `wgl_${String(++serial).padStart(43, 'x')}` });
    const seen = new Set<number>();
    await waitFor(
      async () => {
        const answers = await Promise.all(Array.from({ length: 30 }, guess));
        for (const { status } of answers) seen.add(status);
        return seen.has(429);
      },
      { timeoutMs: 30_000, what: 'a guess that is refused unseen' },
    );
    assert.deepEqual([...seen].sort(), [401, 429]);
  });
});
