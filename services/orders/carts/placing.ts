/**
 * Placing orders: carts are priced, their rows are made, and everything a request asks for is written
 * at once, with its answer. Several carts are one checkout: linked orders, all of them or none.
 */
import type { Address } from '../../../contracts/api/addresses.ts';
import type { Cart, CartPrice, OrderPlace } from '../../../contracts/api/carts.ts';
import type { CheckoutPlace, CheckoutPlaced } from '../../../contracts/api/checkouts.ts';
import type { OrderPlaced } from '../../../contracts/api/orders.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import { type CheckoutId, newId, type UserId } from '../../../contracts/ids.ts';
import type { PaymentMethod } from '../../../contracts/messages/payments.ts';
import { placeOf } from '../../../dispatch/geometry.ts';
import type { Tokens } from '../../../platform/auth/tokens.ts';
import { hashOf, requireKey, storedAnswer } from '../../../platform/idempotency.ts';
import { type Call, requireUser } from '../../../platform/service.ts';
import { timeText, timeTextOrNull } from '../../../platform/times.ts';
import type { Item, NewOrder } from '../queries.ts';
import { type ToDoor, termsOf } from './order-terms.ts';
import type { PlacementBatch } from './placement-batch.ts';
import type { Placement } from './placement-writing.ts';
import {
  linePrice,
  partsOf,
  priceView,
  type Quoted,
  type QuotingDeps,
  quoteCart,
} from './quoting.ts';

export interface OrdersDeps extends QuotingDeps {
  readonly signer: Tokens;
  readonly trackingLinkMs: number;
  /** How the API is reached from outside. */
  readonly publicUrl: string;
  readonly wakeRelay: () => void;
  readonly batch: PlacementBatch;
}

/** What a cart costs now; nothing is written. */
export async function price(deps: OrdersDeps, params: OrderPlace, call: Call): Promise<CartPrice> {
  const customer = requireUser(call).sub as UserId;
  const door = await doorOf(params, call);
  const asked = { cart: params, customer, at: '', ...door };
  return priceView(params, await quoteCart(deps, asked, call));
}

/** Places an order once per Idempotency-Key; a repeat gets the first answer. */
export async function place(
  deps: OrdersDeps,
  params: OrderPlace,
  call: Call,
): Promise<OrderPlaced> {
  return placeOnce(deps, params, call, async (customer) => {
    const door = await doorOf(params, call);
    const cart = await prepare(deps, { cart: params, at: '', customer, door, params }, call, null);
    return { carts: [cart], answer: cart.answer };
  });
}

/** Places all carts or none, as orders of one checkout. */
export async function checkOut(
  deps: OrdersDeps,
  params: CheckoutPlace,
  call: Call,
): Promise<CheckoutPlaced> {
  return placeOnce(deps, params, call, async (customer) => {
    const door = await doorOf(params, call);
    const id = newId('checkout');
    const carts = await Promise.all(
      params.carts.map((cart, index) =>
        prepare(deps, { cart, at: `/carts/${index}`, customer, door, params }, call, id),
      ),
    );
    return { carts, answer: { id, orders: carts.map(({ answer }) => answer) } };
  });
}

interface Made<T> {
  readonly carts: readonly Prepared[];
  readonly answer: T;
}

/** What was answered once is answered again, also when the same could not be placed any more. */
async function placeOnce<T extends object>(
  deps: OrdersDeps,
  params: object,
  call: Call,
  make: (customer: UserId) => Promise<Made<T>>,
): Promise<T> {
  const owner = requireUser(call).sub as UserId;
  const { idempotencyKey: key, correlationId: correlation } = call;
  requireKey(key);
  const { carts, answer } = await make(owner).catch(async (error: unknown) => {
    const request = { owner, key, request: params };
    const before = await storedAnswer<T>(deps.database.knex, request);
    if (before === undefined) throw error;
    return { carts: [], answer: before };
  });
  if (carts.length === 0) return answer;
  const placement: Placement = {
    ...{ owner, key, requestHash: hashOf(params), answer, correlation },
    orders: carts.map(({ order }) => order),
    uses: carts.flatMap(({ order: { id, promotion }, at }) =>
      promotion === null ? [] : [{ order: id, customer: owner, promotion, at }],
    ),
  };
  return (await deps.batch.place(placement)) as T;
}

