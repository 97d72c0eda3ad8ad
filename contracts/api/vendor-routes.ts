/** Routes of vendors. */
import { ANYONE, type Route } from './route.ts';
import * as vendors from './vendors.ts';

export const VENDOR_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/vendors',
    action: 'vendors.create',
    summary: 'Create a vendor',
    roles: ['vendor', 'ops'],
    params: vendors.VENDOR_CREATE,
    status: 201,
    result: vendors.VENDOR,
  },
  {
    method: 'GET',
    path: '/vendors',
    action: 'vendors.list',
    summary: 'Vendors',
    roles: ANYONE,
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
    params: vendors.VENDOR_REF,
    status: 200,
    result: vendors.VENDOR,
  },
];
