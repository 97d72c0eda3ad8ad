/** Routes of webhooks. */
import type { Route } from './route.ts';

export const WEBHOOK_ROUTES: readonly Route[] = [];
