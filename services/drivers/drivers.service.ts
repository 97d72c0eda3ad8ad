/** Drivers, their vehicles and their approval. */
import type { ServiceSchema } from 'moleculer';
import { EMPTY } from '../../contracts/api/common.ts';
import * as schemas from '../../contracts/api/drivers.ts';
import type { DriverClaims } from '../../platform/auth/tokens.ts';
import { openDatabase } from '../../platform/database.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startPurging } from '../../platform/service-streams.ts';
import * as drivers from './drivers.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log, addCheck } = context;
  let purging: Part | undefined;
  const database = openDatabase('drivers', config.database.drivers);
  const action = createActionBuilder({ log });
  addCheck('drivers.database', () => database.ping());
  return {
    name: 'drivers',
    actions: {
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
    },
    async started() {
      purging = startPurging(context, database, { inbox: false, idempotency: true });
    },
    async stopped() {
      await purging?.stop();
      await database.close();
    },
  };
}
