/** Creating and reading vendors, and the terms on which they take orders. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type { VendorTerms, VendorTermsQuery } from '../../contracts/api/vendor-terms.ts';
import type {
  Opening,
  Vendor,
  VendorCreate,
  VendorList,
  VendorQuery,
} from '../../contracts/api/vendors.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { pointE7 } from '../../contracts/geo.ts';
import { type AccountId, newId } from '../../contracts/ids.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database } from '../../platform/database.ts';
import { repeatable } from '../../platform/idempotency.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import { type Call, type Caller, requireSystem, seesAll } from '../../platform/service.ts';
import { columnsOf } from './profile.ts';
import * as queries from './queries.ts';
import { type CurrencyAt, tellVendors } from './telling.ts';
import { termsOf } from './terms.ts';

export interface VendorsDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
}

const ALWAYS_OPEN: Opening = { days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' };

/** Money of a vendor is that of the market it stands in, which may open after it. */
export async function currencies(deps: VendorsDeps): Promise<CurrencyAt> {
  const door = await deps.door();
  return ({ lat_e7, lon_e7 }) => door.zoneAt(lat_e7 / 1e7, lon_e7 / 1e7)?.currency ?? null;
}

/** Who keeps vendors: a person of an account, one of its API keys, or ops. */
export interface Keeper {
  readonly id: string;
  readonly account: AccountId;
  readonly isOps: boolean;
}

/** Throws `auth.forbidden` for everybody else. */
export function keeperOf({ caller }: Call): Keeper {
  if (caller.kind === 'api_key') return { id: caller.sub, account: caller.account, isOps: false };
  if (caller.kind !== 'user' || (caller.role !== 'vendor' && caller.role !== 'ops')) {
    throw new WaggleError('auth.forbidden');
  }
  return { id: caller.sub, account: caller.account, isOps: caller.role === 'ops' };
}

/** A vendor belongs to the caller's account; ops may name another one, and approves by making it. */
export async function create(deps: VendorsDeps, params: VendorCreate, call: Call): Promise<Vendor> {
  const keeper = keeperOf(call);
  const { isOps } = keeper;
  if (params.account !== undefined && !isOps && params.account !== keeper.account) {
    throw new WaggleError('auth.forbidden');
  }
  if (params.serviceFeeBasisPoints !== undefined && !isOps) throw new WaggleError('auth.forbidden');
  const { account, ...parts } = params;
  const { latE7, lonE7 } = pointE7(params.place.lat, params.place.lon);
  const vendor: queries.NewVendor = {
    hours: [ALWAYS_OPEN],
    prepare_seconds: PREPARE_SECONDS_DEFAULT,
    ...columnsOf(parts, params.place),
    id: newId('vendor'),
    account: account ?? keeper.account,
    name: params.name,
    lat_e7: latE7,
    lon_e7: lonE7,
    time_zone: params.timeZone,
    state: isOps ? 'approved' : 'pending',
  };
  const currencyAt = await currencies(deps);
  return repeatable(deps.database, call, ['vendor', params], async (trx) => {
    const row = await queries.insertVendor(trx, vendor);
    await queries.insertApproval(trx, row, keeper.id);
    await tellVendors(trx, [row], currencyAt, call.correlationId);
    return queries.vendorView(row, currencyAt(row));
  });
}

const PREPARE_SECONDS_DEFAULT = 600;

/** Others' vendors are there once ops has approved them. */
export function sees(caller: Caller, row: queries.VendorRow): boolean {
  return row.state === 'approved' || seesAll(caller) || accountOf(caller) === row.account;
}

function accountOf(caller: Caller): string | null {
  if (caller.kind === 'api_key') return caller.account;
  return caller.kind === 'user' && caller.role === 'vendor' ? caller.account : null;
}

export async function get(deps: VendorsDeps, id: string, call: Call): Promise<Vendor> {
  const row = await queries.vendorById(deps.database.knex, id);
  if (row === undefined || !sees(call.caller, row)) throw new WaggleError('resource.not_found');
  return queries.vendorView(row, (await currencies(deps))(row));
}

export async function list(
  deps: VendorsDeps,
  params: VendorQuery,
  call: Call,
): Promise<VendorList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const filter: queries.VendorFilter = {
    account: params.account,
    state: params.state,
    shownTo: seesAll(call.caller) ? undefined : accountOf(call.caller),
    after: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
  };
  const page = pageOf(await queries.listVendors(deps.database.knex, filter, limit + 1), limit);
  const currencyAt = await currencies(deps);
  const items = page.rows.map((row) => queries.vendorView(row, currencyAt(row)));
  return { items, next: page.next };
}

/** For placing an order: what holds at `atMs`. System callers only. */
export async function terms(
  deps: VendorsDeps,
  params: VendorTermsQuery,
  call: Call,
): Promise<VendorTerms> {
  requireSystem(call);
  const row = await queries.vendorById(deps.database.knex, params.vendor);
  if (row === undefined) throw new WaggleError('resource.not_found');
  return termsOf(row, (await currencies(deps))(row), params);
}
