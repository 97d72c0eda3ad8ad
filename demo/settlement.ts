/**
 * The end of a run: waits until every delivery has an end, then asks the public API about each one
 * that was acknowledged. It only asks; `verdict.ts` judges.
 */
import type {
  Delivery,
  DeliveryDetail,
  DeliveryEvents,
  DeliveryList,
} from '../contracts/api/deliveries.ts';
import type { Order, OrderList } from '../contracts/api/orders.ts';
import type { DeliveryId, OrderId } from '../contracts/ids.ts';
import type { Journal } from './journal.ts';
import { eachBounded, pause, RestError } from './rest.ts';
import type { Session } from './session.ts';
import { judge, type Truth } from './verdict.ts';

const PAGE = 200;
/** Pages of a list that are read at most: more than any run makes. */
const PAGES_MAX = 400;
const ASK_WIDTH = 8;
const POLL_MS = 1_000;
/** Records follow the log within moments; a disagreement that lasts longer than this is real. */
export const FOLLOW_MS_MAX = 15_000;

/** The deliveries of this run that have not ended, by the API. */
export async function openDeliveries(ops: Session, journal: Journal): Promise<number> {
  let open = 0;
  await eachPage<DeliveryList['items'][number]>(ops, '/deliveries?open=true&', (items) => {
    for (const { id } of items) if (journal.orders.has(id)) open++;
    return true;
  });
  return open;
}

const ENDED: readonly string[] = ['delivered', 'cancelled', 'failed'] satisfies Order['state'][];

/** Whether an order of this run has not ended: it may not have come to its delivery yet. */
async function hasOpenOrders(ops: Session, journal: Journal): Promise<boolean> {
  const wanted = new Set([...journal.orders.values()].map(({ order }) => order));
  let isOpen = false;
  // Newest first, so that the orders of this run are on the first pages.
  await eachPage<OrderList['items'][number]>(ops, '/orders?', (items) => {
    isOpen ||= items.some(({ id, state }) => wanted.has(id) && !ENDED.includes(state));
    for (const { id } of items) wanted.delete(id);
    return wanted.size > 0 && !isOpen;
  });
  return isOpen;
}

/** Waits until nothing is open, at most `wallMs`. `isCut` ends the wait early. */
export async function waitForEnds(
  ops: Session,
  journal: Journal,
  wallMs: number,
  isCut: () => boolean,
): Promise<void> {
  const deadline = performance.now() + wallMs;
  while (performance.now() < deadline && !isCut()) {
    const isOver = (await openDeliveries(ops, journal).catch(() => 1)) === 0;
    if (isOver && !(await hasOpenOrders(ops, journal).catch(() => true))) return;
    await pause(POLL_MS);
  }
}

/** Asks about each delivery; what has no end or disagrees is asked again for a little while. */
export async function askForTruth(
  ops: Session,
  journal: Journal,
  followMs: number,
): Promise<Map<DeliveryId, Truth | null>> {
  const deadline = performance.now() + followMs;
  const truths = new Map<DeliveryId, Truth | null>();
  let asked: readonly DeliveryId[] = [...journal.orders.keys()];
  for (;;) {
    const states = await orderStates(ops, journal, asked);
    await eachBounded(asked, ASK_WIDTH, async (delivery) => {
      truths.set(delivery, await truthOf(ops, delivery, states.get(delivery)));
    });
    const doubtful = judge(journal, truths).lostDetails.join('\n');
    asked = [...journal.orders.values()]
      .filter(({ delivery, order }) => doubtful.includes(delivery) || doubtful.includes(order))
      .map(({ delivery }) => delivery);
    if (asked.length === 0 || performance.now() > deadline) return truths;
    await pause(POLL_MS);
  }
}

async function truthOf(
  ops: Session,
  delivery: DeliveryId,
  order: OrderEnd | undefined,
): Promise<Truth | null> {
  const path = `/deliveries/${delivery}`;
  try {
    const detail = await ops.call<DeliveryDetail>({ method: 'GET', path });
    const { items } = await ops.call<DeliveryEvents>({ method: 'GET', path: `${path}/events` });
    return {
      orderState: order?.state ?? 'unknown',
      orderReason: order?.reason ?? null,
      state: detail.state,
      driver: detail.driver,
      placedMs: Date.parse(detail.placedAt),
      promiseMs: instant(detail.promiseAt),
      pickedUpMs: instant(detail.pickedUpAt),
      deliveredMs: instant(detail.deliveredAt),
      history: detail.history,
      events: items,
    };
  } catch (error) {
    if (!(error instanceof RestError && error.status === 404)) throw error;
    return order?.state === 'cancelled' ? { ...UNASKED, orderReason: order.reason } : null;
  }
}

/** An order that ended before its delivery was asked for. */
const UNASKED: Truth = {
  orderState: 'cancelled',
  orderReason: null,
  state: 'cancelled',
  driver: null,
  placedMs: 0,
  promiseMs: null,
  pickedUpMs: null,
  deliveredMs: null,
  history: [],
  events: [],
};

function instant(time: Delivery['promiseAt']): number | null {
  return time === null ? null : Date.parse(time);
}

/** What the API says of an order itself. */
interface OrderEnd {
  readonly state: string;
  readonly reason: string | null;
}

function endOf({ state, reason }: Order): OrderEnd {
  return { state, reason: reason?.code ?? null };
}

/** Order states by delivery: from the list where it is short, one by one where few are asked. */
async function orderStates(
  ops: Session,
  journal: Journal,
  deliveries: readonly DeliveryId[],
): Promise<Map<DeliveryId, OrderEnd>> {
  const wanted = new Map<OrderId, DeliveryId>();
  for (const delivery of deliveries) {
    const order = journal.orders.get(delivery);
    if (order) wanted.set(order.order, delivery);
  }
  const states = new Map<DeliveryId, OrderEnd>();
  if (wanted.size > ASK_WIDTH) {
    // Newest first, so that the orders of this run are on the first pages.
    await eachPage<OrderList['items'][number]>(ops, '/orders?', (items) => {
      for (const order of items) {
        const delivery = wanted.get(order.id);
        if (delivery) states.set(delivery, endOf(order));
        wanted.delete(order.id);
      }
      return wanted.size > 0;
    });
  }
  await eachBounded(wanted, ASK_WIDTH, async ([order, delivery]) => {
    const answer = ops.call<Order>({ method: 'GET', path: `/orders/${order}` });
    const end = await answer.then(endOf, () => undefined);
    if (end) states.set(delivery, end);
  });
  return states;
}

async function eachPage<T>(
  ops: Session,
  path: string,
  take: (items: readonly T[]) => boolean,
): Promise<void> {
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const list: { items: readonly T[]; next: string | null } = await ops.call({
      method: 'GET',
      path: `${path}limit=${PAGE}${cursor}`,
    });
    if (!take(list.items) || list.next === null) return;
    cursor = `&cursor=${encodeURIComponent(list.next)}`;
  }
}
