/**
 * What a delivery costs and takes in a market, and the arithmetic of it. Pure: quotes, carts and
 * tests reckon with the same functions. Money is integer minor units of the market's currency.
 */
import { haversineMeters, pointE7 } from './geo.ts';
import { DEFAULT_POLICY, type ZoneEntry, type ZonePolicy } from './zone.ts';

/** The price of a delivery by its distance on the road, and how far one may go at all. */
export interface DeliveryPrice {
  readonly baseMinor: number;
  /** For each kilometre beyond `freeKm`, in proportion; the sum is rounded up. */
  readonly perKmMinor: number;
  readonly minMinor: number;
  readonly maxMinor: number;
  /** Kilometres that the base covers. */
  readonly freeKm: number;
  /** A drop-off farther than this is refused. */
  readonly kmMax: number;
}

/** What the directory says of a zone, so that a quote needs nobody else. */
export interface DeliveryTerms
  extends Pick<
    ZonePolicy,
    'detourPerMille' | 'pickupServiceMs' | 'dropoffServiceMs' | 'promiseSlackMs'
  > {
  readonly price: DeliveryPrice;
  /** Metres per second of who carries it, times 1000; the promise of the zone counts with it, too. */
  readonly speedMmps: number;
}

const USUAL_PRICE: DeliveryPrice = {
  baseMinor: 250,
  perKmMinor: 60,
  minMinor: 200,
  maxMinor: 1_500,
  freeKm: 2,
  kmMax: 25,
};

/** Minor units of a currency that are about one cent; what is not listed is taken as one. */
const CENTS: Readonly<Record<string, number>> = {
  AED: 4,
  ARS: 1_000,
  BHD: 4,
  BRL: 6,
  CLP: 9,
  CNY: 7,
  COP: 4_000,
  CZK: 23,
  DKK: 7,
  HKD: 8,
  HUF: 380,
  IDR: 16_000,
  INR: 85,
  JPY: 1,
  KRW: 14,
  KWD: 3,
  MXN: 19,
  NOK: 11,
  OMR: 4,
  PHP: 57,
  PLN: 4,
  RON: 5,
  SAR: 4,
  SEK: 11,
  THB: 34,
  TRY: 40,
  TWD: 32,
  VND: 250,
  ZAR: 18,
};

/** What a market charges that has not said so. */
export function defaultDeliveryPrice(currency: string): DeliveryPrice {
  const cents = CENTS[currency] ?? 1;
  return {
    ...USUAL_PRICE,
    baseMinor: USUAL_PRICE.baseMinor * cents,
    perKmMinor: USUAL_PRICE.perKmMinor * cents,
    minMinor: USUAL_PRICE.minMinor * cents,
    maxMinor: USUAL_PRICE.maxMinor * cents,
  };
}

/** What is wrong with a price; undefined: nothing. */
export function priceProblem(price: DeliveryPrice): string | undefined {
  if (price.minMinor > price.maxMinor) return 'minMinor not above maxMinor';
  return undefined;
}

/** The terms of a zone in its market. */
export function deliveryTerms(policy: ZonePolicy, price: DeliveryPrice): DeliveryTerms {
  const { detourPerMille, pickupServiceMs, dropoffServiceMs, promiseSlackMs, speedMmps } = policy;
  return {
    ...{ price, detourPerMille, pickupServiceMs, dropoffServiceMs, promiseSlackMs },
    speedMmps: speedMmps.bicycle,
  };
}

/** The terms of a zone whose directory entry was written before there were any. */
export function usualTerms(currency: string): DeliveryTerms {
  return deliveryTerms(DEFAULT_POLICY, defaultDeliveryPrice(currency));
}

/** Metres on the road from metres in a straight line. */
export function roadMeters(terms: DeliveryTerms, straightMeters: number): number {
  return Math.round((straightMeters * terms.detourPerMille) / 1000);
}

/** The fee for a distance on the road: never falls with it, always within its bounds. */
export function deliveryFeeMinor(price: DeliveryPrice, meters: number): number {
  const beyond = Math.max(0, Math.round(meters) - price.freeKm * 1000);
  const fee = price.baseMinor + Math.ceil((price.perKmMinor * beyond) / 1000);
  return Math.min(price.maxMinor, Math.max(price.minMinor, fee));
}

interface Point {
  readonly lat: number;
  readonly lon: number;
}

/** What the way between two points costs in a zone. */
export interface WayPrice {
  /** On the road. */
  readonly meters: number;
  readonly feeMinor: number;
  readonly currency: string;
  /** Farther than the market's `kmMax`: it has a price, but nobody is to ask for it. */
  readonly tooFar: boolean;
  readonly terms: DeliveryTerms;
}

/** Prices a way: the one function that quotes, deliveries and carts all ask. */
export function priceWay(
  zone: Pick<ZoneEntry, 'currency' | 'terms'>,
  pickup: Point,
  dropoff: Point,
): WayPrice {
  const { currency, terms = usualTerms(currency) } = zone;
  const straight = haversineMeters(
    pointE7(pickup.lat, pickup.lon),
    pointE7(dropoff.lat, dropoff.lon),
  );
  const meters = roadMeters(terms, straight);
  const feeMinor = deliveryFeeMinor(terms.price, meters);
  return { meters, feeMinor, currency, tooFar: meters > terms.price.kmMax * 1000, terms };
}

/** When to expect a delivery that is asked for now; all zone ms. */
export interface DeliveryTimes {
  readonly pickupMs: number;
  readonly dropoffFromMs: number;
  readonly dropoffToMs: number;
}

/** Somebody has to be found and to ride there first: no pickup sooner than this. */
const APPROACH_MS = 480_000;
const MINUTE_MS = 60_000;

/**
 * Pickup when the parcel is ready and somebody is there; the door from then: at the best, and by what
 * the zone will promise. Whole minutes, rounded away from each other.
 */
export function deliveryTimes(
  terms: DeliveryTerms,
  asked: { readonly meters: number; readonly nowMs: number; readonly readyMs: number },
  stretchMs = 0,
): DeliveryTimes {
  const pickupMs = Math.max(asked.readyMs, asked.nowMs + APPROACH_MS);
  const ridingMs = Math.round((asked.meters * 1_000_000) / terms.speedMmps);
  const fromMs = pickupMs + terms.pickupServiceMs + ridingMs;
  const toMs = fromMs + terms.dropoffServiceMs + terms.promiseSlackMs + stretchMs;
  return {
    pickupMs: Math.ceil(pickupMs / MINUTE_MS) * MINUTE_MS,
    dropoffFromMs: Math.floor(fromMs / MINUTE_MS) * MINUTE_MS,
    dropoffToMs: Math.ceil(toMs / MINUTE_MS) * MINUTE_MS,
  };
}
