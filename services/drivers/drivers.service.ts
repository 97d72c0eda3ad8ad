/** Drivers: who they are, their papers, their shifts, what they did and earned. */
import type { ServiceBroker, ServiceSchema } from 'moleculer';
import { EMPTY } from '../../contracts/api/common.ts';
import * as schemas from '../../contracts/api/drivers.ts';
import type { Zone } from '../../contracts/api/zones.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import { USER_STREAM, type UserEvent } from '../../contracts/messages/users.ts';
import type { DriverClaims } from '../../platform/auth/tokens.ts';
import { toWaggleError } from '../../platform/broker-errors.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createFileLinks } from '../../platform/files/file-links.ts';
import { openFolderStore } from '../../platform/files/file-store.ts';
import { type CallMeta, createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import {
  type Part,
  startFollowing,
  startPublishing,
  startPurging,
} from '../../platform/service-streams.ts';
import { earningActions, paperActions, shiftActions } from './actions.ts';
import { startAttendance } from './attendance.ts';
import { byHand } from './background.ts';
import * as drivers from './drivers.ts';
import { startPaperWatch, type WatchDeps } from './paper-watch.ts';
import { startWork } from './work.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config, door, addCheck } = context;
  const database = openDatabase('drivers', config.database.drivers);
  const running: Part[] = [];
  let broker: ServiceBroker | undefined;
  const deps = { database, door };
  const papers: WatchDeps = {
    database,
    links: createFileLinks(config.auth.keys, config.api.publicUrl),
    files: openFolderStore(config.files.dir),
    checks: byHand,
    nowMs: Date.now,
  };
  addCheck('drivers.database', () => database.ping());
  return {
    name: 'drivers',
    actions: {
      ...driverActions(context, database),
      ...earningActions(context, deps),
      ...shiftActions(context, deps),
      ...paperActions(context, papers),
    },
    created(this: { broker: ServiceBroker }) {
      broker = this.broker;
    },
    async started() {
      await door();
      running.push(
        startPublishing(context, database),
        startFollowingUsers(context, database),
        ...startWork(context, { ...deps, zone: (id) => askZone(broker, id) }),
        startAttendance(context, deps),
        startPaperWatch(context, papers),
        startPurging(context, database, { inbox: true, idempotency: true }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}

async function askZone(broker: ServiceBroker | undefined, id: ZoneId): Promise<Zone> {
  if (broker === undefined) throw new WaggleError('service.unavailable');
  try {
    const meta: CallMeta = { caller: { kind: 'system' } };
    return await broker.call<Zone, object>('zones.get', { id }, { meta });
  } catch (error) {
    throw toWaggleError(error);
  }
}

function startFollowingUsers(context: ServiceContext, database: Database): Part {
  return startFollowing<UserEvent>(context, {
    database,
    stream: USER_STREAM,
    consumer: 'drivers',
    handler: async (trx, entries) =>
      drivers.forget(
        trx,
        entries.map(({ event }) => event),
        Math.round((await context.door()).clock.zoneMs()),
      ),
  });
}

function driverActions(
  { log }: ServiceContext,
  database: Database,
): NonNullable<ServiceSchema['actions']> {
  const action = createActionBuilder({ log });
  return {
    register: action<schemas.DriverRegister, schemas.DriverSession>({
      params: schemas.DRIVER_REGISTER,
      handler: (params, call) => drivers.register(database, params, call),
    }),
    me: action<object, schemas.Driver>({
      params: EMPTY,
      handler: (_params, call) => drivers.me(database, call),
    }),
    list: action<schemas.DriverQuery, schemas.DriverList>({
      params: schemas.DRIVER_QUERY,
      handler: (params) => drivers.list(database, params),
    }),
    get: action<schemas.DriverRef, schemas.Driver>({
      params: schemas.DRIVER_REF,
      handler: (params, call) => drivers.get(database, params.id, call),
    }),
    change: action<schemas.DriverChange, schemas.Driver>({
      params: schemas.DRIVER_CHANGE,
      handler: (params, call) => drivers.change(database, params, call),
    }),
    addVehicle: action<schemas.VehicleAdd, schemas.Driver>({
      params: schemas.VEHICLE_ADD,
      handler: (params, call) => drivers.addVehicle(database, params, call),
    }),
    approve: action<schemas.DriverApprove, schemas.Driver>({
      params: schemas.DRIVER_APPROVE,
      handler: (params, call) => drivers.approve(database, params, call),
    }),
    claims: action<schemas.DriverRef, DriverClaims>({
      params: schemas.DRIVER_REF,
      handler: (params, call) => drivers.claims(database, params.id, call),
    }),
  };
}
