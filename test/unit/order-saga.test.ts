/** The saga's table: what each step does when its time is over, and that the docs show it as it is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../launch/paths.ts';
import {
  CANCEL_RULES,
  type CancelRule,
  chargeOfEnd,
} from '../../services/orders/care/cancellation.ts';
import { STEPS } from '../../services/orders/saga/saga.ts';
import type { StepName } from '../../services/orders/saga/saga-state.ts';
import { LIMITS, SagaWorld, STREAMS, type Stream, TOTAL } from '../support/saga-world.ts';

const USUAL = { stocked: 5, token: 'ok', autoAccept: true, scheduledMs: 0 };

function worldAt(step: StepName, options: Partial<typeof USUAL> = {}): SagaWorld {
  const world = new SagaWorld({ ...USUAL, ...options });
  for (let n = 0; n < 100 && world.saga.step !== step; n++) {
    world.fire();
    if (world.saga.step === step) break;
    const moved = STREAMS.some((s) => world.deliverRequest(s) || world.deliverEvent(s));
    if (moved) continue;
    if (world.saga.step === 'preparing') world.carry('picked_up');
    else if (world.saga.step === 'carrying') world.carry('delivered');
  }
  assert.equal(world.saga.step, step);
  return world;
}

/** Lets every wait of the present step pass without an answer. */
function outlast(world: SagaWorld): void {
  const { step } = world.saga;
  for (let n = 0; n < 100 && world.saga.step === step; n++) {
    world.pass(Math.max(0, (world.saga.dueMs ?? 0) - world.nowMs));
  }
}

const asked = (world: SagaWorld, stream: Stream): string[] =>
  (world.requests.get(stream) ?? []).map(({ type }) => type);

test('the docs show the steps and the rules of calling off as they are', () => {
  const page = readFileSync(join(projectRoot, 'docs/orders.md'), 'utf8');
  for (const [name, { asks, answers, timeOut, compensation }] of Object.entries(STEPS)) {
    const row = `| \`${name}\` | ${asks} | ${answers} | ${timeOut} | ${compensation} |`;
    assert.ok(page.includes(row), `docs/orders.md has no row\n${row}`);
  }
  const word = (rule: CancelRule | null): string =>
    rule === null
      ? 'too late'
      : `yes, keeps ${rule.keeps}${rule.keepsStock ? ', stock is used up' : ''}`;
  for (const [state, { customer, vendor, ops }] of Object.entries(CANCEL_RULES)) {
    const row = `| \`${state}\` | ${word(customer)} | ${word(vendor)} | ${word(ops)} |`;
    assert.ok(page.includes(row), `docs/orders.md has no row\n${row}`);
  }
});

test('nothing in the way: every state is told once, in order', () => {
  const world = worldAt('done');
  assert.deepEqual(world.states, ['accepted', 'on_the_way', 'delivered']);
  world.checkEnd();
});

test('stock that is not answered for is asked for again, then released', () => {
  const world = worldAt('reserving');
  outlast(world);
  assert.deepEqual([world.saga.step, world.saga.ending?.reason.code], ['undoing', 'stock_silent']);
  const sent = asked(world, 'requests:inventory');
  assert.deepEqual([sent[0], sent.at(-1)], ['stock.reserve', 'stock.release']);
  assert.equal(sent.filter((type) => type === 'stock.reserve').length, 10);
});

test('a payment that is not answered is voided, and stock is released', () => {
  const world = worldAt('authorising');
  outlast(world);
  assert.equal(world.saga.ending?.reason.code, 'payment_silent');
  assert.equal(asked(world, 'requests:payments').at(-1), 'payment.void');
  assert.equal(asked(world, 'requests:inventory').at(-1), 'stock.release');
});

test('a vendor who does not answer in time is to blame, and all is taken back', () => {
  const world = worldAt('accepting', { autoAccept: false });
  const { nowMs } = world;
  outlast(world);
  assert.equal(world.nowMs - nowMs, LIMITS.vendorAnswerMs);
  assert.deepEqual(world.saga.ending?.reason, {
    ...{ code: 'vendor_silent', fault: 'vendor', stage: 'placed' },
  });
  assert.equal(asked(world, 'requests:kitchen').at(-1), 'ticket.cancel');
  assert.equal(asked(world, 'requests:payments').at(-1), 'payment.void');
});

