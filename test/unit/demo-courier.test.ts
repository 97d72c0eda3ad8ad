/** A courier's body: it drives, waits, hands over, and turns around when its plan changes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Stop } from '../../contracts/events.ts';
import type { DeliveryId } from '../../contracts/ids.ts';
import { appDeed, Courier } from '../../demo/courier.ts';
import type { CourierManners } from '../../demo/scenario.ts';
import { metersBetween } from '../../demo/travel.ts';

const MINUTE = 60_000;
const SPEED = { foot: 1e4, bicycle: 1e4, ebike: 1e4, scooter: 1e4, car: 1e4, van: 1e4 };
const MANNERS: CourierManners = {
  speedMmps: SPEED,
  detourPerMille: 1000,
  travelStepMs: MINUTE,
  pickupServiceMs: 4 * MINUTE,
  dropoffServiceMs: 2 * MINUTE,
  answerMsMin: 0,
  answerMsMax: 0,
  declinePerMille: 0,
  ignorePerMille: 0,
  wanders: false,
};
const HOME = { lat: 0, lon: 0 };
/** About 590 m north: one minute at ten metres a second, rounded up. */
const NEAR_E7 = 53_000;

function stop(id: string, kind: Stop['kind'], delivery: string, latE7: number): Stop {
  return { id, kind, delivery, latE7, lonE7: 0, cell: 0, arrived: false };
}

function courier(readyMs: (delivery: DeliveryId) => number = () => 0): Courier {
  return new Courier({ at: HOME, vehicle: 'car', manners: MANNERS, readyMs });
}

function kinds(deeds: readonly { kind: string; delivery: string }[]): string[] {
  return deeds.map(({ kind, delivery }) => `${kind} ${delivery}`);
}

describe('a courier', () => {
  it('drives, serves half before and half after the pickup, and drops off', () => {
    const body = courier();
    body.plan([stop('s1', 'pickup', 'd1', NEAR_E7), stop('s2', 'dropoff', 'd1', 0)], 0);
    assert.deepEqual(kinds(body.advance(0)), []);
    assert.equal(body.dueMs, MINUTE);
    assert.deepEqual(kinds(body.advance(MINUTE)), ['arrived d1']);
    assert.deepEqual(kinds(body.advance(3 * MINUTE - 1)), []);
    assert.deepEqual(kinds(body.advance(3 * MINUTE)), ['picked_up d1']);
    assert.deepEqual(kinds(body.advance(6 * MINUTE)), ['arrived d1']);
    assert.deepEqual(kinds(body.advance(7 * MINUTE)), ['delivered d1']);
    body.advance(8 * MINUTE);
    assert.equal(body.isIdle, true);
    assert.equal(body.dueMs, Number.POSITIVE_INFINITY);
  });

  it('keeps to the times of its day however late it is asked', () => {
    const body = courier();
    body.plan([stop('s1', 'pickup', 'd1', NEAR_E7), stop('s2', 'dropoff', 'd1', 0)], 0);
    body.advance(0);
    assert.deepEqual(kinds(body.advance(60 * MINUTE)), [
      'arrived d1',
      'picked_up d1',
      'arrived d1',
      'delivered d1',
    ]);
  });

  it('waits at the vendor until the food is ready', () => {
    const body = courier(() => 30 * MINUTE);
    body.plan([stop('s1', 'pickup', 'd1', NEAR_E7)], 0);
    assert.deepEqual(kinds(body.advance(29 * MINUTE)), []);
    assert.deepEqual(kinds(body.advance(29 * MINUTE)), []);
    body.advance(29 * MINUTE);
    assert.deepEqual(kinds(body.advance(40 * MINUTE)).at(-1), 'picked_up d1');
  });

  it('passes the service time once for two parcels at one door', () => {
    const body = courier();
    body.plan([stop('s1', 'pickup', 'd1', NEAR_E7), stop('s2', 'pickup', 'd2', NEAR_E7)], 0);
    body.advance(0);
    assert.deepEqual(kinds(body.advance(3 * MINUTE)), [
      'arrived d1',
      'picked_up d1',
      'arrived d2',
      'picked_up d2',
    ]);
  });

  it('turns around where it is when another stop comes first', () => {
    const body = courier();
    body.plan([stop('s1', 'pickup', 'd1', 10 * NEAR_E7)], 0);
    body.advance(0);
    body.plan([stop('s9', 'pickup', 'd9', -NEAR_E7)], 5 * MINUTE);
    const { at } = body.position(5 * MINUTE);
    assert.ok(metersBetween(at, HOME) > 2_000, 'it has come some way');
    assert.deepEqual(kinds(body.advance(5 * MINUTE)), []);
    assert.ok(body.dueMs > 6 * MINUTE, 'the way back is longer than from home');
  });

  it('stands still when its only delivery is taken away', () => {
    const body = courier();
    body.plan([stop('s1', 'pickup', 'd1', NEAR_E7)], 0);
    body.advance(0);
    body.plan([], MINUTE / 2);
    assert.deepEqual(body.advance(10 * MINUTE), []);
    assert.equal(body.isIdle, true);
  });

  it('does not repeat a stop that the plan still shows', () => {
    const body = courier();
    const plan = [stop('s1', 'pickup', 'd1', NEAR_E7)];
    body.plan(plan, 0);
    body.advance(0);
    body.advance(5 * MINUTE);
    body.plan(plan, 6 * MINUTE);
    assert.deepEqual(body.advance(60 * MINUTE), []);
  });

  describe('whose customer does not come to the door', () => {
    const opening = (opensMs: number): Courier => {
      const start = { at: HOME, vehicle: 'car', manners: MANNERS, readyMs: () => 0 } as const;
      const body = new Courier({ ...start, opensMs: () => opensMs });
      body.plan([stop('s1', 'dropoff', 'd1', NEAR_E7)], 0);
      body.advance(0);
      assert.deepEqual(kinds(body.advance(MINUTE)), ['arrived d1']);
      return body;
    };

    it('rings, calls, writes, and hands over when somebody comes', () => {
      const body = opening(3.5 * MINUTE);
      const tried = body.advance(4 * MINUTE).map((deed) => deed.tried);
      assert.deepEqual(tried, ['rang', 'called', 'messaged']);
      assert.deepEqual(kinds(body.advance(4.5 * MINUTE)), ['delivered d1']);
    });

    it('gives up when the zone lets it, not before, and brings the parcel back', () => {
      const body = opening(Number.POSITIVE_INFINITY);
      assert.deepEqual(kinds(body.advance(2 * MINUTE)), ['unreachable d1']);
      body.waitsUntil([{ delivery: 'd1', untilMs: 3.5 * MINUTE }]);
      assert.deepEqual(kinds(body.advance(3 * MINUTE)), ['unreachable d1']);
      const [last] = body.advance(3.5 * MINUTE);
      assert.ok(last);
      assert.deepEqual(appDeed(last), {
        ...{ kind: 'undeliverable', delivery: 'd1' },
        ...{ code: 'customer_unreachable', fault: 'customer' },
      });
      body.plan([stop('s2', 'return', 'd1', 0)], 4 * MINUTE);
      assert.deepEqual(kinds(body.advance(20 * MINUTE)), ['arrived d1', 'returned d1']);
    });
  });
});
