/** Creating and reading vendors. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type {
  Opening,
  Vendor,
  VendorCreate,
  VendorList,
  VendorQuery,
} from '../../contracts/api/vendors.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { pointE7 } from '../../contracts/geo.ts';
import { newId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import { type Call, requireUser } from '../../platform/service.ts';
import { isTimeZone } from '../../platform/times.ts';
import * as queries from './queries.ts';

const ALWAYS_OPEN: Opening = { days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' };
const PREPARE_SECONDS_DEFAULT = 600;

/** A vendor belongs to the caller's account; ops may name another one. */
export async function create(
  database: Database,
  params: VendorCreate,
  call: Call,
): Promise<Vendor> {
  const user = requireUser(call);
  if (params.account !== undefined && user.role !== 'ops' && params.account !== user.account) {
    throw new WaggleError('auth.forbidden');
  }
  if (!isTimeZone(params.timeZone)) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/timeZone', expected: 'an IANA time zone such as Europe/Berlin' },
    ]);
  }
  const { latE7, lonE7 } = pointE7(params.place.lat, params.place.lon);
  const row = await queries.insertVendor(database.knex, {
    id: newId('vendor'),
    account: params.account ?? user.account,
    name: params.name,
    lat_e7: latE7,
    lon_e7: lonE7,
    time_zone: params.timeZone,
    hours: params.hours ?? [ALWAYS_OPEN],
    prepare_seconds: params.prepareSeconds ?? PREPARE_SECONDS_DEFAULT,
    pickup_note: params.pickupNote ?? null,
    phone: params.phone ?? null,
  });
  return queries.vendorView(row);
}

export async function get(database: Database, id: string): Promise<Vendor> {
  const row = await queries.vendorById(database.knex, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  return queries.vendorView(row);
}

export async function list(database: Database, params: VendorQuery): Promise<VendorList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const after = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const filter = { account: params.account, after };
  const page = pageOf(await queries.listVendors(database.knex, filter, limit + 1), limit);
  return { items: page.rows.map(queries.vendorView), next: page.next };
}
