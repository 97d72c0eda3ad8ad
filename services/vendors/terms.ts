/** On which terms a vendor takes an order at a time: pure, over its row. */
import type { VendorTerms, VendorTermsQuery } from '../../contracts/api/vendor-terms.ts';
import { opennessAt } from '../../contracts/opening-hours.ts';
import { delivers } from './delivery-area.ts';
import type { VendorRow } from './queries.ts';

export function termsOf(
  row: VendorRow,
  currency: string | null,
  { atMs, dropoff }: VendorTermsQuery,
): VendorTerms {
  const place = { lat: row.lat_e7 / 1e7, lon: row.lon_e7 / 1e7 };
  const { time_zone: timeZone, hours, special_days: specialDays } = row;
  const pausedUntilMs = row.pause_until_ms;
  const paused = row.pause_reason !== null && (pausedUntilMs === null || pausedUntilMs > atMs);
  const usualMs = atMs + row.prepare_seconds * 1_000;
  const throttledUntilMs = row.throttled_until_ms;
  return {
    vendor: row.id,
    account: row.account,
    name: row.name,
    kind: row.kind,
    place,
    timeZone,
    currency,
    pickupNote: row.pickup_note,
    approved: row.state === 'approved',
    ...opennessAt({ timeZone, hours, specialDays }, atMs),
    paused,
    pauseReason: paused ? row.pause_reason : null,
    pausedUntilMs: paused ? pausedUntilMs : null,
    delivers: dropoff === undefined || delivers(row.area, row.area_cells, place, dropoff),
    area: row.area,
    throttledUntilMs:
      throttledUntilMs !== null && throttledUntilMs > usualMs ? throttledUntilMs : null,
    prepareSeconds: row.prepare_seconds,
    minOrderMinor: row.min_order_minor,
    fees: { serviceBasisPoints: row.service_fee_basis_points },
    version: row.version,
  };
}
