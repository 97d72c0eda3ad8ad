/** What an order was placed with, as its saga asks others for it. Pure. */
import type { Cart } from '../../../contracts/api/carts.ts';
import type { DeliveryId, OrderId, UserId } from '../../../contracts/ids.ts';
import type { DeliveryWanted } from '../../../contracts/messages/deliveries.ts';
import type { StockLine } from '../../../contracts/messages/inventory.ts';
import type { PaymentMethod } from '../../../contracts/messages/payments.ts';
import type { SagaTerms } from '../saga/saga-state.ts';
import type { BuyableLine } from './cart.ts';
import type { Quoted } from './quoting.ts';

/** Where to: a point, and what the driver reads there. */
export interface ToDoor {
  readonly dropoff: { readonly lat: number; readonly lon: number };
  /** JSON Pointer of where it was said. */
  readonly dropoffField: string;
  readonly note: string | null;
}

interface Ordered {
  readonly order: OrderId;
  readonly delivery: DeliveryId;
  readonly customer: UserId;
  readonly payment: PaymentMethod;
}

interface Asked {
  readonly cart: Cart;
  readonly door: ToDoor;
}

export function termsOf(ordered: Ordered, asked: Asked, quoted: Quoted): SagaTerms {
  const { order, customer, payment } = ordered;
  const { vendor, zone, price, times, nowMs, lines } = quoted;
  return {
    ...{ order, customer, payment, account: vendor.account, vendor: vendor.vendor },
    wanted: wantedOf(ordered, asked.door, quoted),
    stock: stockOf(lines),
    ticket: {
      lines: lines.map(({ product, name, quantity, details, note }) => ({
        ...{ product, name, quantity, details },
        ...(note === null ? {} : { note }),
      })),
      ...(asked.cart.note === undefined ? {} : { note: asked.cart.note }),
    },
    totalMinor: price.totalMinor,
    goodsMinor: price.goodsMinor - price.discountMinor,
    tipMinor: price.tipMinor,
    currency: zone.currency,
    placedMs: nowMs,
    promisedReadyMs: times.readyMs,
    startMs: times.startMs,
    lines: lines.map(({ product, quantity }) => ({ product, quantity })),
  };
}

/** What `deliveries` will be asked for. */
function wantedOf({ order, delivery, customer }: Ordered, door: ToDoor, quoted: Quoted) {
  const { vendor, times, nowMs, ageMin } = quoted;
  const wanted: DeliveryWanted = {
    ...{ type: 'delivery.wanted', id: delivery, account: vendor.account },
    ...{ externalId: order, customer, vendor: vendor.vendor },
    ...{ pickup: vendor.place, dropoff: door.dropoff },
    ...{ placedMs: nowMs, readyMs: times.readyMs, pickupName: vendor.name },
    ...(vendor.pickupNote === null ? {} : { pickupNote: vendor.pickupNote }),
    ...(door.note === null ? {} : { dropoffNote: door.note }),
    ...(ageMin === null ? {} : { proof: { ageMin } }),
  };
  return wanted;
}

/** Each product and variant once, however many lines have it. */
function stockOf(lines: readonly BuyableLine[]): StockLine[] {
  const byKey = new Map<string, StockLine>();
  for (const { product, variant, quantity } of lines) {
    const key = `${product} ${variant ?? ''}`;
    const before = byKey.get(key)?.quantity ?? 0;
    byKey.set(key, { product, variant, quantity: before + quantity });
  }
  return [...byKey.values()];
}
