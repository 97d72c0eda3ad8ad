/** What `orders` tells others. What it asks of others stands with them (`requests:*`). */
import type { OrderState } from '../api/orders.ts';
import type { AccountId, DeliveryId, DriverId, OrderId, UserId, VendorId } from '../ids.ts';
import type { Fault } from '../states.ts';

export const ORDER_STREAM = 'events:orders';

/** An order is in another state. */
export interface OrderChanged {
  readonly type: 'order.changed';
  readonly order: OrderId;
  readonly account: AccountId;
  readonly customer: UserId;
  readonly vendor: VendorId;
  readonly delivery: DeliveryId;
  readonly state: OrderState;
  /** Zone ms. */
  readonly atMs: number;
  /** Minor units; what the customer pays in all. Absent in what was told before prices. */
  readonly totalMinor?: number;
  readonly currency?: string;
  /** Goods alone, after promotions; what the vendor's revenue is counted by. */
  readonly goodsMinor?: number;
  readonly tipMinor?: number;
  readonly lines?: readonly { readonly product: string; readonly quantity: number }[];
  /** Zone ms: placed, and what the vendor promised at first. */
  readonly placedMs?: number;
  readonly promisedReadyMs?: number;
  /** Of a cancelled or failed one. */
  readonly reason?: { readonly code: string; readonly fault: Fault } | null;
}

/** A customer rated an order; each of the stars may be left out. 1 to 5. */
export interface OrderRated {
  readonly type: 'order.rated';
  readonly order: OrderId;
  readonly account: AccountId;
  readonly customer: UserId;
  readonly vendor: VendorId;
  readonly driver: DriverId | null;
  readonly vendorStars: number | null;
  readonly driverStars: number | null;
  /** Zone ms. */
  readonly atMs: number;
}

export type OrderEvent = OrderChanged | OrderRated;
