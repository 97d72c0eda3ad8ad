/** Giving a rating, and telling those who add ratings up. */
import type { Order } from '../../../contracts/api/orders.ts';
import type { RatingGive } from '../../../contracts/api/ratings.ts';
import { ORDER_STREAM, type OrderRated } from '../../../contracts/messages/orders.ts';
import { enqueue } from '../../../platform/outbox.ts';
import type { Call } from '../../../platform/service.ts';
import type { OrdersDeps } from '../carts/placing.ts';
import { find, get } from '../orders.ts';
import { putRating } from './rating-queries.ts';
import { checkRating } from './rating-rules.ts';

/** Only its customer rates an order; sent again it replaces what was said. */
export async function rate(deps: OrdersDeps, params: RatingGive, call: Call): Promise<Order> {
  const order = await find(deps.database, params.id, call);
  const nowMs = Math.round((await deps.door()).clock.zoneMs());
  checkRating(order, params.driverStars !== undefined, nowMs);
  const { id, account, customer, vendor, driver } = order;
  const vendorStars = params.vendorStars ?? null;
  const driverStars = params.driverStars ?? null;
  const event: OrderRated = {
    ...{ type: 'order.rated', order: id, account, customer, vendor, driver },
    ...{ vendorStars, driverStars, atMs: nowMs },
  };
  await deps.database.transaction(async (trx) => {
    await putRating(trx, {
      order_id: id,
      vendor_stars: vendorStars,
      driver_stars: driverStars,
      comment: params.comment ?? null,
      rated_ms: nowMs,
    });
    const correlation = call.correlationId;
    await enqueue(trx, [{ key: id, topic: ORDER_STREAM, payload: event, correlation }]);
  });
  deps.wakeRelay();
  return get(deps.database, id, call);
}
