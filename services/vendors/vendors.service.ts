/** Vendors: who sells, where, and when. */
import type { ServiceSchema } from 'moleculer';
import * as schemas from '../../contracts/api/vendors.ts';
import { openDatabase } from '../../platform/database.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import * as vendors from './vendors.ts';

export function createService({ config, log, addCheck }: ServiceContext): ServiceSchema {
  const database = openDatabase('vendors', config.database.vendors);
  const action = createActionBuilder({ log });
  addCheck('vendors.database', () => database.ping());
  return {
    name: 'vendors',
    actions: {
      create: action<schemas.VendorCreate, schemas.Vendor>({
        params: schemas.VENDOR_CREATE,
        handler: (params, call) => vendors.create(database, params, call),
      }),
      get: action<schemas.VendorRef, schemas.Vendor>({
        params: schemas.VENDOR_REF,
        handler: (params) => vendors.get(database, params.id),
      }),
      list: action<schemas.VendorQuery, schemas.VendorList>({
        params: schemas.VENDOR_QUERY,
        handler: (params) => vendors.list(database, params),
      }),
    },
    stopped: () => database.close(),
  };
}
