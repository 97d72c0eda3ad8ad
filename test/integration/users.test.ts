/** What people do with their account through the public door, and what the door never tells. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { USER_STREAM, type UserEvent } from '../../contracts/messages/users.ts';
import { openDatabase } from '../../platform/database.ts';
import { createLimits } from '../../platform/limits.ts';
import { FORGETTING } from '../../services/orders/care/erasure.ts';
import { eraseNow } from '../support/erasure.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, BUSINESS, type Stack, withStack } from './business-stack.ts';
import { CENTRE, expectOk, makeCity, placeOrder } from './city.ts';
import { type Mailbox, openMailbox } from './mailbox.ts';

const PASSWORD = 'a long password';

let stack: Stack;
let mailbox: Mailbox;
let redis: Redis;
const scope = sharedScope();

interface Person {
  readonly id: string;
  readonly email: string;
  readonly token: string;
  readonly refresh: string;
}

let people = 0;

async function join(role: 'customer' | 'vendor' = 'customer'): Promise<Person> {
  const email = `somebody-${++people}@example.com`;
  const body = { email, password: PASSWORD, name: 'Some Body', role, phone: '+49301234567' };
  return personOf(expectOk(await stack.call('POST', '/auth/register', { body })));
}

function personOf(session: Record<string, unknown>): Person {
  const { id, email } = session.user as { id: string; email: string };
  const tokens = session.tokens as { accessToken: string; refreshToken: string };
  return { id, email, token: tokens.accessToken, refresh: tokens.refreshToken };
}

async function login(email: string, password: string): Promise<Answer> {
  return stack.call('POST', '/auth/login', { body: { email, password } });
}

function post(path: string, token: string, body: unknown = {}): Promise<Answer> {
  const headers = { 'idempotency-key': `key-of-${path}-${++people}` };
  return stack.call('POST', path, { token, body, headers });
}

function fieldsOf({ body }: Answer): string[] {
  return ((body.fields ?? []) as { field: string }[]).map(({ field }) => field);
}

async function told(): Promise<UserEvent[]> {
  const entries = await redis.xrange(`${stack.config.redis.keyPrefix}${USER_STREAM}`, '-', '+');
  return entries.map(([, [, text = '']]) => (JSON.parse(text) as { event: UserEvent }).event);
}

before(async () => {
  stack = await withStack(scope, [...BUSINESS, 'dispatch', 'api']);
  mailbox = openMailbox(scope, stack);
  redis = new Redis(stack.config.redis.url);
  scope.after(() => redis.disconnect());
});

describe('addresses', () => {
  const home = { label: 'Home', text: '1 Main Street', point: CENTRE, note: 'Ring twice' };

  test('are kept, changed and removed by their owner, whose they alone are', async () => {
    const [owner, other] = [await join(), await join()];
    const made = expectOk(await post('/me/addresses', owner.token, home));
    assert.deepEqual([made.text, made.point, made.note], [home.text, CENTRE, home.note]);
    const path = `/me/addresses/${String(made.id)}`;
    const change = await stack.call('PATCH', path, { token: owner.token, body: { note: '' } });
    assert.deepEqual([change.body.note, change.body.text], ['', home.text]);
    const get = (token: string): Promise<Answer> => stack.call('GET', path, { token });
    const remove = (token: string): Promise<Answer> => stack.call('DELETE', path, { token });
    for (const token of [other.token, await stack.operator()]) {
      const patch = await stack.call('PATCH', path, { token, body: { note: 'x' } });
      const statuses = [(await get(token)).status, patch.status, (await remove(token)).status];
      assert.deepEqual(statuses, [404, 404, 404]);
    }
    assert.equal((await remove(owner.token)).status, 204);
    assert.equal((await get(owner.token)).status, 404);
  });

  test('are made once per Idempotency-Key, and at most 50 of a person', async () => {
    const { token } = await join();
    const headers = { 'idempotency-key': 'the-first-address' };
    const first = await stack.call('POST', '/me/addresses', { token, body: home, headers });
    const again = await stack.call('POST', '/me/addresses', { token, body: home, headers });
    assert.equal(first.body.id, again.body.id);
    for (let n = 1; n < 50; n++) expectOk(await post('/me/addresses', token, home));
    assert.equal((await post('/me/addresses', token, home)).status, 409);
    const list = expectOk(await stack.call('GET', '/me/addresses', { token }));
    assert.equal((list.items as unknown[]).length, 50);
  });
});

describe('sessions', () => {
  test('all end at once; what is sensitive does not wait for the access token to expire', async () => {
    const person = await join();
    const second = personOf(expectOk(await login(person.email, PASSWORD)));
    assert.equal((await post('/auth/logout-everywhere', person.token)).status, 204);
    for (const { refresh, token } of [person, second]) {
      const body = { refreshToken: refresh };
      assert.equal((await stack.call('POST', '/auth/refresh', { body })).status, 401);
      assert.equal((await stack.call('GET', '/me/export', { token })).status, 401);
      const rename = await stack.call('PATCH', '/me', { token, body: { name: 'Thief' } });
      assert.equal(rename.status, 401);
    }
    assert.equal((await login(person.email, PASSWORD)).status, 200);
  });

  test('a new password ends the others and keeps this one', async () => {
    const person = await join();
    const other = personOf(expectOk(await login(person.email, PASSWORD)));
    const change = { currentPassword: 'not this one', newPassword: 'another long password' };
    const wrong = await post('/me/password', person.token, change);
    assert.deepEqual([wrong.status, fieldsOf(wrong)], [422, ['/currentPassword']]);
    const right = { ...change, currentPassword: PASSWORD };
    assert.equal((await post('/me/password', person.token, right)).status, 204);
    const refresh = (refreshToken: string): Promise<Answer> =>
      stack.call('POST', '/auth/refresh', { body: { refreshToken } });
    assert.equal((await refresh(other.refresh)).status, 401);
    assert.equal((await refresh(person.refresh)).status, 200);
    assert.equal((await login(person.email, PASSWORD)).status, 401);
    await mailbox.receive(person.email, 'password_changed');
  });
});

describe('a forgotten password', () => {
  const ask = (email: string): Promise<Answer> =>
    stack.call('POST', '/auth/password/forgotten', { body: { email } });
  const reset = (token: string | null, password: string): Promise<Answer> =>
    stack.call('POST', '/auth/password/reset', { body: { token, password } });

  test('is set anew with a token that works once, and ends every session', async () => {
    const person = await join();
    assert.equal((await ask(person.email.toUpperCase())).status, 202);
    const message = await mailbox.receive(person.email, 'password_reset');
    assert.equal((await reset(message.secret, 'short')).status, 422);
    assert.equal((await reset(message.secret, 'a new password')).status, 204);
    const again = await reset(message.secret, 'a third password');
    assert.deepEqual([again.status, fieldsOf(again)], [422, ['/token']]);
    const body = { refreshToken: person.refresh };
    assert.equal((await stack.call('POST', '/auth/refresh', { body })).status, 401);
    const session = expectOk(await login(person.email, 'a new password'));
    assert.equal((session.user as { emailVerified: boolean }).emailVerified, true);
  });

  test('of somebody unknown gets the very same answer, and nobody a message', async () => {
    const person = await join();
    const before = (await mailbox.wanted()).length;
    const [known, unknown] = [await ask(person.email), await ask('nobody@example.com')];
    assert.deepEqual([known.status, known.body], [unknown.status, unknown.body]);
    await mailbox.receive(person.email, 'password_reset');
    assert.equal((await mailbox.wanted()).length, before + 1);
    for (const email of [person.email, 'nobody@example.com']) {
      const rest = [await ask(email), await ask(email), await ask(email)];
      assert.deepEqual(
        rest.map(({ status }) => status),
        [202, 202, 429],
      );
      assert.ok(Number(rest[2]?.headers.get('retry-after')) > 60);
    }
  });

  test('asked for twice leaves one token: the last', async () => {
    const person = await join();
    await ask(person.email);
    const first = await mailbox.receive(person.email, 'password_reset');
    await ask(person.email);
    const second = await mailbox.receive(person.email, 'password_reset');
    assert.equal((await reset(first.secret, 'a new password')).status, 422);
    // Fetched again (the sender failed, say): what was fetched before is worth nothing.
    const third = await stack.system<{ secret: string }>('users.message', { id: second.message });
    assert.equal((await reset(second.secret, 'a new password')).status, 422);
    assert.equal((await reset(third.secret, 'a new password')).status, 204);
  });

  test('what is asked of notifications holds neither address nor secret', async () => {
    const texts = (await mailbox.wanted()).map((event) => JSON.stringify(event));
    assert.ok(texts.length > 0);
    for (const text of texts) assert.doesNotMatch(text, /@|secret|\+49/);
    await assert.rejects(async () => {
      const answer = await stack.call('GET', '/users/message');
      if (answer.status === 404) throw new Error('no route leads there');
    });
  });
});

describe('proofs', () => {
  const start = (token: string, channel: string): Promise<Answer> =>
    post('/me/verifications', token, { channel });
  const confirm = (token: string, channel: string, code: string | null): Promise<Answer> =>
    post('/me/verifications/confirm', token, { channel, code });

  test('a code proves the address it was sent to, and a new address is unproved', async () => {
    const person = await join();
    assert.equal((await start(person.token, 'email')).status, 202);
    const { secret } = await mailbox.receive(person.email, 'email_verification');
    assert.match(secret ?? '', /^\d{6}$/);
    const proved = expectOk(await confirm(person.token, 'email', secret));
    assert.deepEqual([proved.emailVerified, proved.phoneVerified], [true, false]);
    assert.equal((await confirm(person.token, 'email', secret)).status, 422);
    const email = `moved-${person.email}`;
    const bare = await stack.call('PATCH', '/me', { token: person.token, body: { email } });
    assert.deepEqual([bare.status, fieldsOf(bare)], [422, ['/currentPassword']]);
    const body = { email, currentPassword: PASSWORD };
    const moved = expectOk(await stack.call('PATCH', '/me', { token: person.token, body }));
    assert.deepEqual([moved.email, moved.emailVerified], [email, false]);
    await mailbox.receive(person.email, 'email_changed');
  });

  test('five wrong codes use a code up, and a sixth is not sent within the hour', async () => {
    const person = await join();
    await start(person.token, 'phone');
    const { secret } = await mailbox.receive('+49301234567', 'phone_verification');
    const wrong = secret === '000000' ? '111111' : '000000';
    for (let n = 0; n < 5; n++) {
      assert.equal((await confirm(person.token, 'phone', wrong)).status, 422);
    }
    assert.equal((await confirm(person.token, 'phone', secret)).status, 422);
    for (let n = 0; n < 4; n++) assert.equal((await start(person.token, 'phone')).status, 202);
    assert.equal((await start(person.token, 'phone')).status, 429);
  });
});

describe('members of an account', () => {
  test('are invited, may what their role may, and leave somebody who owns it', async () => {
    const owner = await join('vendor');
    const email = `member-${people}@example.com`;
    const invitation = { email, name: 'Cook', member: 'staff' };
    const member = expectOk(await post('/members', owner.token, invitation));
    assert.equal((await login(email, '')).status, 422);
    assert.equal((await login(email, PASSWORD)).status, 401);
    const { secret } = await mailbox.receive(email, 'invitation');
    const body = { token: secret, password: PASSWORD };
    assert.equal((await stack.call('POST', '/auth/password/reset', { body })).status, 204);
    let cook = personOf(expectOk(await login(email, PASSWORD)));
    const statusOf = async (path: string, token: string): Promise<number> =>
      (await stack.call('GET', path, { token })).status;
    assert.equal(await statusOf('/members', cook.token), 403);
    assert.equal(await statusOf('/api-keys', cook.token), 403);
    const path = `/members/${String(member.id)}`;
    const promote = { token: owner.token, body: { member: 'manager' } };
    expectOk(await stack.call('PATCH', path, promote));
    assert.equal(await statusOf('/me/export', cook.token), 401);
    cook = personOf(expectOk(await login(email, PASSWORD)));
    assert.equal(await statusOf('/members', cook.token), 200);
    assert.equal((await post('/members', cook.token, invitation)).status, 403);
    const demote = { token: owner.token, body: { member: 'staff' } };
    assert.equal((await stack.call('PATCH', `/members/${owner.id}`, demote)).status, 409);
    assert.equal((await post('/me/deletion', owner.token, { password: PASSWORD })).status, 409);
    const stranger = await join('vendor');
    assert.equal((await stack.call('DELETE', path, { token: stranger.token })).status, 404);
    assert.equal((await stack.call('DELETE', path, { token: owner.token })).status, 204);
    assert.equal((await login(email, PASSWORD)).status, 401);
  });
});

describe('API keys', () => {
  test('rotate with a grace for the old secret, expire, and tell when they were used', async () => {
    const { token } = await join('vendor');
    const create = { name: 'shop', scopes: ['deliveries:read'] };
    const made = expectOk(await post('/api-keys', token, create));
    const { id } = made.key as { id: string };
    const use = async (secret: unknown): Promise<number> =>
      (await stack.call('GET', '/deliveries', { token: String(secret) })).status;
    assert.equal(await use(made.secret), 200);
    const second = expectOk(await post(`/api-keys/${id}/rotate`, token));
    assert.deepEqual([await use(made.secret), await use(second.secret)], [200, 200]);
    const verify = (secret: unknown): Promise<unknown> =>
      stack.system('users.verifyApiKey', { secret });
    const third = expectOk(await post(`/api-keys/${id}/rotate`, token, { graceSeconds: 0 }));
    for (const old of [made.secret, second.secret]) await assert.rejects(verify(old));
    assert.equal(await use(third.secret), 200);
    const list = expectOk(await stack.call('GET', '/api-keys', { token }));
    const [key] = list.items as Record<string, unknown>[];
    assert.ok(Date.parse(String(key?.lastUsedAt)) > Date.now() - 60_000);
    const past = await post('/api-keys', token, { ...create, expiresAt: '2020-01-01T00:00:00Z' });
    assert.deepEqual(fieldsOf(past), ['/expiresAt']);
    const soon = new Date(Date.now() + 400).toISOString();
    const short = expectOk(await post('/api-keys', token, { ...create, expiresAt: soon }));
    await waitFor(() =>
      verify(short.secret).then(
        () => false,
        () => true,
      ),
    );
  });
});

describe('limits', () => {
  test('are one count for all processes, kept under a name that tells nobody who it is', async () => {
    const { keyPrefix } = stack.config.redis;
    const [here, there] = [createLimits({ redis, keyPrefix }), createLimits({ redis, keyPrefix })];
    const limit = { name: 'shared', max: 2, windowMs: 60_000 };
    await here.take(limit, 'somebody@example.com');
    await there.take(limit, 'somebody@example.com');
    const limited = { code: 'request.rate_limited', retryAfterSeconds: 60 };
    await assert.rejects(here.take(limit, 'somebody@example.com'), limited);
    await assert.rejects(there.check(limit, 'somebody@example.com'), limited);
    await there.take(limit, 'somebody-else@example.com');
    const keys = await redis.keys(`${keyPrefix}limit:*`);
    assert.ok(keys.length > 0 && keys.every((key) => !key.includes('@')));
    for (const key of keys) assert.ok((await redis.pttl(key)) > 0, key);
  });
});

describe('leaving', () => {
  test('an export holds what is kept here and what other services show', async () => {
    const { token, email } = await join();
    const place = { label: 'Work', text: '2 Side Street', point: CENTRE };
    expectOk(await post('/me/addresses', token, place));
    const copy = expectOk(await stack.call('GET', '/me/export', { token }));
    const { user, addresses, sessions, parts, missing } = copy as Record<string, never[]>;
    assert.equal((user as unknown as { email: string }).email, email);
    assert.deepEqual([addresses?.length, sessions?.length], [1, 1]);
    assert.deepEqual([parts, missing], [{ orders: [] }, []]);
  });

  test('orders of a deleted person keep what was sold, and neither door nor words', async () => {
    const city = await makeCity(stack);
    const asked = { note: 'Ask for Ida', items: [{ quantity: 2, note: 'No nuts for Ida' }] };
    const placed = expectOk(await placeOrder(stack, city, 'an-order-to-be-forgotten', asked));
    const path = `/orders/${String(placed.id)}`;
    const read = async (): Promise<Record<string, unknown>> =>
      expectOk(await stack.call('GET', path, { token: city.ops }));
    const before = await read();
    assert.equal(before.dropoffNote, 'Third floor');
    const database = openDatabase('orders', stack.config.database.orders);
    const kitchen = openDatabase('kitchen', stack.config.database.kitchen);
    for (const each of [database, kitchen]) scope.after(() => each.close());
    const ticket = async (): Promise<string> =>
      JSON.stringify(await kitchen.knex('tickets').where({ order_id: String(placed.id) }));
    await waitFor(async () => /Ask for Ida/.test(await ticket()));
    expectOk(await stack.call('POST', `${path}/cancel`, { token: city.customer, body: {} }));
    expectOk(await post('/me/deletion', city.customer, { password: PASSWORD }));
    await waitFor(
      async () => {
        await eraseNow(database, FORGETTING);
        return (await read()).dropoffNote === null;
      },
      { timeoutMs: 20_000, intervalMs: 100, what: 'the note is gone' },
    );
    const after = await read();
    assert.deepEqual([after.totalMinor, after.customer], [before.totalMinor, before.customer]);
    assert.deepEqual(after.dropoff, { lat: 52.53, lon: 13.41 });
    const { rows } = await database.knex.raw<{ rows: object[] }>(
      'SELECT terms, items, note FROM orders WHERE id = ?',
      [String(placed.id)],
    );
    assert.doesNotMatch(JSON.stringify(rows[0]), /Third floor|Ida/);
    await waitFor(async () => !/Ida/.test(await ticket()), { what: 'the kitchen forgets' });
    assert.match(await ticket(), /Noodles/);
  });

  test('a deleted person is gone from here, cannot come back, and others hear of it', async () => {
    const person = await join();
    const place = { label: 'Work', text: '2 Side Street', point: CENTRE };
    expectOk(await post('/me/addresses', person.token, place));
    const wrong = await post('/me/deletion', person.token, { password: 'wrong' });
    assert.deepEqual(fieldsOf(wrong), ['/password']);
    const password = { password: PASSWORD };
    assert.equal((await post('/me/deletion', person.token, password)).status, 204);
    assert.equal((await login(person.email, PASSWORD)).status, 401);
    assert.equal((await stack.call('GET', '/me', { token: person.token })).status, 401);
    const body = { refreshToken: person.refresh };
    assert.equal((await stack.call('POST', '/auth/refresh', { body })).status, 401);
    const event = await waitFor(async () =>
      (await told()).find(({ type, user }) => type === 'user.deleted' && user === person.id),
    );
    assert.deepEqual(Object.keys(event).sort(), [
      ...['account', 'atMs', 'driver', 'role', 'type', 'user'],
    ]);
    // The address is free again: nothing here remembers whose it was.
    const again = { email: person.email, password: PASSWORD, name: 'Somebody New' };
    assert.equal((await stack.call('POST', '/auth/register', { body: again })).status, 201);
  });
});
