/** Routes of stock. */
import * as inventory from './inventory.ts';
import { ANYONE, type Route } from './route.ts';
import type { Role } from './users.ts';

/** Vendors (and their keys), for what is of their own account, and ops. */
const KEEPERS: readonly Role[] = ['vendor', 'ops'];
const READS = { roles: KEEPERS, scope: 'inventory:read' } as const;
const WRITES = { roles: KEEPERS, scope: 'inventory:write' } as const;

export const INVENTORY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/vendors/{vendor}/stock',
    action: 'inventory.list',
    summary: 'Stock of a vendor; with a level, only what is at it',
    ...READS,
    params: inventory.STOCK_QUERY,
    status: 200,
    result: inventory.STOCK_LIST,
  },
  {
    method: 'PUT',
    path: '/vendors/{vendor}/stock',
    action: 'inventory.set',
    summary: 'Say what can be sold; products without stock are not counted',
    ...WRITES,
    params: inventory.STOCK_SET,
    status: 200,
    result: inventory.STOCK_SET_ANSWER,
  },
  {
    method: 'DELETE',
    path: '/vendors/{vendor}/stock/{product}',
    action: 'inventory.remove',
    summary: 'Count a product (or the variant that is named) no longer',
    ...WRITES,
    params: inventory.STOCK_REF,
    status: 204,
  },
  {
    method: 'POST',
    path: '/vendors/{vendor}/stock/adjustments',
    action: 'inventory.adjust',
    summary: 'Add to stock or take from it, with a reason',
    ...WRITES,
    params: inventory.STOCK_ADJUST,
    status: 201,
    result: inventory.ADJUSTMENT,
    idempotent: true,
  },
  {
    method: 'GET',
    path: '/vendors/{vendor}/stock/adjustments',
    action: 'inventory.adjustments',
    summary: 'Who changed stock and why, newest first',
    ...READS,
    params: inventory.ADJUSTMENT_QUERY,
    status: 200,
    result: inventory.ADJUSTMENT_LIST,
  },
  {
    method: 'GET',
    path: '/vendors/{vendor}/levels',
    action: 'inventory.levels',
    summary: 'What of a menu is low or sold out',
    roles: ANYONE,
    scope: 'inventory:read',
    params: inventory.LEVELS_QUERY,
    status: 200,
    result: inventory.STOCK_LEVELS,
  },
];
