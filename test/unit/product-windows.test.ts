import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Opening } from '../../contracts/api/vendors.ts';
import { isOpenAt, wallTime } from '../../services/orders/carts/product-windows.ts';

const weekdays = [1, 2, 3, 4, 5];
const at = (text: string): number => Date.parse(text);
const isOpen = (windows: readonly Opening[], timeZone: string, atMs: number): boolean =>
  isOpenAt(windows, wallTime(timeZone, atMs));

describe('windows of sale', () => {
  test('are wall time in the zone of the vendor, through summer time', () => {
    const hours = [{ days: weekdays, from: '09:00', to: '17:00' }];
    // Wednesdays: 07:30 UTC is 08:30 in Berlin in winter, 09:30 in summer.
    assert.equal(isOpen(hours, 'Europe/Berlin', at('2026-01-14T07:30:00Z')), false);
    assert.equal(isOpen(hours, 'Europe/Berlin', at('2026-07-15T07:30:00Z')), true);
  });

  test('past midnight belong to the day before', () => {
    const hours = [{ days: [5], from: '18:00', to: '02:00' }];
    assert.equal(isOpen(hours, 'UTC', at('2026-01-16T23:00:00Z')), true);
    assert.equal(isOpen(hours, 'UTC', at('2026-01-17T01:00:00Z')), true);
    assert.equal(isOpen(hours, 'UTC', at('2026-01-16T01:00:00Z')), false);
    assert.equal(isOpen(hours, 'UTC', at('2026-01-17T02:00:00Z')), false);
  });

  test('with the same time twice mean all day', () => {
    const hours = [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' }];
    for (let hour = 0; hour < 24 * 7; hour++) {
      assert.ok(isOpen(hours, 'America/Bogota', at('2026-01-12T00:00:00Z') + hour * 3_600_000));
    }
  });
});
