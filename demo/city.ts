/**
 * The generated city: two neighbouring zones, vendors in clusters, couriers of several kinds, and
 * orders without end. The same seed gives the same city and the same orders. Pure.
 */

import type { VehicleKind } from '../contracts/states.ts';
import { DEFAULT_POLICY } from '../contracts/zone.ts';
import { type RandomStream, randomStream } from './random.ts';
import type { LatLon, OrderSource, Scenario, ScenarioCourier, ScenarioVendor } from './scenario.ts';
import { boxRing } from './scenario.ts';
import { wallPolicy } from './wall-policy.ts';

const SOUTH = 38.708;
const NORTH = 38.734;
const WEST = -9.168;
const MIDDLE = -9.14;
const EAST = -9.112;
const VENDORS = 36;
const CLUSTERS = 6;
const MINUTE_MS = 60_000;
/** Zone ms from placement to ready. */
const PREPARE_MS_MIN = 3 * MINUTE_MS;
const PREPARE_MS_MAX = 7 * MINUTE_MS;
/** Metres per degree of latitude, and of longitude at this latitude. */
const METERS_PER_LAT = 111_195;
const METERS_PER_LON = METERS_PER_LAT * Math.cos((SOUTH * Math.PI) / 180);
const DROPOFF_METERS_MIN = 300;
const DROPOFF_METERS_MAX = 1_600;
/** What vendors are called: a kind of house and where it stands, no two alike. */
const HOUSES = ['Tasca', 'Cantina', 'Forno', 'Grelha', 'Taberna', 'Cozinha'];
const PLACES = ['do Cais', 'da Praça', 'Azul', 'do Mercado', 'da Ponte', 'Velha', 'do Jardim'];
const CUISINES = ['portuguese', 'italian', 'indian', 'japanese', 'mexican'];
const VEHICLES: readonly VehicleKind[] = ['scooter', 'scooter', 'ebike', 'bicycle', 'car'];

export interface CityOptions {
  readonly seed: number;
  readonly drivers: number;
  /** Orders per wall minute. */
  readonly ordersPerMinute: number;
  readonly speed: number;
}

/** Builds the city. */
export function buildCity(options: CityOptions): Scenario {
  const { seed, drivers, speed } = options;
  const vendors = buildVendors(randomStream(seed, 'vendors'));
  const policy = {
    ...wallPolicy(speed),
    pickupServiceMs: MINUTE_MS,
    dropoffServiceMs: MINUTE_MS,
    giveUpMs: 40 * MINUTE_MS,
    unreachableWaitMs: 3 * MINUTE_MS,
  };
  return {
    name: `city-${seed}`,
    market: { name: 'Hive', timeZone: 'Europe/Lisbon', currency: 'EUR' },
    zones: [
      { name: `Hive west ${seed}`, ring: boxRing(SOUTH, WEST, NORTH, MIDDLE), policy },
      { name: `Hive east ${seed}`, ring: boxRing(SOUTH, MIDDLE, NORTH, EAST), policy },
    ],
    vendors,
    couriers: buildCouriers(drivers, vendors, randomStream(seed, 'couriers')),
    orders: endlessOrders(options, vendors),
    orderCount: Number.POSITIVE_INFINITY,
    manners: {
      speedMmps: DEFAULT_POLICY.speedMmps,
      detourPerMille: DEFAULT_POLICY.detourPerMille,
      travelStepMs: 0,
      pickupServiceMs: MINUTE_MS,
      dropoffServiceMs: MINUTE_MS,
      answerMsMin: 3_000,
      answerMsMax: 15_000,
      declinePerMille: 40,
      ignorePerMille: 15,
      wanders: true,
    },
    trade: {
      searchPerMille: 400,
      cardPerMille: 600,
      declinedPerMille: 20,
      ratePerMille: 700,
      specialPerMille: 200,
      specials: 1,
      latePerMille: 250,
      lateMsMin: MINUTE_MS,
      lateMsMax: 5 * MINUTE_MS,
      byHandEvery: 3,
      rejectPerMille: 15,
    },
    cancelPerMille: 30,
    unreachablePerMille: 30,
    trackPerMille: 300,
    notes: [],
  };
}

