/** Vendors: who sells, where, when and on which terms. */
import type { ServiceSchema } from 'moleculer';
import {
  VENDOR_ANALYTICS_QUERY,
  type VendorAnalytics,
  type VendorAnalyticsQuery,
} from '../../contracts/api/vendor-analytics.ts';
import * as editing from '../../contracts/api/vendor-editing.ts';
import {
  VENDOR_TERMS_QUERY,
  type VendorTerms,
  type VendorTermsQuery,
} from '../../contracts/api/vendor-terms.ts';
import * as schemas from '../../contracts/api/vendors.ts';
import { KITCHEN_STREAM, type KitchenEvent } from '../../contracts/messages/kitchen.ts';
import { ORDER_STREAM, type OrderEvent } from '../../contracts/messages/orders.ts';
import { VENDOR_REQUESTS, type VendorAsked } from '../../contracts/messages/vendors.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { startPump } from '../../platform/pump.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import {
  type Part,
  startFollowing,
  startPublishing,
  startPurging,
} from '../../platform/service-streams.ts';
import { analytics } from './analytics.ts';
import { purgeAnalytics } from './analytics-queries.ts';
import * as changing from './changing.ts';
import { COUNTED_STATES, counts } from './counting.ts';
import { followOrders, followRequests, followTickets, tellRatings } from './following.ts';
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
      analytics: action<VendorAnalyticsQuery, VendorAnalytics>({
        params: VENDOR_ANALYTICS_QUERY,
        handler: (params, call) => analytics(deps, params, call),
      }),
      terms: action<VendorTermsQuery, VendorTerms>({
        params: VENDOR_TERMS_QUERY,
        handler: (params, call) => vendors.terms(deps, params, call),
      }),
    },
    async started() {
      running.push(
        startPublishing(context, database),
        ...startFollowings(context, database),
        startPurging(context, database, { inbox: false, idempotency: true }),
        ...startHousekeeping(context, deps),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}

/** Follows what orders and kitchens tell, which may be told twice. */
function startFollowings(context: ServiceContext, database: Database): Part[] {
  return [
    startFollowing<VendorAsked>(context, {
      database,
      stream: VENDOR_REQUESTS,
      consumer: 'vendors',
      handler: followRequests,
      inbox: false,
    }),
    startFollowing<OrderEvent>(context, {
      database,
      stream: ORDER_STREAM,
      consumer: 'vendors',
      handler: followOrders,
      mentions: [...COUNTED_STATES, 'order.rated'],
      wants: counts,
      inbox: false,
      patient: true,
    }),
    startFollowing<KitchenEvent>(context, {
      database,
      stream: KITCHEN_STREAM,
      consumer: 'vendors',
      handler: followTickets,
      mentions: ['ready', 'rejected'],
      wants: counts,
      inbox: false,
      patient: true,
    }),
  ];
}

/** A vendor's rating is told at most this often, host ms. */
const RATING_TOLD_EVERY_MS = 30_000;
const PURGE_EVERY_MS = 600_000;

/** Tells ratings at a bounded rate, and forgets what is past its time. */
function startHousekeeping({ log }: ServiceContext, deps: vendors.VendorsDeps): Part[] {
  const { database } = deps;
  const ratings = startPump({
    work: async () => tellRatings(database, await vendors.currencies(deps)),
    pollMs: RATING_TOLD_EVERY_MS,
    backOffMs: [1_000, RATING_TOLD_EVERY_MS],
    onError: (err) => log.warn({ err }, 'ratings could not be told'),
  });
  const purge = startPump({
    work: async () => {
      const { clock } = await deps.door();
      await purgeAnalytics(database.knex, Math.floor(clock.zoneMs() / DAY_MS));
      return false;
    },
    pollMs: PURGE_EVERY_MS,
    backOffMs: [1_000, PURGE_EVERY_MS],
    onError: (err) => log.warn({ err }, 'old sums could not be removed'),
  });
  return [ratings, purge];
}

const DAY_MS = 86_400_000;
