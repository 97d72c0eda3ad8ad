/**
 * Holds the journal of the outside against what the public API says at the end, and counts what was
 * lost. Each finding is one line that a person can follow up. Pure.
 */
import type { DeliveryId, DriverId, OfferId } from '../contracts/ids.ts';
import {
  type DeliveryState,
  isEnded,
  OFFER_OUTCOMES,
  type OfferOutcome,
} from '../contracts/states.ts';
import { UNDELIVERED_MS } from './excess.ts';
import type { Holding, Journal, JournalDeed, JournalOrder } from './journal.ts';

/** A fact of the log as GET /deliveries/{id}/events shows it. */
export interface TruthEvent {
  /** Unique; the same event may stand under several deliveries. */
  readonly position: string;
  readonly type: string;
  readonly driver: DriverId | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What the public API says of one order at the end; times are zone ms. */
export interface Truth {
  readonly orderState: string;
  /** Why the order ended otherwise than delivered; null: it did not, or nobody said. */
  readonly orderReason: string | null;
  readonly state: DeliveryState;
  readonly driver: DriverId | null;
  readonly placedMs: number;
  readonly promiseMs: number | null;
  readonly pickedUpMs: number | null;
  readonly deliveredMs: number | null;
  readonly history: readonly { readonly state: DeliveryState; readonly driver: DriverId | null }[];
  readonly events: readonly TruthEvent[];
}

export interface Verdict {
  readonly orders: {
    placed: number;
    delivered: number;
    cancelled: number;
    /** Brought back: nobody came to the door. */
    returned: number;
    failed: number;
    open: number;
  };
  /** Orders by the state that their saga ended in, with the reason of those not delivered. */
  readonly sagas: Readonly<Record<string, number>>;
  readonly offers: Record<'made' | OfferOutcome, number>;
  readonly clickToDoorMs: { readonly p50: number | null; readonly p90: number | null };
  /** Mean over delivered and failed orders of what the door took beyond the least possible; zone ms. */
  readonly excessMs: number | null;
  readonly onTimePercent: number | null;
  readonly lost: number;
  readonly lostDetails: readonly string[];
}

/** Two apps may overlap this long in wall time: their pushes travel by different sockets. */
export const HAND_OVERLAP_MS = 5_000;

/** The value below which `share` of the values lie (nearest rank); null when there are none. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}

/** Counts what ended how, and everything that was promised to somebody and did not come true. */
export function judge(journal: Journal, truths: ReadonlyMap<DeliveryId, Truth | null>): Verdict {
  const lost: string[] = [];
  const orders = {
    placed: journal.orders.size,
    delivered: 0,
    cancelled: 0,
    returned: 0,
    failed: 0,
    open: 0,
  };
  const sagas: Record<string, number> = {};
  const clickToDoor: number[] = [];
  const excess: number[] = [];
  let onTime = 0;
  for (const order of journal.orders.values()) {
    const truth = truths.get(order.delivery) ?? null;
    lost.push(...orderFindings(order, truth));
    const ended = sagaName(truth);
    sagas[ended] = (sagas[ended] ?? 0) + 1;
    const shown = journal.ends.get(order.delivery);
    if (shown && truth && shown !== truth.state) {
      lost.push(`${order.delivery}: its customer was shown ${shown}, the API says ${truth.state}`);
    }
    if (truth === null || !isEnded(truth.state)) orders.open++;
    else if (truth.state === 'cancelled') orders.cancelled++;
    else if (truth.state === 'returned') orders.returned++;
    else if (truth.state !== 'delivered') {
      orders.failed++;
      excess.push(order.placedMs + UNDELIVERED_MS - order.leastDoorMs);
    } else {
      orders.delivered++;
      const doneMs = truth.deliveredMs ?? truth.placedMs;
      clickToDoor.push(doneMs - order.placedMs);
      excess.push(doneMs - order.leastDoorMs);
      if (doneMs <= (order.promiseMs ?? truth.promiseMs ?? Number.POSITIVE_INFINITY)) onTime++;
    }
  }
  for (const deed of journal.deeds) {
    const finding = deedFinding(deed, truths);
    if (finding) lost.push(finding);
  }
  lost.push(...actionFindings(journal), ...handFindings(journal, truths));
  const offers = judgeOffers(journal, truths, lost);
  for (const [delivery, { count, byMs }] of journal.backwards) {
    lost.push(`${delivery}: ${count} positions shown went back in time, by up to ${byMs} ms`);
  }
  return {
    orders,
    sagas,
    offers,
    clickToDoorMs: { p50: percentile(clickToDoor, 0.5), p90: percentile(clickToDoor, 0.9) },
    excessMs: excess.length === 0 ? null : mean(excess),
    onTimePercent:
      orders.delivered === 0 ? null : Math.round((onTime / orders.delivered) * 1000) / 10,
    lost: lost.length,
    lostDetails: lost,
  };
}

function sagaName(truth: Truth | null): string {
  if (truth === null) return 'unknown';
  const { orderState, orderReason } = truth;
  return orderReason === null || orderState === 'delivered'
    ? orderState
    : `${orderState}: ${orderReason}`;
}

const ORDER_ENDS: Readonly<Record<string, readonly string[]>> = {
  delivered: ['delivered'],
  cancelled: ['cancelled'],
  failed: ['failed'],
  returned: ['failed', 'cancelled'],
};

function orderFindings(order: JournalOrder, truth: Truth | null): string[] {
  const name = `${order.order} (${order.delivery})`;
  if (truth === null) return [`${name}: was acknowledged, but the API does not know it`];
  if (!isEnded(truth.state)) return [`${name}: has no end, its delivery is ${truth.state}`];
  const found: string[] = [];
  if (!ORDER_ENDS[truth.state]?.includes(truth.orderState)) {
    found.push(`${name}: the delivery is ${truth.state}, the order says ${truth.orderState}`);
  }
  if (order.cancel === 'done' && truth.state !== 'cancelled') {
    found.push(`${name}: its cancel was confirmed, but it ended ${truth.state}`);
  }
  return found;
}

function deedFinding(
  deed: JournalDeed,
  truths: ReadonlyMap<DeliveryId, Truth | null>,
): string | null {
  if (deed.refused !== null || deed.delivery === null) return null;
  const truth = truths.get(deed.delivery);
  // Deliveries of an earlier run are carried, but not asked about.
  if (!truth) return null;
  const name = `${deed.driver} ${deed.deed} ${deed.delivery} (action ${deed.action})`;
  const isRecorded = truth.events.some(
    ({ type, driver, data }) =>
      type === 'driver.acted' && driver === deed.driver && data.action === deed.action,
  );
  if (!isRecorded) return `${name}: was acknowledged, but the log does not have it`;
  const effects = EFFECT_OF[deed.deed];
  // A fact that comes after another end (a cancel, a give-up) is taken in and changes nothing.
  if (!effects || truth.state === 'cancelled' || truth.state === 'failed') return null;
  if (
    !truth.history.some(({ state, driver }) => effects.includes(state) && driver === deed.driver)
  ) {
    return `${name}: was acknowledged, but the history of the delivery lacks it`;
  }
  if (deed.deed === 'delivered' && truth.driver !== deed.driver) {
    return `${name}: was acknowledged, but the API says ${truth.driver} delivered it`;
  }
  return null;
}

/** States that show a deed took effect: its own or, where a phone skipped one, any after it. */
const EFFECT_OF: Partial<Record<JournalDeed['deed'], readonly DeliveryState[]>> = {
  picked_up: ['picked_up', 'at_dropoff', 'delivered', 'returning', 'returned'],
  delivered: ['delivered'],
  returned: ['returned'],
};

function actionFindings(journal: Journal): string[] {
  return [...journal.forgotten].map(
    ([driver, { acked, known }]) =>
      `${driver}: action ${acked} was acknowledged, a later view says the zone knows ${known}`,
  );
}

function handFindings(journal: Journal, truths: ReadonlyMap<DeliveryId, Truth | null>): string[] {
  const found: string[] = [];
  for (const [delivery, holdings] of journal.holdings) {
    const overlap = longestOverlap(holdings);
    if (overlap && overlap.ms > HAND_OVERLAP_MS) {
      const { first, second, ms } = overlap;
      found.push(`${delivery}: ${first} and ${second} both held it for ${Math.round(ms)} ms`);
    }
  }
  const hands = new Map<DeliveryId, DriverId>();
  for (const { deed, delivery, driver, refused } of journal.deeds) {
    if (deed !== 'picked_up' || delivery === null || refused !== null) continue;
    const other = hands.get(delivery);
    if (other !== undefined && other !== driver && truths.has(delivery)) {
      found.push(`${delivery}: ${other} and ${driver} both picked it up`);
    }
    hands.set(delivery, driver);
  }
  return found;
}

/** The longest stretch in which two different drivers were shown the delivery as theirs. */
export function longestOverlap(
  holdings: readonly Holding[],
): { first: DriverId; second: DriverId; ms: number } | null {
  let longest: { first: DriverId; second: DriverId; ms: number } | null = null;
  for (const [index, a] of holdings.entries()) {
    for (const b of holdings.slice(index + 1)) {
      if (a.driver === b.driver) continue;
      const ms = Math.min(a.untilMs, b.untilMs) - Math.max(a.fromMs, b.fromMs);
      if (ms > (longest?.ms ?? 0)) longest = { first: a.driver, second: b.driver, ms };
    }
  }
  return longest;
}

function isOutcome(value: unknown): value is OfferOutcome {
  return (OFFER_OUTCOMES as readonly unknown[]).includes(value);
}

/** Outcomes by the log's own events, each offer once; and every offer that has had two. */
function judgeOffers(
  journal: Journal,
  truths: ReadonlyMap<DeliveryId, Truth | null>,
  lost: string[],
): Verdict['offers'] {
  const outcomes = new Map<OfferId, Map<string, OfferOutcome>>();
  const made = new Set<OfferId>();
  for (const truth of truths.values()) {
    for (const { type, data, position } of truth?.events ?? []) {
      const offer = data.offer as OfferId | undefined;
      if (typeof offer !== 'string') continue;
      if (type === 'offer.made') made.add(offer);
      if (type !== 'offer.closed' || !isOutcome(data.outcome)) continue;
      const closings = outcomes.get(offer) ?? new Map<string, OfferOutcome>();
      closings.set(position, data.outcome);
      outcomes.set(offer, closings);
    }
  }
  const counts = {
    made: made.size,
    accepted: 0,
    declined: 0,
    expired: 0,
    undelivered: 0,
    withdrawn: 0,
  };
  for (const [offer, closings] of outcomes) {
    const [outcome] = closings.values();
    if (outcome) counts[outcome]++;
    if (closings.size > 1) {
      lost.push(`${offer}: has ${closings.size} outcomes: ${[...closings.values()].join(', ')}`);
    }
  }
  for (const [offer, { answers, drivers }] of journal.offers) {
    const said = [...answers];
    const known = [...(outcomes.get(offer)?.values() ?? [])];
    if (said[0] && known.length === 0 && made.has(offer)) {
      lost.push(`${offer}: ${said[0]} was acknowledged, the log has no outcome`);
    }
    if (said.length > 1) lost.push(`${offer}: both ${said.join(' and ')} were acknowledged`);
    else if (said[0] && known[0] && known[0] !== said[0]) {
      lost.push(`${offer}: ${said[0]} was acknowledged, the log says ${known[0]}`);
    }
    if (drivers.size > 1) lost.push(`${offer}: was shown to ${[...drivers].join(' and ')}`);
  }
  return counts;
}
