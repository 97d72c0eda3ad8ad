/** What the drivers service asks of its tables. Vehicles come with their drivers, never one by one. */
import { Model } from 'objection';
import type { Driver, Vehicle } from '../../contracts/api/drivers.ts';
import type { DriverId, FleetId, MarketId, UserId, VehicleId } from '../../contracts/ids.ts';
import type { Load, VehicleKind } from '../../contracts/states.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';

export class VehicleRow extends Model {
  static override tableName = 'vehicles';
  declare id: VehicleId;
  declare driver: DriverId;
  declare kind: VehicleKind;
  declare plate: string | null;
  declare parcels: number;
  declare volume_ml: number;
  declare weight_g: number;
}

export class DriverRow extends Model {
  static override tableName = 'drivers';
  declare id: DriverId;
  declare user_id: UserId;
  declare name: string;
  declare fleet: FleetId | null;
  declare skills: string[];
  declare approved: boolean;
  declare approved_by: string | null;
  declare market: MarketId | null;
  declare deleted_at: Date | null;
  declare created_at: Date;
  declare vehicles: VehicleRow[];
  static override relationMappings = {
    vehicles: {
      relation: Model.HasManyRelation,
      modelClass: VehicleRow,
      join: { from: 'drivers.id', to: 'vehicles.driver' },
      modify: (query: { orderBy(column: string): unknown }) => query.orderBy('id'),
    },
  };
}

export type NewDriver = Pick<DriverRow, 'id' | 'user_id' | 'name' | 'fleet' | 'skills' | 'market'>;

export type DriverChange = Partial<Pick<DriverRow, 'name' | 'fleet' | 'skills' | 'market'>>;

export interface NewVehicle {
  readonly id: VehicleId;
  readonly kind: VehicleKind;
  readonly plate: string | null;
  readonly capacity: Load;
}

export async function insertDriver(
  trx: Transaction,
  driver: NewDriver,
  vehicles: readonly NewVehicle[],
): Promise<void> {
  await DriverRow.query(trx).insert(driver);
  await trx('vehicles').insert(vehicles.map((vehicle) => vehicleColumns(driver.id, vehicle)));
}

export async function insertVehicle(
  db: Queryable,
  driver: DriverId,
  vehicle: NewVehicle,
): Promise<void> {
  await db('vehicles').insert(vehicleColumns(driver, vehicle));
}

function vehicleColumns(driver: DriverId, vehicle: NewVehicle): object {
  return {
    id: vehicle.id,
    driver,
    kind: vehicle.kind,
    plate: vehicle.plate,
    parcels: vehicle.capacity.parcels,
    volume_ml: vehicle.capacity.volumeMl,
    weight_g: vehicle.capacity.weightG,
  };
}

export async function deleteDriver(db: Queryable, id: DriverId): Promise<void> {
  await DriverRow.query(db).deleteById(id);
}

export async function driverById(db: Queryable, id: string): Promise<DriverRow | undefined> {
  return DriverRow.query(db).findById(id).withGraphFetched('vehicles');
}

export async function setApproved(
  db: Queryable,
  id: string,
  approved: boolean,
  actor: string,
): Promise<boolean> {
  return (await DriverRow.query(db).findById(id).patch({ approved, approved_by: actor })) > 0;
}

/** With their vehicles, locked against other changes of who may work. */
export async function driversById(
  trx: Transaction,
  ids: readonly DriverId[],
): Promise<DriverRow[]> {
  return DriverRow.query(trx)
    .whereRaw('drivers.id = ANY(?)', [[...ids]])
    .orderBy('id')
    .forUpdate()
    .withGraphFetched('vehicles');
}

/** Takes the approval; `why` stands where the name of an operator would. */
export async function loseApproval(
  trx: Transaction,
  ids: readonly DriverId[],
  why: string,
): Promise<void> {
  await DriverRow.query(trx)
    .whereRaw('id = ANY(?)', [[...ids]])
    .patch({ approved: false, approved_by: why });
}

/** False when there is no such driver. */
export async function changeDriver(
  db: Queryable,
  id: string,
  change: DriverChange,
): Promise<boolean> {
  return (await DriverRow.query(db).findById(id).patch(change)) > 0;
}

/** Leaves ids, so that what was carried and paid still adds up, and nothing that names a person. */
export async function eraseDriver(trx: Transaction, id: DriverId): Promise<void> {
  await trx('drivers')
    .where({ id })
    .update({ name: 'Deleted', approved: false, approved_by: 'deleted', deleted_at: trx.fn.now() });
  await trx('vehicles').where({ driver: id }).update({ plate: null });
  await trx('backgrounds').where({ driver: id }).delete();
  await trx('duties').where({ driver: id }).delete();
}

/** Two queries for a page, whatever its length. */
export async function listDrivers(
  db: Queryable,
  filter: { readonly approved?: boolean | undefined; readonly after?: string | undefined },
  limit: number,
): Promise<DriverRow[]> {
  const query = DriverRow.query(db).orderBy('id').limit(limit).withGraphFetched('vehicles');
  if (filter.approved !== undefined) query.where({ approved: filter.approved });
  if (filter.after !== undefined) query.where('id', '>', filter.after);
  return query;
}

export function vehicleView(row: VehicleRow): Vehicle {
  return {
    id: row.id,
    kind: row.kind,
    plate: row.plate,
    capacity: { parcels: row.parcels, volumeMl: row.volume_ml, weightG: row.weight_g },
  };
}

export function driverView(row: DriverRow): Driver {
  return {
    id: row.id,
    user: row.user_id,
    name: row.name,
    fleet: row.fleet,
    skills: row.skills,
    vehicles: row.vehicles.map(vehicleView),
    approved: row.approved,
    market: row.market,
    createdAt: row.created_at.toISOString(),
  };
}
