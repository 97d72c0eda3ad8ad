/** Reading orders: who sees which. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type { Order, OrderList, OrderQuery, OrderSummary } from '../../contracts/api/orders.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { Database } from '../../platform/database.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import { type Call, type Caller, requireUser } from '../../platform/service.ts';
import { ratingsOf } from './care/rating-queries.ts';
import * as queries from './queries.ts';
import { countOpen } from './saga/saga-rows.ts';

/** A foreign order looks as if it did not exist. */
export function sees(caller: Caller, row: queries.OrderRow): boolean {
  if (caller.kind === 'system') return true;
  if (caller.kind === 'api_key') return row.account === caller.account;
  if (caller.kind !== 'user') return false;
  if (caller.role === 'ops') return true;
  if (caller.role === 'vendor') return row.account === caller.account;
  return caller.role === 'customer' && row.customer === caller.sub;
}

/** The order, if the caller sees it. Throws `resource.not_found`. */
export async function find(database: Database, id: string, call: Call): Promise<queries.OrderRow> {
  const row = await queries.orderById(database.knex, id);
  if (row === undefined || !sees(call.caller, row)) throw new WaggleError('resource.not_found');
  return row;
}

export async function get(database: Database, id: string, call: Call): Promise<Order> {
  const row = await find(database, id, call);
  const [view] = await withParts(database, [row]);
  if (view === undefined) throw new WaggleError('resource.not_found');
  return view;
}

/** Rows with their ratings: one query, however many. */
export async function withParts(
  database: Database,
  rows: readonly queries.OrderRow[],
): Promise<Order[]> {
  const ratings = await ratingsOf(
    database.knex,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => queries.orderView(row, ratings.get(row.id)));
}

/** Where open orders stand. */
export async function summarise(database: Database): Promise<OrderSummary> {
  const rows = await countOpen(database.knex);
  return { open: Object.fromEntries(rows.map(({ step, count }) => [step, count])) };
}

export async function list(database: Database, params: OrderQuery, call: Call): Promise<OrderList> {
  const { caller } = call;
  const isKey = caller.kind === 'api_key';
  const user = isKey
    ? { role: 'vendor', sub: caller.sub, account: caller.account }
    : requireUser(call);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const filter: queries.OrderFilter = {
    customer: user.role === 'customer' ? user.sub : undefined,
    account: user.role === 'vendor' ? user.account : undefined,
    vendor: params.vendor,
    state: params.state,
    before: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
  };
  const page = pageOf(await queries.listOrders(database.knex, filter, limit + 1), limit);
  return { items: await withParts(database, page.rows), next: page.next };
}
