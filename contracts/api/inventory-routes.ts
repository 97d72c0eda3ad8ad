/** Routes of stock. */
import type { Route } from './route.ts';

export const INVENTORY_ROUTES: readonly Route[] = [];
