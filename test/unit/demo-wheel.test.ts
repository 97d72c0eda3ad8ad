/** One timer for thousands of couriers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../demo/random.ts';
import { TimerWheel, WHEEL_TICK_MS } from '../../demo/timer-wheel.ts';

describe('the timer wheel', () => {
  it('runs each callback once, in time, also past a full turn, and none that was disarmed', () => {
    let nowMs = 1_000;
    const ran: string[] = [];
    const wheel = new TimerWheel(
      () => nowMs,
      (error) => {
        throw error;
      },
    );
    wheel.after(100, () => ran.push('soon'));
    wheel.after(60_000, () => ran.push('late'));
    wheel.after(100, () => ran.push('never'))();
    wheel.after(0, () => wheel.after(0, () => ran.push('nested')));
    nowMs += 100 + WHEEL_TICK_MS;
    wheel.turn();
    assert.deepEqual(ran.toSorted(), ['nested', 'soon']);
    nowMs += 30_000;
    wheel.turn();
    assert.equal(ran.length, 2);
    nowMs += 30_000;
    wheel.turn();
    wheel.turn();
    assert.equal(ran.at(-1), 'late');
    assert.equal(ran.length, 3);
  });

  it('goes on after a callback that throws', () => {
    let nowMs = 0;
    const errors: unknown[] = [];
    const wheel = new TimerWheel(
      () => nowMs,
      (error) => errors.push(error),
    );
    let ran = false;
    wheel.after(10, () => {
      throw new Error('no');
    });
    wheel.after(10, () => {
      ran = true;
    });
    nowMs = 100;
    wheel.turn();
    assert.equal(errors.length, 1);
    assert.equal(ran, true);
  });
});

describe('random streams', () => {
  it('repeat for one seed and name, and differ by name', () => {
    const draw = (seed: number, name: string): number[] => {
      const stream = randomStream(seed, name);
      return Array.from({ length: 5 }, () => stream.int(0, 999));
    };
    assert.deepEqual(draw(1, 'orders'), draw(1, 'orders'));
    assert.notDeepEqual(draw(1, 'orders'), draw(1, 'couriers'));
  });
});
