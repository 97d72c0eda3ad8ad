/**
 * Shops with their own orders ask for a delivery: at the price of a quote, or at that of the moment.
 * Repeatable by the external id, and by an Idempotency-Key where one is given.
 */
import type { DeliveryCreate, DeliveryCreated } from '../../contracts/api/deliveries.ts';
import { priceWay } from '../../contracts/delivery-terms.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type PointE7, pointE7 } from '../../contracts/geo.ts';
import { type AccountId, newId } from '../../contracts/ids.ts';
import type { Transaction } from '../../platform/database.ts';
import { hashOf, idempotent } from '../../platform/idempotency.ts';
import type { Call } from '../../platform/service.ts';
import { parseTime } from '../../platform/times.ts';
import { askingAccount } from './access.ts';
import {
  type Creation,
  createAll,
  type DeliveriesDeps,
  IF_UNDELIVERABLE,
  type RequestTerms,
  USUAL_LOAD,
} from './creation.ts';
import { deliveryByExternalId } from './queries.ts';
import { type QuoteRow, quoteById, takeQuote } from './quotes/quote-queries.ts';
import { readyMsOf } from './ready-time.ts';
import { type DeliveryRow, deliveryView } from './rows.ts';

/** Asks for a delivery. Throws `resource.conflict` when its external id stands for another request. */
export async function request(
  deps: DeliveriesDeps,
  params: DeliveryCreate,
  call: Call,
): Promise<DeliveryCreated> {
  const { account, owner } = askingAccount(call.caller, params.account);
  const work = async (trx: Transaction): Promise<DeliveryCreated> => {
    const row = await ask(deps, trx, params, { account, correlation: call.correlationId });
    return { delivery: deliveryView(row), ...(await trackingLink(deps, row)) };
  };
  const key = call.idempotencyKey;
  const created =
    key === undefined
      ? await deps.database.transaction(work)
      : (await idempotent(deps.database, { owner, key, request: params }, work)).answer;
  deps.wakeRelay();
  return created;
}

interface Asking {
  readonly account: AccountId;
  readonly correlation: string;
}

async function ask(
  deps: DeliveriesDeps,
  trx: Transaction,
  params: DeliveryCreate,
  { account, correlation }: Asking,
): Promise<DeliveryRow> {
  const { account: _, ...asked } = params;
  const requestHash = hashOf(asked);
  const { externalId, pickup, dropoff, pickupName, pickupNote, dropoffNote } = params;
  const existing = await deliveryByExternalId(trx, account, externalId);
  if (existing !== undefined) return sameOf(existing, requestHash);
  const door = await deps.door();
  const nowMs = Math.round(door.clock.zoneMs());
  const zone = door.zoneAt(pickup.lat, pickup.lon);
  if (zone === undefined) throw new WaggleError('zone.none_here');
  const quote =
    params.quote === undefined ? undefined : await quoteFor(trx, account, params, nowMs);
  const priced = priceWay(zone, pickup, dropoff);
  const creation: Creation = {
    id: newId('delivery'),
    customer: null,
    ...{ account, externalId, pickup, dropoff, pickupName, pickupNote, dropoffNote },
    ...{ correlation, requestHash, request: requestOf(params, nowMs), proof: params.proof },
    fee:
      quote === undefined
        ? { minor: priced.feeMinor, currency: priced.currency }
        : { minor: quote.fee_minor, currency: quote.currency, quote: quote.id },
  };
  const added = await createAll(deps, trx, [creation]);
  if (quote !== undefined && added.has(creation.id)) {
    if (!(await takeQuote(trx, quote.id, creation.id))) throw new WaggleError('quote.used');
  }
  const row = await deliveryByExternalId(trx, account, externalId);
  if (row === undefined) throw new WaggleError('internal');
  // Two asked at once: the other one's delivery stands, if it is the same.
  return sameOf(row, requestHash);
}

/** The same external id is the same delivery, and another request under it is none at all. */
function sameOf(row: DeliveryRow, requestHash: string): DeliveryRow {
  if (row.request_hash === null || row.request_hash === requestHash) return row;
  throw new WaggleError(
    'resource.conflict',
    'the external id stands for a delivery that was asked for in another way',
  );
}

/** The quote that a request names, if it may still be used for it. */
async function quoteFor(
  trx: Transaction,
  account: AccountId,
  params: DeliveryCreate,
  nowMs: number,
): Promise<QuoteRow> {
  const quote = await quoteById(trx, account, params.quote ?? '');
  if (quote === undefined) throw invalid('/quote', 'a quote of this account');
  if (quote.expires_ms <= nowMs) throw new WaggleError('quote.expired');
  const quoted = {
    pickup: { latE7: quote.pickup_lat_e7, lonE7: quote.pickup_lon_e7 },
    dropoff: { latE7: quote.dropoff_lat_e7, lonE7: quote.dropoff_lon_e7 },
  };
  for (const end of ['pickup', 'dropoff'] as const) {
    const asked = pointE7(params[end].lat, params[end].lon);
    if (!isSame(asked, quoted[end])) throw invalid(`/${end}`, `the ${end} of the quote`);
  }
  return quote;
}

function isSame(a: PointE7, b: PointE7): boolean {
  return a.latE7 === b.latE7 && a.lonE7 === b.lonE7;
}

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}

function requestOf(params: DeliveryCreate, nowMs: number): RequestTerms {
  const notBeforeMs =
    params.notBefore === undefined ? undefined : parseTime(params.notBefore, '/notBefore');
  return {
    load: params.load ?? USUAL_LOAD,
    ifUndeliverable: params.ifUndeliverable ?? IF_UNDELIVERABLE,
    placedMs: nowMs,
    readyMs: readyMsOf(params, nowMs, notBeforeMs),
    readySource: 'promised',
    ...(params.promiseAt === undefined
      ? {}
      : { promiseMs: parseTime(params.promiseAt, '/promiseAt') }),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    ...(params.group === undefined ? {} : { group: params.group }),
    ...(params.vehicles === undefined ? {} : { vehicles: params.vehicles }),
    ...(params.skills === undefined ? {} : { skills: params.skills }),
    ...(params.fleets === undefined ? {} : { fleets: params.fleets }),
  };
}

/** A signed link that shows one delivery. */
export async function trackingLink(
  deps: DeliveriesDeps,
  row: Pick<DeliveryRow, 'id' | 'account'>,
): Promise<{ trackingUrl: string; trackingToken: string }> {
  const trackingToken = await deps.signer.signTracking(row.id, row.account, deps.trackingLinkMs);
  return { trackingUrl: `${deps.publicUrl}/track/${trackingToken}`, trackingToken };
}
