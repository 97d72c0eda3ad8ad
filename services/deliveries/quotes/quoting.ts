/**
 * What a delivery would cost and take. The directory of zones has all that is needed in memory;
 * only a quote that is to be held is written. Decides nothing about deliveries.
 */
import type { PricedDelivery, Quote, QuoteCreate } from '../../../contracts/api/quotes.ts';
import {
  type DeliveryTerms,
  deliveryFeeMinor,
  deliveryTimes,
  roadMeters,
  usualTerms,
} from '../../../contracts/delivery-terms.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import { haversineMeters, pointE7 } from '../../../contracts/geo.ts';
import { newId, type QuoteId } from '../../../contracts/ids.ts';
import type { ZoneEntry } from '../../../contracts/zone.ts';
import type { Door } from '../../../dispatch/redis/door.ts';
import type { Database } from '../../../platform/database.ts';
import { idempotent } from '../../../platform/idempotency.ts';
import { type Pump, startPump } from '../../../platform/pump.ts';
import type { Call } from '../../../platform/service.ts';
import { timeText } from '../../../platform/times.ts';
import { askingAccount } from '../access.ts';
import { readyMsOf } from '../ready-time.ts';
import type { Intake } from './intake.ts';
import * as queries from './quote-queries.ts';

/** How long a quote holds, zone ms. */
export const QUOTE_LIFE_MS = 900_000;
const MINUTE_MS = 60_000;

export interface QuotingDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly intake: Intake;
}

interface Point {
  readonly lat: number;
  readonly lon: number;
}

/** What the way between two points costs in a zone. */
export interface Priced {
  readonly meters: number;
  readonly feeMinor: number;
  readonly currency: string;
  readonly terms: DeliveryTerms;
}

/** Prices a way. Refuses nothing: see `checkReach`. */
export function priceOf(zone: ZoneEntry, pickup: Point, dropoff: Point): Priced {
  const terms = zone.terms ?? usualTerms(zone.currency);
  const straight = haversineMeters(
    pointE7(pickup.lat, pickup.lon),
    pointE7(dropoff.lat, dropoff.lon),
  );
  const meters = roadMeters(terms, straight);
  const feeMinor = deliveryFeeMinor(terms.price, meters);
  return { meters, feeMinor, currency: zone.currency, terms };
}

function checkReach({ meters, terms }: Priced): void {
  if (meters <= terms.price.kmMax * 1000) return;
  throw new WaggleError(
    'delivery.too_far',
    `${Math.ceil(meters / 1000)} km on the road; at most ${terms.price.kmMax} km here`,
  );
}

/**
 * A quote, kept until it expires; other services get a price that nobody keeps. Throws
 * `zone.none_here`, `zone.intake_paused` and `delivery.too_far`.
 */
export async function quote(
  deps: QuotingDeps,
  params: QuoteCreate,
  call: Call,
): Promise<Quote | PricedDelivery> {
  const door = await deps.door();
  const nowMs = Math.round(door.clock.zoneMs());
  const zone = door.zoneAt(params.pickup.lat, params.pickup.lon);
  if (zone === undefined) throw new WaggleError('zone.none_here');
  if ((await deps.intake.control(zone.id, 'pause_intake', nowMs)) === 1) {
    throw new WaggleError('zone.intake_paused');
  }
  const priced = priceOf(zone, params.pickup, params.dropoff);
  checkReach(priced);
  const stretch = await deps.intake.control(zone.id, 'stretch_promises', nowMs);
  const asked = { meters: priced.meters, nowMs, readyMs: readyMsOf(params, nowMs) };
  const times = deliveryTimes(priced.terms, asked, stretch * MINUTE_MS);
  const expiresMs = nowMs + QUOTE_LIFE_MS;
  const told: PricedDelivery = {
    feeMinor: priced.feeMinor,
    currency: priced.currency,
    distanceMeters: priced.meters,
    pickupEta: timeText(times.pickupMs),
    dropoffEta: { from: timeText(times.dropoffFromMs), to: timeText(times.dropoffToMs) },
    expiresAt: timeText(expiresMs),
  };
  if (call.caller.kind === 'system') return told;
  return keep(deps, params, call, { zone, told, expiresMs });
}

async function keep(
  { database }: QuotingDeps,
  params: QuoteCreate,
  call: Call,
  kept: { readonly zone: ZoneEntry; readonly told: PricedDelivery; readonly expiresMs: number },
): Promise<Quote> {
  const { account, owner } = askingAccount(call.caller, params.account);
  const { told, zone, expiresMs } = kept;
  const pickup = pointE7(params.pickup.lat, params.pickup.lon);
  const dropoff = pointE7(params.dropoff.lat, params.dropoff.lon);
  const id: QuoteId = newId('quote');
  const row: Omit<queries.QuoteRow, 'delivery'> = {
    id,
    account,
    zone: zone.id,
    pickup_lat_e7: pickup.latE7,
    pickup_lon_e7: pickup.lonE7,
    dropoff_lat_e7: dropoff.latE7,
    dropoff_lon_e7: dropoff.lonE7,
    fee_minor: told.feeMinor,
    currency: told.currency,
    distance_meters: told.distanceMeters,
    expires_ms: expiresMs,
  };
  const key = call.idempotencyKey;
  if (key === undefined) {
    await queries.insertQuote(database.knex, row);
    return { id, ...told };
  }
  const { answer } = await idempotent(database, { owner, key, request: params }, async (trx) => {
    await queries.insertQuote(trx, row);
    return { id, ...told };
  });
  return answer;
}

const FORGET_EVERY_MS = 600_000;
const FORGET_AT_ONCE = 5_000;
/** A quote is kept this long after it expired, so that it can be told from one that never was. */
const KEPT_AFTER_MS = 86_400_000;

/** Forgets old quotes, a bounded number at a time. */
export function startForgettingQuotes(
  deps: Pick<QuotingDeps, 'database' | 'door'>,
  onError: (error: unknown) => void,
): Pump {
  return startPump({
    work: async () => {
      const nowMs = Math.round((await deps.door()).clock.zoneMs());
      const before = { beforeMs: nowMs - KEPT_AFTER_MS, atOnce: FORGET_AT_ONCE };
      return queries.forgetQuotes(deps.database.knex, before);
    },
    pollMs: FORGET_EVERY_MS,
    backOffMs: [1_000, 60_000],
    onError,
  });
}
