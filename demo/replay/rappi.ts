/**
 * Reads a city-day of the Latin American platform: two packed CSV files, real coordinates, times of
 * day. It checks every value and turns the day into a scenario; it starts nothing.
 */
import { basename, join } from 'node:path';
import type { VehicleKind } from '../../contracts/states.ts';
import { DEFAULT_POLICY } from '../../contracts/zone.ts';
import type {
  LatLon,
  Scenario,
  ScenarioCourier,
  ScenarioOrder,
  ScenarioVendor,
} from '../scenario.ts';
import { boxRing, ordersFrom } from '../scenario.ts';
import { wallPolicy } from '../wall-policy.ts';
import type { Row } from './table.ts';
import { readTable, unique } from './table.ts';

const DAY_MS = 86_400_000;
const HALF_DAY_MS = DAY_MS / 2;
/** Zones are boxes around a rounded centre, so that the days of one city share theirs. */
const CENTRE_STEP_DEGREES = 0.1;
const HALF_BOX_DEGREES_MIN = 0.2;
/** Couriers far from every pickup are moved to the edge of what the pickups span, plus this. */
const EDGE_DEGREES = 0.03;
const VEHICLES: Readonly<Record<string, VehicleKind>> = {
  walking: 'foot',
  bicycle: 'bicycle',
  motorcycle: 'scooter',
  car: 'car',
};

/**
 * Reads the two files of one day.
 * @param speed zone ms per wall ms: offers stay open for some wall seconds at any speed
 * @throws DataError naming file, line, field and what was expected
 */
export function readRappi(directory: string, speed: number): Scenario {
  const { vendors, orders } = readOrders(directory);
  const pickups = vendors.map((vendor) => vendor.at);
  const box = boxAround(pickups);
  const { couriers, moved } = readCouriers(directory, box);
  const startMs = Math.min(orders[0]?.placedMs ?? 0, ...couriers.map((courier) => courier.onMs));
  const name = `rappi-${basename(directory.replace(/\/+$/, ''))}`;
  const zone = zoneBox(box);
  return {
    name,
    market: { name: 'Colombia', timeZone: 'America/Bogota', currency: 'COP' },
    zones: [
      {
        name: `rappi ${zone.south},${zone.west}`,
        ring: boxRing(zone.south, zone.west, zone.north, zone.east),
        policy: { ...wallPolicy(speed), radiusMeters: 15_000 },
      },
    ],
    vendors,
    couriers: couriers.map((courier) => ({
      ...courier,
      onMs: courier.onMs - startMs,
      offMs: courier.offMs - startMs,
    })),
    orders: ordersFrom(
      orders.map((order) => ({
        ...order,
        placedMs: order.placedMs - startMs,
        readyMs: order.readyMs - startMs,
      })),
    ),
    orderCount: orders.length,
    trade: null,
    manners: {
      speedMmps: DEFAULT_POLICY.speedMmps,
      detourPerMille: DEFAULT_POLICY.detourPerMille,
      travelStepMs: 0,
      pickupServiceMs: DEFAULT_POLICY.pickupServiceMs,
      dropoffServiceMs: DEFAULT_POLICY.dropoffServiceMs,
      answerMsMin: 0,
      answerMsMax: 0,
      declinePerMille: 0,
      ignorePerMille: 0,
      wanders: false,
    },
    cancelPerMille: 0,
    unreachablePerMille: 0,
    trackPerMille: 100,
    notes:
      moved > 0 ? [`${moved} couriers start outside the city's box and enter at its edge`] : [],
  };
}

interface Box {
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
}

function point(row: Row, lat: string, lng: string): LatLon {
  return { lat: row.number(lat, -90, 90), lon: row.number(lng, -180, 180) };
}

/** A time that may lie past midnight: half a day or more before its anchor means the next day. */
function followingMs(row: Row, field: string, anchorMs: number, anchor: string): number {
  const timeMs = row.timeOfDayMs(field);
  const atMs = anchorMs - timeMs >= HALF_DAY_MS ? timeMs + DAY_MS : timeMs;
  if (atMs < anchorMs) row.fail(field, `a time not before ${anchor}`, row.text(field));
  return atMs;
}

