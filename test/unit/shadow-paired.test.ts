/** Counting outcomes, pairing two sides, and what is said of the difference. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ZoneEvent } from '../../contracts/events.ts';
import { RandomStream } from '../../dispatch/core/random.ts';
import { type Outcome, Outcomes } from '../../dispatch/shadow/outcomes.ts';
import { PairedOutcomes, signTest } from '../../dispatch/shadow/paired.ts';
import { request } from '../support/core-fixtures.ts';

const MINUTE_MS = 60_000;

function made(n: number, minutes: number, lateMinutes = 0): Outcome {
  return {
    delivery: request(n).id,
    placedMs: n * 10 * MINUTE_MS,
    end: 'delivered',
    clickToDoorMs: minutes * MINUTE_MS,
    lateMs: lateMinutes * MINUTE_MS,
  };
}

/** Pairs of which the shadow's takes some minutes more, give or take a few. */
function pairsWith(moreMinutes: number, count = 400, seed = 'pairs'): PairedOutcomes {
  const paired = new PairedOutcomes();
  const random = new RandomStream(seed);
  for (let n = 1; n <= count; n++) {
    paired.hear('shadow', made(n, 30 + moreMinutes + random.below(9) - 4));
    paired.hear('live', made(n, 30 + random.below(9) - 4));
  }
  return paired;
}

test('a clear difference is said, and one that chance explains is not', () => {
  const slower = pairsWith(2).figures();
  assert.equal(slower.verdict, 'worse');
  assert.ok(slower.clickToDoor && Math.abs(slower.clickToDoor.meanMs - 2 * MINUTE_MS) < MINUTE_MS);
  assert.equal(pairsWith(-2).figures().verdict, 'better');
  const chance = Array.from({ length: 20 }, (_, n) => pairsWith(0, 400, `seed ${n}`).figures());
  const wrong = chance.filter(({ verdict }) => verdict !== 'no_difference').length;
  assert.ok(wrong <= 1, `${wrong} of 20 differ by chance`);
});

test('an interval holds the truth as often as it says', () => {
  // Every block has a luck of its own, which all its pairs share.
  const held = Array.from({ length: 400 }, (_, seed) => {
    const random = new RandomStream('luck', seed);
    const paired = new PairedOutcomes();
    for (let block = 0; block < 14; block++) {
      const luck = random.below(11) + random.below(11) - 10;
      for (let n = 0; n < 5 + random.below(30); n++) {
        const at = block * 24 + (n % 24);
        const pair = made(at, 30);
        const delivery = request(block * 100 + n).id;
        paired.hear('live', { ...pair, delivery });
        const more = (luck + random.below(21) - 10) * MINUTE_MS;
        const clickToDoorMs = pair.clickToDoorMs + more;
        paired.hear('shadow', { ...pair, delivery, clickToDoorMs });
      }
    }
    const { clickToDoor } = paired.figures();
    return clickToDoor && clickToDoor.lowMs <= 0 && clickToDoor.highMs >= 0;
  }).filter(Boolean).length;
  assert.ok(held >= 388, `${held} of 400`);
});

test('better in one thing and worse in another is mixed', () => {
  const paired = new PairedOutcomes();
  for (let n = 1; n <= 300; n++) {
    paired.hear('live', made(n, 30, 1));
    paired.hear('shadow', made(n, 28, 3));
  }
  const { verdict, clickToDoor, late } = paired.figures();
  assert.equal(verdict, 'mixed');
  const exactly = (minutes: number) => {
    const ms = minutes * MINUTE_MS;
    return { meanMs: ms, lowMs: ms, highMs: ms };
  };
  assert.deepEqual([clickToDoor, late], [exactly(-2), exactly(2)]);
});

test('swapping the sides turns every difference around', () => {
  const minutes = fc.integer({ min: 0, max: 90 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(minutes, minutes), { minLength: 50, maxLength: 120 }),
      (pairs) => {
        const there = new PairedOutcomes();
        const back = new PairedOutcomes();
        pairs.forEach(([a, b], n) => {
          there.hear('live', made(n, a));
          there.hear('shadow', made(n, b));
          back.hear('shadow', made(n, a));
          back.hear('live', made(n, b));
        });
        const [x, y] = [there.figures().clickToDoor, back.figures().clickToDoor];
        assert.ok(x && y);
        const turned = { meanMs: -y.meanMs, lowMs: -y.highMs, highMs: -y.lowMs };
        for (const key of ['meanMs', 'lowMs', 'highMs'] as const) {
          assert.ok(Math.abs(x[key] - turned[key]) <= 1);
        }
        assert.ok(x.lowMs <= x.meanMs && x.meanMs <= x.highMs);
      },
    ),
  );
});

