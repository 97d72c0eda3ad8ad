/** The desk of payments: at once or later, in whatever batches, a payment ends the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newId } from '../../contracts/ids.ts';
import type { PaymentAsked, PaymentEvent } from '../../contracts/messages/payments.ts';
import { Desk } from '../../services/payments/desk.ts';
import { answerOf, type Methods } from '../../services/payments/methods/asking.ts';
import { createTestMethod } from '../../services/payments/methods/test-method.ts';
import { apply, type Payment } from '../../services/payments/payment.ts';
import { type KnownRow, operationOf, type WaitingRow } from '../../services/payments/queries.ts';
import { askedRow } from '../../services/payments/requests.ts';

const near = createTestMethod();
const { authorise, capture, void: letGo, refund } = near;
/** The same answers, each of them asked for. */
const far: Methods = { test: { authorise, capture, void: letGo, refund } };
const order = newId('order');
const who = { account: newId('account'), customer: newId('user') };
const refunds = [newId('refund'), newId('refund')] as const;

/** The tables of one payment, and the answers that were told. */
class Store {
  payment: Payment | undefined;
  readonly known = new Map<string, KnownRow>();
  readonly queue: WaitingRow[] = [];
  readonly told: PaymentEvent[] = [];

  follow(methods: Methods, batch: readonly PaymentAsked[]): void {
    const desk = new Desk(methods, this.payment ? [this.payment] : [], [...this.known.values()]);
    for (const event of batch) {
      const answer = desk.take({ event, row: askedRow(event, 'c', 1) });
      if (answer !== undefined) this.told.push(answer.event);
    }
    [this.payment = this.payment] = desk.changedPayments();
    for (const row of desk.answered) this.known.set(row.key, row);
    for (const row of desk.waiting) {
      assert.equal(row.isFirst, this.queue.length === 0);
      this.queue.push(row);
      this.known.set(row.key, { ...row, answer: null });
    }
  }

  /** Does the first that waits. */
  async work(methods: Methods): Promise<void> {
    const row = this.queue.shift();
    if (row === undefined || this.payment === undefined) return;
    const answer = answerOf(methods, this.payment, operationOf(row));
    const said = typeof answer === 'function' ? await answer() : answer;
    const { payment, event } = apply(this.payment, operationOf(row), said);
    this.payment = payment;
    this.known.set(row.key, { ...row, answer: event });
    this.told.push(event);
  }
}

function asked(kind: number, amountMinor: number, token: string): PaymentAsked {
  if (kind === 0) {
    const method = { kind: 'test', token } as const;
    return { type: 'payment.authorise', order, ...who, method, amountMinor, currency: 'EUR' };
  }
  if (kind === 1) return { type: 'payment.capture', order, amountMinor };
  if (kind === 2) return { type: 'payment.void', order };
  const id = refunds[kind - 3] ?? refunds[0];
  return { type: 'payment.refund', order, refund: id, amountMinor, reason: 'cold' };
}

test('whatever is asked in whatever batches: as if one after the other had been asked for', async () => {
  const ask = fc.record({
    kind: fc.nat({ max: 4 }),
    amountMinor: fc.integer({ min: 1, max: 100 }),
    ...{ cut: fc.boolean(), near: fc.boolean(), works: fc.boolean() },
  });
  const token = fc.constantFrom('ok', 'card_declined', 'capture_fails', 'refund_fails', '?');
  await fc.assert(
    fc.asyncProperty(fc.array(ask, { maxLength: 25 }), token, async (asks, word) => {
      const [mixed, plain] = [new Store(), new Store()];
      let batch: PaymentAsked[] = [];
      for (const { kind, amountMinor, cut, near: isNear, works } of asks) {
        const event = asked(kind, amountMinor, word);
        batch.push(event);
        plain.follow(far, [event]);
        await plain.work(far);
        if (!cut) continue;
        mixed.follow(isNear ? { test: near } : far, batch);
        batch = [];
        if (works) await mixed.work(far);
      }
      mixed.follow(far, batch);
      while (mixed.queue.length > 0) await mixed.work(far);
      const end = ({ payment, known }: Store): unknown => [
        { ...payment, id: null },
        [...known.values()].map(({ key, answer }) => [key, { ...answer, payment: null }]).sort(),
      ];
      assert.deepEqual(end(mixed), end(plain));
      // Each answer was told, the first time in the order of asking.
      assert.deepEqual(
        [...new Set(mixed.told.map(({ type }) => type))],
        [...new Set(plain.told.map(({ type }) => type))],
      );
    }),
  );
});