type DoorParams = Pick<OrderPlace, 'dropoff' | 'address' | 'dropoffNote'>;
const NOTE_MAX = 500;

/** Where to: a point, or an address of the customer with its text and note for the driver. */
async function doorOf(params: DoorParams, call: Call): Promise<ToDoor> {
  const { dropoff, address: id, dropoffNote } = params;
  if ((dropoff === undefined) === (id === undefined)) {
    throw invalid('/dropoff', 'either a place or one of your addresses');
  }
  if (dropoff !== undefined) {
    return { dropoff, dropoffField: '/dropoff', note: dropoffNote ?? null };
  }
  const address = await call.call<Address>('users.address', { id }).catch((error: unknown) => {
    if (error instanceof WaggleError && error.code === 'resource.not_found') {
      throw invalid('/address', 'one of your addresses');
    }
    throw error;
  });
  const words = [address.text, dropoffNote ?? address.note].filter((each) => each !== '');
  const note = words.join('\n').slice(0, NOTE_MAX);
  return { dropoff: address.point, dropoffField: '/address', note };
}

interface CartAsked {
  readonly cart: Cart;
  readonly at: string;
  readonly customer: UserId;
  readonly door: ToDoor;
  readonly params: { readonly payment?: PaymentMethod; readonly contactPhone?: string };
}

interface Prepared {
  /** JSON Pointer of the cart in the request. */
  readonly at: string;
  readonly order: NewOrder;
  readonly answer: OrderPlaced;
}

async function prepare(
  deps: OrdersDeps,
  asked: CartAsked,
  call: Call,
  checkout: CheckoutId | null,
): Promise<Prepared> {
  const { door } = asked;
  const quoted = await quoteCart(deps, { ...asked, ...door }, call);
  const order = orderOf(asked, quoted, checkout);
  const { delivery, account } = order;
  const trackingToken = await deps.signer.signTracking(delivery, account, deps.trackingLinkMs);
  const answer: OrderPlaced = {
    ...{ id: order.id, vendor: order.vendor, delivery },
    state: order.start_ms > order.placed_ms ? 'scheduled' : 'placed',
    placedAt: timeText(order.placed_ms),
    readyAt: timeText(order.terms.promisedReadyMs),
    scheduledFor: timeTextOrNull(order.scheduled_ms),
    totalMinor: order.total_minor,
    currency: order.currency,
    trackingUrl: `${deps.publicUrl}/track/${trackingToken}`,
    trackingToken,
  };
  return { at: asked.at, order, answer };
}

function orderOf(asked: CartAsked, quoted: Quoted, checkout: CheckoutId | null): NewOrder {
  const { cart, customer, door, params } = asked;
  const { vendor, price: whole, promotion, times, nowMs } = quoted;
  const { latE7, lonE7, cell } = placeOf(door.dropoff.lat, door.dropoff.lon);
  const order = newId('order');
  const payment = params.payment ?? { kind: 'cash' };
  const terms = termsOf({ order, delivery: newId('delivery'), customer, payment }, asked, quoted);
  return {
    ...{ id: order, delivery: terms.wanted.id, customer, checkout, payment },
    ...{ account: vendor.account, vendor: vendor.vendor },
    ...{ total_minor: terms.totalMinor, goods_minor: terms.goodsMinor, tip_minor: terms.tipMinor },
    price: partsOf(whole),
    currency: terms.currency,
    promotion: promotion?.id ?? null,
    promotion_code: promotion?.code ?? null,
    age_min: quoted.ageMin,
    note: cart.note ?? null,
    ...{ dropoff_lat_e7: latE7, dropoff_lon_e7: lonE7, dropoff_cell: cell },
    phone: params.contactPhone ?? null,
    dropoff_note: door.note,
    placed_ms: nowMs,
    scheduled_ms: times.scheduledMs,
    start_ms: times.startMs,
    terms,
    items: itemsOf(quoted),
  };
}

function itemsOf({ lines, price: whole }: Quoted): Item[] {
  return lines.map((line, position) => {
    const { goodsMinor, discountMinor, taxMinor } = linePrice(whole, position);
    const { product, variant, options, name, details, quantity, note } = line;
    return {
      id: newId('orderItem'),
      ...{ product, variant, options: [...options], name, details: [...details], quantity, note },
      ...{ unitPriceMinor: line.unitPriceMinor, goodsMinor, discountMinor, taxMinor },
    };
  });
}

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}
