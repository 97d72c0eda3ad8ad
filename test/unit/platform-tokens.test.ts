import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SignJWT } from 'jose';
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

  test('only a token that is signed, timed and issued as ours are is believed', async () => {
    const tokens = createTokens({ keys: [fresh, old], accessTokenMs: 60_000 });
    const secret = new TextEncoder().encode(fresh.secret);
    const nowSeconds = Math.floor(Date.now() / 1000);
    const claims = { sub: newId('user'), role: 'ops', account, scope: 'access' };
    const good = { ...claims, iss: 'waggle', exp: nowSeconds + 60 };
    const sign = (payload: object, header: object = {}, key: Uint8Array = secret) =>
      new SignJWT({ ...payload })
        .setProtectedHeader({ alg: 'HS256', kid: fresh.kid, ...header })
        .sign(key);
    assert.equal((await tokens.verifyToken(await sign(good))).role, 'ops');
    const invalid = isCode('auth.invalid');
    const { sub: _sub, ...nobody } = good;
    const { exp: _exp, ...endless } = good;
    const { iss: _iss, ...fromNowhere } = good;
    const bad = await Promise.all([
      sign({ ...good, iss: 'another' }),
      sign({ ...good, nbf: nowSeconds + 60 }),
      sign(nobody),
      sign(endless),
      sign(fromNowhere),
      sign(good, { alg: 'HS512' }),
      sign(good, { kid: old.kid }),
      sign(good, { kid: 'none' }),
      sign(good, { kid: undefined }),
      sign(good, {}, new TextEncoder().encode(old.secret)),
    ]);
    for (const token of bad) await assert.rejects(tokens.verifyToken(token), invalid);
    const [header = '', , signature = ''] = (await sign(good)).split('.');
    const payload = Buffer.from(JSON.stringify({ ...good, role: 'ops2' })).toString('base64url');
    await assert.rejects(tokens.verifyToken(`${header}.${payload}.${signature}`), invalid);
    const late = await sign({ ...good, exp: nowSeconds - 1 });
    await assert.rejects(tokens.verifyToken(late), isCode('auth.expired'));
    const forged = await sign({ ...good, exp: nowSeconds - 1 }, {}, new Uint8Array(32));
    await assert.rejects(tokens.verifyToken(forged), invalid);
  });

  test('a tracking link carries its delivery and no role of a person', async () => {
    const tokens = createTokens({ keys: [fresh], accessTokenMs: 60_000 });
    const delivery = newId('delivery');
    const claims = await tokens.verifyToken(await tokens.signTracking(delivery, account, 60_000));
    assert.deepEqual([claims.scope, claims.delivery], ['track', delivery]);
  });
});