function buildVendors(random: RandomStream): ScenarioVendor[] {
  const centres = Array.from({ length: CLUSTERS }, (_, index): LatLon => {
    // Clusters alternate between the two zones.
    const [west, east] = index % 2 === 0 ? [WEST, MIDDLE] : [MIDDLE, EAST];
    return { lat: within(random, SOUTH, NORTH, 0.2), lon: within(random, west, east, 0.2) };
  });
  return Array.from({ length: VENDORS }, (_, index): ScenarioVendor => {
    const centre = centres[index % CLUSTERS] ?? { lat: SOUTH, lon: WEST };
    const at = shift(centre, (random.next() - 0.5) * 700, (random.next() - 0.5) * 700);
    const kind = HOUSES[index % HOUSES.length] ?? 'Tasca';
    const where = PLACES[(index * 5 + Math.floor(index / HOUSES.length)) % PLACES.length];
    const cuisine = CUISINES[index % CUISINES.length] ?? 'portuguese';
    return { key: `v${index + 1}`, name: `${kind} ${where}`, at, cuisine };
  });
}

function buildCouriers(
  count: number,
  vendors: readonly ScenarioVendor[],
  random: RandomStream,
): ScenarioCourier[] {
  return Array.from({ length: count }, (_, index): ScenarioCourier => {
    const vendor = vendors[index % vendors.length]?.at ?? { lat: SOUTH, lon: WEST };
    return {
      key: `c${index + 1}`,
      vehicle: VEHICLES[index % VEHICLES.length] ?? 'scooter',
      at: shift(vendor, (random.next() - 0.5) * 1_500, (random.next() - 0.5) * 1_500),
      onMs: 0,
      offMs: Number.POSITIVE_INFINITY,
    };
  });
}

/** Orders come at random moments around the wanted rate; each from its own draws. */
function endlessOrders(options: CityOptions, vendors: readonly ScenarioVendor[]): OrderSource {
  const random = randomStream(options.seed, 'orders');
  const gapMs = (MINUTE_MS * options.speed) / options.ordersPerMinute;
  let index = 0;
  let placedMs = 0;
  return () => {
    index++;
    const vendor = random.int(0, vendors.length - 1);
    const from = vendors[vendor]?.at ?? { lat: SOUTH, lon: WEST };
    const angle = random.next() * 2 * Math.PI;
    const meters = DROPOFF_METERS_MIN + random.next() * (DROPOFF_METERS_MAX - DROPOFF_METERS_MIN);
    const order = {
      key: `o${index}`,
      vendor,
      dropoff: shift(from, Math.cos(angle) * meters, Math.sin(angle) * meters),
      placedMs: Math.round(placedMs),
      readyMs: Math.round(placedMs) + random.int(PREPARE_MS_MIN, PREPARE_MS_MAX),
    };
    placedMs += gapMs * (0.2 + random.next() * 1.6);
    return order;
  };
}

function within(random: RandomStream, low: number, high: number, margin: number): number {
  return low + (high - low) * (margin + random.next() * (1 - 2 * margin));
}

/** Moves a place by metres; what would leave the city stays at its edge. */
function shift(from: LatLon, northMeters: number, eastMeters: number): LatLon {
  const edge = 0.0005;
  const lat = from.lat + northMeters / METERS_PER_LAT;
  const lon = from.lon + eastMeters / METERS_PER_LON;
  return {
    lat: Math.min(NORTH - edge, Math.max(SOUTH + edge, lat)),
    lon: Math.min(EAST - edge, Math.max(WEST + edge, lon)),
  };
}
