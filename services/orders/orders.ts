/** Reading and cancelling orders, and following what becomes of their deliveries. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type { DeliveryCancelled } from '../../contracts/api/deliveries.ts';
import type {
  Order,
  OrderCancel,
  OrderList,
  OrderQuery,
  OrderState,
} from '../../contracts/api/orders.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { compareVersions, type DeliveryChanged } from '../../contracts/messages/deliveries.ts';
import { ORDER_STREAM } from '../../contracts/messages/orders.ts';
import type { DeliveryState, EndCode, Fault } from '../../contracts/states.ts';
import { isEnded } from '../../contracts/states.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { enqueue } from '../../platform/outbox.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import { type Call, type Caller, requireUser } from '../../platform/service.ts';
import { changeOf, type OrdersDeps } from './placing.ts';
import * as queries from './queries.ts';

/** A foreign order looks as if it did not exist. */
function sees(caller: Caller, row: queries.OrderRow): boolean {
  if (caller.kind === 'system') return true;
  if (caller.kind !== 'user') return false;
  if (caller.role === 'ops') return true;
  if (caller.role === 'vendor') return row.account === caller.account;
  return caller.role === 'customer' && row.customer === caller.sub;
}

async function find(database: Database, id: string, call: Call): Promise<queries.OrderRow> {
  const row = await queries.orderById(database.knex, id);
  if (row === undefined || !sees(call.caller, row)) throw new WaggleError('resource.not_found');
  return row;
}

export async function get(database: Database, id: string, call: Call): Promise<Order> {
  const row = await find(database, id, call);
  const items = await queries.itemsOf(database.knex, [id]);
  return queries.orderView(row, items.get(id) ?? []);
}

export async function list(database: Database, params: OrderQuery, call: Call): Promise<OrderList> {
  const user = requireUser(call);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const filter: queries.OrderFilter = {
    customer: user.role === 'customer' ? user.sub : undefined,
    account: user.role === 'vendor' ? user.account : undefined,
    vendor: params.vendor,
    state: params.state,
    before: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
  };
  const page = pageOf(await queries.listOrders(database.knex, filter, limit + 1), limit);
  const items = await queries.itemsOf(
    database.knex,
    page.rows.map(({ id }) => id),
  );
  return {
    items: page.rows.map((row) => queries.orderView(row, items.get(row.id) ?? [])),
    next: page.next,
  };
}

function blameOf(caller: Caller): { code: EndCode; fault: Fault } {
  const role = caller.kind === 'user' ? caller.role : 'ops';
  if (role === 'vendor') return { code: 'cancelled_by_vendor', fault: 'vendor' };
  if (role === 'ops') return { code: 'cancelled_by_ops', fault: 'platform' };
  return { code: 'cancelled_by_customer', fault: 'customer' };
}

/**
 * Cancels through `deliveries`, whose log decides. The delivery is asked for first, which is
 * harmless when it exists: the relay may not have come to it yet, and a cancel must not overtake.
 */
export async function cancel(deps: OrdersDeps, params: OrderCancel, call: Call): Promise<Order> {
  const row = await find(deps.database, params.id, call);
  if (row.state === 'cancelled') return get(deps.database, row.id, call);
  await call.call('deliveries.create', row.create_request, { kind: 'system' });
  const cancelled = await call.call<DeliveryCancelled>(
    'deliveries.cancelForOrder',
    { id: row.delivery, ...blameOf(call.caller) },
    { kind: 'system' },
  );
  if (!cancelled.confirmed) call.setStatus(202);
  const order = await get(deps.database, row.id, call);
  // The event that moves the order is on its way; the log's answer is known already.
  return cancelled.confirmed ? { ...order, state: 'cancelled' } : order;
}

/** What a delivery's state means for its order. */
export function orderStateOf(state: DeliveryState): OrderState {
  switch (state) {
    case 'scheduled':
    case 'pending':
    case 'assigned':
    case 'at_pickup':
      return 'accepted';
    case 'picked_up':
    case 'at_dropoff':
    case 'returning':
      return 'on_the_way';
    case 'delivered':
      return 'delivered';
    case 'cancelled':
      return 'cancelled';
    case 'returned':
    case 'failed':
      return 'failed';
  }
}

/** Moves orders by what happened to their deliveries; older facts change nothing. */
export async function follow(
  trx: Transaction,
  entries: readonly EventEntry<DeliveryChanged>[],
): Promise<void> {
  const moves = new Map<string, queries.OrderMove>();
  for (const { event } of entries) {
    const known = moves.get(event.delivery);
    // Of several facts in one batch the newest is all that an order keeps.
    if (known && compareVersions(known.version, event.version) >= 0) continue;
    moves.set(event.delivery, {
      delivery: event.delivery,
      state: orderStateOf(event.state),
      atMs: event.atMs,
      endedMs: isEnded(event.state) ? event.atMs : null,
      reason: event.reason,
      version: event.version,
    });
  }
  const moved = await queries.moveOrders(trx, [...moves.values()]);
  await enqueue(
    trx,
    moved.map((row) => {
      const atMs = moves.get(row.delivery)?.atMs ?? row.placed_ms;
      return { key: row.id, topic: ORDER_STREAM, payload: changeOf(row, atMs) };
    }),
  );
}
