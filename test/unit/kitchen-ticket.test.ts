/** Tickets: no illegal move, repeats change nothing, a cancel stands whatever comes after it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newId, type OrderId, type VendorId } from '../../contracts/ids.ts';
import {
  type KitchenAsked,
  REJECT_REASONS,
  type TicketOpen,
} from '../../contracts/messages/kitchen.ts';
import { type AnsweringWorld, answer } from '../../services/kitchen/answering.ts';
import {
  MOVES,
  type Move,
  moveTicket,
  openTicket,
  type Ticket,
} from '../../services/kitchen/ticket.ts';

const VENDOR = newId('vendor');
const NOW = 1_800_000_000_000;

function asked(order: OrderId = newId('order'), vendor: VendorId = VENDOR): TicketOpen {
  return {
    type: 'ticket.open',
    order,
    account: newId('account'),
    vendor,
    lines: [{ product: newId('product'), name: 'Ramen', quantity: 2, details: ['large'] }],
    placedMs: NOW,
    wantedReadyMs: NOW + 600_000,
    answerByMs: NOW + 300_000,
  };
}

function world(autoAccept?: boolean): AnsweringWorld {
  const settings = new Map(
    autoAccept === undefined ? [] : [[VENDOR, { autoAccept, capacity: null }]],
  );
  return {
    tickets: new Map(),
    settings,
    taken: new Map(),
    nowMs: NOW,
    newTicketId: () => newId('ticket'),
  };
}

const time = fc.integer({ min: 0, max: 7_200_000 }).map((ms) => NOW + ms);
const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant('accept' as const), readyMs: time, slotMs: fc.constant(null) }),
  fc.record({ kind: fc.constant('delay' as const), readyMs: time, slotMs: fc.constant(null) }),
  fc.record({ kind: fc.constant('reject' as const), code: fc.constantFrom(...REJECT_REASONS) }),
  fc.constant({ kind: 'start' as const }),
  fc.constant({ kind: 'ready' as const }),
  fc.constant({ kind: 'cancel' as const, reason: 'customer' }),
);

describe('a ticket', () => {
  test('moves only as its table says, by one version at a time, and never back in time', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(moves, time), { maxLength: 30 }), (deeds) => {
        let ticket: Ticket = openTicket(newId('ticket'), asked(), NOW);
        for (const [move, atMs] of deeds) {
          const moved = moveTicket(ticket, move, atMs);
          const legal = MOVES[ticket.state][move.kind];
          if (typeof moved === 'string') continue;
          assert.equal(moved.ticket.state, legal);
          assert.equal(moved.ticket.version, ticket.version + 1);
          assert.ok(moved.ticket.changedMs >= ticket.changedMs);
          assert.equal(moved.ticket.readyMs === null, moved.ticket.acceptedMs === null);
          assert.equal(moved.ticket.state === 'ready' && moved.ticket.doneMs === null, false);
          ticket = moved.ticket;
        }
      }),
    );
  });

  test('made twice, a move changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.array(moves, { maxLength: 6 }), moves, (before, move) => {
        let ticket: Ticket = openTicket(newId('ticket'), asked(), NOW);
        for (const earlier of [...before, move]) {
          const moved = moveTicket(ticket, earlier, NOW);
          if (typeof moved !== 'string') ticket = moved.ticket;
        }
        const again = moveTicket(ticket, move, NOW + 1);
        assert.equal(typeof again, 'string');
      }),
    );
  });

  test('says when the customer has to wait longer than was said before', () => {
    const open = openTicket(newId('ticket'), asked(), NOW);
    const step = (ticket: Ticket, move: Move, atMs = NOW): Ticket => {
      const moved = moveTicket(ticket, move, atMs);
      if (typeof moved === 'string') throw new Error(moved);
      return moved.ticket;
    };
    const accepted = step(open, { kind: 'accept', readyMs: NOW + 600_000, slotMs: null });
    assert.equal(accepted.delayed, false);
    const delayed = step(accepted, { kind: 'delay', readyMs: NOW + 900_000, slotMs: null });
    assert.deepEqual([delayed.delayed, delayed.estimateMs], [true, NOW + 600_000]);
    const ready = step(delayed, { kind: 'ready' }, NOW + 800_000);
    assert.deepEqual([ready.delayed, ready.readyMs], [false, NOW + 800_000]);
  });
});

describe('the kitchen', () => {
  test('accepts by itself with the wanted ready time unless the vendor said otherwise', () => {
    const states = [undefined, true, false].map((autoAccept) => {
      const [ticket] = answer(world(autoAccept), [asked()]).changed;
      return [ticket?.state, ticket?.readyMs];
    });
    const accepted = ['accepted', NOW + 600_000];
    assert.deepEqual(states, [accepted, accepted, ['open', null]]);
  });

  test('ends every order as its cancel says, whatever the order and the repeats', () => {
    const orders = Array.from({ length: 4 }, () => newId('order'));
    const requests: fc.Arbitrary<KitchenAsked> = fc
      .tuple(fc.constantFrom(...orders), fc.boolean())
      .map(([order, isOpen]) =>
        isOpen ? asked(order) : { type: 'ticket.cancel', order, reason: 'called off' },
      );
    fc.assert(
      fc.property(
        fc.array(requests, { maxLength: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (all, size) => {
          const known = new Map<OrderId, Ticket>();
          for (let from = 0; from < all.length; from += size) {
            const batch = all.slice(from, from + size);
            const { changed, told } = answer({ ...world(), tickets: known }, batch);
            assert.equal(told.length, batch.length);
            assert.equal(new Set(changed.map(({ order }) => order)).size, changed.length);
            for (const ticket of changed) {
              assert.ok(ticket.version > (known.get(ticket.order)?.version ?? 0));
              known.set(ticket.order, ticket);
            }
          }
          for (const order of orders) {
            const of = all.filter((request) => request.order === order);
            const isCancelled = of.some(({ type }) => type === 'ticket.cancel');
            const state = known.get(order)?.state;
            assert.equal(
              state,
              of.length === 0 ? undefined : isCancelled ? 'cancelled' : 'accepted',
            );
          }
        },
      ),
    );
  });

  test('tells the same again when asked again', () => {
    const open = asked();
    const { told } = answer(world(), [open, open]);
    assert.deepEqual(told[0]?.ticket, told[1]?.ticket);
  });
});
