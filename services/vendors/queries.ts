/** What the vendors service asks of its tables. */
import { Model, raw } from 'objection';
import { APPROVALS_MAX, type VendorApprovals } from '../../contracts/api/vendor-editing.ts';
import type {
  DeliveryArea,
  Opening,
  PrepareCapacity,
  SpecialDay,
  Vendor,
  VendorKind,
  VendorState,
} from '../../contracts/api/vendors.ts';
import type { AccountId, UserId, VendorId } from '../../contracts/ids.ts';
import type { VendorThrottle } from '../../contracts/messages/vendors.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { timeTextOrNull } from '../../platform/times.ts';

export class VendorRow extends Model {
  static override tableName = 'vendors';
  static override jsonAttributes = ['hours', 'special_days', 'area', 'capacity'];
  declare id: VendorId;
  declare account: AccountId;
  declare name: string;
  declare lat_e7: number;
  declare lon_e7: number;
  declare time_zone: string;
  declare hours: Opening[];
  declare prepare_seconds: number;
  declare pickup_note: string | null;
  declare phone: string | null;
  declare created_at: Date;
  declare version: number;
  declare kind: VendorKind;
  declare state: VendorState;
  declare state_reason: string | null;
  declare description: string;
  declare cuisines: string[];
  declare tags: string[];
  declare price_band: number | null;
  declare image_url: string | null;
  declare special_days: SpecialDay[];
  declare area: DeliveryArea | null;
  declare area_cells: string[] | null;
  declare min_order_minor: number;
  declare service_fee_basis_points: number | null;
  declare capacity: PrepareCapacity | null;
  declare auto_accept: boolean;
  declare pause_reason: string | null;
  /** Zone ms; null: until it says otherwise, or not paused. */
  declare pause_until_ms: number | null;
  /** Zone ms; the kitchen is full for what would be ready before then. */
  declare throttled_until_ms: number | null;
  declare throttle_version: number;
  declare rating_sum: number;
  declare rating_count: number;
  /** Of what others are told; grows with each event. */
  declare told_version: number;
  declare rating_untold: boolean;
}

type Facts = Pick<VendorRow, keyof VendorRow & string>;
/** Columns of a vendor that its people and ops set. */
export type VendorColumns = Omit<
  Facts,
  | 'id'
  | 'account'
  | 'created_at'
  | 'version'
  | 'throttled_until_ms'
  | 'throttle_version'
  | 'rating_sum'
  | 'rating_count'
  | 'told_version'
  | 'rating_untold'
  | keyof Model
>;
export type NewVendor = Pick<
  VendorRow,
  'id' | 'account' | 'name' | 'lat_e7' | 'lon_e7' | 'time_zone'
> &
  Pick<VendorRow, 'hours' | 'state'> &
  Partial<VendorColumns>;

export async function insertVendor(db: Queryable, vendor: NewVendor): Promise<VendorRow> {
  return VendorRow.query(db).insert(vendor).returning('*');
}

export type Approval = Pick<VendorRow, 'id' | 'version' | 'state' | 'state_reason'>;

/** Remembers who moved a vendor to the state it is in now. */
export async function insertApproval(
  trx: Transaction,
  { id, version, state, state_reason }: Approval,
  actor: string,
): Promise<void> {
  await trx('approvals').insert({ vendor: id, version, state, reason: state_reason, actor });
}

/** The newest first. */
export async function approvalsOf(
  db: Queryable,
  vendor: string,
): Promise<VendorApprovals['items']> {
  const rows: { state: VendorState; reason: string | null; actor: UserId; at: Date }[] = await db(
    'approvals',
  )
    .where({ vendor })
    .orderBy('version', 'desc')
    .limit(APPROVALS_MAX);
  return rows.map(({ state, reason, actor, at }) => ({
    ...{ state, reason, by: actor, at: at.toISOString() },
  }));
}

