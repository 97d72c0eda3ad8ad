/** What a cart costs adds up, is never negative, and does not depend on the order of its lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Discount,
  type GoodsLine,
  type Price,
  type PriceTerms,
  priceCart,
} from '../../services/orders/carts/pricing.ts';

const TERMS: PriceTerms = {
  taxInclusive: false,
  taxPerMillion: { food: 88_750, drink: 200_000 },
  feeTaxClass: null,
  deliveryFeeMinor: 299,
  serviceFeeBasisPoints: 1_000,
  serviceFeeMinMinor: 50,
  serviceFeeMaxMinor: 400,
  smallOrderBelowMinor: 1_000,
  smallOrderFeeMinor: 200,
};
const NOTHING = { discount: null, tipMinor: 0 } as const;
const line = (goodsMinor: number, taxClass = 'food', key = 'a'): GoodsLine => ({
  ...{ key, goodsMinor, taxClass },
});

test('tax comes on top where prices are without it, rounded half up per line', () => {
  const price = priceCart([line(1_000), line(200, 'drink', 'b')], TERMS, NOTHING);
  // 88.75 and 40.
  assert.deepEqual(price.taxes, [
    { taxClass: 'drink', perMillion: 200_000, taxMinor: 40 },
    { taxClass: 'food', perMillion: 88_750, taxMinor: 89 },
  ]);
  assert.deepEqual([price.serviceFeeMinor, price.smallOrderFeeMinor], [120, 0]);
  assert.equal(price.totalMinor, 1_200 + 299 + 120 + 129);
});

test('contained tax is shown and not added', () => {
  const terms = { ...TERMS, taxInclusive: true, taxPerMillion: { food: 190_000 } };
  const price = priceCart([line(1_190)], terms, NOTHING);
  assert.deepEqual([price.taxMinor, price.totalMinor], [190, 1_190 + 299 + 119]);
});

test('fees are taxed by their class where the market has one; a tip never is', () => {
  const terms = { ...TERMS, feeTaxClass: 'drink', serviceFeeBasisPoints: 0, serviceFeeMinMinor: 0 };
  const price = priceCart([line(1_000, 'none')], terms, { discount: null, tipMinor: 500 });
  assert.deepEqual([price.taxMinor, price.totalMinor], [60, 1_000 + 299 + 60 + 500]);
});

test('a discount is spread over the lines before tax, to the last unit', () => {
  const discount: Discount = { kind: 'amount', amountMinor: 100 };
  const lines = [line(100, 'food', 'a'), line(100, 'food', 'b'), line(100, 'food', 'c')];
  const price = priceCart(lines, TERMS, { discount, tipMinor: 0 });
  assert.deepEqual(
    price.lines.map(({ discountMinor }) => discountMinor),
    [34, 33, 33],
  );
});

test('percent has its limit, an amount never exceeds the goods, free delivery spares the fee', () => {
  const goods = [line(5_000)];
  const of = (discount: Discount): Price => priceCart(goods, TERMS, { discount, tipMinor: 0 });
  assert.equal(of({ kind: 'percent', basisPoints: 2_000, maxMinor: null }).discountMinor, 1_000);
  assert.equal(of({ kind: 'percent', basisPoints: 2_000, maxMinor: 300 }).discountMinor, 300);
  assert.equal(of({ kind: 'amount', amountMinor: 9_999 }).discountMinor, 5_000);
  const free = of({ kind: 'free_delivery' });
  assert.deepEqual([free.discountMinor, free.deliveryDiscountMinor], [0, 299]);
});

const CLASSES = ['food', 'drink', 'none'] as const;
const anyLine = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  goodsMinor: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 10_000_000 })),
});
/** Equal keys are the same product: the class goes with the key. */
const anyLines = fc
  .array(anyLine, { minLength: 1, maxLength: 12 })
  .map((lines) =>
    lines.map((each) => ({ ...each, taxClass: CLASSES[each.key.charCodeAt(0) % 3] ?? 'none' })),
  );
const amount = fc.integer({ min: 0, max: 100_000 });
const rate = fc.integer({ min: 0, max: 1_000_000 });
const anyTerms: fc.Arbitrary<PriceTerms> = fc.record({
  taxInclusive: fc.boolean(),
  taxPerMillion: fc.record({ food: rate, drink: rate }),
  feeTaxClass: fc.constantFrom('food', 'drink', null),
  deliveryFeeMinor: amount,
  serviceFeeBasisPoints: fc.integer({ min: 0, max: 10_000 }),
  serviceFeeMinMinor: fc.integer({ min: 0, max: 500 }),
  serviceFeeMaxMinor: fc.integer({ min: 500, max: 100_000 }),
  smallOrderBelowMinor: amount,
  smallOrderFeeMinor: amount,
});
const anyDiscount: fc.Arbitrary<Discount | null> = fc.oneof(
  fc.constant(null),
  fc.constant({ kind: 'free_delivery' as const }),
  fc.record({ kind: fc.constant('amount' as const), amountMinor: amount }),
  fc.record({
    kind: fc.constant('percent' as const),
    basisPoints: fc.integer({ min: 1, max: 10_000 }),
    maxMinor: fc.option(amount),
  }),
);
const anyExtras = fc.record({ discount: anyDiscount, tipMinor: amount });
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

test('any cart: parts are not negative whole numbers and add up to the total', () => {
  fc.assert(
    fc.property(anyLines, anyTerms, anyExtras, (lines, terms, extras) => {
      const price = priceCart(lines, terms, extras);
      const { lines: priced, taxes, taxInclusive, ...amounts } = price;
      const all = [...Object.values(amounts), ...priced.flatMap((each) => Object.values(each))];
      assert.ok(all.every((value) => Number.isSafeInteger(value) && value >= 0));
      assert.ok(price.discountMinor <= price.goodsMinor);
      assert.ok(priced.every((each) => each.discountMinor <= each.goodsMinor));
      assert.equal(sum(priced.map(({ discountMinor }) => discountMinor)), price.discountMinor);
      assert.equal(sum(priced.map(({ goodsMinor }) => goodsMinor)), price.goodsMinor);
      assert.equal(sum(taxes.map(({ taxMinor }) => taxMinor)), price.taxMinor);
      assert.ok(sum(priced.map(({ taxMinor }) => taxMinor)) <= price.taxMinor);
      assert.equal(
        price.totalMinor,
        price.goodsMinor -
          price.discountMinor +
          price.deliveryFeeMinor -
          price.deliveryDiscountMinor +
          price.serviceFeeMinor +
          price.smallOrderFeeMinor +
          (taxInclusive ? 0 : price.taxMinor) +
          price.tipMinor,
      );
    }),
    { numRuns: 500 },
  );
});

test('the same cart costs the same, whatever the order of its lines', () => {
  fc.assert(
    fc.property(
      anyLines.chain((lines) =>
        fc.tuple(fc.constant(lines), fc.shuffledSubarray(lines, { minLength: lines.length })),
      ),
      anyTerms,
      anyExtras,
      ([lines, shuffled], terms, extras) => {
        const { lines: _one, ...one } = priceCart(lines, terms, extras);
        const { lines: _other, ...other } = priceCart(shuffled, terms, extras);
        assert.deepEqual(one, other);
      },
    ),
    { numRuns: 500 },
  );
});
