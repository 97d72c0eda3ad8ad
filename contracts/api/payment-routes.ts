/** Routes of payments. */
import { ORDER_REF } from './orders.ts';
import * as payments from './payments.ts';
import type { Route } from './route.ts';

export const PAYMENT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/orders/{id}/payment',
    action: 'payments.ofOrder',
    summary: 'The payment of an order, with everything that was asked for',
    roles: ['customer', 'vendor', 'ops'],
    params: ORDER_REF,
    status: 200,
    result: payments.PAYMENT,
  },
];
