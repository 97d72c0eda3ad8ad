/** Registration, vehicles and approval of drivers, and what their tokens say of them. */

import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type {
  Driver,
  DriverChange,
  DriverList,
  DriverQuery,
  DriverRegister,
  DriverSession,
  VehicleAdd,
  VehicleNew,
} from '../../contracts/api/drivers.ts';
import { VEHICLES_MAX } from '../../contracts/api/drivers.ts';
import type { Session } from '../../contracts/api/users.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type DriverId, newId } from '../../contracts/ids.ts';
import { DRIVER_STREAM, type DriverApproval } from '../../contracts/messages/drivers.ts';
import type { UserEvent } from '../../contracts/messages/users.ts';
import type { Load, VehicleKind } from '../../contracts/states.ts';
import type { DriverClaims } from '../../platform/auth/tokens.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import { repeatable } from '../../platform/idempotency.ts';
import { enqueue } from '../../platform/outbox.ts';

import { decodeCursor, pageOf } from '../../platform/paging.ts';
import { type Call, requireSystem, requireUser } from '../../platform/service.ts';
import { dropPapers } from './paper-queries.ts';
import { verdictsOf } from './papers.ts';
import * as queries from './queries.ts';
import { freeShiftsOf } from './shift-queries.ts';

/** What usually fits; a driver with another vehicle states its own. */
const USUAL_CAPACITY: Readonly<Record<VehicleKind, Load>> = {
  foot: { parcels: 2, volumeMl: 40_000, weightG: 8_000 },
  bicycle: { parcels: 3, volumeMl: 60_000, weightG: 12_000 },
  ebike: { parcels: 4, volumeMl: 80_000, weightG: 20_000 },
  scooter: { parcels: 4, volumeMl: 100_000, weightG: 25_000 },
  car: { parcels: 8, volumeMl: 300_000, weightG: 120_000 },
  van: { parcels: 30, volumeMl: 3_000_000, weightG: 800_000 },
};

function newVehicle(vehicle: VehicleNew): queries.NewVehicle {
  return {
    id: newId('vehicle'),
    kind: vehicle.kind,
    plate: vehicle.plate ?? null,
    capacity: vehicle.capacity ?? USUAL_CAPACITY[vehicle.kind],
  };
}

/**
 * Registers a driver and its log-in. The driver is written first: a log-in without a driver could
 * not be repaired by registering again, a driver without a log-in is removed at once.
 */
export async function register(
  database: Database,
  params: DriverRegister,
  call: Call,
): Promise<DriverSession> {
  const id = newId('driver');
  const user = newId('user');
  await database.transaction((trx) =>
    queries.insertDriver(
      trx,
      {
        id,
        user_id: user,
        name: params.name,
        fleet: params.fleet ?? null,
        market: params.market ?? null,
        skills: [...(params.skills ?? [])],
      },
      params.vehicles.map(newVehicle),
    ),
  );
  const { email, password, name, phone } = params;
  const login = { id: user, driver: id, email, password, name, ...(phone ? { phone } : {}) };
  try {
    const session = await call.call<Session>('users.enrol', login, { kind: 'system' });
    return { driver: await find(database, id), tokens: session.tokens };
  } catch (error) {
    await queries.deleteDriver(database.knex, id);
    throw error;
  }
}

async function find(database: Database, id: string): Promise<Driver> {
  const row = await queries.driverById(database.knex, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  return queries.driverView(row);
}

/** A driver sees itself, ops sees all; others' ids look as if they did not exist. */
export async function get(database: Database, id: string, call: Call): Promise<Driver> {
  const user = requireUser(call);
  if (user.role !== 'ops' && user.driver !== id) throw new WaggleError('resource.not_found');
  return find(database, id);
}

export async function me(database: Database, call: Call): Promise<Driver> {
  const { driver } = requireUser(call);
  if (driver === undefined) throw new WaggleError('auth.forbidden');
  return find(database, driver);
}

export async function list(database: Database, params: DriverQuery): Promise<DriverList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const after = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const rows = await queries.listDrivers(
    database.knex,
    { approved: params.approved, after },
    limit + 1,
  );
  const page = pageOf(rows, limit);
  return { items: page.rows.map(queries.driverView), next: page.next };
}

