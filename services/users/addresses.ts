/** The addresses of a person. They stay here: orders get the point and the note, nothing else. */
import type {
  Address,
  AddressChange,
  AddressCreate,
  AddressList,
} from '../../contracts/api/addresses.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { pointE7 } from '../../contracts/geo.ts';
import { newId, type UserId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import { idempotent } from '../../platform/idempotency.ts';
import { type Call, requireUser } from '../../platform/service.ts';
import * as queries from './address-queries.ts';

export async function createAddress(
  database: Database,
  params: AddressCreate,
  call: Call,
): Promise<Address> {
  const owner = requireUser(call).sub as UserId;
  const { answer } = await idempotent(
    database,
    { owner, key: call.idempotencyKey, request: ['address', params] },
    async (trx) => {
      const row = await queries.insertAddress(trx, {
        id: newId('address'),
        user_id: owner,
        label: params.label,
        text: params.text,
        ...columnsOf(params.point),
        note: params.note ?? '',
      });
      if (row === undefined) throw new WaggleError('resource.conflict', 'too many addresses');
      return queries.addressView(row);
    },
  );
  return answer;
}

export async function listAddresses(database: Database, call: Call): Promise<AddressList> {
  const rows = await queries.addressesOf(database.knex, requireUser(call).sub);
  return { items: rows.map(queries.addressView) };
}

/** Only its owner sees an address; another part of Waggle may, on its own behalf. */
export async function getAddress(database: Database, id: string, call: Call): Promise<Address> {
  const owner = call.caller.kind === 'system' ? null : requireUser(call).sub;
  const row = await queries.addressById(database.knex, id, owner);
  if (row === undefined) throw new WaggleError('resource.not_found');
  return queries.addressView(row);
}

export async function changeAddress(
  database: Database,
  { id, point, ...texts }: AddressChange,
  call: Call,
): Promise<Address> {
  const user = requireUser(call).sub;
  const change = { ...texts, ...(point === undefined ? {} : columnsOf(point)) };
  const row = await queries.updateAddress(database.knex, { id, user }, change);
  if (row === undefined) throw new WaggleError('resource.not_found');
  return queries.addressView(row);
}

export async function deleteAddress(database: Database, id: string, call: Call): Promise<void> {
  if (!(await queries.deleteAddress(database.knex, id, requireUser(call).sub))) {
    throw new WaggleError('resource.not_found');
  }
}

function columnsOf(point: Address['point']): { lat_e7: number; lon_e7: number } {
  const { latE7, lonE7 } = pointE7(point.lat, point.lon);
  return { lat_e7: latE7, lon_e7: lonE7 };
}
