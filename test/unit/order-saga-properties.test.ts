/** The pure saga among pure participants: whatever the order of things, every order ends well. */
import { test } from 'node:test';
import fc from 'fast-check';
import { SagaWorld, STREAMS, type WorldOptions } from '../support/saga-world.ts';

type Act = (world: SagaWorld) => void;

const stream = fc.constantFrom(...STREAMS);
const minute = 60_000;

const act = (one: Act): Act => one;
/** Everything that waits arrives. */
const calm = act((w) => {
  for (const each of STREAMS) {
    while (w.deliverRequest(each));
    while (w.deliverEvent(each));
  }
});
const handOver = fc.oneof(
  fc.constant(calm),
  stream.map((s) => act((w) => void w.deliverRequest(s))),
  stream.map((s) => act((w) => void w.deliverEvent(s))),
);
const again = fc.oneof(
  fc.nat(200).map((n) => act((w) => w.repeatRequest(n))),
  fc.nat(200).map((n) => act((w) => w.repeatEvent(n))),
);
const time = fc.oneof(
  fc.constant(act((w) => w.fire())),
  fc.integer({ min: 1, max: 45_000 }).map((ms) => act((w) => w.pass(ms))),
  fc.integer({ min: 1, max: 15 }).map((n) => act((w) => w.pass(n * minute))),
);
const kitchen = fc.constantFrom<Act>(
  (w) => w.cook({ kind: 'accept', readyMs: w.nowMs + 20 * minute, slotMs: null }),
  (w) => w.cook({ kind: 'start' }),
  (w) => w.cook({ kind: 'ready' }),
  (w) => w.cook({ kind: 'delay', readyMs: w.nowMs + 40 * minute, slotMs: null }),
);
const courier = fc.constantFrom<Act>(
  (w) => w.carry('assigned'),
  (w) => w.carry('at_pickup'),
  (w) => w.carry('picked_up'),
  (w) => w.carry('delivered'),
);
const trouble = fc.constantFrom<Act>(
  (w) => w.carry('cancelled'),
  (w) => w.carry('failed', 'driver'),
  (w) => w.carry('returned', 'customer'),
  (w) => w.cook({ kind: 'reject', code: 'too_busy' }),
  (w) => w.pass(400 * minute),
);
const cancel: fc.Arbitrary<Act> = fc.constantFrom<Act>(
  (w) => w.cancel('customer'),
  (w) => w.cancel('vendor'),
  (w) => w.cancel('ops'),
);
const refund: fc.Arbitrary<Act> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 1_500 }))
  .map(([n, minor]) => act((w) => w.refund(n, minor)));

const anyAct = fc.oneof(
  { arbitrary: handOver, weight: 60 },
  { arbitrary: again, weight: 10 },
  { arbitrary: time, weight: 12 },
  { arbitrary: kitchen, weight: 10 },
  { arbitrary: courier, weight: 10 },
  { arbitrary: refund, weight: 5 },
  { arbitrary: trouble, weight: 1 },
  { arbitrary: cancel, weight: 1 },
);

const anyWorld: fc.Arbitrary<WorldOptions> = fc.record({
  stocked: fc.constantFrom(null, 1, 5, 5, 5),
  token: fc.constantFrom('ok', 'ok', 'ok', 'card_declined', 'capture_fails', 'refund_fails'),
  autoAccept: fc.constantFrom(true, true, false),
  scheduledMs: fc.constantFrom(0, 0, 90 * minute),
});

/** From here on everybody does their part, and nothing is lost any more. */
function drain(world: SagaWorld): void {
  for (let round = 0; round < 400; round++) {
    let moved = false;
    for (const each of STREAMS) {
      while (world.deliverRequest(each)) moved = true;
      while (world.deliverEvent(each)) moved = true;
    }
    if (moved) continue;
    if (world.saga.step === 'done') return;
    // The engine ends each delivery in its own time, long before the saga gives it up.
    if (world.isOnItsWay()) world.carry(world.isAboard() ? 'delivered' : 'picked_up');
    else if (world.saga.dueMs !== null) world.pass(Math.max(0, world.saga.dueMs - world.nowMs));
  }
}

test('whatever is delayed, repeated or forgotten, an order ends and all parts agree', () => {
  fc.assert(
    fc.property(anyWorld, fc.array(anyAct, { maxLength: 120, size: 'max' }), (options, acts) => {
      const world = new SagaWorld(options);
      for (const act of acts) act(world);
      drain(world);
      world.checkEnd();
    }),
    { numRuns: 1_500 },
  );
});

test('nobody answers any more: the saga still asks, and lets go when they are back', () => {
  fc.assert(
    fc.property(anyWorld, fc.array(anyAct, { maxLength: 60, size: 'max' }), (options, acts) => {
      const world = new SagaWorld(options);
      for (const act of acts) act(world);
      for (let n = 0; n < 30 && world.saga.dueMs !== null; n++) {
        world.pass(Math.max(0, world.saga.dueMs - world.nowMs));
      }
      drain(world);
      world.checkEnd();
    }),
    { numRuns: 500 },
  );
});
