/** Routes of orders: from the cart to the rating. */
import * as orders from './orders.ts';
import type { Route } from './route.ts';

const CANCEL_ALSO = { 202: 'On its way to the engine' } as const;

export const ORDER_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/orders',
    action: 'orders.place',
    summary: 'Place an order',
    roles: ['customer'],
    params: orders.ORDER_PLACE,
    status: 201,
    result: orders.ORDER_PLACED,
    idempotent: true,
  },
  {
    method: 'GET',
    path: '/orders',
    action: 'orders.list',
    summary: 'My orders (vendor: of my vendors)',
    roles: ['customer', 'vendor', 'ops'],
    params: orders.ORDER_QUERY,
    status: 200,
    result: orders.ORDER_LIST,
  },
  {
    method: 'GET',
    path: '/orders/{id}',
    action: 'orders.get',
    summary: 'One order',
    roles: ['customer', 'vendor', 'ops'],
    params: orders.ORDER_REF,
    status: 200,
    result: orders.ORDER,
  },
  {
    method: 'POST',
    path: '/orders/{id}/cancel',
    action: 'orders.cancel',
    summary: 'Cancel an order',
    roles: ['customer', 'vendor', 'ops'],
    params: orders.ORDER_CANCEL,
    status: 200,
    result: orders.ORDER,
    also: CANCEL_ALSO,
  },
];
