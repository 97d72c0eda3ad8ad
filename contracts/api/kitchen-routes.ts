/** Routes of kitchen tickets. */
import type { Route } from './route.ts';

export const KITCHEN_ROUTES: readonly Route[] = [];
