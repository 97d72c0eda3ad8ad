/** From what people say of a vendor to the columns of its row, and what is wrong with it. Pure. */
import type { VendorCreate } from '../../contracts/api/vendors.ts';
import { type FieldProblem, WaggleError } from '../../contracts/errors.ts';
import { pointE7 } from '../../contracts/geo.ts';
import { firstOverlap } from '../../contracts/opening-hours.ts';
import { isTimeZone } from '../../platform/times.ts';
import { cellsOf, type LatLon } from './delivery-area.ts';
import type { VendorColumns } from './queries.ts';

/** Null takes a part away; left out, it stays. */
export type ProfileParts = {
  readonly [K in keyof Omit<VendorCreate, 'account'>]?: VendorCreate[K] | null | undefined;
};

/** Columns for the parts that are given. `place`: where it is, or will be. Throws `request.invalid`. */
export function columnsOf(parts: ProfileParts, place: LatLon): Partial<VendorColumns> {
  check(parts);
  const columns: { [K in keyof VendorColumns]?: VendorColumns[K] | undefined } = {
    name: parts.name ?? undefined,
    time_zone: parts.timeZone ?? undefined,
    hours: parts.hours ?? undefined,
    prepare_seconds: parts.prepareSeconds ?? undefined,
    pickup_note: parts.pickupNote,
    phone: parts.phone,
    kind: parts.kind ?? undefined,
    description: parts.description ?? undefined,
    cuisines: parts.cuisines ?? undefined,
    tags: parts.tags ?? undefined,
    price_band: parts.priceBand,
    image_url: parts.imageUrl,
    special_days: parts.specialDays ?? undefined,
    min_order_minor: parts.minOrderMinor ?? undefined,
    service_fee_basis_points: parts.serviceFeeBasisPoints,
    capacity: parts.capacity,
    auto_accept: parts.autoAccept ?? undefined,
    ...placeColumns(parts.place),
    ...areaColumns(parts.area, place),
  };
  const given = Object.entries(columns).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<VendorColumns>;
}

function placeColumns(place: LatLon | null | undefined): Partial<VendorColumns> {
  if (place === undefined || place === null) return {};
  const { latE7, lonE7 } = pointE7(place.lat, place.lon);
  return { lat_e7: latE7, lon_e7: lonE7 };
}

function areaColumns(area: ProfileParts['area'], place: LatLon): Partial<VendorColumns> {
  if (area === undefined) return {};
  return { area, area_cells: area === null ? null : cellsOf(area, place) };
}

function check({ timeZone, specialDays, capacity }: ProfileParts): void {
  const problems: FieldProblem[] = [];
  if (timeZone !== undefined && timeZone !== null && !isTimeZone(timeZone)) {
    problems.push({ field: '/timeZone', expected: 'an IANA time zone such as Europe/Berlin' });
  }
  for (const [index, { date, until }] of (specialDays ?? []).entries()) {
    const field = `/specialDays/${index}`;
    if (until !== undefined && until < date) {
      problems.push({ field: `${field}/until`, expected: 'not before its date' });
    }
    const isTaken = specialDays
      ?.slice(0, index)
      .some((other) => date <= (other.until ?? other.date) && other.date <= (until ?? date));
    if (isTaken) problems.push({ field: `${field}/date`, expected: 'no day that is named twice' });
  }
  const overlap = firstOverlap(capacity?.windows ?? []);
  if (overlap !== undefined) {
    const field = `/capacity/windows/${overlap}`;
    problems.push({ field, expected: 'no time that another window has' });
  }
  if (problems.length > 0) throw new WaggleError('request.invalid', undefined, problems);
}
