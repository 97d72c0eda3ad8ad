/** The terms on which a vendor takes an order: at its time, for its door. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import { cellsOf } from '../../services/vendors/delivery-area.ts';
import { columnsOf } from '../../services/vendors/profile.ts';
import { VendorRow } from '../../services/vendors/queries.ts';
import { termsOf } from '../../services/vendors/terms.ts';

const PLACE = { lat: 52.52, lon: 13.4 };
const NOON = Date.parse('2026-06-01T10:00:00Z');
const HOUR = 3_600_000;
const AREA = { radiusMeters: 2_000 };

function row(change: Partial<VendorRow> = {}): VendorRow {
  return Object.assign(new VendorRow(), {
    ...{ id: newId('vendor'), account: newId('account'), name: 'Ramen', kind: 'restaurant' },
    ...{ lat_e7: PLACE.lat * 1e7, lon_e7: PLACE.lon * 1e7, time_zone: 'Europe/Berlin' },
    ...{ hours: [{ days: [1], from: '11:00', to: '14:00' }], special_days: [], state: 'approved' },
    ...{ prepare_seconds: 600, min_order_minor: 1_500, service_fee_basis_points: null },
    ...{ area: AREA, area_cells: cellsOf(AREA, PLACE), version: 3, pickup_note: null },
    ...{ pause_reason: null, pause_until_ms: null, throttled_until_ms: null },
    ...change,
  });
}

describe('the terms of a vendor', () => {
  test('say until when it is open, or when next', () => {
    const open = termsOf(row(), 'EUR', { vendor: '', atMs: NOON });
    assert.deepEqual([open.open, open.closesAtMs], [true, NOON + 2 * HOUR]);
    const closed = termsOf(row(), 'EUR', { vendor: '', atMs: NOON + 2 * HOUR });
    assert.deepEqual([closed.open, closed.opensAtMs], [false, NOON + 7 * 24 * HOUR - HOUR]);
    assert.deepEqual([open.currency, open.minOrderMinor, open.version], ['EUR', 1_500, 3]);
  });

  test('tell a pause by the time of the order', () => {
    const paused = row({ pause_reason: 'oven', pause_until_ms: NOON + HOUR });
    const now = termsOf(paused, 'EUR', { vendor: '', atMs: NOON });
    assert.deepEqual([now.paused, now.pauseReason, now.pausedUntilMs], [true, 'oven', NOON + HOUR]);
    assert.equal(termsOf(paused, 'EUR', { vendor: '', atMs: NOON + HOUR }).paused, false);
    const endless = termsOf(row({ pause_reason: 'oven' }), 'EUR', { vendor: '', atMs: NOON });
    assert.deepEqual([endless.paused, endless.pausedUntilMs], [true, null]);
  });

  test('tell a full kitchen only while the usual order would meet it', () => {
    const full = row({ throttled_until_ms: NOON + HOUR });
    const at = (atMs: number): number | null =>
      termsOf(full, 'EUR', { vendor: '', atMs }).throttledUntilMs;
    assert.deepEqual([at(NOON), at(NOON + HOUR - 600_000)], [NOON + HOUR, null]);
  });

  test('say whether it delivers there, and not without being approved', () => {
    const at = (lat: number): boolean =>
      termsOf(row(), 'EUR', { vendor: '', atMs: NOON, dropoff: { lat, lon: PLACE.lon } }).delivers;
    assert.deepEqual([at(PLACE.lat + 0.017), at(PLACE.lat + 0.019)], [true, false]);
    const states = (['pending', 'approved', 'suspended'] as const).map(
      (state) => termsOf(row({ state }), 'EUR', { vendor: '', atMs: NOON }).approved,
    );
    assert.deepEqual(states, [false, true, false]);
  });
});

describe('the profile of a vendor', () => {
  test('keeps what is not named, and takes away what is null', () => {
    assert.deepEqual(columnsOf({}, PLACE), {});
    assert.deepEqual(columnsOf({ priceBand: null, area: null, name: 'New' }, PLACE), {
      name: 'New',
      price_band: null,
      area: null,
      area_cells: null,
    });
  });

  test('names each special day once', () => {
    const openings: [] = [];
    const days = [
      { date: '2026-12-24', until: '2026-12-26', openings },
      { date: '2026-12-27', openings },
    ];
    assert.deepEqual(columnsOf({ specialDays: days }, PLACE), { special_days: days });
    const twice = [...days, { date: '2026-12-26', openings }];
    assert.throws(() => columnsOf({ specialDays: twice }, PLACE), /invalid/i);
  });
});
