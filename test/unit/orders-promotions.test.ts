/** Promotions: when they may be used, and that limits hold whatever comes at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  grantUses,
  type PromotionTerms,
  promotionProblem,
  type UseWanted,
  useKey,
} from '../../services/orders/promotions/promotion-rules.ts';

const TERMS: PromotionTerms = {
  ...{ id: 'p', discount: { kind: 'free_delivery' }, min_goods_minor: 1_000 },
  ...{ starts_ms: 100, ends_ms: 200, ended: false },
  ...{ uses_max: 5, uses_per_customer_max: 2, uses: 0 },
};
const USE = { nowMs: 150, goodsMinor: 1_000, usedByCustomer: 0 };

test('a promotion counts within its window, for enough goods, while something is left', () => {
  assert.equal(promotionProblem(TERMS, USE), null);
  assert.match(promotionProblem(undefined, USE) ?? '', /known/);
  assert.match(promotionProblem({ ...TERMS, ended: true }, USE) ?? '', /known/);
  assert.match(promotionProblem(TERMS, { ...USE, nowMs: 99 }) ?? '', /begun/);
  assert.match(promotionProblem(TERMS, { ...USE, nowMs: 200 }) ?? '', /expired/);
  assert.match(promotionProblem(TERMS, { ...USE, goodsMinor: 999 }) ?? '', /1000/);
  assert.match(promotionProblem({ ...TERMS, uses: 5 }, USE) ?? '', /used up/);
  assert.match(promotionProblem(TERMS, { ...USE, usedByCustomer: 2 }) ?? '', /you have/);
});

const use = fc.record({
  promotion: fc.constantFrom('p', 'q', 'unknown'),
  customer: fc.constantFrom('a', 'b', 'c'),
  order: fc.uuid(),
  at: fc.constant('/carts/0'),
});
const limit = fc.option(fc.integer({ min: 1, max: 6 }));

test('limits hold whatever is wanted at once; a checkout gets all of its uses or none', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(use, { maxLength: 4 }), { maxLength: 12 }),
      limit,
      limit,
      fc.integer({ min: 0, max: 6 }),
      (groups, usesMax, perCustomerMax, usesBefore) => {
        const of = (id: string): PromotionTerms => ({
          ...{ ...TERMS, id, uses: usesBefore },
          ...{ uses_max: usesMax, uses_per_customer_max: perCustomerMax },
        });
        const promotions = new Map([of('p'), of('q')].map((each) => [each.id, each]));
        const used = new Map([[useKey('p', 'a'), 1]]);
        const outcomes = grantUses(groups as UseWanted[][], promotions, used);
        for (const [group, unfit] of outcomes) assert.ok(unfit === null || group.includes(unfit));
        const granted = new Set([...outcomes.keys()].filter((group) => !outcomes.get(group)));
        for (const group of groups) if (group.length === 0) assert.ok(granted.has(group as never));
        const all = [...granted].flat();
        assert.ok(all.every(({ promotion }) => promotion !== 'unknown'));
        for (const id of ['p', 'q']) {
          const own = all.filter(({ promotion }) => promotion === id);
          if (usesMax !== null && own.length > 0) assert.ok(usesBefore + own.length <= usesMax);
          for (const customer of ['a', 'b', 'c']) {
            const byCustomer = own.filter((each) => each.customer === customer).length;
            const before = used.get(useKey(id, customer)) ?? 0;
            if (perCustomerMax !== null && byCustomer > 0) {
              assert.ok(before + byCustomer <= perCustomerMax);
            }
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});