test('what one side cancelled, or both gave up, is no pair; what one gave up is counted apart', () => {
  const paired = new PairedOutcomes();
  const end = (n: number, how: Outcome['end']): Outcome => ({ ...made(n, 30), end: how });
  const ends = [
    ['cancelled', 'delivered'],
    ['undelivered', 'undelivered'],
    ['undelivered', 'delivered'],
    ['delivered', 'undelivered'],
    ['delivered', 'undelivered'],
    ['delivered', 'delivered'],
  ] as const;
  ends.forEach(([live, shadow], n) => {
    paired.hear('live', end(n, live));
    paired.hear('shadow', end(n, shadow));
  });
  const { pairs, onlyLive, onlyShadow, verdict } = paired.figures();
  assert.deepEqual([pairs, onlyLive, onlyShadow, verdict], [1, 2, 1, 'too_early']);
});

test('memory is bounded: a month of blocks', () => {
  const paired = new PairedOutcomes();
  const [days, perDay] = [35, 144];
  for (let n = 0; n < days * perDay; n++) {
    paired.hear('live', made(n, 30));
    paired.hear('shadow', made(n, 31));
  }
  const { pairs, blocks } = paired.figures();
  assert.equal(blocks, 30 * 6);
  assert.ok(pairs <= 30 * perDay, 'pairs of forgotten blocks are forgotten');
});

test('what is kept says the same', () => {
  const paired = pairsWith(1);
  const kept = JSON.parse(JSON.stringify(paired.sums)) as typeof paired.sums;
  assert.deepEqual(new PairedOutcomes(kept).figures(), paired.figures());
});

test('the sign test is exact', () => {
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
  close(signTest(0, 0), 1);
  close(signTest(0, 5), 2 / 32);
  close(signTest(1, 7), (2 * 9) / 256);
  close(signTest(4, 4), 1);
});

test('deliveries count from request to end, and those under way can be forgotten', () => {
  const outcomes = new Outcomes();
  const ask = (n: number, atMs: number): void => {
    const wanted = request(n, { placedMs: atMs });
    const asked = {
      type: 'delivery.requested',
      number: 1,
      request: wanted,
      state: 'pending',
    } as const;
    outcomes.hear({ ...asked, promiseMs: atMs + 30 * MINUTE_MS }, atMs);
  };
  const finish = (n: number, state: 'delivered' | 'cancelled' | 'failed', atMs: number) => {
    const reason = { code: 'completed', fault: 'platform', stage: 'pending' } as const;
    const event: ZoneEvent = {
      type: 'delivery.ended',
      delivery: request(n).id,
      state,
      reason,
      atMs,
    };
    return outcomes.hear(event, atMs);
  };
  for (let n = 1; n <= 5; n++) ask(n, n * MINUTE_MS);
  outcomes.drove(10 * MINUTE_MS);
  assert.equal(finish(1, 'delivered', 21 * MINUTE_MS)?.clickToDoorMs, 20 * MINUTE_MS);
  assert.equal(finish(2, 'delivered', 42 * MINUTE_MS)?.lateMs, 10 * MINUTE_MS);
  assert.equal(finish(3, 'cancelled', 42 * MINUTE_MS)?.end, 'cancelled');
  assert.equal(finish(4, 'failed', 42 * MINUTE_MS)?.end, 'undelivered');
  assert.equal(finish(9, 'delivered', 42 * MINUTE_MS), null, 'asked for before the count began');
  const counts = { requested: 5, delivered: 2, undelivered: 1, cancelled: 1, open: 1 };
  const times = {
    ...{ clickToDoorP50Ms: 40 * MINUTE_MS, clickToDoorP90Ms: 40 * MINUTE_MS },
    ...{ lateMeanMs: 5 * MINUTE_MS, driveMsPerDelivery: 5 * MINUTE_MS },
  };
  assert.deepEqual(outcomes.figures(true), { ...counts, ...times });
  assert.equal(outcomes.figures(false).driveMsPerDelivery, null);
  const kept = JSON.parse(JSON.stringify(outcomes.sums)) as typeof outcomes.sums;
  outcomes.forgetOpen();
  assert.deepEqual(new Outcomes(kept).figures(true), outcomes.figures(true));
  const { requested, open } = outcomes.figures(true);
  assert.deepEqual([requested, open], [4, 0]);
});
