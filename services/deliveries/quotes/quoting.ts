/**
 * What a delivery would cost and take. The directory of zones has all that is needed in memory;
 * only a quote that is to be held is written. Decides nothing about deliveries.
 */
import type {
  Quote,
  QuoteCreate,
  ZoneIntake,
  ZoneIntakeQuery,
} from '../../../contracts/api/quotes.ts';
import { deliveryTimes, priceWay } from '../../../contracts/delivery-terms.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import { pointE7 } from '../../../contracts/geo.ts';
import { type AccountId, newId, type QuoteId, type ZoneId } from '../../../contracts/ids.ts';
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

/** A quote, kept until it expires. Throws `zone.none_here`, `zone.intake_paused`, `delivery.too_far`. */
export async function quote(deps: QuotingDeps, params: QuoteCreate, call: Call): Promise<Quote> {
  const { account, owner } = askingAccount(call.caller, params.account);
  const door = await deps.door();
  const nowMs = Math.round(door.clock.zoneMs());
  const zone = door.zoneAt(params.pickup.lat, params.pickup.lon);
  if (zone === undefined) throw new WaggleError('zone.none_here');
  if (await isPaused(deps, zone.id, nowMs)) throw new WaggleError('zone.intake_paused');
  const { meters, feeMinor, currency, tooFar, terms } = priceWay(
    zone,
    params.pickup,
    params.dropoff,
  );
  if (tooFar) {
    const [km, kmMax] = [Math.ceil(meters / 1000), terms.price.kmMax];
    throw new WaggleError('delivery.too_far', `${km} km on the road; at most ${kmMax} km here`);
  }
  const stretch = await deps.intake.control(zone.id, 'stretch_promises', nowMs);
  const asked = { meters, nowMs, readyMs: readyMsOf(params, nowMs) };
  const times = deliveryTimes(terms, asked, stretch * MINUTE_MS);
  const expiresMs = nowMs + QUOTE_LIFE_MS;
  const told: Quote = {
    id: newId('quote'),
    ...{ feeMinor, currency, distanceMeters: meters },
    pickupEta: timeText(times.pickupMs),
    dropoffEta: { from: timeText(times.dropoffFromMs), to: timeText(times.dropoffToMs) },
    expiresAt: timeText(expiresMs),
  };
  return keep(deps, told, { params, zone: zone.id, expiresMs, account, owner, call });
}

async function isPaused({ intake }: QuotingDeps, zone: string, atMs: number): Promise<boolean> {
  return (await intake.control(zone, 'pause_intake', atMs)) === 1;
}

/** Whether a zone takes deliveries: what a quote is refused for, for carts that need no quote. */
export async function zoneIntake(
  deps: QuotingDeps,
  { zone, atMs }: ZoneIntakeQuery,
): Promise<ZoneIntake> {
  return { paused: await isPaused(deps, zone, atMs) };
}

interface Keeping {
  readonly params: QuoteCreate;
  readonly zone: ZoneId;
  readonly expiresMs: number;
  readonly account: AccountId;
  readonly owner: string;
  readonly call: Call;
}

async function keep(
  { database }: QuotingDeps,
  told: Quote,
  { params, zone, expiresMs, account, owner, call }: Keeping,
): Promise<Quote> {
  const pickup = pointE7(params.pickup.lat, params.pickup.lon);
  const dropoff = pointE7(params.dropoff.lat, params.dropoff.lon);
  const row: Omit<queries.QuoteRow, 'delivery'> = {
    ...{ id: told.id as QuoteId, account, zone },
    ...{ pickup_lat_e7: pickup.latE7, pickup_lon_e7: pickup.lonE7 },
    ...{ dropoff_lat_e7: dropoff.latE7, dropoff_lon_e7: dropoff.lonE7 },
    ...{ fee_minor: told.feeMinor, currency: told.currency },
    ...{ distance_meters: told.distanceMeters, expires_ms: expiresMs },
  };
  const key = call.idempotencyKey;
  if (key === undefined) {
    await queries.insertQuote(database.knex, row);
    return told;
  }
  const { answer } = await idempotent(database, { owner, key, request: params }, async (trx) => {
    await queries.insertQuote(trx, row);
    return told;
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