export async function addVehicle(
  database: Database,
  params: VehicleAdd,
  call: Call,
): Promise<Driver> {
  const driver = await get(database, params.id, call);
  if (driver.vehicles.length >= VEHICLES_MAX) {
    throw new WaggleError('resource.conflict', `a driver has at most ${VEHICLES_MAX} vehicles`);
  }
  await repeatable(database, call, ['vehicle', params], async (trx) => {
    const vehicle = newVehicle(params);
    await queries.insertVehicle(trx, params.id, vehicle);
    return { id: vehicle.id };
  });
  return find(database, params.id);
}

export async function change(
  database: Database,
  { id, ...params }: DriverChange,
  call: Call,
): Promise<Driver> {
  requireUser(call);
  const isNothing = Object.keys(params).length === 0;
  if (!isNothing && !(await queries.changeDriver(database.knex, id, params))) {
    throw new WaggleError('resource.not_found');
  }
  return find(database, id);
}

/**
 * Takes effect with the next token; an approval taken back ends with the token, minutes later. Where
 * papers are asked for, they come first.
 */
export async function approve(
  database: Database,
  params: { readonly id: DriverId; readonly approved: boolean },
  call: Call,
): Promise<Driver> {
  const { sub } = requireUser(call);
  const { id, approved } = params;
  await database.transaction(async (trx) => {
    const [driver] = await queries.driversById(trx, [id]);
    if (driver === undefined || driver.deleted_at !== null) {
      throw new WaggleError('resource.not_found');
    }
    if (approved) await checkPapers(trx, driver);
    await queries.setApproved(trx, id, approved, sub);
    const payload: DriverApproval = {
      ...{ type: 'driver.approval', driver: id, user: driver.user_id, approved, why: 'ops' },
      atMs: Date.now(),
    };
    await enqueue(trx, [{ key: id, topic: DRIVER_STREAM, payload }]);
  });
  return find(database, id);
}

/** Throws `driver.papers_missing` with what is missing. */
async function checkPapers(trx: Transaction, driver: queries.DriverRow): Promise<void> {
  const verdict = (await verdictsOf({ nowMs: Date.now }, trx, [driver])).get(driver.id);
  if (verdict === undefined || verdict.mayWork) return;
  const fields = verdict.missing.map(({ kind, vehicle, why }) => ({
    field: vehicle === null ? kind : `${kind} ${vehicle}`,
    expected: why,
  }));
  throw new WaggleError('driver.papers_missing', undefined, fields);
}

/** What the token of a driver carries; only the users service asks. */
export async function claims(database: Database, id: string, call: Call): Promise<DriverClaims> {
  requireSystem(call);
  const row = await queries.driverById(database.knex, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  const verdict = (await verdictsOf({ nowMs: Date.now }, database.knex, [row])).get(row.id);
  const driver = queries.driverView(row);
  return {
    id: driver.id,
    ...(driver.fleet === null ? {} : { fleet: driver.fleet }),
    skills: driver.skills,
    // One whose papers do not hold is not there: nobody can go on duty with it.
    vehicles: driver.vehicles
      .filter((vehicle) => verdict?.vehicles.includes(vehicle.id) ?? false)
      .map(({ id: vehicle, kind, capacity }) => ({ id: vehicle, kind, capacity })),
    approved: driver.approved && verdict?.mayWork === true,
  };
}

/** People who asked to be forgotten: their papers go, and what names them. */
export async function forget(
  trx: Transaction,
  events: readonly UserEvent[],
  zoneMs: number,
): Promise<void> {
  for (const event of events) {
    if (event.type !== 'user.deleted' || event.driver === null) continue;
    await dropPapers(trx, { driver: event.driver });
    await queries.eraseDriver(trx, event.driver);
    await freeShiftsOf(trx, event.driver, zoneMs);
  }
}
