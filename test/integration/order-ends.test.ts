/** How orders end other than delivered, and what people do about them: through the public door. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { expectOk, register } from './city.ts';
import { openSagaStage, type Placed, type SagaStage } from './saga-stage.ts';

const scope = sharedScope();

describe('an order', () => {
  let stage: SagaStage;

  before(async () => {
    stage = await openSagaStage(scope, {
      WAGGLE_FRAUD_ORDERS_PER_HOUR: '1000',
      WAGGLE_FRAUD_AMOUNT_MINOR: '5000',
    });
  });

  const read = async (path: string, token = stage.city.ops): Promise<Record<string, unknown>> =>
    expectOk(await stage.stack.call('GET', path, { token }));
  const pay = (token: string): object => ({ payment: { kind: 'test', token } });
  const endOf = async ({ id }: Placed): Promise<unknown[]> => {
    await stage.atStep(id, 'done');
    const { state, reason } = await read(`/orders/${id}`);
    const { state: paid } = await read(`/orders/${id}/payment`).catch(() => ({ state: null }));
    return [state, (reason as { code: string }).code, (reason as { fault: string }).fault, paid];
  };
  const stockLeft = async (): Promise<unknown> => {
    const row = await stage.databases.inventory
      .knex('stock')
      .where({ product: stage.product })
      .first();
    return [row.available, row.reserved];
  };
  const deliver = async ({ id, delivery }: Placed): Promise<void> => {
    await stage.atStep(id, 'preparing');
    await stage.ops(delivery, 'assign');
    await stage.ops(delivery, 'picked_up');
    await stage.atStep(id, 'carrying');
    await stage.ops(delivery, 'delivered');
    await stage.atStep(id, 'done');
  };

  test('whose card is declined is cancelled, and its stock is given back', async () => {
    const before = await stockLeft();
    const placed = await stage.place('key-declined', pay('insufficient_funds'));
    assert.deepEqual(await endOf(placed), [
      ...['cancelled', 'payment_declined', 'customer', 'declined'],
    ]);
    assert.deepEqual(await stockLeft(), before);
    const { code } = await read(`/orders/${placed.id}/payment`);
    assert.equal(code, 'insufficient_funds');
  });

  test('that stock does not suffice for is cancelled before anybody pays', async () => {
    await stage.databases.inventory
      .knex('stock')
      .where({ product: stage.product })
      .update({ available: 3 });
    const short = await stage.place('key-short', {
      items: [{ product: stage.product, quantity: 4 }],
    });
    assert.deepEqual(await endOf(short), ['cancelled', 'out_of_stock', 'vendor', null]);
    await stage.databases.inventory
      .knex('stock')
      .where({ product: stage.product })
      .update({ available: 90 });
  });

  test('whose method fails at first is paid all the same, once', async () => {
    const placed = await stage.place('key-flaky', pay('flaky'));
    await deliver(placed);
    const payment = await read(`/orders/${placed.id}/payment`);
    assert.deepEqual([payment.state, payment.capturedMinor], ['captured', payment.amountMinor]);
    const operations = payment.operations as { kind: string }[];
    assert.deepEqual(
      operations.map(({ kind }) => kind),
      ['authorise', 'capture'],
    );
  });

  test('is refunded in parts, once per key, never beyond what was captured', async () => {
    const placed = await stage.place('key-refunded', pay('ok'));
    const path = `/orders/${placed.id}/refunds`;
    const body = { amountMinor: 400, reason: 'the soup was cold' };
    const early = await stage.call('POST', path, body, 'key-early-refund');
    assert.deepEqual([early.status, early.body.code], [409, 'refund.not_possible']);
    await deliver(placed);
    const first = await stage.call('POST', path, body, 'key-first-refund');
    const again = await stage.call('POST', path, body, 'key-first-refund');
    assert.deepEqual([first.status, again.body], [201, first.body]);
    const payment = await waitFor(async () => {
      const found = await read(`/orders/${placed.id}/payment`);
      return found.refundedMinor === 400 ? found : undefined;
    });
    const rest = Number(payment.capturedMinor) - 400;
    const much = { ...body, amountMinor: rest + 1 };
    const refused = await stage.call('POST', path, much, 'key-too-much');
    assert.equal(refused.status, 409);
    await stage.atStep(placed.id, 'done');
    const last = { ...body, amountMinor: rest };
    expectOk(await stage.call('POST', path, last, 'key-the-rest'));
    await waitFor(async () => {
      const { refundedMinor, capturedMinor } = await read(`/orders/${placed.id}/payment`);
      return refundedMinor === capturedMinor;
    });
    const stranger = await register(stage.stack, 'vendor');
    const foreign = await stage.stack.call('POST', path, {
      ...{ token: stranger, body, headers: { 'idempotency-key': 'key-of-a-stranger' } },
    });
    assert.equal(foreign.status, 404);
  });

  test('that is large waits for ops, who see why, and approve or reject it', async () => {
    const large = { items: [{ product: stage.product, quantity: 6 }] };
    const good = await stage.place('key-large', large);
    const bad = await stage.place('key-larger', large);
    await stage.atStep(good.id, 'reviewing');
    await stage.atStep(bad.id, 'reviewing');
    const { items } = await read('/ops/reviews');
    const waiting = items as { id: string; findings: { rule: string }[] }[];
    assert.deepEqual(
      waiting.map(({ id, findings }) => [id, findings[0]?.rule]),
      [
        [good.id, 'amount'],
        [bad.id, 'amount'],
      ],
    );
    const review = (id: string, approve: boolean): Promise<{ status: number }> =>
      stage.call('POST', `/orders/${id}/review`, { approve });
    assert.equal((await review(good.id, true)).status, 204);
    assert.equal((await review(bad.id, false)).status, 204);
    assert.equal((await review(bad.id, true)).status, 409);
    await stage.atStep(good.id, 'preparing');
    assert.deepEqual(await endOf(bad), ['cancelled', 'refused_by_ops', 'customer', null]);
  });

  test('has a history that says who did what; what the rules found is not for everybody', async () => {
    const placed = await stage.place('key-history', pay('ok'));
    await stage.atStep(placed.id, 'preparing');
    const path = `/orders/${placed.id}`;
    const body = { reason: 'changed my mind' };
    const token = stage.city.customer;
    expectOk(await stage.stack.call('POST', `${path}/cancel`, { token, body }));
    await stage.atStep(placed.id, 'done');
    const mine = (await read(`${path}/events`, token)).items as Record<string, unknown>[];
    const types = mine.map(({ type }) => type);
    for (const type of ['placed', 'stock.reserved', 'payment.authorised', 'cancel.asked']) {
      assert.ok(types.includes(type), `${type} in ${types.join(', ')}`);
    }
    const asked = mine.find(({ type }) => type === 'cancel.asked') ?? {};
    assert.equal(asked.actorKind, 'customer');
    assert.equal((asked.data as { reason: string }).reason, 'changed my mind');
    const check = (events: unknown): unknown =>
      (events as Record<string, unknown>[]).find(({ type }) => type === 'checked')?.data;
    assert.deepEqual(check(mine), {});
    const all = (await read(`${path}/events`)).items;
    assert.equal((check(all) as { outcome: string }).outcome, 'allow');
  });

  test('of a blocked customer is refused until ops lets them order again', async () => {
    const { sub } = JSON.parse(
      Buffer.from(stage.city.customer.split('.')[1] ?? '', 'base64url').toString(),
    ) as { sub: string };
    const body = { customer: sub, reason: 'charged back twice' };
    expectOk(await stage.call('POST', '/ops/blocked', body));
    const refused = await stage.place('key-blocked');
    assert.deepEqual(await endOf(refused), ['cancelled', 'refused_by_rules', 'customer', null]);
    const listed = (await read('/ops/blocked')).items as { value: string }[];
    assert.deepEqual(
      listed.map(({ value }) => value),
      [sub],
    );
    const path = `/ops/blocked/customer/${sub}`;
    assert.equal((await stage.call('DELETE', path)).status, 204);
    assert.equal((await stage.call('DELETE', path)).status, 404);
    const both = { ...body, phone: '+4930123456' };
    assert.equal((await stage.call('POST', '/ops/blocked', both)).status, 422);
    const placed = await stage.place('key-unblocked');
    await stage.atStep(placed.id, 'preparing');
  });

  test('that is scheduled waits for its time, and may be called off for nothing', async () => {
    const scheduledFor = new Date(Date.now() + 3 * 3_600_000).toISOString();
    const placed = await stage.place('key-scheduled', {
      readyInSeconds: undefined,
      scheduledFor,
    });
    await stage.atStep(placed.id, 'waiting');
    const path = `/orders/${placed.id}`;
    assert.equal((await read(path)).state, 'scheduled');
    // Its time comes: the timer is durable, so the clock may be moved for it.
    const { knex } = stage.databases.orders;
    const now = Math.round(Date.now());
    await knex('sagas').where({ order_id: placed.id }).update({ due_ms: now });
    await knex('timers').where({ order_id: placed.id }).update({ due_ms: now });
    await stage.atStep(placed.id, 'preparing');
    const later = await stage.place('key-scheduled-2', { readyInSeconds: undefined, scheduledFor });
    await stage.atStep(later.id, 'waiting');
    expectOk(await stage.call('POST', `/orders/${later.id}/cancel`, {}));
    assert.deepEqual(await endOf(later), ['cancelled', 'cancelled_by_ops', 'platform', null]);
  });

  test('that cannot be carried on does not hold up the others', async () => {
    const scheduledFor = new Date(Date.now() + 3 * 3_600_000).toISOString();
    const broken = await stage.place('key-broken', { readyInSeconds: undefined, scheduledFor });
    await stage.atStep(broken.id, 'waiting');
    const { knex } = stage.databases.orders;
    await knex('orders').where({ id: broken.id }).update({ terms: '{}' });
    await knex('sagas').where({ order_id: broken.id }).update({ due_ms: 1 });
    await knex('timers').where({ order_id: broken.id }).update({ due_ms: 1 });
    const sound = await stage.place('key-sound');
    await stage.atStep(sound.id, 'preparing');
    const isPutOff = async (): Promise<boolean> =>
      (await knex('timers').where({ order_id: broken.id }).first()).due_ms > Date.now() - 60_000;
    await waitFor(isPutOff, { what: 'it is tried again later' });
  });
});
