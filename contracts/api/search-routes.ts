/** Routes of search. Anybody may look, with or without credentials. */
import type { Route } from './route.ts';
import * as search from './search.ts';

export const SEARCH_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/search',
    action: 'search.find',
    summary: 'Find vendors and products',
    roles: 'public',
    params: search.SEARCH_QUERY,
    status: 200,
    result: search.SEARCH_ANSWER,
  },
  {
    method: 'GET',
    path: '/search/suggest',
    action: 'search.suggest',
    summary: 'What a text may become while it is typed',
    roles: 'public',
    params: search.SUGGEST_QUERY,
    status: 200,
    result: search.SUGGESTIONS,
  },
];
