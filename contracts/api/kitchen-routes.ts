/** Routes of kitchen tickets. */
import * as kitchen from './kitchen.ts';
import type { JsonSchema, Route } from './route.ts';
import type { Role } from './users.ts';

/** Vendors, for what is of their own account, and ops. */
const COOKS: readonly Role[] = ['vendor', 'ops'];

export const KITCHEN_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/vendors/{vendor}/tickets',
    action: 'kitchen.list',
    summary: 'Tickets of a vendor, the newest first',
    roles: COOKS,
    scope: 'kitchen:read',
    params: kitchen.TICKET_QUERY,
    status: 200,
    result: kitchen.TICKET_LIST,
  },
  {
    method: 'GET',
    path: '/tickets/{id}',
    action: 'kitchen.get',
    summary: 'One ticket',
    roles: COOKS,
    scope: 'kitchen:read',
    params: kitchen.TICKET_REF,
    status: 200,
    result: kitchen.TICKET,
  },
  move('accept', 'Accept a ticket, with an estimate', kitchen.TICKET_ACCEPT),
  move('reject', 'Reject a ticket, with the reason', kitchen.TICKET_REJECT),
  move('start', 'Begin to prepare', kitchen.TICKET_REF),
  move('delay', 'Say when it is ready instead', kitchen.TICKET_DELAY),
  move('ready', 'Say that it is ready', kitchen.TICKET_REF),
];

/** Made again, a move changes nothing; one that is not open to its state is refused. */
function move(name: string, summary: string, params: JsonSchema): Route {
  return {
    ...{
      method: 'POST',
      path: `/tickets/{id}/${name}`,
      action: `kitchen.${name}`,
      summary,
      params,
    },
    ...{ roles: COOKS, scope: 'kitchen:write', status: 200, result: kitchen.TICKET },
  };
}
