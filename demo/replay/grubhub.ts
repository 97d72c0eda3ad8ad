/**
 * Reads an instance of the Meal Delivery Routing Problem (Grubhub): four tab-separated files, times
 * in minutes from midnight, places in metres around a reference point. It checks every value and
 * turns the day into a scenario; it starts nothing.
 */
import { basename, join } from 'node:path';
import { hash32 } from '../../contracts/ids.ts';
import type {
  LatLon,
  Scenario,
  ScenarioCourier,
  ScenarioOrder,
  ScenarioVendor,
} from '../scenario.ts';
import { boxRing, ordersFrom } from '../scenario.ts';
import { wallPolicy } from '../wall-policy.ts';
import { readTable, unique } from './table.ts';

const MINUTE_MS = 60_000;
const MINUTES_MAX = 2 * 24 * 60;
const METERS_MAX = 100_000;
const METERS_PER_DEGREE = 111_195;
const MARGIN_METERS = 500;
/** How far past its ready time a zone still looks for a courier. */
const GIVE_UP_MS = 90 * MINUTE_MS;

interface Parameters {
  readonly metersPerMinute: number;
  readonly pickupServiceMs: number;
  readonly dropoffServiceMs: number;
  readonly targetMs: number;
}

interface Placed {
  readonly x: number;
  readonly y: number;
}

/**
 * Reads the files of one instance.
 * @param speed zone ms per wall ms: offers stay open for some wall seconds at any speed
 * @throws DataError naming file, line, field and what was expected
 */
export function readGrubhub(directory: string, speed: number): Scenario {
  const parameters = readParameters(directory);
  const restaurants = readRestaurants(directory);
  const orders = readOrders(directory, restaurants);
  const couriers = readCouriers(directory);
  const startMinute = Math.min(orders[0]?.placed ?? 0, ...couriers.map((courier) => courier.on));
  const name = basename(directory.replace(/\/+$/, ''));
  const origin = referencePoint(name);
  const place = (at: Placed): LatLon => toDegrees(origin, at);
  const sinceStartMs = (minute: number): number => (minute - startMinute) * MINUTE_MS;
  const everywhere = [...restaurants.values(), ...orders, ...couriers];
  return {
    name: `grubhub-${name}`,
    market: { name: 'Grubhub', timeZone: 'America/Chicago', currency: 'USD' },
    zones: [
      {
        name: `grubhub-${name}`,
        ring: ringAround(origin, everywhere),
        policy: policyOf(parameters, speed),
      },
    ],
    vendors: [...restaurants].map(
      ([key, at]): ScenarioVendor => ({ key, name: `Restaurant ${key}`, at: place(at) }),
    ),
    couriers: couriers.map(
      (courier): ScenarioCourier => ({
        key: courier.key,
        vehicle: 'car',
        at: place(courier),
        onMs: sinceStartMs(courier.on),
        offMs: sinceStartMs(courier.off),
      }),
    ),
    orders: ordersFrom(
      orders.map(
        (order): ScenarioOrder => ({
          key: order.key,
          vendor: order.vendor,
          dropoff: place(order),
          placedMs: sinceStartMs(order.placed),
          readyMs: sinceStartMs(order.ready),
          promiseMs: sinceStartMs(order.placed) + parameters.targetMs,
        }),
      ),
    ),
    orderCount: orders.length,
    trade: null,
    manners: {
      speedMmps: sameSpeed(parameters),
      detourPerMille: 1000,
      travelStepMs: MINUTE_MS,
      pickupServiceMs: parameters.pickupServiceMs,
      dropoffServiceMs: parameters.dropoffServiceMs,
      answerMsMin: 0,
      answerMsMax: 0,
      declinePerMille: 0,
      ignorePerMille: 0,
      wanders: false,
    },
    cancelPerMille: 0,
    unreachablePerMille: 0,
    trackPerMille: 100,
    notes: [],
  };
}

function readParameters(directory: string): Parameters {
  const fields = [
    'meters_per_minute',
    'pickup service minutes',
    'dropoff service minutes',
    'target click-to-door',
  ] as const;
  const [row] = readTable(join(directory, 'instance_parameters.txt'), '\t', fields);
  if (!row) throw new RangeError('a table has at least one row');
  return {
    metersPerMinute: row.number(fields[0], 10, 3_000),
    pickupServiceMs: row.number(fields[1], 0, 120) * MINUTE_MS,
    dropoffServiceMs: row.number(fields[2], 0, 120) * MINUTE_MS,
    targetMs: row.number(fields[3], 1, 600) * MINUTE_MS,
  };
}

