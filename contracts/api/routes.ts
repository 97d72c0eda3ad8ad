/**
 * The one table of the REST API: every route, who may call it, the schema that validates it and the
 * schema of its answer. The api service builds its aliases and OpenAPI from this, tests walk it.
 *
 * `params` covers path, query and body together: names in the path are path parameters; the rest is
 * the query of a GET and the body of everything else.
 */
import { DELIVERY_ROUTES } from './delivery-routes.ts';
import { EXCEPTION_ROUTES } from './exception-routes.ts';
import { PEOPLE_ROUTES } from './people-routes.ts';
import type { Route } from './route.ts';
import { ZONE_ROUTES } from './zone-routes.ts';

export type { JsonSchema, Route } from './route.ts';

export const ROUTES: readonly Route[] = [
  ...PEOPLE_ROUTES,
  ...DELIVERY_ROUTES,
  ...EXCEPTION_ROUTES,
  ...ZONE_ROUTES,
];
