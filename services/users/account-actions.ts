/** Actions on what a person keeps here. */
import type { ActionSchema } from 'moleculer';
import * as schemas from '../../contracts/api/addresses.ts';
import { EMPTY } from '../../contracts/api/common.ts';
import type { Database } from '../../platform/database.ts';
import type { createActionBuilder } from '../../platform/service.ts';
import * as addresses from './addresses.ts';

export function accountActions(
  action: ReturnType<typeof createActionBuilder>,
  database: Database,
): Record<string, ActionSchema> {
  return {
    createAddress: action<schemas.AddressCreate, schemas.Address>({
      params: schemas.ADDRESS_CREATE,
      handler: (params, call) => addresses.createAddress(database, params, call),
    }),
    listAddresses: action<object, schemas.AddressList>({
      params: EMPTY,
      handler: (_params, call) => addresses.listAddresses(database, call),
    }),
    address: action<schemas.AddressRef, schemas.Address>({
      params: schemas.ADDRESS_REF,
      handler: (params, call) => addresses.getAddress(database, params.id, call),
    }),
    changeAddress: action<schemas.AddressChange, schemas.Address>({
      params: schemas.ADDRESS_CHANGE,
      handler: (params, call) => addresses.changeAddress(database, params, call),
    }),
    deleteAddress: action<schemas.AddressRef, void>({
      params: schemas.ADDRESS_REF,
      handler: (params, call) => addresses.deleteAddress(database, params.id, call),
    }),
  };
}
