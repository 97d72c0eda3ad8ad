/** Payments: what an operation means for a payment, what the methods answer, and how they are guarded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newId } from '../../contracts/ids.ts';
import { guarded } from '../../services/payments/methods/guarded.ts';
import type { MethodRequest, PaymentPort } from '../../services/payments/methods/port.ts';
import { createTestMethod } from '../../services/payments/methods/test-method.ts';
import {
  apply,
  needsMethod,
  type Operation,
  type Payment,
} from '../../services/payments/payment.ts';

const order = newId('order');
const NEW: Payment = {
  ...{ order, id: newId('payment'), account: newId('account'), customer: newId('user') },
  ...{ method: { kind: 'test', token: 'ok' }, currency: 'EUR', state: 'none' },
  ...{ amountMinor: 1_000, capturedMinor: 0, refundedMinor: 0, reference: null, code: null },
};
const OK = { ok: true } as const;

function operation(kind: Operation['kind'], amountMinor = 0): Operation {
  const refund = kind === 'refund' ? newId('refund') : null;
  return { key: `${order}/${kind}/${refund}`, order, kind, amountMinor, refund };
}

function run(payment: Payment, one: Operation, answer = OK): ReturnType<typeof apply> {
  return apply(payment, one, needsMethod(payment, one) ? answer : null);
}

test('a void that comes first stops the authorisation after it', () => {
  const voided = run(NEW, operation('void'));
  assert.deepEqual([voided.payment.state, voided.event.type], ['voided', 'payment.voided']);
  assert.equal(needsMethod(voided.payment, operation('authorise')), false);
  assert.equal(run(voided.payment, operation('authorise')).event.type, 'payment.voided');
});

test('what was not authorised cannot be captured, and more than that neither', () => {
  assert.equal(run(NEW, operation('capture', 10)).event.type, 'payment.capture_failed');
  const { payment } = run(NEW, operation('authorise'));
  const event = run(payment, operation('capture', 1_001)).event;
  assert.equal(event.type, 'payment.capture_failed');
});

test('whatever is asked in whatever order: captured once, refunded within it', () => {
  const kind = fc.constantFrom('authorise', 'capture', 'void', 'refund' as const);
  const steps = fc.array(fc.tuple(kind, fc.integer({ min: 1, max: 1_200 }), fc.boolean()), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(steps, (asked) => {
      let payment = NEW;
      let captures = 0;
      for (const [which, amountMinor, succeeds] of asked) {
        const one = operation(which as Operation['kind'], amountMinor);
        const asks = needsMethod(payment, one);
        const answer = succeeds ? OK : ({ ok: false, code: 'other' } as const);
        const before = payment;
        payment = apply(payment, one, asks ? answer : null).payment;
        if (payment.capturedMinor !== before.capturedMinor) captures++;
        assert.ok(payment.capturedMinor <= payment.amountMinor);
        assert.ok(payment.refundedMinor <= payment.capturedMinor);
      }
      assert.ok(captures <= 1);
    }),
  );
});

const request = (token: string, key = 'k'): MethodRequest => ({
  ...{ key, order, amountMinor: 10, currency: 'EUR', reference: null },
  method: { kind: 'test', token },
});

test('the token of the test method decides what happens', async () => {
  const method = createTestMethod();
  assert.equal((await method.authorise(request('ok'))).ok, true);
  assert.deepEqual(await method.authorise(request('expired')), { ok: false, code: 'expired' });
  assert.deepEqual(await method.authorise(request('who knows')), {
    ...{ ok: false, code: 'not_supported' },
  });
  assert.equal((await method.authorise(request('capture_fails'))).ok, true);
  assert.equal((await method.capture(request('capture_fails'))).ok, false);
  assert.equal((await method.refund(request('refund_fails'))).ok, false);
  await assert.rejects(method.capture(request('flaky', 'k-1')));
  assert.equal((await method.capture(request('flaky', 'k-1'))).ok, true);
});

test('a method that keeps failing is left alone for a while, then tried by one', async () => {
  let nowMs = 0;
  let calls = 0;
  let works = false;
  const answer = async (): Promise<{ ok: true }> => {
    calls++;
    if (!works) throw new Error('away');
    return OK;
  };
  const port: PaymentPort = { authorise: answer, capture: answer, void: answer, refund: answer };
  const policy = { timeOutMs: 1_000, failuresMax: 3, openMs: 100, now: () => nowMs };
  const guard = guarded(port, policy);
  for (let n = 0; n < 10; n++) await assert.rejects(guard.capture(request('ok')));
  assert.equal(calls, 3);
  nowMs = 100;
  await assert.rejects(guard.capture(request('ok')));
  await assert.rejects(guard.capture(request('ok')), /left alone/);
  assert.equal(calls, 4);
  nowMs = 200;
  works = true;
  await guard.capture(request('ok'));
  await guard.void(request('ok'));
  assert.equal(calls, 6);
});

test('a method that does not answer in time counts as failed', async () => {
  const never = (): Promise<never> => new Promise(() => {});
  const port: PaymentPort = { authorise: never, capture: never, void: never, refund: never };
  const policy = { timeOutMs: 5, failuresMax: 3, openMs: 100, now: Date.now };
  await assert.rejects(guarded(port, policy).authorise(request('ok')), /in time/);
});
