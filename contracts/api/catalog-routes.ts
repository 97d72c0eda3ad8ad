/** Routes of menus. */
import type { Route } from './route.ts';

export const CATALOG_ROUTES: readonly Route[] = [];
