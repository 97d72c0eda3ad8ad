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
const rate = {
  tickets: fc.integer({ min: 1, max: 4 }),
  windowMs: fc.integer({ min: 1, max: 30 }).map((minutes) => minutes * MINUTE),
};
const plain: fc.Arbitrary<Capacity> = fc.record(rate);
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
/** Rates that follow each other, with gaps, once around the day; the last one over midnight. */
const timed: fc.Arbitrary<Capacity> = fc
  .record({
    plain,
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/New_York'),
    cuts: fc.uniqueArray(fc.nat(1_439), { minLength: 2, maxLength: 8 }),
    rates: fc.array(plain, { minLength: 4, maxLength: 4 }),
    days: fc.subarray(EVERY_DAY, { minLength: 1 }),
  })
  .map(({ plain, timeZone, cuts, rates, days }) => {
    const sorted = cuts.toSorted((a, b) => a - b);
    const spans = sorted.flatMap((from, n) => {
      const [to = sorted[0] ?? 0, own] = [sorted[n + 1], rates[n / 2]];
      return own === undefined ? [] : [{ ...own, days, from: clock(from), to: clock(to) }];
    });
    return { ...plain, timed: { timeZone, rates: spans } };
  });
const capacities = fc.oneof(plain, timed);

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

/** What one window holds, found by filling it. */
function ticketsAt(capacity: Capacity, slotMs: number): number {
  for (let count = 1; ; count++) {
    if (firstFree(capacity, new Map([[slotMs, count]]), slotMs) !== slotMs) return count;
  }
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
        for (const [slotMs, count] of windows) assert.ok(count <= ticketsAt(capacity, slotMs));
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

  test('is that of the time of the week, by the clock of the vendor', () => {
    const rush = { days: [5, 6], from: '18:00', to: '22:00', tickets: 2, windowMs: 10 * MINUTE };
    const night = { days: [6], from: '22:00', to: '02:00', tickets: 3, windowMs: 60 * MINUTE };
    const capacity: Capacity = {
      ...{ tickets: 5, windowMs: 15 * MINUTE },
      timed: { timeZone: 'Asia/Kathmandu', rates: [rush, night] },
    };
    // Kathmandu is 5:45 ahead; 2026-06-05 is a Friday.
    const at = (text: string): number => Date.parse(`2026-06-${text}+05:45`);
    const held = (text: string): [number, number] => {
      const slotMs = windowOf(capacity, at(text));
      return [ticketsAt(capacity, slotMs), (at(text) - slotMs) / MINUTE];
    };
    assert.deepEqual(held('05T17:59'), [5, 14], 'the usual, by the clock');
    assert.deepEqual(held('05T18:00'), [2, 0]);
    assert.deepEqual(held('05T18:19'), [2, 9]);
    assert.deepEqual(held('05T22:00'), [5, 0], 'Friday night has no rate of its own');
    assert.deepEqual(held('06T22:30'), [3, 30]);
    assert.deepEqual(held('07T01:59'), [3, 59], 'a night goes on over midnight');
    assert.deepEqual(held('07T02:00'), [5, 0]);
    assert.deepEqual(held('07T19:00'), [5, 0], 'Sunday');
    // What is full before the rush goes into it, at its own rate.
    const usual = windowOf(capacity, at('05T17:50'));
    assert.equal(firstFree(capacity, new Map([[usual, 5]]), at('05T17:50')), at('05T18:00'));
    const full = new Map([
      [usual, 5],
      [at('05T18:00'), 2],
      [at('05T18:10'), 1],
    ]);
    assert.equal(firstFree(capacity, full, at('05T17:50')), at('05T18:10'));
  });

  test('keeps its windows when clocks change', () => {
    const at = (text: string): number => Date.parse(`2026-${text}Z`);
    const rates = [
      { days: [7], from: '01:30', to: '02:30', tickets: 1, windowMs: 30 * MINUTE },
      { days: [7], from: '02:30', to: '04:00', tickets: 2, windowMs: 30 * MINUTE },
    ];
    const capacity: Capacity = {
      ...{ tickets: 9, windowMs: 30 * MINUTE },
      timed: { timeZone: 'Europe/Berlin', rates },
    };
    const held = (from: number, count: number): number[] =>
      Array.from({ length: count }, (_, n) => {
        const slotMs = from + n * 30 * MINUTE;
        assert.equal(windowOf(capacity, slotMs + 29 * MINUTE), slotMs);
        return ticketsAt(capacity, slotMs);
      });
    // 02:00 to 03:00 is skipped: 02:30 counts as 03:30, and 04:00 comes half an hour after it.
    assert.deepEqual(held(at('03-29T00:00'), 5), [9, 1, 1, 2, 9]);
    // 02:00 to 03:00 comes twice: 02:30 counts as the first, and 04:00 is two and a half hours later.
    assert.deepEqual(held(at('10-24T23:00'), 9), [9, 1, 1, 2, 2, 2, 2, 2, 9]);
  });

  test('counts each time to one window, that of its own beginning', () => {
    const minutes = fc.integer({ min: 0, max: 370 * 24 * 60 });
    fc.assert(
      fc.property(capacities, minutes, (capacity, minute) => {
        const atMs = NOW + minute * MINUTE;
        const slotMs = windowOf(capacity, atMs);
        assert.ok(slotMs <= atMs);
        assert.equal(windowOf(capacity, slotMs), slotMs);
        assert.equal(firstFree(capacity, new Map(), atMs), atMs);
        const full = new Map([[slotMs, 1_000]]);
        const nextMs = firstFree(capacity, full, atMs) ?? 0;
        assert.equal(windowOf(capacity, nextMs), nextMs);
        assert.equal(windowOf(capacity, nextMs - 1), slotMs, 'the next window, none left out');
      }),
      { numRuns: 400 },
    );
  });
});
