/** What the users service asks of the table of addresses; every question names the owner. */
import { Model } from 'objection';
import { ADDRESSES_MAX, type Address } from '../../contracts/api/addresses.ts';
import type { AddressId, UserId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';

export class AddressRow extends Model {
  static override tableName = 'addresses';
  declare id: AddressId;
  declare user_id: UserId;
  declare label: string;
  declare text: string;
  declare lat_e7: number;
  declare lon_e7: number;
  declare note: string;
  declare created_at: Date;
  declare updated_at: Date;
}

export type NewAddress = Pick<
  AddressRow,
  'id' | 'user_id' | 'label' | 'text' | 'lat_e7' | 'lon_e7' | 'note'
>;

/** Undefined when the owner keeps as many as one may. Two at once may pass it by one. */
export async function insertAddress(
  db: Queryable,
  row: NewAddress,
): Promise<AddressRow | undefined> {
  const { rows } = await db.raw<{ rows: AddressRow[] }>(
    `INSERT INTO addresses (id, user_id, label, text, lat_e7, lon_e7, note)
     SELECT :id, :user_id, :label, :text, :lat_e7, :lon_e7, :note
      WHERE (SELECT count(*) FROM addresses WHERE user_id = :user_id) < :max
     RETURNING *`,
    { ...row, max: ADDRESSES_MAX },
  );
  return rows[0];
}

export async function addressesOf(db: Queryable, user: string): Promise<AddressRow[]> {
  return AddressRow.query(db)
    .where({ user_id: user })
    .orderBy('id')
    .limit(ADDRESSES_MAX + 1);
}

/** `user` null: anybody's, for other parts of Waggle. */
export async function addressById(
  db: Queryable,
  id: string,
  user: string | null,
): Promise<AddressRow | undefined> {
  const query = AddressRow.query(db).findOne({ id });
  return user === null ? query : query.where({ user_id: user });
}

export async function updateAddress(
  db: Queryable,
  ref: { readonly id: string; readonly user: string },
  change: Partial<Pick<AddressRow, 'label' | 'text' | 'lat_e7' | 'lon_e7' | 'note'>>,
): Promise<AddressRow | undefined> {
  const [row] = await AddressRow.query(db)
    .where({ id: ref.id, user_id: ref.user })
    .patch({ ...change, updated_at: new Date() })
    .returning('*');
  return row;
}

export async function deleteAddress(db: Queryable, id: string, user: string): Promise<boolean> {
  return (await AddressRow.query(db).where({ id, user_id: user }).delete()) > 0;
}

const E7 = 10_000_000;

export function addressView(row: AddressRow): Address {
  return {
    id: row.id,
    label: row.label,
    text: row.text,
    point: { lat: row.lat_e7 / E7, lon: row.lon_e7 / E7 },
    note: row.note,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
