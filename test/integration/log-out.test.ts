/** Who logs out is out at once, at every door of the installation, also one that starts afterwards. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { findFreePort } from '../../launch/ports.ts';
import { type RunningNode, startNode } from '../../services/main.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Stack, withStack } from './business-stack.ts';
import { expectOk } from './city.ts';

const PASSWORD = 'a long password';
const scope = sharedScope();

interface LogIn {
  readonly email: string;
  readonly token: string;
  readonly refresh: string;
}

describe('after a log-out', () => {
  let stack: Stack;
  let doors: string[];
  let people = 0;

  before(async () => {
    stack = await withStack(scope, ['users', 'webhooks', 'api']);
    doors = [stack.url, await openDoor('second')];
  });

  /** Another API process on the same stores. */
  async function openDoor(name: string): Promise<string> {
    const port = await findFreePort();
    const api = { ...stack.config.api, port };
    const node: RunningNode = await startNode(
      { ...stack.config, api },
      { node: name, services: ['api'] },
    );
    scope.after(() => node.stop());
    return `http://127.0.0.1:${port}`;
  }

  const logInOf = (answer: Record<string, unknown>): LogIn => {
    const { email } = answer.user as { email: string };
    const tokens = answer.tokens as { accessToken: string; refreshToken: string };
    return { email, token: tokens.accessToken, refresh: tokens.refreshToken };
  };
  const join = async (): Promise<LogIn> => {
    const email = `leaver-${++people}@example.com`;
    const body = { email, password: PASSWORD, name: 'Some Body', role: 'vendor' };
    return logInOf(expectOk(await stack.call('POST', '/auth/register', { body })));
  };
  const logIn = async (email: string, password = PASSWORD): Promise<LogIn> =>
    logInOf(expectOk(await stack.call('POST', '/auth/login', { body: { email, password } })));
  /** What each door answers to a token, on a route that asks nobody about sessions. */
  const answers = async ({ token }: LogIn): Promise<readonly unknown[]> =>
    Promise.all(
      doors.map(async (url) => {
        const headers = { authorization: `Bearer ${token}` };
        const response = await fetch(`${url}/api/v1/webhooks`, { headers });
        const body = (await response.json()) as { code?: string };
        return body.code ?? response.status;
      }),
    );
  const out = (which: LogIn): Promise<unknown> =>
    waitFor(async () => (await answers(which)).every((answer) => answer === 'auth.invalid'), {
      timeoutMs: 5_000,
      what: 'every door to refuse the token',
    });

  test('everywhere no token of before opens any door, and a new one does', async () => {
    const first = await join();
    const second = await logIn(first.email);
    assert.deepEqual(await answers(first), [200, 200]);
    const answer = await stack.call('POST', '/auth/logout-everywhere', { token: first.token });
    assert.equal(answer.status, 204);
    await Promise.all([out(first), out(second)]);
    assert.deepEqual(await answers(await logIn(first.email)), [200, 200]);
    doors.push(await openDoor('late'));
    await Promise.all([out(first), out(second)]);
    doors.pop();
  });

  test('of one session the others go on', async () => {
    const first = await join();
    const second = await logIn(first.email);
    const body = { refreshToken: first.refresh };
    assert.equal((await stack.call('POST', '/auth/logout', { body })).status, 204);
    await out(first);
    assert.deepEqual(await answers(second), [200, 200]);
  });

  test('by a new password the session that set it goes on', async () => {
    const first = await join();
    const second = await logIn(first.email);
    const change = { currentPassword: PASSWORD, newPassword: 'another long password' };
    const { token } = second;
    assert.equal((await stack.call('POST', '/me/password', { token, body: change })).status, 204);
    await out(first);
    assert.deepEqual(await answers(second), [200, 200]);
  });

  test('for a refresh token that was used twice the whole log-in ends', async () => {
    const first = await join();
    const body = { refreshToken: first.refresh };
    const tokens = expectOk(await stack.call('POST', '/auth/refresh', { body }));
    assert.equal((await stack.call('POST', '/auth/refresh', { body })).status, 401);
    await out(first);
    await out({ ...first, token: String(tokens.accessToken) });
  });

  test('for good no token of the account works', async () => {
    const person = await join();
    const body = { password: PASSWORD };
    const { token } = person;
    assert.equal((await stack.call('POST', '/me/deletion', { token, body })).status, 204);
    await out(person);
  });
});
