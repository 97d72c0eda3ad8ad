/** Routes of vendors. */
import { ANYONE, OPS, type Route } from './route.ts';
import type { MemberRole, Role } from './users.ts';
import { VENDOR_ANALYTICS, VENDOR_ANALYTICS_QUERY } from './vendor-analytics.ts';
import * as editing from './vendor-editing.ts';
import * as vendors from './vendors.ts';

/** Vendors, for what is of their own account, and ops. */
const KEEPERS: readonly Role[] = ['vendor', 'ops'];

/** Who of an account decides what it is; pausing is anybody's who stands in the kitchen. */
const MANAGERS: readonly MemberRole[] = ['owner', 'manager'];

export const VENDOR_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/vendors',
    action: 'vendors.create',
    summary: 'Create a vendor',
    roles: KEEPERS,
    scope: 'vendors:write',
    members: MANAGERS,
    params: vendors.VENDOR_CREATE,
    status: 201,
    result: vendors.VENDOR,
    idempotent: 'optional',
  },
  {
    method: 'GET',
    path: '/vendors',
    action: 'vendors.list',
    summary: 'Vendors',
    roles: ANYONE,
    scope: 'vendors:read',
    params: vendors.VENDOR_QUERY,
    status: 200,
    result: vendors.VENDOR_LIST,
  },
  {
    method: 'GET',
    path: '/vendors/{id}',
    action: 'vendors.get',
    summary: 'One vendor',
    roles: ANYONE,
    scope: 'vendors:read',
    params: vendors.VENDOR_REF,
    status: 200,
    result: vendors.VENDOR,
  },
  {
    method: 'PATCH',
    path: '/vendors/{id}',
    action: 'vendors.change',
    summary: 'Change a vendor',
    roles: KEEPERS,
    scope: 'vendors:write',
    members: MANAGERS,
    params: editing.VENDOR_CHANGE,
    status: 200,
    result: vendors.VENDOR,
  },
  {
    method: 'PUT',
    path: '/vendors/{id}/approval',
    action: 'vendors.approve',
    summary: 'Approve, reject or suspend a vendor',
    roles: OPS,
    params: editing.VENDOR_APPROVE,
    status: 200,
    result: vendors.VENDOR,
  },
  {
    method: 'GET',
    path: '/vendors/{id}/approvals',
    action: 'vendors.approvals',
    summary: 'Who approved, rejected or suspended a vendor, and why',
    roles: KEEPERS,
    scope: 'vendors:read',
    members: MANAGERS,
    params: vendors.VENDOR_REF,
    status: 200,
    result: editing.VENDOR_APPROVALS,
  },
  {
    method: 'PUT',
    path: '/vendors/{id}/pause',
    action: 'vendors.pause',
    summary: 'Take no orders for a while',
    roles: KEEPERS,
    scope: 'vendors:write',
    params: editing.VENDOR_PAUSE,
    status: 200,
    result: vendors.VENDOR,
  },
  {
    method: 'DELETE',
    path: '/vendors/{id}/pause',
    action: 'vendors.resume',
    summary: 'Take orders again',
    roles: KEEPERS,
    scope: 'vendors:write',
    params: vendors.VENDOR_REF,
    status: 200,
    result: vendors.VENDOR,
  },
  {
    method: 'GET',
    path: '/vendors/{id}/analytics',
    action: 'vendors.analytics',
    summary: 'What a vendor sold, and how well it kept its times',
    roles: KEEPERS,
    scope: 'vendors:read',
    members: MANAGERS,
    params: VENDOR_ANALYTICS_QUERY,
    status: 200,
    result: VENDOR_ANALYTICS,
  },
];
