import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DriverId } from '../../contracts/ids.ts';
import { assign } from '../../dispatch/core/matching/assignment.ts';
import { place, request, uuid, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld } from '../support/core-world.ts';

const DRIVERS = 5;
const DELIVERIES = 8;
const driver = fc.integer({ min: 1, max: DRIVERS });
const delivery = fc.integer({ min: 1, max: DELIVERIES });
const unit = fc.double({ min: 0, max: 1, noNaN: true });

type Act = (world: CoreWorld) => void;
const driverId = (n: number): DriverId => `drv_${uuid(n)}`;
const deliveryId = (n: number) => `del_${uuid(n)}`;

/** Any input, sensible or not, from anybody about anything. */
const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(driver, unit, unit).map(
    ([n, u, v]): Act =>
      (w) =>
        void w.join(n, place(u, v)),
  ),
  fc.tuple(driver, unit, unit).map(
    ([n, u, v]): Act =>
      (w) =>
        w.position(driverId(n), place(u, v)),
  ),
  fc.tuple(delivery, unit, unit, fc.integer({ min: 0, max: 1_200_000 })).map(
    ([n, u, v, ready]): Act =>
      (w) => {
        const wanted = request(n, { pickup: place(u, v), readyMs: w.nowMs + ready });
        w.command({ type: 'delivery.request', number: 1, request: wanted });
      },
  ),
  fc.tuple(delivery, fc.integer({ min: 1, max: 4 })).map(
    ([n, number]): Act =>
      (w) =>
        void w.command({
          type: 'delivery.cancel',
          number,
          delivery: deliveryId(n),
          code: 'cancelled_by_customer',
          fault: 'customer',
        }),
  ),
  fc.constant<Act>((w) => void w.round()),
  fc.constant<Act>((w) => void w.timer()),
  fc.integer({ min: 1, max: 600_000 }).map(
    (ms): Act =>
      (w) =>
        w.wait(ms),
  ),
  driver.map(
    (n): Act =>
      (w) => {
        const offer = w.zone.driver(driverId(n))?.offer;
        if (offer) w.act(driverId(n), { kind: 'accept', offer });
      },
  ),
  driver.map(
    (n): Act =>
      (w) => {
        const stop = w.zone.driver(driverId(n))?.plan.stops[0];
        if (!stop) return;
        const kind =
          stop.kind === 'pickup' ? 'picked_up' : stop.kind === 'return' ? 'returned' : 'delivered';
        w.act(driverId(n), { kind, delivery: stop.delivery });
      },
  ),
  fc.tuple(driver, delivery, fc.constantFrom('arrived', 'picked_up', 'delivered', 'returned')).map(
    ([n, d, kind]): Act =>
      (w) =>
        void w.act(driverId(n), { kind, delivery: deliveryId(d) }),
  ),
  fc.tuple(driver, delivery).map(
    ([n, d]): Act =>
      (w) =>
        void w.act(driverId(n), {
          kind: 'undeliverable',
          delivery: deliveryId(d),
          code: 'customer_unreachable',
          fault: 'customer',
        }),
  ),
  fc.tuple(driver, delivery).map(
    ([n, d]): Act =>
      (w) =>
        void w.act(driverId(n), { kind: 'unreachable', delivery: deliveryId(d), tried: 'rang' }),
  ),
  fc.tuple(driver, delivery).map(
    ([n, d]): Act =>
      (w) =>
        void w.act(driverId(n), { kind: 'give_back', delivery: deliveryId(d), reason: 'x' }),
  ),
  fc.tuple(driver, fc.constantFrom('off', 'on_break', 'last_job')).map(
    ([n, duty]): Act =>
      (w) =>
        void w.act(driverId(n), { kind: 'duty', duty }),
  ),
  fc.tuple(driver, fc.constantFrom('live', 'stale', 'suspended')).map(
    ([n, level]): Act =>
      (w) => {
        const slot = w.zone.driver(driverId(n))?.slot;
        if (slot !== undefined) w.input({ kind: 'silence', drivers: [{ slot, level }] });
      },
  ),
  fc.tuple(driver, fc.constantFrom('busy', 'vehicle', 'too_far')).map(
    ([n, reason]): Act =>
      (w) => {
        const offer = w.zone.driver(driverId(n))?.offer;
        if (offer) w.act(driverId(n), { kind: 'decline', offer, reason });
      },
  ),
  fc.constant<Act>((w) => void w.stalled()),
  fc.tuple(driver, fc.option(fc.integer({ min: 0, max: 900_000 })), unit, unit).map(
    ([n, ageMs, u, v]): Act =>
      (w) => {
        const record = w.zone.driver(driverId(n));
        const [next] = record?.plan.stops ?? [];
        if (!record || !next) return;
        const sinceMs = ageMs === null ? null : w.nowMs - ageMs;
        const slots = w.zone.drivers.flatMap((each) => (each ? [each.slot] : []));
        w.input({
          kind: 'stalled',
          fixes: [{ slot: record.slot, ...place(u, v), atMs: w.nowMs }],
          drivers: [{ slot: record.slot, stop: next.id, sinceMs }],
          candidates: record.plan.stops.map((stop) => [stop.delivery, slots] as const),
        });
      },
  ),
  fc
    .tuple(
      delivery,
      driver,
      fc.constantFrom(
        ...(['assign', 'unassign', 'hold', 'release', 'picked_up', 'delivered'] as const),
        'end_wait',
      ),
      fc.integer(),
    )
    .map(
      ([d, n, kind, salt]): Act =>
        (w) => {
          const verb = kind === 'assign' ? { kind, driver: driverId(n) } : { kind };
          w.command({
            type: 'delivery.ops',
            request: `r${salt}`,
            actor: 'ops',
            reason: 'x',
            delivery: deliveryId(d),
            verb,
          });
        },
    ),
  fc.tuple(driver, fc.integer({ min: 1, max: 9 }), fc.array(delivery, { maxLength: 2 })).map(
    ([n, session, holds]): Act =>
      (w) =>
        void w.command({
          type: 'driver.connected',
          driver: driverId(n),
          presence: { gateway: 'g', session },
          holds: holds.map(deliveryId),
        }),
  ),
  driver.map(
    (n): Act =>
      (w) =>
        void w.command({ type: 'driver.strayed', driver: driverId(n), to: `zon_${uuid(2)}` }),
  ),
  fc.constant<Act>((w) => w.restoreFromSnapshot()),
);

