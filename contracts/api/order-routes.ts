/** Routes of orders: from the cart to the rating. */
import * as carts from './carts.ts';
import * as checkouts from './checkouts.ts';
import { EMPTY } from './common.ts';
import * as orders from './orders.ts';
import * as pricing from './price-policy.ts';
import * as promotions from './promotions.ts';
import * as ratings from './ratings.ts';
import { OPS, type Route } from './route.ts';
import type { Role } from './users.ts';

const CANCEL_ALSO = { 202: 'On its way to the engine' } as const;
const READERS: readonly Role[] = ['customer', 'vendor', 'ops'];
const CUSTOMER: readonly Role[] = ['customer'];
const SELLERS: readonly Role[] = ['vendor', 'ops'];

const PROMOTION_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/promotions',
    action: 'orders.createPromotion',
    summary: 'Make a promotion code',
    roles: SELLERS,
    params: promotions.PROMOTION_CREATE,
    status: 201,
    result: promotions.PROMOTION,
    idempotent: true,
  },
  {
    method: 'GET',
    path: '/promotions',
    action: 'orders.listPromotions',
    summary: 'Promotions (vendor: of my vendors)',
    roles: SELLERS,
    params: promotions.PROMOTION_QUERY,
    status: 200,
    result: promotions.PROMOTION_LIST,
  },
  {
    method: 'POST',
    path: '/promotions/{id}/end',
    action: 'orders.endPromotion',
    summary: 'End a promotion for good',
    roles: SELLERS,
    params: promotions.PROMOTION_REF,
    status: 200,
    result: promotions.PROMOTION,
  },
  {
    method: 'GET',
    path: '/markets/{market}/price-policy',
    action: 'orders.getPricePolicy',
    summary: 'Taxes and fees of a market',
    roles: OPS,
    params: pricing.PRICE_POLICY_REF,
    status: 200,
    result: pricing.PRICE_POLICY,
  },
  {
    method: 'PUT',
    path: '/markets/{market}/price-policy',
    action: 'orders.setPricePolicy',
    summary: 'Set taxes and fees of a market',
    roles: OPS,
    params: pricing.PRICE_POLICY_SET,
    status: 200,
    result: pricing.PRICE_POLICY,
  },
];

export const ORDER_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/orders/price',
    action: 'orders.price',
    summary: 'What a cart costs now',
    roles: CUSTOMER,
    params: carts.ORDER_PLACE,
    status: 200,
    result: carts.CART_PRICE,
  },
  {
    method: 'POST',
    path: '/orders',
    action: 'orders.place',
    summary: 'Place an order',
    roles: CUSTOMER,
    params: carts.ORDER_PLACE,
    status: 201,
    result: orders.ORDER_PLACED,
    idempotent: true,
  },
  {
    method: 'GET',
    path: '/orders',
    action: 'orders.list',
    summary: 'My orders (vendor: of my vendors)',
    roles: READERS,
    params: orders.ORDER_QUERY,
    scope: 'orders:read',
    status: 200,
    result: orders.ORDER_LIST,
  },
  {
    method: 'GET',
    path: '/orders/{id}',
    action: 'orders.get',
    summary: 'One order',
    roles: READERS,
    scope: 'orders:read',
    params: orders.ORDER_REF,
    status: 200,
    result: orders.ORDER,
  },
  {
    method: 'POST',
    path: '/orders/{id}/cancel',
    action: 'orders.cancel',
    summary: 'Cancel an order',
    roles: READERS,
    scope: 'orders:write',
    params: orders.ORDER_CANCEL,
    status: 200,
    result: orders.ORDER,
    also: CANCEL_ALSO,
  },
  {
    method: 'POST',
    path: '/orders/{id}/reorder',
    action: 'orders.reorder',
    summary: 'The same again: a cart at the prices of now',
    roles: CUSTOMER,
    params: orders.ORDER_REF,
    status: 200,
    result: carts.REORDER,
  },
  {
    method: 'POST',
    path: '/orders/{id}/rating',
    action: 'orders.rate',
    summary: 'Rate a delivered order',
    roles: CUSTOMER,
    params: ratings.RATING_GIVE,
    status: 200,
    result: orders.ORDER,
  },
  {
    method: 'POST',
    path: '/checkouts',
    action: 'orders.checkOut',
    summary: 'Place carts of several vendors at once',
    roles: CUSTOMER,
    params: checkouts.CHECKOUT_PLACE,
    status: 201,
    result: checkouts.CHECKOUT_PLACED,
    idempotent: true,
  },
  {
    method: 'GET',
    path: '/checkouts/{id}',
    action: 'orders.getCheckout',
    summary: 'The orders of a checkout',
    roles: READERS,
    params: checkouts.CHECKOUT_REF,
    status: 200,
    result: checkouts.CHECKOUT,
  },
  {
    method: 'GET',
    path: '/ops/orders/summary',
    action: 'orders.summary',
    summary: 'Where open orders stand in their sagas',
    roles: OPS,
    params: EMPTY,
    status: 200,
    result: orders.ORDER_SUMMARY,
  },
  ...PROMOTION_ROUTES,
];