/** Writes a change of a locked row; both its versions grow. */
export async function updateVendor(
  trx: Transaction,
  { id, version, told_version }: VendorRow,
  columns: Partial<VendorColumns>,
): Promise<VendorRow> {
  const rows = await VendorRow.query(trx)
    .patch({
      ...columns,
      version: version + 1,
      told_version: told_version + 1,
      rating_untold: false,
    })
    .where({ id })
    .returning('*');
  return rows[0] as VendorRow;
}

/** Vendors with a rating to tell, which count as told from now on. */
export async function takeUntoldRatings(trx: Transaction, limit: number): Promise<VendorRow[]> {
  const ids = await trx('vendors')
    .where({ rating_untold: true })
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .pluck('id');
  if (ids.length === 0) return [];
  return VendorRow.query(trx)
    .patch({ rating_untold: false, told_version: raw('told_version + 1') })
    .whereIn('id', ids)
    .returning('*');
}

/** Takes over newer words of kitchens; a vendor's version is about its people, and stays. */
export async function throttleVendors(
  trx: Transaction,
  throttles: readonly VendorThrottle[],
): Promise<void> {
  const rows = [...throttles].sort((a, b) => (a.vendor < b.vendor ? -1 : 1));
  await trx.raw(
    `UPDATE vendors v SET throttled_until_ms = n."untilMs", throttle_version = n.version
       FROM jsonb_to_recordset(?::jsonb) AS n (vendor text, "untilMs" bigint, version bigint)
      WHERE v.id = n.vendor AND v.throttle_version < n.version`,
    [JSON.stringify(rows)],
  );
}

export async function vendorById(db: Queryable, id: string): Promise<VendorRow | undefined> {
  return VendorRow.query(db).findById(id);
}

export async function lockVendor(trx: Transaction, id: string): Promise<VendorRow | undefined> {
  return VendorRow.query(trx).findById(id).forUpdate();
}

export interface VendorFilter {
  readonly account?: string | undefined;
  readonly state?: VendorState | undefined;
  /** Only approved ones, and those of this account. */
  readonly shownTo?: string | null | undefined;
  readonly after?: string | undefined;
}

export async function listVendors(
  db: Queryable,
  { account, state, shownTo, after }: VendorFilter,
  limit: number,
): Promise<VendorRow[]> {
  const query = VendorRow.query(db).orderBy('id').limit(limit);
  if (account !== undefined) query.where({ account });
  if (state !== undefined) query.where({ state });
  if (after !== undefined) query.where('id', '>', after);
  if (shownTo !== undefined) {
    query.where((or) => or.where({ state: 'approved' }).orWhere({ account: shownTo }));
  }
  return query;
}

/** `currency`: of the market at its place. */
export function vendorView(row: VendorRow, currency: string | null): Vendor {
  return {
    id: row.id,
    account: row.account,
    name: row.name,
    place: { lat: row.lat_e7 / 1e7, lon: row.lon_e7 / 1e7 },
    timeZone: row.time_zone,
    hours: row.hours,
    prepareSeconds: row.prepare_seconds,
    pickupNote: row.pickup_note,
    phone: row.phone,
    createdAt: row.created_at.toISOString(),
    kind: row.kind,
    state: row.state,
    stateReason: row.state_reason,
    description: row.description,
    cuisines: row.cuisines,
    tags: row.tags,
    priceBand: row.price_band,
    imageUrl: row.image_url,
    specialDays: row.special_days,
    area: row.area,
    minOrderMinor: row.min_order_minor,
    serviceFeeBasisPoints: row.service_fee_basis_points,
    capacity: row.capacity,
    autoAccept: row.auto_accept,
    pause:
      row.pause_reason === null
        ? null
        : { reason: row.pause_reason, until: timeTextOrNull(row.pause_until_ms) },
    rating: {
      average:
        row.rating_count === 0 ? null : Math.round((row.rating_sum / row.rating_count) * 100) / 100,
      count: row.rating_count,
    },
    currency,
    version: row.version,
  };
}
