/**
 * What facts from the logs mean for duty, pay and counts, as a pure fold: no I/O, no clock. Given what
 * is known of the drivers, offers and jobs that a batch speaks of, it says what must be written.
 */
import type { DeliveryId, DriverId, OfferId, ZoneId } from '../../contracts/ids.ts';
import type {
  DutyChanged,
  WorkAnswered,
  WorkEnded,
  WorkFact,
} from '../../contracts/messages/driver-work.ts';
import { type DeliveryState, type Duty, isAboard } from '../../contracts/states.ts';
import { splitByDay, wallTimeOf } from './local-time.ts';

/** Days one spell on duty is counted over; whoever is longer on duty than that has lost its phone. */
const SPELL_DAYS_MAX = 7;

export interface DutyRow {
  readonly driver: DriverId;
  readonly duty: Duty;
  readonly since_ms: number;
  readonly zone: ZoneId;
}

export interface OfferRow {
  readonly id: OfferId;
  readonly driver: DriverId;
  readonly deliveries: readonly DeliveryId[];
  readonly pay_minor: number;
  readonly currency: string;
  readonly made_ms: number;
}

export interface JobRow {
  readonly delivery: DeliveryId;
  readonly driver: DriverId;
  readonly pay_minor: number;
  readonly currency: string;
  readonly at_ms: number;
}

export interface EndRow {
  readonly delivery: DeliveryId;
  readonly driver: DriverId;
  readonly state: DeliveryState;
  readonly at_ms: number;
  readonly day: string;
}

export const COUNTS = [
  ...(['offered', 'accepted', 'declined', 'expired', 'delivered', 'on_time'] as const),
  ...(['returned', 'failed', 'online_ms'] as const),
] as const;
export type Count = (typeof COUNTS)[number];
export type DayRow = { readonly driver: DriverId; readonly day: string } & Record<Count, number>;

export interface PayLine {
  readonly driver: DriverId;
  readonly delivery: DeliveryId;
  readonly amount_minor: number;
  readonly currency: string;
  readonly at_ms: number;
  readonly day: string;
}

/** How a zone pays for what no offer froze, and its time. */
export interface ZonePay {
  readonly timeZone: string;
  readonly currency: string;
  readonly payBaseMinor: number;
  readonly payPerKmMinor: number;
  readonly detourPerMille: number;
}

export interface KnownWork {
  readonly duties: ReadonlyMap<DriverId, DutyRow>;
  readonly offers: ReadonlyMap<OfferId, OfferRow>;
  /** By `jobKey`. */
  readonly jobs: ReadonlyMap<string, JobRow>;
  readonly zones: ReadonlyMap<ZoneId, ZonePay>;
}

export function jobKey({ delivery, driver }: Pick<JobRow, 'delivery' | 'driver'>): string {
  return `${delivery} ${driver}`;
}

export interface WorkChange {
  readonly duties: Map<DriverId, DutyRow>;
  /** Still open after the batch. */
  readonly offers: Map<OfferId, OfferRow>;
  readonly closed: Set<OfferId>;
  readonly jobs: Map<string, JobRow>;
  readonly ends: Map<DeliveryId, EndRow>;
  readonly lines: PayLine[];
  readonly days: Map<string, DayRow>;
}

/** An amount in as many whole parts as equal as can be, which add up to it. */
export function splitEvenly(amount: number, parts: number): number[] {
  const each = Math.floor(amount / parts);
  const rest = amount - each * parts;
  return Array.from({ length: parts }, (_, index) => each + (index < rest ? 1 : 0));
}

/** Whether the driver is paid: it did the work, and what went wrong was not its fault. */
export function isPaid({ state, reason }: Pick<WorkEnded, 'state' | 'reason'>): boolean {
  if (state === 'delivered') return true;
  if (state === 'cancelled' || reason.fault === 'driver') return false;
  return state === 'returned' || isAboard(reason.stage);
}

/** The pay that a zone would have frozen in an offer, without the way to the pickup. */
export function usualPay(pay: ZonePay, meters: number): number {
  const road = (meters * pay.detourPerMille) / 1_000;
  return pay.payBaseMinor + Math.round((pay.payPerKmMinor * road) / 1_000);
}

