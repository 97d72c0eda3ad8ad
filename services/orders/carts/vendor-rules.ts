/** Whether a vendor takes an order: pure, over its terms. */
import type { VendorTerms } from '../../../contracts/api/vendor-terms.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import {
  type GeoPolygon,
  haversineMeters,
  pointE7,
  polygonContains,
} from '../../../contracts/geo.ts';
import { timeText } from '../../../platform/times.ts';

interface Point {
  readonly lat: number;
  readonly lon: number;
}

export interface Wanted {
  /** Zone ms: when the vendor has to work on it. */
  readonly atMs: number;
  /** When it would be ready. */
  readonly readyMs: number;
  readonly dropoff: Point;
  /** JSON Pointers of the cart and of the drop-off in the request. */
  readonly at: string;
  readonly dropoffField: string;
}

/** Throws what keeps the vendor from taking it; the first of them. */
export function checkVendor(terms: VendorTerms, wanted: Wanted): void {
  const { atMs, readyMs, at } = wanted;
  const field = `${at}/vendor`;
  const refuse = (code: 'not_approved' | 'closed' | 'paused' | 'busy', expected: string): never => {
    throw new WaggleError(`vendor.${code}`, undefined, [{ field, expected }]);
  };
  if (!terms.approved) refuse('not_approved', 'a vendor that ops has approved');
  if (terms.paused && isBefore(atMs, terms.pausedUntilMs)) {
    refuse('paused', again('a vendor that takes orders', terms.pausedUntilMs));
  }
  if (!terms.open || !isBefore(atMs, terms.closesAtMs)) {
    refuse('closed', again('a vendor that is open', terms.opensAtMs));
  }
  if (terms.throttledUntilMs !== null && readyMs < terms.throttledUntilMs) {
    refuse('busy', again('a vendor with a free kitchen', terms.throttledUntilMs));
  }
  if (!reaches(terms, wanted.dropoff)) {
    throw new WaggleError('vendor.out_of_reach', undefined, [
      { field: wanted.dropoffField, expected: 'a place in the delivery area of the vendor' },
    ]);
  }
}

/** Null: no end is known. */
function isBefore(atMs: number, endMs: number | null): boolean {
  return endMs === null || atMs < endMs;
}

function again(expected: string, fromMs: number | null): string {
  return fromMs === null ? expected : `${expected}; again from ${timeText(fromMs)}`;
}

/** Exact, as the vendor drew it. */
function reaches({ area, place }: VendorTerms, to: Point): boolean {
  if (area === null) return true;
  if ('polygon' in area) return polygonContains(area.polygon as GeoPolygon, to.lat, to.lon);
  const meters = haversineMeters(pointE7(place.lat, place.lon), pointE7(to.lat, to.lon));
  return meters <= area.radiusMeters;
}
