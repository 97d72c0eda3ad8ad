/** Whether a vendor takes an order, by its terms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VendorTerms } from '../../contracts/api/vendor-terms.ts';
import { newId } from '../../contracts/ids.ts';
import { checkVendor } from '../../services/orders/carts/vendor-rules.ts';

const PLACE = { lat: 52.5, lon: 13.4 };
const TERMS: VendorTerms = {
  ...{ vendor: newId('vendor'), account: newId('account'), name: 'V', kind: 'restaurant' },
  ...{ place: PLACE, timeZone: 'UTC', currency: 'EUR', pickupNote: null, approved: true },
  ...{ open: true, opensAtMs: null, closesAtMs: 10_000 },
  ...{ paused: false, pauseReason: null, pausedUntilMs: null },
  ...{ delivers: true, area: null, throttledUntilMs: null, prepareSeconds: 1 },
  ...{ minOrderMinor: 0, fees: { serviceBasisPoints: null }, version: 1 },
};
const WANTED = { atMs: 1_000, readyMs: 2_000, dropoff: PLACE, at: '', dropoffField: '/dropoff' };

const codeOf = (terms: Partial<VendorTerms>, wanted: Partial<typeof WANTED> = {}): string => {
  try {
    checkVendor({ ...TERMS, ...terms }, { ...WANTED, ...wanted });
    return 'taken';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test('a vendor that is approved, open and near takes an order', () => {
  assert.equal(codeOf({}), 'taken');
  assert.equal(codeOf({ approved: false }), 'vendor.not_approved');
  assert.equal(codeOf({ open: false, closesAtMs: null }), 'vendor.closed');
});

test('terms that are remembered end when they said they would', () => {
  assert.equal(codeOf({}, { atMs: 10_000 }), 'vendor.closed');
  const paused = { paused: true, pauseReason: 'fire', pausedUntilMs: 5_000 };
  assert.equal(codeOf(paused), 'vendor.paused');
  assert.equal(codeOf({ ...paused, pausedUntilMs: null }), 'vendor.paused');
  assert.equal(codeOf(paused, { atMs: 5_000 }), 'taken');
});

test('a full kitchen takes what is wanted later', () => {
  const full = { throttledUntilMs: 3_000 };
  assert.equal(codeOf(full), 'vendor.busy');
  assert.equal(codeOf(full, { readyMs: 3_000 }), 'taken');
});

test('the area is where the vendor drew it, to the metre', () => {
  const far = { lat: 52.5, lon: 13.42 };
  const near = { lat: 52.5, lon: 13.401 };
  const circle = { area: { radiusMeters: 1_000 } };
  assert.equal(codeOf(circle, { dropoff: far }), 'vendor.out_of_reach');
  assert.equal(codeOf(circle, { dropoff: near }), 'taken');
  const ring = [
    [13.39, 52.49],
    [13.41, 52.49],
    [13.41, 52.51],
    [13.39, 52.51],
    [13.39, 52.49],
  ];
  const drawn = { area: { polygon: { type: 'Polygon' as const, coordinates: [ring] } } };
  assert.equal(codeOf(drawn as Partial<VendorTerms>, { dropoff: far }), 'vendor.out_of_reach');
  assert.equal(codeOf(drawn as Partial<VendorTerms>, { dropoff: near }), 'taken');
});