test('whatever comes in, the invariants hold, recovery gives the same state, and every delivery ends', () => {
  fc.assert(
    fc.property(
      fc.array(anyAct, { minLength: 20, maxLength: 120 }),
      fc.boolean(),
      fc.constantFrom(1, 3),
      fc.constantFrom(0, 60_000),
      (acts, autoAssign, broadcastMax, reassignGainMs) => {
        const policy = { autoAssign, broadcastMax, reassignGainMs, fairIdleMs: reassignGainMs };
        const world = new CoreWorld(zoneConfig(1, { ...policy, fairCostSeconds: 300 }));
        for (const act of acts) act(world);
        world.checkRecovery();
        // Time alone brings everything to an end.
        for (let n = 0; n < 6; n++) {
          world.wait(world.config.policy.aboardMsMax + world.config.policy.giveUpMs);
          world.timer();
        }
        assert.equal(world.zone.deliveries.size, 0);
        assert.equal(world.zone.offers.size, 0);
        world.checkRecovery();
      },
    ),
    { numRuns: 400, includeErrorInReport: true },
  );
});

test('the same inputs at the same times give the same events', () => {
  fc.assert(
    fc.property(fc.array(anyAct, { maxLength: 80 }), (acts) => {
      const [a, b] = [new CoreWorld(zoneConfig()), new CoreWorld(zoneConfig())];
      for (const act of acts) act(a);
      for (const act of acts) act(b);
      assert.deepEqual(a.log, b.log);
    }),
    { numRuns: 40 },
  );
});

test('the assignment is optimal: no other choice of pairs costs less', () => {
  const cost = fc.option(fc.integer({ min: -50, max: 100 }), { nil: null });
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 5 }))
    .chain(([rows, columns]) =>
      fc.tuple(
        fc.array(fc.array(cost, { minLength: columns, maxLength: columns }), {
          minLength: rows,
          maxLength: rows,
        }),
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: rows, maxLength: rows }),
      ),
    );
  fc.assert(
    fc.property(matrix, ([costs, stayOut]) => {
      const columns = costs[0]?.length ?? 0;
      const arcs = costs.map((row) =>
        row.flatMap((c, column) => (c === null ? [] : [{ column, cost: c }])),
      );
      const chosen = assign(arcs, stayOut, columns);
      const used = [...chosen].filter((column) => column >= 0);
      assert.equal(new Set(used).size, used.length, 'a column serves one row');
      const total = [...chosen].reduce(
        (sum, column, row) =>
          sum + (column < 0 ? (stayOut[row] ?? 0) : (costs[row]?.[column] ?? Number.NaN)),
        0,
      );
      assert.equal(total, cheapest(costs, stayOut, 0, 0));
    }),
    { numRuns: 500 },
  );
});

function cheapest(
  costs: (number | null)[][],
  stayOut: number[],
  row: number,
  used: number,
): number {
  if (row === costs.length) return 0;
  let best = (stayOut[row] ?? 0) + cheapest(costs, stayOut, row + 1, used);
  costs[row]?.forEach((c, column) => {
    if (c === null || used & (1 << column)) return;
    best = Math.min(best, c + cheapest(costs, stayOut, row + 1, used | (1 << column)));
  });
  return best;
}
