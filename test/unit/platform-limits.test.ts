import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { WaggleError } from '../../contracts/errors.ts';
import { createLimits, type Limit } from '../../platform/limits.ts';
import { addressOf } from '../../services/api/address.ts';
import { guarded } from '../../services/users/limits.ts';

const LIMIT: Limit = { name: 'tries', max: 3, windowMs: 60_000 };

function limitedFor(seconds: number): (error: unknown) => boolean {
  return (error) =>
    error instanceof WaggleError &&
    error.code === 'request.rate_limited' &&
    error.retryAfterSeconds === seconds;
}

describe('limits', () => {
  test('let through as many as they say per window, and say when the window ends', async () => {
    let nowMs = 0;
    const limits = createLimits({ keyPrefix: '', now: () => nowMs });
    for (let n = 0; n < 3; n++) await limits.take(LIMIT, 'a');
    nowMs = 20_000;
    await assert.rejects(limits.take(LIMIT, 'a'), limitedFor(40));
    await assert.rejects(limits.check(LIMIT, 'a'), limitedFor(40));
    await limits.take(LIMIT, 'b');
    nowMs = 60_001;
    await limits.take(LIMIT, 'a');
  });

  test('count in the process while Redis is away', async () => {
    const away = { multi: () => assert.fail('away') } as unknown as Redis;
    const limits = createLimits({
      redis: new Proxy(away, {
        get: () => () => {
          throw new Error('away');
        },
      }),
      keyPrefix: '',
    });
    for (let n = 0; n < 3; n++) await limits.take(LIMIT, 'a');
    await assert.rejects(limits.take(LIMIT, 'a'));
  });

  test('many guesses at once are not more than many in turn; right ones cost nothing', async () => {
    const limits = createLimits({ keyPrefix: '' });
    let tried = 0;
    const guess = (): Promise<boolean> =>
      guarded(limits, { whose: 'a@b.c', from: '10.0.0.1' }, async () => {
        tried++;
        return false;
      });
    const results = await Promise.allSettled(Array.from({ length: 100 }, guess));
    assert.equal(tried, 10);
    assert.equal(results.filter(({ status }) => status === 'rejected').length, 90);
    const right = (): Promise<boolean> =>
      guarded(limits, { whose: 'd@e.f', from: '10.0.0.1' }, async () => true);
    for (let n = 0; n < 50; n++) assert.equal(await right(), true);
  });
});

describe('the address of a request', () => {
  const request = (forwarded?: string): Parameters<typeof addressOf>[0] =>
    ({
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
      socket: { remoteAddress: '10.0.0.9' },
    }) as Parameters<typeof addressOf>[0];

  test('is the socket without proxies, whatever a header claims', () => {
    assert.equal(addressOf(request('1.1.1.1'), 0), '10.0.0.9');
  });

  test('is what the outermost own proxy heard; what a caller wrote left of it does not count', () => {
    assert.equal(addressOf(request('6.6.6.6, 203.0.113.7'), 1), '203.0.113.7');
    assert.equal(addressOf(request('6.6.6.6, 203.0.113.7, 10.0.0.1'), 2), '203.0.113.7');
    assert.equal(addressOf(request(), 1), '10.0.0.9');
  });
});