test('a delivery that is not answered is called off until its log has an end', () => {
  const world = worldAt('requesting');
  outlast(world);
  assert.deepEqual([world.saga.step, world.saga.state], ['calling_off', 'accepted']);
  assert.equal(asked(world, 'requests:deliveries').at(-1), 'delivery.unwanted');
  assert.deepEqual(asked(world, 'requests:payments'), [], 'money waits for the delivery');
});

test('a kitchen that is never ready loses the order', () => {
  const world = worldAt('preparing');
  outlast(world);
  assert.equal(world.saga.ending?.reason.code, 'never_ready');
});

test('food that is ready and that nobody came for is not the fault of the vendor', () => {
  const world = worldAt('preparing');
  world.cook({ kind: 'ready' });
  world.deliverEvent('requests:kitchen');
  assert.equal(world.saga.ticket, 'ready');
  outlast(world);
  const { code, fault } = world.saga.ending?.reason ?? {};
  assert.deepEqual([code, fault], ['no_driver_found', 'platform']);
});

test('a parcel of which nothing is heard any more is given up after a day', () => {
  const world = worldAt('carrying');
  outlast(world);
  assert.deepEqual([world.saga.state, world.saga.ending?.chargeMinor], ['failed', 0]);
});

test('what is settled is asked for until it is confirmed', () => {
  const world = worldAt('settling');
  for (let n = 0; n < 5; n++) world.pass(LIMITS.repeatMsMax);
  assert.equal(world.saga.step, 'settling');
  const captures = asked(world, 'requests:payments').filter((type) => type === 'payment.capture');
  assert.equal(captures.length, 6);
});

test('a pickup that was first beats the cancel: the order is carried on', () => {
  const world = worldAt('preparing');
  world.carry('picked_up');
  world.cancel('customer');
  assert.equal(world.saga.step, 'calling_off');
  world.deliverEvent('requests:deliveries');
  assert.deepEqual([world.saga.step, world.saga.ending], ['carrying', null]);
});

test('a kitchen that puts it off tells the delivery, and may have longer', () => {
  const world = worldAt('preparing');
  const readyMs = world.nowMs + 3_600_000;
  world.cook({ kind: 'delay', readyMs, slotMs: null });
  world.deliverEvent('requests:kitchen');
  assert.equal(asked(world, 'requests:deliveries').at(-1), 'delivery.ready_at');
  assert.equal(world.saga.dueMs, readyMs + LIMITS.kitchenMs);
});

test('who calls off what is being cooked pays for the goods', () => {
  const world = worldAt('preparing');
  world.cook({ kind: 'start' });
  world.deliverEvent('requests:kitchen');
  assert.equal(world.saga.state, 'preparing');
  world.cancel('customer');
  for (let n = 0; n < 20; n++)
    STREAMS.some((s) => world.deliverRequest(s) || world.deliverEvent(s));
  assert.equal(world.saga.step, 'done');
  assert.deepEqual([world.payment.capturedMinor, world.stockLeft().available], [1_500, 3]);
});

test('whose fault it is that a parcel came back decides who pays', () => {
  const payment = { kind: 'test', token: 'ok' } as const;
  const amounts = { totalMinor: TOTAL, goodsMinor: 1_500, payment };
  assert.equal(chargeOfEnd(amounts, 'customer', true), TOTAL);
  assert.equal(chargeOfEnd(amounts, 'customer', false), 0);
  assert.equal(chargeOfEnd(amounts, 'driver', true), 0);
  assert.equal(chargeOfEnd(amounts, 'vendor', true), 0);
  const cash = { ...amounts, payment: { kind: 'cash' } as const };
  assert.equal(chargeOfEnd(cash, 'customer', true), 0, 'nobody has handed it over');
});

test('a scheduled order asks nobody before its time', () => {
  const world = worldAt('waiting', { scheduledMs: 5_400_000 });
  assert.deepEqual([world.saga.state, world.pastRequests.length], ['scheduled', 0]);
  outlast(world);
  assert.deepEqual([world.saga.state, world.saga.step], ['placed', 'reserving']);
});
