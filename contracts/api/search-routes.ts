/** Routes of search. */
import type { Route } from './route.ts';

export const SEARCH_ROUTES: readonly Route[] = [];