function readOrders(directory: string): { vendors: ScenarioVendor[]; orders: ScenarioOrder[] } {
  const vendors: ScenarioVendor[] = [];
  const vendorAt = new Map<string, number>();
  const seen = new Set<string>();
  const fields = ['order_id', 'pick_up_lat', 'pick_up_lng', 'drop_off_lat', 'drop_off_lng'];
  fields.push('placement_time', 'preparation_time', 'ready_time', 'expected_drop_off_time');
  const rows = readTable(join(directory, 'orders.csv.gz'), ',', fields);
  const orders = rows.map((row): ScenarioOrder => {
    const at = point(row, 'pick_up_lat', 'pick_up_lng');
    // About eleven metres: the same door written with more or fewer decimals is one vendor.
    const spot = `${at.lat.toFixed(4)},${at.lon.toFixed(4)}`;
    let vendor = vendorAt.get(spot);
    if (vendor === undefined) {
      vendor = vendors.length;
      vendorAt.set(spot, vendor);
      vendors.push({ key: spot, name: `Vendor ${vendor + 1}`, at });
    }
    const placedMs = row.timeOfDayMs('placement_time');
    return {
      key: unique(seen, row, 'order_id'),
      vendor,
      dropoff: point(row, 'drop_off_lat', 'drop_off_lng'),
      placedMs,
      readyMs: followingMs(row, 'ready_time', placedMs, 'placement_time'),
    };
  });
  orders.sort((a, b) => a.placedMs - b.placedMs || Number(a.key) - Number(b.key));
  return { vendors, orders };
}

function readCouriers(directory: string, box: Box): { couriers: ScenarioCourier[]; moved: number } {
  const fields = ['courier_id', 'vehicle', 'on_lat', 'on_lng', 'on_time', 'off_time'];
  const seen = new Set<string>();
  let moved = 0;
  const couriers = readTable(join(directory, 'couriers.csv.gz'), ',', fields).map(
    (row): ScenarioCourier => {
      const word = row.text('vehicle');
      const vehicle = VEHICLES[word];
      if (!vehicle) return row.fail('vehicle', `one of ${Object.keys(VEHICLES).join(', ')}`, word);
      const onMs = row.timeOfDayMs('on_time');
      const offTimeMs = row.timeOfDayMs('off_time');
      const home = point(row, 'on_lat', 'on_lng');
      const at = {
        lat: Math.min(box.north, Math.max(box.south, home.lat)),
        lon: Math.min(box.east, Math.max(box.west, home.lon)),
      };
      if (at.lat !== home.lat || at.lon !== home.lon) moved++;
      return {
        key: unique(seen, row, 'courier_id'),
        vehicle,
        at,
        onMs,
        // A shift that ends before it starts ends on the next day.
        offMs: offTimeMs <= onMs ? offTimeMs + DAY_MS : offTimeMs,
      };
    },
  );
  return { couriers, moved };
}

function boxAround(places: readonly LatLon[]): Box {
  const box = { south: 90, west: 180, north: -90, east: -180 };
  for (const { lat, lon } of places) {
    box.south = Math.min(box.south, lat - EDGE_DEGREES);
    box.north = Math.max(box.north, lat + EDGE_DEGREES);
    box.west = Math.min(box.west, lon - EDGE_DEGREES);
    box.east = Math.max(box.east, lon + EDGE_DEGREES);
  }
  return box;
}

/** The zone of a city: a square in degrees around the rounded middle of its pickups. */
function zoneBox(box: Box): Box {
  const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;
  const centre = (low: number, high: number): number =>
    Math.round((low + high) / 2 / CENTRE_STEP_DEGREES) * CENTRE_STEP_DEGREES;
  const lat = centre(box.south, box.north);
  const lon = centre(box.west, box.east);
  const reach = Math.max(lat - box.south, box.north - lat, lon - box.west, box.east - lon);
  const steps = Math.ceil(reach / CENTRE_STEP_DEGREES);
  const half = Math.max(HALF_BOX_DEGREES_MIN, steps * CENTRE_STEP_DEGREES);
  return {
    south: round(lat - half),
    west: round(lon - half),
    north: round(lat + half),
    east: round(lon + half),
  };
}
