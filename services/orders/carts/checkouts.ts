/** Reading a checkout: the orders that were placed together. */
import { CHECKOUT_CARTS_MAX, type Checkout } from '../../../contracts/api/checkouts.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import type { Database } from '../../../platform/database.ts';
import type { Call } from '../../../platform/service.ts';
import { sees, withParts } from '../orders.ts';
import { listOrders } from '../queries.ts';

/** Those of its orders that the caller may see: a vendor its own. */
export async function getCheckout(database: Database, id: string, call: Call): Promise<Checkout> {
  const rows = await listOrders(database.knex, { checkout: id }, CHECKOUT_CARTS_MAX);
  const visible = rows.filter((row) => sees(call.caller, row)).reverse();
  if (visible.length === 0) throw new WaggleError('resource.not_found');
  return { id, orders: await withParts(database, visible) };
}
