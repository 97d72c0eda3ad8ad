/** The fraud rules: what each finds, and what the sum of the scores decides. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FraudFacts, type FraudPolicy, judge } from '../../services/orders/fraud/rules.ts';

const POLICY: FraudPolicy = {
  ordersPerHourMax: 10,
  amountMinorMax: 100_000,
  reviewScore: 60,
  refuseScore: 100,
};
const HARMLESS: FraudFacts = {
  ordersByCustomer: 1,
  ordersToAddress: 2,
  customersAtAddress: 1,
  earlierOrders: 5,
  nearEarlier: true,
  usualMinor: 2_000,
  amountMinor: 2_500,
  blocked: [],
};

const found = (change: Partial<FraudFacts>, policy: Partial<FraudPolicy> = {}): unknown[] => {
  const { outcome, findings } = judge({ ...HARMLESS, ...change }, { ...POLICY, ...policy });
  return [outcome, ...findings.map(({ rule }) => rule)];
};

test('an order like the others passes, and so does the first one', () => {
  assert.deepEqual(found({}), ['allow']);
  const first = { earlierOrders: 0, nearEarlier: null, usualMinor: null, ordersByCustomer: 0 };
  assert.deepEqual(found(first), ['allow']);
});

test('many orders of one customer are noted, more are reviewed', () => {
  assert.deepEqual(found({ ordersByCustomer: 10 }), ['allow', 'velocity_customer']);
  assert.deepEqual(found({ ordersByCustomer: 14 }), ['review', 'velocity_customer']);
  assert.deepEqual(found({ ordersByCustomer: 40 }, { ordersPerHourMax: 0 }), ['allow']);
});

test('many orders of many strangers to one doorstep are noted', () => {
  assert.deepEqual(found({ customersAtAddress: 5, ordersToAddress: 5 }), [
    'allow',
    'velocity_address',
  ]);
});

test('far from every earlier order and five times the usual amount: a person looks', () => {
  assert.deepEqual(found({ nearEarlier: false }), ['allow', 'address_mismatch']);
  assert.deepEqual(found({ nearEarlier: false, amountMinor: 10_000 }), [
    'review',
    'address_mismatch',
    'odd_amount',
  ]);
});

test('a large amount is reviewed; with another finding it is refused', () => {
  assert.deepEqual(found({ amountMinor: 100_000, usualMinor: 90_000 }), ['review', 'amount']);
  const both = { amountMinor: 100_000, usualMinor: 90_000, ordersByCustomer: 10 };
  assert.deepEqual(found(both), ['refuse', 'velocity_customer', 'amount']);
});

test('whoever is blocked is refused, and it says by what', () => {
  const { outcome, findings } = judge({ ...HARMLESS, blocked: ['phone', 'address'] }, POLICY);
  assert.deepEqual([outcome, findings[0]?.because], ['refuse', 'blocked: phone, address']);
});
