/** The ground a run plays on: zones side by side, requests and drivers in them, all from the seed. */
import type { DeliveryRequest, DriverProfile } from '../../contracts/commands.ts';
import type { GeoPolygon, Place } from '../../contracts/geo.ts';
import { derivedId } from '../../contracts/ids.ts';
import {
  DEFAULT_POLICY,
  DEFAULT_WEIGHTS,
  type ZoneConfig,
  type ZonePolicy,
} from '../../contracts/zone.ts';
import { placeOf, zoneGeometry } from '../geometry.ts';
import type { Random } from './random.ts';

const SIDE_DEGREES = 0.04;
const ORIGIN = { lat: 52.5, lon: 13.3 };
/** Virtual time a run starts at, ms UTC. */
export const SIM_START_MS = 1_800_000_000_000;

function west(index: number): number {
  return ORIGIN.lon + index * SIDE_DEGREES;
}

export function zonePolygon(index: number): GeoPolygon {
  const [left, right] = [west(index), west(index + 1)];
  const [low, high] = [ORIGIN.lat, ORIGIN.lat + SIDE_DEGREES];
  const ring = [
    [left, low],
    [right, low],
    [right, high],
    [left, high],
    [left, low],
  ];
  return { type: 'Polygon', coordinates: [ring] };
}

/** Short deadlines, so that minutes of a run see every one of them pass. */
export function zoneConfig(index: number): ZoneConfig {
  return {
    id: derivedId('zone', { atMs: SIM_START_MS, zoneHash: 0, counter: index }),
    market: derivedId('market', { atMs: SIM_START_MS, zoneHash: 0, counter: 0 }),
    shard: index,
    version: 1,
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    ...zoneGeometry(zonePolygon(index)),
    weights: DEFAULT_WEIGHTS,
    policy: {
      ...DEFAULT_POLICY,
      explain: false,
      offerTtlMs: 20_000,
      declineCoolDownMs: 30_000,
      giveUpMs: 400_000,
      aboardMsMax: 600_000,
      staleMs: 20_000,
      suspendMs: 60_000,
      stallMs: 12_000,
      stallGainMs: 1_000,
      restMs: 20_000,
      ...manners(index),
    },
  };
}

/**
 * Each zone has its own ways: the first asks several drivers at once; the second asks one, shares idle
 * time and sends drivers to wait; the third asks nobody and has second thoughts.
 */
function manners(index: number): Partial<ZonePolicy> {
  if (index % 3 === 0) return { broadcastMax: 3 };
  if (index % 3 === 2) return { autoAssign: true, reassignGainMs: 20_000 };
  return { fairIdleMs: 60_000, fairCostSeconds: 300, repositionMsMax: 600_000 };
}

export function placeIn(index: number, random: Random): Place {
  const lat = ORIGIN.lat + SIDE_DEGREES * (0.2 + 0.6 * random.next());
  const lon = west(index) + SIDE_DEGREES * (0.2 + 0.6 * random.next());
  return placeOf(lat, lon);
}

export function requestIn(
  index: number,
  number: number,
  random: Random,
  nowMs: number,
): DeliveryRequest {
  return {
    id: derivedId('delivery', { atMs: SIM_START_MS, zoneHash: index, counter: number }),
    account: derivedId('account', { atMs: SIM_START_MS, zoneHash: 0, counter: 0 }),
    pickup: placeIn(index, random),
    dropoff: placeIn(index, random),
    placedMs: nowMs,
    readyMs: nowMs + random.integer(0, 120_000),
    readySource: 'estimated',
    load: { parcels: 1, volumeMl: 2_000, weightG: 1_000 },
    ifUndeliverable: random.chance(0.7) ? 'return' : 'leave',
  };
}

export function profileOf(index: number): DriverProfile {
  const at = { atMs: SIM_START_MS, zoneHash: 1, counter: index };
  return {
    driver: derivedId('driver', at),
    vehicle: derivedId('vehicle', at),
    vehicleKind: index % 3 === 0 ? 'scooter' : 'bicycle',
    capacity: { parcels: 3, volumeMl: 20_000, weightG: 15_000 },
    skills: [],
  };
}
