/** What the saga hears of the others: the streams it follows, and which order each entry is about. */
import { isId } from '../../../contracts/ids.ts';
import { DELIVERY_STREAM, type DeliveryChanged } from '../../../contracts/messages/deliveries.ts';
import { INVENTORY_STREAM, type InventoryEvent } from '../../../contracts/messages/inventory.ts';
import { KITCHEN_STREAM, type KitchenEvent } from '../../../contracts/messages/kitchen.ts';
import { PAYMENT_STREAM, type PaymentEvent } from '../../../contracts/messages/payments.ts';
import type { Transaction } from '../../../platform/database.ts';
import type { EventEntry } from '../../../platform/event-stream.ts';
import { type SagaWorld, type Told, tell } from './saga-store.ts';

export const FOLLOWED = [
  INVENTORY_STREAM,
  PAYMENT_STREAM,
  KITCHEN_STREAM,
  DELIVERY_STREAM,
] as const;

export type Heard = InventoryEvent | PaymentEvent | KitchenEvent | DeliveryChanged;

/** Levels of stock are of no order, and a delivery may be of a shop with orders of its own. */
export function isOfOrder(event: Heard): boolean {
  if (event.type === 'delivery.changed') return isId('order', event.externalId);
  return event.type !== 'stock.level';
}

/** Handles a batch of one stream in its transaction. */
export async function follow(
  trx: Transaction,
  world: SagaWorld,
  entries: readonly EventEntry<Heard>[],
): Promise<void> {
  await tell(
    trx,
    world,
    entries.flatMap(({ event }) => toldBy(event)),
  );
}

function toldBy(event: Heard): Told[] {
  if (event.type === 'stock.level') return [];
  const order = event.type === 'delivery.changed' ? event.externalId : event.order;
  return [{ order, input: event }];
}
