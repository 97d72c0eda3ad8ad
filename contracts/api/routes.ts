/**
 * The one table of the REST API: every route, who may call it, the schema that validates it and the
 * schema of its answer. The api service builds its aliases and OpenAPI from this, tests walk it.
 *
 * `params` covers path, query and body together: names in the path are path parameters; the rest is
 * the query of a GET and the body of everything else.
 */

import { CATALOG_ROUTES } from './catalog-routes.ts';
import { DELIVERY_ROUTES } from './delivery-routes.ts';
import { DRIVER_ROUTES } from './driver-routes.ts';
import { EXCEPTION_ROUTES } from './exception-routes.ts';
import { INVENTORY_ROUTES } from './inventory-routes.ts';
import { KITCHEN_ROUTES } from './kitchen-routes.ts';
import { ORDER_OPS_ROUTES } from './order-ops-routes.ts';
import { ORDER_ROUTES } from './order-routes.ts';
import { PAYMENT_ROUTES } from './payment-routes.ts';
import type { Route } from './route.ts';
import { SEARCH_ROUTES } from './search-routes.ts';
import { USER_ROUTES } from './user-routes.ts';
import { VENDOR_ROUTES } from './vendor-routes.ts';
import { WEBHOOK_ROUTES } from './webhook-routes.ts';
import { ZONE_ROUTES } from './zone-routes.ts';

export type { JsonSchema, Route } from './route.ts';

export const ROUTES: readonly Route[] = [
  ...USER_ROUTES,
  ...VENDOR_ROUTES,
  ...CATALOG_ROUTES,
  ...INVENTORY_ROUTES,
  ...SEARCH_ROUTES,
  ...ORDER_ROUTES,
  ...ORDER_OPS_ROUTES,
  ...PAYMENT_ROUTES,
  ...KITCHEN_ROUTES,
  ...DRIVER_ROUTES,
  ...DELIVERY_ROUTES,
  ...WEBHOOK_ROUTES,
  ...EXCEPTION_ROUTES,
  ...ZONE_ROUTES,
];
