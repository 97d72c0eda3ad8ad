/** What the orders service asks of its tables. */
import type { Order, OrderReason, OrderState } from '../../contracts/api/orders.ts';
import type { AccountId, DeliveryId, OrderId, UserId, VendorId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { timeText, timeTextOrNull } from '../../platform/times.ts';
import type { SagaTerms } from './saga-state.ts';

export interface OrderRow {
  readonly id: OrderId;
  readonly account: AccountId;
  readonly customer: UserId;
  readonly vendor: VendorId;
  readonly delivery: DeliveryId;
  readonly state: OrderState;
  readonly total_minor: number;
  readonly currency: string;
  readonly dropoff_lat_e7: number;
  readonly dropoff_lon_e7: number;
  readonly dropoff_note: string | null;
  readonly placed_ms: number;
  readonly ready_ms: number;
  readonly ended_ms: number | null;
  readonly reason: OrderReason | null;
  /** What its saga asks others for. */
  readonly terms: SagaTerms;
  /** H3 cell of the drop-off. */
  readonly dropoff_cell: number;
}

export interface ItemRow {
  readonly id: string;
  readonly order_id: OrderId;
  readonly position: number;
  readonly name: string;
  readonly quantity: number;
  readonly unit_price_minor: number;
}

export type NewOrder = Omit<OrderRow, 'ended_ms' | 'reason'>;

export async function insertOrder(
  trx: Transaction,
  order: NewOrder,
  items: readonly ItemRow[],
): Promise<void> {
  await trx('orders').insert({ ...order, terms: JSON.stringify(order.terms) });
  await trx('items').insert([...items]);
}

export async function orderById(db: Queryable, id: string): Promise<OrderRow | undefined> {
  return db('orders').where({ id }).first();
}

/** One query, however many orders. */
export async function itemsOf(
  db: Queryable,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ItemRow[]>> {
  const rows: ItemRow[] =
    ids.length === 0
      ? []
      : await db('items')
          .whereRaw('order_id = ANY(?)', [[...ids]])
          .orderBy(['order_id', 'position']);
  const byOrder = new Map<string, ItemRow[]>();
  for (const row of rows) {
    const items = byOrder.get(row.order_id);
    if (items === undefined) byOrder.set(row.order_id, [row]);
    else items.push(row);
  }
  return byOrder;
}

export interface OrderFilter {
  readonly customer?: string | undefined;
  readonly account?: string | undefined;
  readonly vendor?: string | undefined;
  readonly state?: string | undefined;
  readonly before?: string | undefined;
}

/** Newest first. */
export async function listOrders(
  db: Queryable,
  filter: OrderFilter,
  limit: number,
): Promise<OrderRow[]> {
  const query = db('orders').orderBy('id', 'desc').limit(limit);
  if (filter.customer !== undefined) query.where({ customer: filter.customer });
  if (filter.account !== undefined) query.where({ account: filter.account });
  if (filter.vendor !== undefined) query.where({ vendor: filter.vendor });
  if (filter.state !== undefined) query.where({ state: filter.state });
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

export function orderView(row: OrderRow, items: readonly ItemRow[]): Order {
  return {
    id: row.id,
    account: row.account,
    customer: row.customer,
    vendor: row.vendor,
    state: row.state,
    items: items.map(({ id, name, quantity, unit_price_minor }) => ({
      ...{ id, name, quantity },
      unitPriceMinor: unit_price_minor,
    })),
    totalMinor: row.total_minor,
    currency: row.currency,
    dropoff: { lat: row.dropoff_lat_e7 / 1e7, lon: row.dropoff_lon_e7 / 1e7 },
    dropoffNote: row.dropoff_note,
    placedAt: timeText(row.placed_ms),
    readyAt: timeText(row.ready_ms),
    endedAt: timeTextOrNull(row.ended_ms),
    reason: row.reason,
    delivery: row.delivery,
  };
}
