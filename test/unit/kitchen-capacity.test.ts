/** Capacity: no window is promised more than it holds, and nothing is put off beyond the limit. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newId, type OrderId } from '../../contracts/ids.ts';
import type { KitchenAsked } from '../../contracts/messages/kitchen.ts';
import { type AnsweringWorld, answer } from '../../services/kitchen/answering.ts';
import {
  type Capacity,
  firstFree,
  PUT_OFF_MS_MAX,
  promiseFor,
  takenOf,
  windowOf,
} from '../../services/kitchen/capacity.ts';
import type { Ticket } from '../../services/kitchen/ticket.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const VENDOR = newId('vendor');
const capacities: fc.Arbitrary<Capacity> = fc.record({
  tickets: fc.integer({ min: 1, max: 4 }),
  windowMs: fc.integer({ min: 1, max: 30 }).map((minutes) => minutes * MINUTE),
});

function world(capacity: Capacity): AnsweringWorld {
  const settings = new Map([[VENDOR, { autoAccept: true, capacity }]]);
  const taken = new Map([[VENDOR, new Map<number, number>()]]);
  return { tickets: new Map(), settings, taken, nowMs: NOW, newTicketId: () => newId('ticket') };
}

function open(order: OrderId, wantedReadyMs: number): KitchenAsked {
  const account = newId('account');
  const times = { placedMs: NOW, wantedReadyMs, answerByMs: NOW + 5 * MINUTE };
  return { type: 'ticket.open', order, account, vendor: VENDOR, lines: [], ...times };
}

describe('the capacity of a kitchen', () => {
  test('is never exceeded by itself, whatever is opened and cancelled', () => {
    const orders = Array.from({ length: 30 }, () => newId('order'));
    const asked: fc.Arbitrary<KitchenAsked> = fc
      .tuple(fc.constantFrom(...orders), fc.nat({ max: 90 }), fc.integer({ min: 0, max: 3 }))
      .map(([order, minutes, dice]) =>
        dice === 0
          ? { type: 'ticket.cancel', order, reason: 'called off' }
          : open(order, NOW + minutes * MINUTE),
      );
    fc.assert(
      fc.property(capacities, fc.array(asked, { maxLength: 80 }), (capacity, all) => {
        const started = world(capacity);
        const known = new Map<OrderId, Ticket>();
        for (let from = 0; from < all.length; from += 7) {
          const batch = all.slice(from, from + 7);
          for (const ticket of answer({ ...started, tickets: known }, batch).changed) {
            known.set(ticket.order, ticket);
          }
        }
        const windows = new Map<number, number>();
        for (const { state, readyMs, slotMs, wantedReadyMs, reason } of known.values()) {
          if (state === 'rejected') assert.equal(reason?.code, 'too_busy');
          if (state !== 'accepted' || readyMs === null || slotMs === null) continue;
          assert.equal(slotMs, windowOf(capacity, readyMs));
          assert.ok(readyMs >= wantedReadyMs && readyMs <= wantedReadyMs + PUT_OFF_MS_MAX);
          windows.set(slotMs, (windows.get(slotMs) ?? 0) + 1);
        }
        for (const count of windows.values()) assert.ok(count <= capacity.tickets);
        const kept = [...(started.taken.get(VENDOR) ?? [])].filter(([, count]) => count > 0);
        assert.deepEqual(new Map(kept), windows);
      }),
    );
  });

  test('puts off to the beginning of the next free window, and beyond the limit refuses', () => {
    const capacity = { tickets: 1, windowMs: 15 * MINUTE };
    const first = windowOf(capacity, NOW);
    const full = new Map([0, 1, 2].map((n) => [first + n * capacity.windowMs, 1]));
    assert.equal(promiseFor(capacity, full, first), first + 45 * MINUTE);
    full.set(first + 45 * MINUTE, 1);
    assert.equal(promiseFor(capacity, full, first), null);
    assert.equal(firstFree(capacity, full, first), first + 60 * MINUTE);
    assert.equal(promiseFor(capacity, full, first + 61 * MINUTE), first + 61 * MINUTE);
  });

  test('counts what was taken when windows had another length', () => {
    const counts = [0, 10, 20].map((minutes) => ({ slotMs: NOW + minutes * MINUTE, count: 2 }));
    const taken = takenOf({ tickets: 9, windowMs: 30 * MINUTE }, counts);
    assert.equal(
      [...taken.values()].reduce((sum, count) => sum + count, 0),
      6,
    );
  });
});
