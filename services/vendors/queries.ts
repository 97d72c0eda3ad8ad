/** What the vendors service asks of its table. */
import { Model } from 'objection';
import type { Opening, Vendor } from '../../contracts/api/vendors.ts';
import type { AccountId, VendorId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';

export class VendorRow extends Model {
  static override tableName = 'vendors';
  static override jsonAttributes = ['hours'];
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
}

export type NewVendor = Pick<
  VendorRow,
  | 'id'
  | 'account'
  | 'name'
  | 'lat_e7'
  | 'lon_e7'
  | 'time_zone'
  | 'hours'
  | 'prepare_seconds'
  | 'pickup_note'
  | 'phone'
>;

export async function insertVendor(db: Queryable, vendor: NewVendor): Promise<VendorRow> {
  return VendorRow.query(db).insert(vendor).returning('*');
}

export async function vendorById(db: Queryable, id: string): Promise<VendorRow | undefined> {
  return VendorRow.query(db).findById(id);
}

export async function listVendors(
  db: Queryable,
  filter: { readonly account?: string | undefined; readonly after?: string | undefined },
  limit: number,
): Promise<VendorRow[]> {
  const query = VendorRow.query(db).orderBy('id').limit(limit);
  if (filter.account !== undefined) query.where({ account: filter.account });
  if (filter.after !== undefined) query.where('id', '>', filter.after);
  return query;
}

export function vendorView(row: VendorRow): Vendor {
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
  };
}
