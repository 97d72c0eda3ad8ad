import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WaggleError } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import { createTokens, type SigningKey } from '../../platform/auth/tokens.ts';

const old: SigningKey = { kid: 'old', secret: 'o'.repeat(32) };
const fresh: SigningKey = { kid: 'fresh', secret: 'f'.repeat(32) };
const account = newId('account');

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof WaggleError && error.code === code;
}

describe('tokens', () => {
  test('a token of a key that no longer signs is still verified while the key is listed', async () => {
    const before = createTokens({ keys: [old], accessTokenMs: 60_000 });
    const after = createTokens({ keys: [fresh, old], accessTokenMs: 60_000 });
    const removed = createTokens({ keys: [fresh], accessTokenMs: 60_000 });
    const token = await before.signAccess({ sub: newId('user'), role: 'ops', account });
    assert.equal((await after.verifyToken(token)).role, 'ops');
    await assert.rejects(removed.verifyToken(token), isCode('auth.invalid'));
  });

  test('what is no token at all, whatever its length, is refused', async () => {
    const tokens = createTokens({ keys: [fresh], accessTokenMs: 60_000 });
    for (const text of ['', 'a.b.c', 'x'.repeat(100_000), 'eyJhbGciOiJub25lIn0.e30.']) {
      await assert.rejects(tokens.verifyToken(text), isCode('auth.invalid'));
    }
  });

  test('a tracking link carries its delivery and no role of a person', async () => {
    const tokens = createTokens({ keys: [fresh], accessTokenMs: 60_000 });
    const delivery = newId('delivery');
    const claims = await tokens.verifyToken(await tokens.signTracking(delivery, account, 60_000));
    assert.deepEqual([claims.scope, claims.delivery], ['track', delivery]);
  });
});
