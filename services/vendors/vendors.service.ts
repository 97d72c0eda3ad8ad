/** Vendors: who sells, where, when and on which terms. */
import type { ServiceSchema } from 'moleculer';
import * as editing from '../../contracts/api/vendor-editing.ts';
import {
  VENDOR_TERMS_QUERY,
  type VendorTerms,
  type VendorTermsQuery,
} from '../../contracts/api/vendor-terms.ts';
import * as schemas from '../../contracts/api/vendors.ts';
import { VENDOR_REQUESTS, type VendorAsked } from '../../contracts/messages/vendors.ts';
import { openDatabase } from '../../platform/database.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import {
  type Part,
  startFollowing,
  startPublishing,
  startPurging,
} from '../../platform/service-streams.ts';
import * as changing from './changing.ts';
import { followRequests } from './following.ts';
import * as vendors from './vendors.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log, addCheck, door } = context;
  const database = openDatabase('vendors', config.database.vendors);
  const action = createActionBuilder({ log });
  const deps: vendors.VendorsDeps = { database, door };
  const running: Part[] = [];
  addCheck('vendors.database', () => database.ping());
  return {
    name: 'vendors',
    actions: {
      create: action<schemas.VendorCreate, schemas.Vendor>({
        params: schemas.VENDOR_CREATE,
        handler: (params, call) => vendors.create(deps, params, call),
      }),
      get: action<schemas.VendorRef, schemas.Vendor>({
        params: schemas.VENDOR_REF,
        handler: (params, call) => vendors.get(deps, params.id, call),
      }),
      list: action<schemas.VendorQuery, schemas.VendorList>({
        params: schemas.VENDOR_QUERY,
        handler: (params, call) => vendors.list(deps, params, call),
      }),
      change: action<editing.VendorChange, schemas.Vendor>({
        params: editing.VENDOR_CHANGE,
        handler: (params, call) => changing.change(deps, params, call),
      }),
      approve: action<editing.VendorApprove, schemas.Vendor>({
        params: editing.VENDOR_APPROVE,
        handler: (params, call) => changing.approve(deps, params, call),
      }),
      approvals: action<schemas.VendorRef, editing.VendorApprovals>({
        params: schemas.VENDOR_REF,
        handler: (params, call) => changing.approvals(deps, params.id, call),
      }),
      pause: action<editing.VendorPause, schemas.Vendor>({
        params: editing.VENDOR_PAUSE,
        handler: (params, call) => changing.pause(deps, params, call),
      }),
      resume: action<schemas.VendorRef, schemas.Vendor>({
        params: schemas.VENDOR_REF,
        handler: (params, call) => changing.resume(deps, params.id, call),
      }),
      terms: action<VendorTermsQuery, VendorTerms>({
        params: VENDOR_TERMS_QUERY,
        handler: (params, call) => vendors.terms(deps, params, call),
      }),
    },
    async started() {
      running.push(
        startPublishing(context, database),
        startFollowing<VendorAsked>(context, {
          database,
          stream: VENDOR_REQUESTS,
          consumer: 'vendors',
          handler: followRequests,
        }),
        startPurging(context, database, { inbox: true, idempotency: false }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}