function readRestaurants(directory: string): Map<string, Placed> {
  const rows = readTable(join(directory, 'restaurants.txt'), '\t', ['restaurant', 'x', 'y']);
  const seen = new Set<string>();
  return new Map(
    rows.map((row) => [
      unique(seen, row, 'restaurant'),
      { x: row.number('x', -METERS_MAX, METERS_MAX), y: row.number('y', -METERS_MAX, METERS_MAX) },
    ]),
  );
}

interface FileOrder extends Placed {
  readonly key: string;
  readonly vendor: number;
  readonly placed: number;
  readonly ready: number;
}

function readOrders(directory: string, restaurants: ReadonlyMap<string, Placed>): FileOrder[] {
  const fields = ['order', 'x', 'y', 'placement_time', 'restaurant', 'ready_time'];
  const seen = new Set<string>();
  const indexes = new Map([...restaurants.keys()].map((key, index) => [key, index]));
  const orders = readTable(join(directory, 'orders.txt'), '\t', fields).map((row): FileOrder => {
    const restaurant = row.text('restaurant');
    const vendor = indexes.get(restaurant);
    if (vendor === undefined) {
      return row.fail('restaurant', 'a restaurant of restaurants.txt', restaurant);
    }
    const placed = row.number('placement_time', 0, MINUTES_MAX);
    const ready = row.number('ready_time', 0, MINUTES_MAX);
    if (ready < placed) {
      row.fail('ready_time', `a time not before placement_time ${placed}`, String(ready));
    }
    return {
      key: unique(seen, row, 'order'),
      x: row.number('x', -METERS_MAX, METERS_MAX),
      y: row.number('y', -METERS_MAX, METERS_MAX),
      vendor,
      placed,
      ready,
    };
  });
  return orders.sort((a, b) => a.placed - b.placed || (a.key < b.key ? -1 : 1));
}

interface FileCourier extends Placed {
  readonly key: string;
  readonly on: number;
  readonly off: number;
}

function readCouriers(directory: string): FileCourier[] {
  const fields = ['courier', 'x', 'y', 'on_time', 'off_time'];
  const seen = new Set<string>();
  return readTable(join(directory, 'couriers.txt'), '\t', fields).map((row): FileCourier => {
    const on = row.number('on_time', 0, MINUTES_MAX);
    const off = row.number('off_time', 0, MINUTES_MAX);
    if (off <= on) row.fail('off_time', `a time after on_time ${on}`, String(off));
    return {
      key: unique(seen, row, 'courier'),
      x: row.number('x', -METERS_MAX, METERS_MAX),
      y: row.number('y', -METERS_MAX, METERS_MAX),
      on,
      off,
    };
  });
}

/**
 * Instances give no place on earth. Each gets one of its own, so that the zones of two instances
 * played on one installation never overlap.
 */
function referencePoint(name: string): LatLon {
  const spot = hash32(name);
  return { lat: 30 + (spot % 16), lon: -160 + (Math.floor(spot / 16) % 320) };
}

function toDegrees(origin: LatLon, at: Placed): LatLon {
  const shrink = Math.cos((origin.lat * Math.PI) / 180);
  return {
    lat: origin.lat + at.y / METERS_PER_DEGREE,
    lon: origin.lon + at.x / (METERS_PER_DEGREE * shrink),
  };
}

function ringAround(origin: LatLon, places: readonly Placed[]): [number, number][] {
  const xs = places.map((place) => place.x);
  const ys = places.map((place) => place.y);
  const southWest = toDegrees(origin, {
    x: Math.min(...xs) - MARGIN_METERS,
    y: Math.min(...ys) - MARGIN_METERS,
  });
  const northEast = toDegrees(origin, {
    x: Math.max(...xs) + MARGIN_METERS,
    y: Math.max(...ys) + MARGIN_METERS,
  });
  return boxRing(southWest.lat, southWest.lon, northEast.lat, northEast.lon);
}

function sameSpeed(parameters: Parameters): Scenario['manners']['speedMmps'] {
  const mmps = Math.round((parameters.metersPerMinute * 1000) / 60);
  return { foot: mmps, bicycle: mmps, ebike: mmps, scooter: mmps, car: mmps, van: mmps };
}

function policyOf(parameters: Parameters, speed: number): Scenario['zones'][number]['policy'] {
  return {
    ...wallPolicy(speed),
    speedMmps: sameSpeed(parameters),
    detourPerMille: 1000,
    pickupServiceMs: parameters.pickupServiceMs,
    dropoffServiceMs: parameters.dropoffServiceMs,
    radiusMeters: 50_000,
    giveUpMs: GIVE_UP_MS,
  };
}
