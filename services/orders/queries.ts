/** What the orders service asks of its tables. */
import type { PriceParts } from '../../contracts/api/carts.ts';
import type { Order, OrderReason, OrderState } from '../../contracts/api/orders.ts';
import type {
  AccountId,
  CheckoutId,
  DeliveryId,
  DriverId,
  OrderId,
  PromotionId,
  UserId,
  VendorId,
} from '../../contracts/ids.ts';
import type { PaymentMethod } from '../../contracts/messages/payments.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { timeText, timeTextOrNull } from '../../platform/times.ts';
import { type RatingRow, ratingView } from './care/rating-rules.ts';
import type { SagaTerms } from './saga/saga-state.ts';

/** What a customer ordered: written once, never changed (but to forget the customer). */
export interface NewOrder {
  readonly id: OrderId;
  readonly account: AccountId;
  readonly customer: UserId;
  readonly vendor: VendorId;
  readonly delivery: DeliveryId;
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
  /** What the customer asked for; null: at once. */
  readonly scheduled_ms: number | null;
  /** When work on it begins. */
  readonly start_ms: number;
  /** What its saga asks others for. */
  readonly terms: SagaTerms;
  readonly items: readonly Item[];
  /** H3 cell of the drop-off. */
  readonly dropoff_cell: number;
  /** Whom to call about it. */
  readonly phone: string | null;
}

/** A line of an order, as it was bought. */
export type Item = Order['items'][number];

/** An order with where it stands: a row of the view `orders_now`. */
export interface OrderRow extends NewOrder {
  readonly state: OrderState;
  /** When the kitchen says it is ready. */
  readonly ready_ms: number;
  readonly ended_ms: number | null;
  readonly reason: OrderReason | null;
  readonly driver: DriverId | null;
}

const ORDER_COLUMNS = `id, account, customer, vendor, delivery, total_minor, goods_minor, tip_minor,
  price, currency, payment, promotion, promotion_code, age_min, note, checkout, dropoff_lat_e7,
  dropoff_lon_e7, dropoff_note, placed_ms, scheduled_ms, start_ms, terms, items, dropoff_cell, phone`;

/** One statement, however many orders. */
export async function insertOrders(trx: Transaction, orders: readonly NewOrder[]): Promise<void> {
  await trx.raw(
    `INSERT INTO orders (${ORDER_COLUMNS})
     SELECT ${ORDER_COLUMNS} FROM json_populate_recordset(NULL::orders, ?::json)`,
    [JSON.stringify(orders)],
  );
}

export async function orderById(db: Queryable, id: string): Promise<OrderRow | undefined> {
  return db('orders_now').where({ id }).first();
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
  const query = db('orders_now').orderBy('id', 'desc').limit(limit);
  if (filter.customer !== undefined) query.where({ customer: filter.customer });
  if (filter.account !== undefined) query.where({ account: filter.account });
  if (filter.vendor !== undefined) query.where({ vendor: filter.vendor });
  if (filter.state !== undefined) query.where({ state: filter.state });
  if (filter.checkout !== undefined) query.where({ checkout: filter.checkout });
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

/** An order as it is shown. */
export function orderView(row: OrderRow, rating: RatingRow | undefined): Order {
  return {
    id: row.id,
    account: row.account,
    customer: row.customer,
    vendor: row.vendor,
    state: row.state,
    items: [...row.items],
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
