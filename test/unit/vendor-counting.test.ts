/** Sums of a vendor's business: each fact once, in the hour of the vendor's clock. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newId } from '../../contracts/ids.ts';
import type { TicketChanged } from '../../contracts/messages/kitchen.ts';
import type { OrderChanged } from '../../contracts/messages/orders.ts';
import { dateText } from '../../contracts/opening-hours.ts';
import {
  type Fact,
  factsOfOrder,
  factsOfTicket,
  firstOfEach,
  sumUp,
} from '../../services/vendors/counting.ts';

const VENDOR = newId('vendor');
const PLACED = Date.parse('2026-03-28T23:30:00Z');

function order(state: OrderChanged['state'], id = newId('order')): OrderChanged {
  return {
    ...{ type: 'order.changed', order: id, account: newId('account'), customer: newId('user') },
    ...{ vendor: VENDOR, delivery: newId('delivery'), state, atMs: PLACED + 3_600_000 },
    ...{ goodsMinor: 2_000, tipMinor: 100, placedMs: PLACED },
    lines: [
      { product: 'a', quantity: 2 },
      { product: 'b', quantity: 1 },
      { product: 'a', quantity: 1 },
    ],
  };
}

function ticket(state: TicketChanged['state'], readyMs: number, estimateMs: number): TicketChanged {
  return {
    ...{ type: 'ticket.changed', ticket: newId('ticket'), order: newId('order'), vendor: VENDOR },
    ...{ state, readyMs, delayed: false, reason: null, atMs: readyMs, version: 3, estimateMs },
  };
}

describe('the sums of a vendor', () => {
  test('count an order where it was placed, by the clock of the vendor', () => {
    const facts = [...factsOfOrder(order('placed')), ...factsOfOrder(order('delivered'))];
    const { hours, products } = sumUp(facts, new Map([[VENDOR, 'Europe/Berlin']]));
    const [sums] = hours;
    assert.equal(hours.length, 1);
    assert.deepEqual([dateText(sums?.day ?? 0), sums?.hour], ['2026-03-29', 0]);
    assert.deepEqual(
      [sums?.orders, sums?.delivered, sums?.revenue_minor, sums?.tips_minor],
      [1, 1, 2_000, 100],
    );
    assert.deepEqual(
      products.map(({ product, orders, quantity }) => [product, orders, quantity]),
      [
        ['a', 1, 3],
        ['b', 1, 1],
      ],
    );
  });

  test('are the same whatever is told twice, in whatever batches', () => {
    const states = ['placed', 'accepted', 'delivered', 'cancelled'] as const;
    const ids = Array.from({ length: 5 }, () => newId('order'));
    const events = fc.array(fc.tuple(fc.constantFrom(...ids), fc.constantFrom(...states)), {
      maxLength: 40,
    });
    const zones = new Map([[VENDOR, 'UTC']]);
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 10 }), (told, size) => {
        const counted = new Set<string>();
        let orders = 0;
        let ended = 0;
        for (let from = 0; from < told.length; from += size) {
          const batch = told.slice(from, from + size);
          const facts = firstOfEach(batch.flatMap(([id, state]) => factsOfOrder(order(state, id))));
          const fresh = facts.filter((fact: Fact) => !counted.has(`${fact.order} ${fact.fact}`));
          for (const fact of fresh) counted.add(`${fact.order} ${fact.fact}`);
          for (const sums of sumUp(fresh, zones).hours) {
            orders += sums.orders;
            ended += sums.delivered + sums.cancelled;
          }
        }
        const of = (kinds: readonly string[]): number =>
          new Set(told.filter(([, state]) => kinds.includes(state)).map(([id]) => id)).size;
        assert.deepEqual([orders, ended], [of(['placed']), of(['delivered', 'cancelled'])]);
      }),
    );
  });

  test('measure what was ready against what was promised', () => {
    const facts = [
      ...factsOfTicket(ticket('ready', PLACED + 90_000, PLACED)),
      ...factsOfTicket(ticket('ready', PLACED - 30_000, PLACED)),
      ...factsOfTicket(ticket('accepted', PLACED, PLACED)),
      ...factsOfTicket(ticket('rejected', PLACED, PLACED)),
    ];
    const [sums] = sumUp(facts, new Map([[VENDOR, 'UTC']])).hours;
    assert.deepEqual(
      [sums?.tickets, sums?.late, sums?.rejected, sums?.error_ms, sums?.absolute_error_ms],
      [2, 1, 1, 60_000, 120_000],
    );
  });
});
