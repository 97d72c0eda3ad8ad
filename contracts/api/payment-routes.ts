/** Routes of payments. */
import type { Route } from './route.ts';

export const PAYMENT_ROUTES: readonly Route[] = [];
