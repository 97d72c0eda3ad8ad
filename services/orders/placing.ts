/** Placing an order: order, items, the promise to ask for a delivery, and the answer, in one write. */
import type { OrderPlace, OrderPlaced } from '../../contracts/api/orders.ts';
import type { Vendor } from '../../contracts/api/vendors.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type AccountId, newId, type UserId, type VendorId } from '../../contracts/ids.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Tokens } from '../../platform/auth/tokens.ts';
import type { Database } from '../../platform/database.ts';
import { idempotent } from '../../platform/idempotency.ts';
import { type Call, requireUser } from '../../platform/service.ts';
import { parseTime, timeText } from '../../platform/times.ts';
import { isOpen } from './opening-hours.ts';
import * as queries from './queries.ts';
import { begin } from './saga-store.ts';

export interface OrdersDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly signer: Tokens;
  readonly trackingLinkMs: number;
  /** How the API is reached from outside. */
  readonly publicUrl: string;
  readonly wakeRelay: () => void;
}

/** Places an order once per Idempotency-Key; a repeat gets the first answer. */
export async function place(
  deps: OrdersDeps,
  params: OrderPlace,
  call: Call,
): Promise<OrderPlaced> {
  const customer = requireUser(call).sub as UserId;
  const vendor = await call.call<Vendor>('vendors.get', { id: params.vendor }).catch(vendorProblem);
  const door = await deps.door();
  const zone = door.zoneAt(vendor.place.lat, vendor.place.lon);
  if (zone === undefined) throw new WaggleError('zone.none_here');
  const nowMs = Math.round(door.clock.zoneMs());
  if (!isOpen(vendor.hours, vendor.timeZone, nowMs)) {
    throw new WaggleError('resource.conflict', 'the vendor is closed');
  }
  const order = orderOf(params, { vendor, customer, nowMs, currency: zone.currency });
  const trackingToken = await deps.signer.signTracking(
    order.delivery,
    order.account,
    deps.trackingLinkMs,
  );
  const { answer } = await idempotent(
    deps.database,
    { owner: customer, key: call.idempotencyKey, request: params },
    async (trx) => {
      await queries.insertOrder(trx, order, itemsOf(params, order));
      const correlation = call.correlationId;
      await begin(trx, [{ terms: order.terms, correlation }], nowMs);
      return {
        id: order.id,
        state: order.state,
        delivery: order.delivery,
        placedAt: timeText(order.placed_ms),
        readyAt: timeText(order.ready_ms),
        trackingUrl: `${deps.publicUrl}/track/${trackingToken}`,
        trackingToken,
      } satisfies OrderPlaced;
    },
  );
  deps.wakeRelay();
  return answer;
}

function vendorProblem(error: unknown): never {
  if (error instanceof WaggleError && error.code === 'resource.not_found') {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/vendor', expected: 'a vendor of this installation' },
    ]);
  }
  throw error;
}

interface Terms {
  readonly vendor: Vendor;
  readonly customer: UserId;
  readonly nowMs: number;
  readonly currency: string;
}

function orderOf(params: OrderPlace, terms: Terms): queries.NewOrder {
  const { vendor, customer, nowMs, currency } = terms;
  const id = newId('order');
  const delivery = newId('delivery');
  const account = vendor.account as AccountId;
  const { latE7, lonE7, cell } = placeOf(params.dropoff.lat, params.dropoff.lon);
  const readyMs = readyMsOf(params, vendor, nowMs);
  const total = params.items.reduce((sum, item) => sum + item.quantity * item.unitPriceMinor, 0);
  return {
    id,
    account,
    customer,
    vendor: vendor.id as VendorId,
    delivery,
    state: 'placed',
    total_minor: total,
    currency,
    dropoff_lat_e7: latE7,
    dropoff_lon_e7: lonE7,
    dropoff_note: params.dropoffNote ?? null,
    placed_ms: nowMs,
    ready_ms: readyMs,
    dropoff_cell: cell,
    terms: {
      ...{ order: id, account, customer, vendor: vendor.id as VendorId, currency },
      wanted: {
        type: 'delivery.wanted',
        id: delivery,
        account,
        externalId: id,
        customer,
        vendor: vendor.id as VendorId,
        pickup: vendor.place,
        dropoff: params.dropoff,
        placedMs: nowMs,
        readyMs,
        pickupName: vendor.name,
        ...(vendor.pickupNote === null ? {} : { pickupNote: vendor.pickupNote }),
        ...(params.dropoffNote === undefined ? {} : { dropoffNote: params.dropoffNote }),
      },
      stock: [],
      ticket: {
        lines: params.items.map(({ name, quantity }) => ({
          ...{ product: '', name, quantity, details: [] },
        })),
      },
      payment: { kind: 'cash' },
      ...{ totalMinor: total, goodsMinor: total, tipMinor: 0 },
      placedMs: nowMs,
      promisedReadyMs: readyMs,
      startMs: nowMs,
      lines: params.items.map(({ name, quantity }) => ({ product: name, quantity })),
    },
  };
}

function readyMsOf(params: OrderPlace, vendor: Vendor, nowMs: number): number {
  if (params.readyAt !== undefined && params.readyInSeconds !== undefined) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/readyAt', expected: 'not together with readyInSeconds' },
    ]);
  }
  if (params.readyAt !== undefined) return parseTime(params.readyAt, '/readyAt');
  return nowMs + (params.readyInSeconds ?? vendor.prepareSeconds) * 1000;
}

function itemsOf(params: OrderPlace, order: queries.NewOrder): queries.ItemRow[] {
  return params.items.map((item, position) => ({
    id: newId('orderItem'),
    order_id: order.id,
    position,
    name: item.name,
    quantity: item.quantity,
    unit_price_minor: item.unitPriceMinor,
  }));
}
