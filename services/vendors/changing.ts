/** Changing vendors: one at a time under its row's lock, a version each, told as it is written. */
import type {
  VendorApprovals,
  VendorApprove,
  VendorChange,
  VendorPause,
} from '../../contracts/api/vendor-editing.ts';
import type { Vendor, VendorState } from '../../contracts/api/vendors.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { Transaction } from '../../platform/database.ts';
import type { Call } from '../../platform/service.ts';
import { parseTime } from '../../platform/times.ts';
import { columnsOf, type ProfileParts } from './profile.ts';
import * as queries from './queries.ts';
import { tellVendors } from './telling.ts';
import { currencies, keeperOf, type VendorsDeps } from './vendors.ts';

/** Where ops may move a vendor from its state. */
export const APPROVAL_MOVES: Readonly<Record<VendorState, readonly VendorState[]>> = {
  pending: ['approved', 'rejected'],
  approved: ['suspended'],
  rejected: ['approved'],
  suspended: ['approved', 'rejected'],
};

/** Changes parts of a vendor. Only its account and ops may; its service fee is ops' alone. */
export async function change(
  deps: VendorsDeps,
  { id, version, ...parts }: VendorChange,
  call: Call,
): Promise<Vendor> {
  const keeper = keeperOf(call);
  if (parts.serviceFeeBasisPoints !== undefined && !keeper.isOps) {
    throw new WaggleError('auth.forbidden');
  }
  return changeVendor(deps, id, call, async (trx, row) => {
    if (version !== undefined && version !== row.version) {
      const detail = `changed meanwhile: its version is ${row.version}`;
      throw new WaggleError('resource.changed', detail);
    }
    const wanted = columnsOf(withArea(parts, row), parts.place ?? placeOf(row));
    const columns = differing(row, wanted);
    const isAppeal = row.state === 'rejected' && !keeper.isOps;
    if (Object.keys(columns).length === 0 || !isAppeal) return columns;
    await queries.insertApproval(
      trx,
      { id: row.id, version: row.version + 1, state: 'pending', state_reason: null },
      keeper.id,
    );
    return { ...columns, state: 'pending', state_reason: null };
  });
}

/** Moves a vendor to another state; the same state again changes nothing. */
export async function approve(
  deps: VendorsDeps,
  { id, state, reason }: VendorApprove,
  call: Call,
): Promise<Vendor> {
  const { id: actor } = keeperOf(call);
  if (state !== 'approved' && reason === undefined) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/reason', expected: 'why, for the vendor to read' },
    ]);
  }
  return changeVendor(deps, id, call, async (trx, row) => {
    if (row.state === state) return {};
    if (!APPROVAL_MOVES[row.state].includes(state)) {
      throw new WaggleError('resource.conflict', `a ${row.state} vendor cannot become ${state}`);
    }
    const moved = { state, state_reason: reason ?? null };
    await queries.insertApproval(trx, { id: row.id, version: row.version + 1, ...moved }, actor);
    return moved;
  });
}

/** Who moved it from state to state, and why. */
export async function approvals(
  deps: VendorsDeps,
  id: string,
  call: Call,
): Promise<VendorApprovals> {
  const row = await queries.vendorById(deps.database.knex, id);
  if (row === undefined || !owns(call, row)) throw new WaggleError('resource.not_found');
  return { items: await queries.approvalsOf(deps.database.knex, id) };
}

/** Stops taking orders for a while. */
export async function pause(
  deps: VendorsDeps,
  { id, reason, until }: VendorPause,
  call: Call,
): Promise<Vendor> {
  const untilMs = until === undefined ? null : parseTime(until, '/until');
  const nowMs = (await deps.door()).clock.zoneMs();
  if (untilMs !== null && untilMs <= nowMs) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/until', expected: 'a time to come' },
    ]);
  }
  return changeVendor(deps, id, call, async (_trx, row) =>
    differing(row, { pause_reason: reason, pause_until_ms: untilMs }),
  );
}

export async function resume(deps: VendorsDeps, id: string, call: Call): Promise<Vendor> {
  return changeVendor(deps, id, call, async (_trx, row) =>
    differing(row, { pause_reason: null, pause_until_ms: null }),
  );
}

/** Whether the caller may change it; for everybody else it looks as if it did not exist. */
export function owns(call: Call, row: queries.VendorRow): boolean {
  const { isOps, account } = keeperOf(call);
  return isOps || account === row.account;
}

type Change = Partial<queries.VendorColumns>;

/** Locks, changes, tells. No columns: nothing changed, nothing is told. */
async function changeVendor(
  deps: VendorsDeps,
  id: string,
  call: Call,
  work: (trx: Transaction, row: queries.VendorRow) => Promise<Change>,
): Promise<Vendor> {
  const currencyAt = await currencies(deps);
  return deps.database.transaction(async (trx) => {
    const row = await queries.lockVendor(trx, id);
    if (row === undefined || !owns(call, row)) throw new WaggleError('resource.not_found');
    const columns = await work(trx, row);
    if (Object.keys(columns).length === 0) return queries.vendorView(row, currencyAt(row));
    const now = await queries.updateVendor(trx, row, columns);
    await tellVendors(trx, [now], currencyAt, call.correlationId);
    return queries.vendorView(now, currencyAt(now));
  });
}

function placeOf(row: queries.VendorRow): { readonly lat: number; readonly lon: number } {
  return { lat: row.lat_e7 / 1e7, lon: row.lon_e7 / 1e7 };
}

/** A radius goes where its vendor goes: its cells are reckoned anew. */
function withArea(parts: ProfileParts, { area }: queries.VendorRow): ProfileParts {
  const follows = parts.place != null && parts.area === undefined && area !== null;
  return follows && 'radiusMeters' in area ? { ...parts, area } : parts;
}

/** Only what is other than it was. */
function differing(row: queries.VendorRow, columns: Change): Change {
  const changed = Object.entries(columns).filter(
    ([name, value]) => canonical(value) !== canonical(row[name as keyof queries.VendorRow]),
  );
  return Object.fromEntries(changed) as Change;
}

/** JSON with sorted keys: Postgres keeps those of a document in an order of its own. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
