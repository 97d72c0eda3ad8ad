import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { WaggleError } from '../../contracts/errors.ts';
import { createRateLimit, type Policy, WINDOW_MS } from '../../services/api/rate-limit.ts';

const POLICY: Policy = { name: 'credential', quota: 5 };

/** The two commands the exchange uses, over one map: what two processes would share. */
function sharedCounts(): Redis {
  const totals = new Map<string, number>();
  const pipeline = (): object => {
    const answers: [null, number][] = [];
    return {
      incrby(key: string, by: number) {
        totals.set(key, (totals.get(key) ?? 0) + by);
        answers.push([null, totals.get(key) ?? 0]);
      },
      pexpire: () => answers.push([null, 1]),
      exec: async () => answers,
    };
  };
  return { pipeline } as unknown as Redis;
}

function isLimited(error: unknown): boolean {
  return error instanceof WaggleError && error.code === 'request.rate_limited';
}

describe('the rate limit', () => {
  test('tells what is left and when it begins anew, then refuses until then', () => {
    let nowMs = 3 * WINDOW_MS + 2_500;
    const limit = createRateLimit({ now: () => nowMs });
    const standings = [1, 2, 3, 4, 5].map(() => limit.take(POLICY, 'a'));
    assert.deepEqual(
      standings.map(({ left }) => left),
      [4, 3, 2, 1, 0],
    );
    assert.equal(standings[0]?.resetSeconds, 8);
    assert.throws(
      () => limit.take(POLICY, 'a'),
      (error) => isLimited(error) && (error as WaggleError).retryAfterSeconds === 8,
    );
    limit.take(POLICY, 'b');
    nowMs += WINDOW_MS;
    assert.equal(limit.take(POLICY, 'a').left, 4);
  });

  test('counts what other processes have counted once they have told each other', async () => {
    const redis = sharedCounts();
    const now = (): number => 1_000;
    const [here, there] = [createRateLimit({ redis, now }), createRateLimit({ redis, now })];
    for (let n = 0; n < 3; n++) here.take(POLICY, 'a');
    for (let n = 0; n < 2; n++) there.take(POLICY, 'a');
    await here.exchange();
    await there.exchange();
    assert.throws(() => there.take(POLICY, 'a'), isLimited);
    // This one has heard only of what came before it told.
    here.take(POLICY, 'a');
    await here.exchange();
    assert.throws(() => here.take(POLICY, 'a'), isLimited);
    here.stop();
    there.stop();
  });

  test('bounds how many it tells apart', () => {
    const limit = createRateLimit({ now: () => 0 });
    for (let n = 0; n < 50_000; n++) limit.take(POLICY, `caller ${n}`);
    for (let n = 0; n < 5; n++) limit.take(POLICY, `late ${n}`);
    assert.throws(() => limit.take(POLICY, 'late 6'), isLimited);
    assert.equal(limit.take(POLICY, 'caller 7').left, 3);
  });
});
