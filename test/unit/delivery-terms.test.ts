/** The price of a delivery and its times: bounds, steps and the shape of the curve. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type DeliveryPrice,
  defaultDeliveryPrice,
  deliveryFeeMinor,
  deliveryTimes,
  roadMeters,
  usualTerms,
} from '../../contracts/delivery-terms.ts';

const PRICE: DeliveryPrice = {
  baseMinor: 250,
  perKmMinor: 60,
  minMinor: 200,
  maxMinor: 1_000,
  freeKm: 2,
  kmMax: 25,
};

const prices = fc
  .record({
    baseMinor: fc.nat(1_000_000),
    perKmMinor: fc.nat(100_000),
    minMinor: fc.nat(1_000_000),
    above: fc.nat(1_000_000),
    freeKm: fc.nat(100),
    kmMax: fc.integer({ min: 1, max: 1_000 }),
  })
  .map(({ above, ...price }) => ({ ...price, maxMinor: price.minMinor + above }));

describe('the fee of a delivery', () => {
  it('is the base within the free kilometres, then grows by the metre and rounds up', () => {
    const fees = [0, 2_000, 2_001, 3_000, 4_500, 100_000];
    assert.deepEqual(
      fees.map((meters) => deliveryFeeMinor(PRICE, meters)),
      [250, 250, 251, 310, 400, 1_000],
    );
    assert.equal(deliveryFeeMinor({ ...PRICE, baseMinor: 0 }, 0), 200, 'never below the least');
  });

  it('is a whole number within its bounds and never falls with the distance', () => {
    fc.assert(
      fc.property(prices, fc.nat(1_000_000), fc.nat(100_000), (price, meters, more) => {
        const fee = deliveryFeeMinor(price, meters);
        assert.ok(Number.isSafeInteger(fee));
        assert.ok(fee >= price.minMinor && fee <= price.maxMinor);
        assert.ok(deliveryFeeMinor(price, meters + more) >= fee);
      }),
    );
  });

  it('has a usual price in every currency, of about the same worth', () => {
    assert.equal(defaultDeliveryPrice('EUR').baseMinor, 250);
    assert.equal(defaultDeliveryPrice('JPY').baseMinor, 250);
    assert.ok(defaultDeliveryPrice('KRW').baseMinor >= 2_500);
    assert.deepEqual(defaultDeliveryPrice('ZZZ'), defaultDeliveryPrice('USD'));
  });
});

describe('the times of a delivery', () => {
  const terms = usualTerms('EUR');

  it('begin when the parcel is ready, or when somebody can be there', () => {
    const nowMs = 1_800_000_000_000;
    const soon = deliveryTimes(terms, { meters: 1_000, nowMs, readyMs: nowMs });
    assert.equal(soon.pickupMs, nowMs + 480_000);
    const later = deliveryTimes(terms, { meters: 1_000, nowMs, readyMs: nowMs + 3_600_000 });
    assert.equal(later.pickupMs, nowMs + 3_600_000);
  });

  it('are whole minutes in order, later with the distance and with stretched promises', () => {
    const ms = fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 });
    fc.assert(
      fc.property(ms, fc.nat(86_400_000), fc.nat(50_000), fc.nat(90), (nowMs, inMs, far, late) => {
        const asked = { meters: roadMeters(terms, far), nowMs, readyMs: nowMs + inMs };
        const times = deliveryTimes(terms, asked, late * 60_000);
        assert.ok(times.pickupMs >= asked.readyMs && times.pickupMs % 60_000 === 0);
        assert.ok(times.dropoffFromMs % 60_000 === 0 && times.dropoffToMs % 60_000 === 0);
        assert.ok(times.dropoffFromMs >= nowMs && times.dropoffToMs > times.dropoffFromMs);
        const farther = deliveryTimes(terms, { ...asked, meters: asked.meters + 1_000 });
        assert.ok(farther.dropoffFromMs >= times.dropoffFromMs);
      }),
    );
  });
});
