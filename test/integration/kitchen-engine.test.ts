/** What a kitchen says, all the way: through the saga into the order's state and the engine's ready time. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Database, openDatabase } from '../../platform/database.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { BUSINESS, type Stack, withStack } from './business-stack.ts';
import { type City, expectOk, makeCity, placeOrder } from './city.ts';

const scope = sharedScope();

describe('a kitchen that answers by hand', () => {
  let stack: Stack;
  let city: City;
  let kitchen: Database;

  before(async () => {
    stack = await withStack(scope, [...BUSINESS, 'dispatch', 'api']);
    city = await makeCity(stack);
    const body = { autoAccept: false };
    expectOk(await stack.call('PATCH', `/vendors/${city.vendor}`, { token: city.ops, body }));
    kitchen = openDatabase('kitchen', stack.config.database.kitchen);
    scope.after(() => kitchen.close());
    await waitFor(
      () => kitchen.knex('vendors').where({ id: city.vendor, auto_accept: false }).first(),
      { what: 'the kitchen to hear that the vendor answers by hand' },
    );
  });

  const read = async (path: string): Promise<Record<string, unknown>> =>
    expectOk(await stack.call('GET', path, { token: city.ops }));
  const place = async (
    key: string,
  ): Promise<{ order: string; delivery: string; ticket: string }> => {
    const { id, delivery } = expectOk(await placeOrder(stack, city, key));
    const ticket = await waitFor(async () => {
      const { items } = await read(`/vendors/${city.vendor}/tickets?live=true`);
      return (items as { id: string; order: string }[]).find(({ order }) => order === id)?.id;
    });
    return { order: String(id), delivery: String(delivery), ticket };
  };
  const move = async (ticket: string, name: string, body: object = {}): Promise<unknown> => {
    const path = `/tickets/${ticket}/${name}`;
    return expectOk(await stack.call('POST', path, { token: city.ops, body })).readyAt;
  };
  const ticketOf = (order: unknown): Promise<Record<string, unknown>> =>
    waitFor(async () => {
      const { items } = await read(`/vendors/${city.vendor}/tickets`);
      return (items as Record<string, unknown>[]).find((ticket) => ticket.order === order);
    });
  const orderIs = (order: string, state: string): Promise<unknown> =>
    waitFor(async () => (await read(`/orders/${order}`)).state === state, {
      what: `the order to be ${state}`,
      timeoutMs: 10_000,
    });
  const deliveryReady = (delivery: string, readyAt: unknown): Promise<unknown> =>
    waitFor(async () => (await read(`/deliveries/${delivery}`)).readyAt === readyAt, {
      what: `the delivery to be ready at ${String(readyAt)}`,
      timeoutMs: 10_000,
    });

  test('moves the ready time of the delivery with each word, and the order with it', async () => {
    const { order, delivery, ticket } = await place('key-by-hand');
    assert.equal((await read(`/orders/${order}`)).state, 'placed');
    const accepted = await move(ticket, 'accept', { readyInSeconds: 1_200 });
    await orderIs(order, 'accepted');
    await deliveryReady(delivery, accepted);
    await move(ticket, 'start');
    await orderIs(order, 'preparing');
    const delayed = await move(ticket, 'delay', { readyInSeconds: 2_400 });
    await deliveryReady(delivery, delayed);
    const ready = await move(ticket, 'ready');
    await orderIs(order, 'ready');
    await deliveryReady(delivery, ready);
  });

  test('that rejects ends the order, by the fault of the vendor', async () => {
    const { order, ticket } = await place('key-rejected');
    await move(ticket, 'reject', { code: 'item_unavailable', text: 'no eggs' });
    await orderIs(order, 'cancelled');
    const { reason } = await read(`/orders/${order}`);
    assert.equal((reason as { fault: string }).fault, 'vendor');
  });

  test('that is full puts orders off, then ends them, then refuses them at the till', async () => {
    const { vendor, ops: token } = city;
    // Windows go by the clock: whenever this is, two more are within what may be put off.
    const capacity = { tickets: 1, windowSeconds: 1_200 };
    const body = { autoAccept: true, prepareSeconds: 30, capacity };
    expectOk(await stack.call('PATCH', `/vendors/${vendor}`, { token, body }));
    await waitFor(
      () => kitchen.knex('vendors').where({ id: vendor, capacity_tickets: 1 }).first(),
      { what: 'the kitchen to hear of its capacity' },
    );
    const first = await ticketOf(expectOk(await placeOrder(stack, city, 'key-full-0')).id);
    assert.equal(first.readyAt, first.wantedReadyAt);
    const placed = expectOk(await placeOrder(stack, city, 'key-full-1'));
    const second = await ticketOf(placed.id);
    assert.ok(String(second.readyAt) > String(second.wantedReadyAt));
    await deliveryReady(String(placed.delivery), second.readyAt);
    let tries = 1;
    const refused = await waitFor(
      async () => {
        const answer = await placeOrder(stack, city, `key-full-${++tries}`);
        if (answer.status !== 201) return answer;
        const ticket = await ticketOf(answer.body.id);
        if (ticket.state === 'rejected') await orderIs(String(answer.body.id), 'cancelled');
        return undefined;
      },
      { what: 'the till to know that the kitchen is full', timeoutMs: 20_000, intervalMs: 500 },
    );
    assert.deepEqual(refused.body.code, 'vendor.busy');
    assert.ok(tries >= 3);
  });
});
