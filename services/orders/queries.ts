/** What the orders service asks of its tables. */
import type { PriceParts } from '../../contracts/api/carts.ts';
import type { Order, OrderReason, OrderState } from '../../contracts/api/orders.ts';
import type {
  AccountId,
  CheckoutId,
  DeliveryId,
  DriverId,
  OptionId,
  OrderId,
  ProductId,
  PromotionId,
  UserId,
  VariantId,
  VendorId,
} from '../../contracts/ids.ts';
import type { PaymentMethod } from '../../contracts/messages/payments.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { timeText, timeTextOrNull } from '../../platform/times.ts';
import { type RatingRow, ratingView } from './care/rating-rules.ts';
import type { SagaTerms } from './saga/saga-state.ts';

export interface OrderRow {
  readonly id: OrderId;
  readonly account: AccountId;
  readonly customer: UserId;
  readonly vendor: VendorId;
  readonly delivery: DeliveryId;
  readonly state: OrderState;
  readonly total_minor: number;
  /** Goods after the promotion. */
  readonly goods_minor: number;
  readonly tip_minor: number;
  readonly price: PriceParts;
  readonly currency: string;
  readonly payment: PaymentMethod;
  readonly promotion: PromotionId | null;
  readonly promotion_code: string | null;
  /** Years to be shown at the door. */
  readonly age_min: number | null;
  readonly note: string | null;
  readonly checkout: CheckoutId | null;
  readonly dropoff_lat_e7: number;
  readonly dropoff_lon_e7: number;
  readonly dropoff_note: string | null;
  readonly placed_ms: number;
  readonly ready_ms: number;
  /** What the customer asked for; null: at once. */
  readonly scheduled_ms: number | null;
  /** When work on it begins. */
  readonly start_ms: number;
  readonly ended_ms: number | null;
  readonly reason: OrderReason | null;
  /** What its saga asks others for. */
  readonly terms: SagaTerms;
  /** H3 cell of the drop-off. */
  readonly dropoff_cell: number;
  /** Whom to call about it. */
  readonly phone: string | null;
  readonly driver: DriverId | null;
}

export interface ItemRow {
  readonly id: string;
  readonly order_id: OrderId;
  readonly position: number;
  readonly product: ProductId;
  readonly variant: VariantId | null;
  readonly options: readonly OptionId[];
  readonly name: string;
  /** Names of variant and options when it was bought. */
  readonly details: readonly string[];
  readonly quantity: number;
  readonly note: string | null;
  readonly unit_price_minor: number;
  readonly goods_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
}

export type NewOrder = Omit<OrderRow, 'ended_ms' | 'reason' | 'driver'>;

const ORDER_COLUMNS = `id, account, customer, vendor, delivery, state, total_minor, goods_minor,
  tip_minor, price, currency, payment, promotion, promotion_code, age_min, note, checkout,
  dropoff_lat_e7, dropoff_lon_e7, dropoff_note, placed_ms, ready_ms, scheduled_ms, start_ms,
  terms, dropoff_cell, phone`;
const ITEM_COLUMNS = `id, order_id, position, product, variant, options, name, details, quantity,
  note, unit_price_minor, goods_minor, discount_minor, tax_minor`;

/** Two statements, however many orders. */
export async function insertOrders(
  trx: Transaction,
  orders: readonly NewOrder[],
  items: readonly ItemRow[],
): Promise<void> {
  await trx.raw(
    `INSERT INTO orders (${ORDER_COLUMNS})
     SELECT ${ORDER_COLUMNS} FROM jsonb_populate_recordset(NULL::orders, ?::jsonb)`,
    [JSON.stringify(orders)],
  );
  await trx.raw(
    `INSERT INTO items (${ITEM_COLUMNS})
     SELECT ${ITEM_COLUMNS} FROM jsonb_populate_recordset(NULL::items, ?::jsonb)`,
    [JSON.stringify(items)],
  );
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
  readonly checkout?: string | undefined;
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
  if (filter.checkout !== undefined) query.where({ checkout: filter.checkout });
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

/** An order as it is shown. */
export function orderView(
  row: OrderRow,
  items: readonly ItemRow[],
  rating: RatingRow | undefined,
): Order {
  return {
    id: row.id,
    account: row.account,
    customer: row.customer,
    vendor: row.vendor,
    state: row.state,
    items: items.map(itemView),
    price: row.price,
    totalMinor: row.total_minor,
    currency: row.currency,
    promotion: row.promotion_code,
    payment: row.payment.kind,
    ageMin: row.age_min,
    note: row.note,
    dropoff: { lat: row.dropoff_lat_e7 / 1e7, lon: row.dropoff_lon_e7 / 1e7 },
    dropoffNote: row.dropoff_note,
    placedAt: timeText(row.placed_ms),
    readyAt: timeText(row.ready_ms),
    scheduledFor: timeTextOrNull(row.scheduled_ms),
    endedAt: timeTextOrNull(row.ended_ms),
    reason: row.reason,
    delivery: row.delivery,
    driver: row.driver,
    checkout: row.checkout,
    rating: rating === undefined ? null : ratingView(rating, row),
  };
}

function itemView(item: ItemRow): Order['items'][number] {
  const { id, product, variant, options, name, details, quantity, note } = item;
  return {
    ...{ id, product, variant, options: [...options], name, details: [...details] },
    ...{ quantity, note, unitPriceMinor: item.unit_price_minor, goodsMinor: item.goods_minor },
    ...{ discountMinor: item.discount_minor, taxMinor: item.tax_minor },
  };
}