/** Folds facts in the order they come. */
export function foldWork(facts: readonly WorkFact[], known: KnownWork): WorkChange {
  const change: WorkChange = {
    duties: new Map(),
    offers: new Map(),
    closed: new Set(),
    jobs: new Map(),
    ends: new Map(),
    lines: [],
    days: new Map(),
  };
  for (const fact of facts) {
    switch (fact.fact) {
      case 'offered': {
        const { offer: id, driver, deliveries, payMinor: pay_minor, currency, atMs } = fact;
        change.offers.set(id, { id, driver, deliveries, pay_minor, currency, made_ms: atMs });
        count(change, known, fact, 'offered');
        break;
      }
      case 'answered':
        answered(change, known, fact);
        break;
      case 'duty':
        dutyChanged(change, known, fact);
        break;
      case 'ended':
        ended(change, known, fact);
    }
  }
  return change;
}

type At = Pick<WorkFact, 'driver' | 'zone' | 'atMs'>;

function timeZoneOf(known: KnownWork, zone: ZoneId): string {
  return known.zones.get(zone)?.timeZone ?? 'UTC';
}

function count(change: WorkChange, known: KnownWork, at: At, name: Count): void {
  add(change, at.driver, wallTimeOf(timeZoneOf(known, at.zone), at.atMs).day, name, 1);
}

function add(change: WorkChange, driver: DriverId, day: string, name: Count, by: number): void {
  const key = `${driver} ${day}`;
  let row = change.days.get(key);
  if (row === undefined) {
    const none = Object.fromEntries(COUNTS.map((each) => [each, 0])) as Record<Count, number>;
    row = { driver, day, ...none };
    change.days.set(key, row);
  }
  row[name] += by;
}

const COUNTED = { accepted: 'accepted', declined: 'declined', expired: 'expired' } as const;

function answered(change: WorkChange, known: KnownWork, fact: WorkAnswered): void {
  const offer = change.offers.get(fact.offer) ?? known.offers.get(fact.offer);
  // Told twice, or older than what is kept.
  if (offer === undefined || change.closed.has(fact.offer)) return;
  change.offers.delete(fact.offer);
  change.closed.add(fact.offer);
  if (fact.outcome in COUNTED) {
    count(change, known, fact, COUNTED[fact.outcome as keyof typeof COUNTED]);
  }
  if (fact.outcome !== 'accepted') return;
  const shares = splitEvenly(offer.pay_minor, offer.deliveries.length);
  offer.deliveries.forEach((delivery, index) => {
    const { driver, currency } = offer;
    const job = { delivery, driver, pay_minor: shares[index] ?? 0, currency, at_ms: fact.atMs };
    change.jobs.set(jobKey(job), job);
  });
}

/** Everything but `off` is on duty; facts that are older than what is known say nothing new. */
function dutyChanged(change: WorkChange, known: KnownWork, fact: DutyChanged): void {
  const { driver, duty, zone, atMs } = fact;
  const before = change.duties.get(driver) ?? known.duties.get(driver);
  if (before !== undefined && atMs < before.since_ms) return;
  if (before !== undefined && before.duty !== 'off') {
    const timeZone = timeZoneOf(known, before.zone);
    for (const { day, ms } of splitByDay(timeZone, before.since_ms, atMs, SPELL_DAYS_MAX)) {
      add(change, driver, day, 'online_ms', ms);
    }
  }
  change.duties.set(driver, { driver, duty, since_ms: atMs, zone });
}

function ended(change: WorkChange, known: KnownWork, fact: WorkEnded): void {
  const { delivery, driver, state, atMs } = fact;
  if (change.ends.has(delivery)) return;
  const { day } = wallTimeOf(timeZoneOf(known, fact.zone), atMs);
  change.ends.set(delivery, { delivery, driver, state, at_ms: atMs, day });
  if (state === 'delivered') {
    add(change, driver, day, 'delivered', 1);
    const isOnTime = fact.promiseMs === null || atMs <= fact.promiseMs;
    if (isOnTime) add(change, driver, day, 'on_time', 1);
  } else if (state === 'returned') add(change, driver, day, 'returned', 1);
  else if (state === 'failed') add(change, driver, day, 'failed', 1);
  if (!isPaid(fact)) return;
  const key = jobKey({ delivery, driver });
  const job = change.jobs.get(key) ?? known.jobs.get(key);
  const pay = job === undefined ? payWithoutOffer(known, fact) : job;
  if (pay === undefined) return;
  const { pay_minor: amount_minor, currency } = pay;
  change.lines.push({ driver, delivery, amount_minor, currency, at_ms: atMs, day });
}

/** Given by the zone or by ops, without an offer. */
function payWithoutOffer(
  known: KnownWork,
  { zone, meters }: WorkEnded,
): Pick<JobRow, 'pay_minor' | 'currency'> | undefined {
  const pay = known.zones.get(zone);
  return pay && { pay_minor: usualPay(pay, meters), currency: pay.currency };
}
