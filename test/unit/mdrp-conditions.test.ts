import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream } from '../../dispatch/core/random.ts';
import { Answers } from '../../dispatch/mdrp/answers.ts';
import { withEstimates } from '../../dispatch/mdrp/estimates.ts';
import type { Instance, Spot } from '../../dispatch/mdrp/instance.ts';
import { runInstance } from '../../dispatch/mdrp/run.ts';
import type { Solution } from '../../dispatch/mdrp/solution.ts';

const TUNING = { policy: { searchSteps: 40 } };

/** A made-up day with work for its couriers and not too much of it. */
function day(seed: number, orderCount: number): Instance {
  const random = new RandomStream('conditions test', seed);
  const spot = (radius: number): Spot => ({
    x: random.below(2 * radius) - radius,
    y: random.below(2 * radius) - radius,
  });
  const vendors = Array.from({ length: 6 }, (_, n) => ({ name: `r${n}`, ...spot(2_000) }));
  const couriers = Array.from({ length: 12 }, (_, n) => {
    const on = 600 + random.below(30);
    return { name: `c${n}`, ...spot(2_500), on, off: on + 150 + random.below(120) };
  });
  const orders = Array.from({ length: orderCount }, (_, n) => {
    const vendor = vendors[random.below(vendors.length)] as (typeof vendors)[number];
    const placed = 610 + random.below(180);
    return { name: `o${n}`, vendor, ...spot(3_000), placed, ready: placed + 10 + random.below(15) };
  }).sort((a, b) => a.placed - b.placed);
  const pay = { payPerOrder: 10, payPerHour: 15 };
  const service = { pickupService: 4, dropoffService: 4, target: 40 };
  return { name: `d${seed}`, metersPerMinute: 320, ...service, ...pay, vendors, couriers, orders };
}

/** What the world must never show, whatever was told: parcels before they are ready, two rides at once. */
function checkWorld(instance: Instance, { assignments, handovers }: Solution): void {
  assert.equal(new Set(handovers.map(({ order }) => order)).size, handovers.length);
  for (const { orders, pickup, courier } of assignments) {
    for (const order of orders) {
      assert.ok(order.placed <= pickup && order.ready <= pickup, `${order.name} too early`);
    }
    assert.ok(pickup <= courier.off, `${courier.name} picks up after its shift`);
    assert.ok(new Set(orders.map(({ vendor }) => vendor)).size === 1);
  }
  for (const courier of instance.couriers) {
    let free = courier.on;
    for (const { orders, pickup } of assignments.filter((each) => each.courier === courier)) {
      assert.ok(pickup >= free, `${courier.name} is in two places`);
      const doors = handovers.filter(({ order }) => orders.includes(order));
      assert.equal(doors.length, orders.length);
      free = Math.max(...doors.map(({ dropoff }) => dropoff));
    }
  }
}

describe('a day whose ready times are only estimates', () => {
  it('has errors with a median of 0, a spread of 5 minutes, and late ones further out', () => {
    const given = day(1, 20_000);
    const errors = withEstimates(given, 1)
      .orders.map(({ ready, told = Number.NaN }) => ready - told)
      .sort((a, b) => a - b);
    const at = (part: number) => errors[Math.floor(part * errors.length)] as number;
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const squares = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0);
    assert.equal(at(0.5), 0);
    assert.ok(Math.abs(Math.sqrt(squares / errors.length) - 5) < 0.3);
    assert.ok(at(0.95) > -at(0.05));
  });

  it('shows the truth of what is placed early whatever is placed later', () => {
    const whole = day(2, 100);
    const cut = { ...whole, orders: whole.orders.slice(0, 40) };
    assert.deepEqual(withEstimates(cut, 3).orders, withEstimates(whole, 3).orders.slice(0, 40));
  });

  it('is solved within the rules of the world, better with learning than without', () => {
    const excess = { told: 0, learned: 0 };
    for (const seed of [1, 2, 3]) {
      const instance = withEstimates(day(seed, 80), seed);
      const learned = runInstance(instance, TUNING);
      checkWorld(instance, learned.solution);
      const off = { policy: { ...TUNING.policy, learnReadyTimes: false } };
      const told = runInstance(instance, off);
      checkWorld(instance, told.solution);
      excess.learned += learned.figures.excess180;
      excess.told += told.figures.excess180;
    }
    assert.ok(excess.learned < excess.told, JSON.stringify(excess));
  });

  it('goes the same way a second time', () => {
    const instance = withEstimates(day(4, 80), 4);
    const [first, second] = [runInstance(instance, TUNING), runInstance(instance, TUNING)];
    assert.deepEqual(first.figures, second.figures);
  });
});

describe('a day on which couriers are asked', () => {
  it('has one offer in five declined, and is solved all the same', () => {
    const instance = day(5, 80);
    let accepted = 0;
    let declined = 0;
    class Counted extends Answers {
      override answer(...asked: Parameters<Answers['answer']>) {
        const deed = super.answer(...asked);
        if (deed.kind === 'decline') declined++;
        else accepted++;
        return deed;
      }
    }
    const { solution, figures } = runInstance(instance, TUNING, new Counted(0.2, 1));
    checkWorld(instance, solution);
    assert.ok(
      Math.abs(declined / (accepted + declined) - 0.2) < 0.07,
      `${declined} of ${accepted}`,
    );
    const { figures: unasked } = runInstance(instance, TUNING);
    assert.ok(figures.undelivered <= unasked.undelivered + 5);
    assert.ok(figures.excess180 >= unasked.excess180 - 0.2);
  });
});
