/** The kitchen's part in the saga, on real streams and tables. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { newId, type OrderId } from '../../contracts/ids.ts';
import {
  KITCHEN_REQUESTS,
  KITCHEN_STREAM,
  type KitchenAsked,
  type TicketChanged,
  type TicketOpen,
} from '../../contracts/messages/kitchen.ts';
import type { OrderChanged } from '../../contracts/messages/orders.ts';
import { openDatabase } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { connectRedis } from '../../platform/redis.ts';
import { followOrders, followRequests } from '../../services/kitchen/following.ts';
import { createEventPublisher } from '../support/event-publisher.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Stack, withStack } from './business-stack.ts';

const scope = sharedScope();

describe('the kitchen', () => {
  let stack: Stack;
  let redis: Redis;

  before(async () => {
    stack = await withStack(scope, ['kitchen']);
    redis = connectRedis(stack.config.redis.url, 'kitchen-test');
    scope.after(() => redis.disconnect());
  });

  const ask = async (...asked: KitchenAsked[]): Promise<void> => {
    const key = `${stack.config.redis.keyPrefix}${KITCHEN_REQUESTS}`;
    const stream = createEventPublisher({ redis, key, entriesMax: 100_000 });
    for (const event of asked) {
      await stream.publish({ id: newId('event'), correlation: null, event });
    }
  };
  const heard = async (order?: OrderId): Promise<TicketChanged[]> => {
    const key = `${stack.config.redis.keyPrefix}${KITCHEN_STREAM}`;
    const entries = await redis.xrange(key, '-', '+');
    return entries
      .map(([, fields]) => JSON.parse(fields[1] ?? '') as EventEntry<TicketChanged>)
      .map(({ event }) => event)
      .filter((event) => order === undefined || event.order === order);
  };

  test('accepts what is opened and answers again when asked again', async () => {
    const opened = open();
    await ask(opened, opened);
    const told = await waitFor(async () => {
      const events = await heard(opened.order);
      return events.length === 2 && events;
    });
    assert.deepEqual(
      told.map(({ state, readyMs, version }) => [state, readyMs, version]),
      Array(2).fill(['accepted', opened.wantedReadyMs, told[0]?.version]),
    );
    assert.equal(told[0]?.ticket, told[1]?.ticket);
  });

  test('a cancel that comes first stops the ticket', async () => {
    const opened = open();
    await ask({ type: 'ticket.cancel', order: opened.order, reason: 'called off' }, opened);
    const told = await waitFor(async () => {
      const events = await heard(opened.order);
      return events.length === 2 && events;
    });
    assert.deepEqual(
      told.map(({ state, vendor, version }) => [state, vendor, version]),
      [
        ['cancelled', told[0]?.vendor, 1],
        ['cancelled', opened.vendor, 2],
      ],
    );
  });

  test('hundreds of orders at once are all answered once', async () => {
    const all = Array.from({ length: 500 }, open);
    const before = (await heard()).length;
    await ask(...all);
    const told = await waitFor(
      async () => {
        const events = (await heard()).slice(before);
        return events.length === all.length && events;
      },
      { timeoutMs: 20_000 },
    );
    assert.equal(new Set(told.map(({ order }) => order)).size, all.length);
  });

  test('a batch costs a handful of statements, however many orders it has', async () => {
    const database = openDatabase('kitchen', stack.config.database.kitchen);
    scope.after(() => database.close());
    let asked = 0;
    database.knex.on('query', () => asked++);
    const statements = async (count: number): Promise<number> => {
      const entries = Array.from({ length: count }, () => ({
        ...{ id: newId('event'), correlation: null, event: open() },
      }));
      asked = 0;
      await database.transaction((trx) => followRequests(trx, entries, Date.now()));
      return asked;
    };
    await statements(1);
    const few = await statements(2);
    assert.equal(await statements(200), few);
    assert.ok(few <= 10, String(few));
  });

  test('two processes that meet at one order leave one ticket, and the later one asks again', async () => {
    const database = openDatabase('kitchen', stack.config.database.kitchen);
    scope.after(() => database.close());
    const opened = open();
    const { order } = opened;
    const requests: KitchenAsked[] = [
      opened,
      { type: 'ticket.cancel', order, reason: 'called off' },
    ];
    const handle = (event: KitchenAsked): Promise<void> =>
      database.transaction((trx) =>
        followRequests(trx, [{ id: newId('event'), correlation: null, event }], Date.now()),
      );
    const first = await Promise.allSettled(requests.map(handle));
    const refused = requests.filter((_event, n) => first[n]?.status === 'rejected');
    for (const event of refused) await handle(event);
    const tickets = await database.knex('tickets').where({ order_id: order });
    assert.deepEqual(
      tickets.map(({ state, vendor }) => [state, vendor]),
      [['cancelled', opened.vendor]],
    );
  });

  test('an order leaves the board once, however often it and its ticket are told', async () => {
    const database = openDatabase('kitchen', stack.config.database.kitchen);
    scope.after(() => database.close());
    const opened = open();
    const { order, vendor } = opened;
    const request = { id: newId('event'), correlation: null, event: opened };
    const left = (['on_the_way', 'delivered'] as const).map((state, n) => ({
      ...{ id: newId('event'), correlation: null },
      event: orderChanged({ order, vendor, state, atMs: 1_000 + n }),
    }));
    const boards: number[] = [];
    for (let time = 0; time < 2; time++) {
      await database.transaction((trx) => followRequests(trx, [request, request], Date.now()));
      boards.push((await database.knex('live').where({ order_id: order })).length);
      for (const entries of [left.slice(0, 1), left]) {
        await database.transaction((trx) => followOrders(trx, entries));
      }
    }
    assert.deepEqual(boards, [1, 0]);
    const collected = await database.knex('collected').where({ order_id: order });
    assert.deepEqual(
      collected.map(({ at_ms }) => at_ms),
      [1_000],
    );
  });
});

function orderChanged(
  change: Pick<OrderChanged, 'order' | 'vendor' | 'state' | 'atMs'>,
): OrderChanged {
  const customer = newId('user');
  const base = { account: newId('account'), customer, delivery: newId('delivery') };
  return { type: 'order.changed', ...base, ...change };
}

function open(): TicketOpen {
  const nowMs = Date.now();
  return {
    type: 'ticket.open',
    order: newId('order'),
    account: newId('account'),
    vendor: newId('vendor'),
    lines: [{ product: newId('product'), name: 'Ramen', quantity: 2, details: [] }],
    placedMs: nowMs,
    wantedReadyMs: nowMs + 600_000,
    answerByMs: nowMs + 300_000,
  };
}
