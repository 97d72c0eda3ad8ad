/** What a batch of requests by stream becomes: numbered commands, no more than needed, in order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type DeliveryId, newId } from '../../contracts/ids.ts';
import type { DeliveryReadyAt, DeliveryUnwanted } from '../../contracts/messages/deliveries.ts';
import { commandsOf } from '../../services/deliveries/requests.ts';

const zone = newId('zone');
const A: DeliveryId = newId('delivery');
const B: DeliveryId = newId('delivery');

const row = (state = 'pending', last_command = 1) =>
  ({ state, zone, shard: 0, last_command }) as Parameters<typeof commandsOf>[1] extends ReadonlyMap<
    DeliveryId,
    infer R
  >
    ? R
    : never;
const ready = (id: DeliveryId, readyMs: number): DeliveryReadyAt => ({
  type: 'delivery.ready_at',
  id,
  readyMs,
});
const unwanted = (id: DeliveryId): DeliveryUnwanted => ({
  type: 'delivery.unwanted',
  id,
  code: 'cancelled_by_customer',
  fault: 'customer',
});

function told(
  events: readonly (DeliveryReadyAt | DeliveryUnwanted)[],
  rows = new Map([
    [A, row()],
    [B, row('assigned', 4)],
  ]),
  cancelled = new Set<DeliveryId>(),
): unknown[] {
  const steered = events.map((event) => ({ event, correlation: 'c' }));
  return commandsOf(steered, rows, cancelled).map(({ delivery, number, command }) => [
    delivery === A ? 'A' : 'B',
    number,
    command.type === 'delivery.ready' ? command.readyMs : command.type,
  ]);
}

describe('requests by stream', () => {
  it('become the next commands of each delivery; of several ready times the last one', () => {
    const events = [ready(A, 1), ready(B, 2), ready(A, 3), unwanted(A), unwanted(A), ready(A, 9)];
    assert.deepEqual(told(events), [
      ['A', 2, 3],
      ['A', 3, 'delivery.cancel'],
      ['B', 5, 2],
    ]);
  });

  it('change nothing of what is aboard, has ended, is unknown or is called off already', () => {
    for (const state of ['picked_up', 'at_dropoff', 'returning', 'delivered', 'failed']) {
      assert.deepEqual(told([ready(A, 1), unwanted(A)], new Map([[A, row(state)]])), []);
    }
    assert.deepEqual(told([unwanted(A)], new Map()), []);
    assert.deepEqual(told([unwanted(A), ready(A, 1)], new Map([[A, row()]]), new Set([A])), []);
  });

  it('are numbered without gaps, a cancel at most once and last', () => {
    const event = fc.tuple(fc.constantFrom(A, B), fc.boolean(), fc.nat(1_000));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (drawn) => {
        const events = drawn.map(([id, cancels, ms]) => (cancels ? unwanted(id) : ready(id, ms)));
        for (const [name, last] of [
          ['A', 1],
          ['B', 4],
        ] as const) {
          const own = (told(events) as [string, number, unknown][]).filter(([id]) => id === name);
          assert.deepEqual(
            own.map(([, number]) => number),
            own.map((_, index) => last + 1 + index),
          );
          const cancels = own.flatMap(([, , what], at) => (what === 'delivery.cancel' ? [at] : []));
          assert.ok(cancels.length === 0 || cancels[0] === own.length - 1);
        }
      }),
    );
  });
});
