/** Routes of drivers. */
import { DRIVER_EARNING_ROUTES } from './driver-earning-routes.ts';
import { DRIVER_PAPER_ROUTES } from './driver-paper-routes.ts';
import { DRIVER_SHIFT_ROUTES } from './driver-shift-routes.ts';
import * as drivers from './drivers.ts';
import { PROOF_ROUTES } from './proof-routes.ts';
import { OPS, type Route } from './route.ts';

export const DRIVER_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/drivers',
    action: 'drivers.register',
    summary: 'Register a driver',
    roles: 'public',
    params: drivers.DRIVER_REGISTER,
    status: 201,
    result: drivers.DRIVER_SESSION,
  },
  {
    method: 'GET',
    path: '/drivers/me',
    action: 'drivers.me',
    summary: 'The driver I am',
    roles: ['driver'],
    params: drivers.DRIVER_ME,
    status: 200,
    result: drivers.DRIVER,
  },
  ...DRIVER_EARNING_ROUTES,
  ...DRIVER_PAPER_ROUTES,
  ...DRIVER_SHIFT_ROUTES,
  {
    method: 'GET',
    path: '/drivers',
    action: 'drivers.list',
    summary: 'Drivers',
    roles: OPS,
    params: drivers.DRIVER_QUERY,
    status: 200,
    result: drivers.DRIVER_LIST,
  },
  {
    method: 'GET',
    path: '/drivers/{id}',
    action: 'drivers.get',
    summary: 'One driver',
    roles: ['driver', 'ops'],
    params: drivers.DRIVER_REF,
    status: 200,
    result: drivers.DRIVER,
  },
  {
    method: 'PATCH',
    path: '/drivers/{id}',
    action: 'drivers.change',
    summary: 'Change name, fleet, market or skills',
    roles: OPS,
    params: drivers.DRIVER_CHANGE,
    status: 200,
    result: drivers.DRIVER,
  },
  {
    method: 'POST',
    path: '/drivers/{id}/vehicles',
    action: 'drivers.addVehicle',
    summary: 'Add a vehicle',
    roles: ['driver', 'ops'],
    params: drivers.VEHICLE_ADD,
    status: 201,
    result: drivers.DRIVER,
    idempotent: 'optional',
  },
  {
    method: 'PUT',
    path: '/drivers/{id}/approval',
    action: 'drivers.approve',
    summary: 'Approve a driver, or take it back',
    roles: OPS,
    params: drivers.DRIVER_APPROVE,
    status: 200,
    result: drivers.DRIVER,
  },
  ...PROOF_ROUTES,
];
