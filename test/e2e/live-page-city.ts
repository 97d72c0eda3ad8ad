/**
 * Owns a made-up city for tests of the live page: drivers on a seeded walk, deliveries, two nodes. It
 * gives the same pictures that a dispatch node publishes, cut by coarse cell.
 */
import { latLngToCell } from 'h3-js';
import { type DeliveryId, type DriverId, derivedId, type ZoneId } from '../../contracts/ids.ts';
import type { CellPicture, MapDelivery, MapDriver, NodePicture } from '../../contracts/push.ts';
import { SHADE_RESOLUTION, VIEW_RESOLUTION } from '../../contracts/push.ts';
import { DELIVERY_STATES, type DeliveryState } from '../../contracts/states.ts';

export const CENTRE = { lat: 37.765, lon: -122.44 };
/** Half the width and height of the city, degrees. */
const REACH = { lat: 0.045, lon: 0.06 };
const OPEN_STATES: readonly DeliveryState[] = DELIVERY_STATES.slice(1, 6);
const MINUTE_MS = 60_000;

interface Driver {
  readonly d: DriverId;
  lat: number;
  lon: number;
  a: number;
  /** Degrees per step. */
  north: number;
  east: number;
}

interface CellDraft {
  readonly drivers: MapDriver[];
  readonly deliveries: MapDelivery[];
  readonly idle: Map<string, number>;
}

/** A small generator with a seed (mulberry32), so that a failure can be looked at again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class MadeUpCity {
  readonly zone: ZoneId = derivedId('zone', { atMs: 1_000, zoneHash: 7, counter: 1 });
  readonly drivers: Driver[] = [];
  readonly deliveries: MapDelivery[] = [];
  atMs = 1_790_000_000_000;
  private readonly random: () => number;

  constructor({
    drivers,
    deliveries,
    seed = 1,
  }: { drivers: number; deliveries: number; seed?: number }) {
    this.random = randomFrom(seed);
    for (let i = 0; i < drivers; i++) {
      const d = derivedId('driver', { atMs: this.atMs, zoneHash: 7, counter: i });
      const bearing = this.random() * 2 * Math.PI;
      const [north, east] = [Math.cos(bearing) * 0.00012, Math.sin(bearing) * 0.00015];
      const a = this.random() < 0.45 ? 0 : 1 + Math.floor(this.random() * 5);
      this.drivers.push({ d, ...this.place(), a, north, east });
    }
    for (let i = 0; i < deliveries; i++) this.deliveries.push(this.makeDelivery(i));
  }

  /** Moves every driver who is not standing at a door by one second. */
  step(seconds = 1): void {
    this.atMs += seconds * 1_000;
    for (const driver of this.drivers) {
      if (driver.a === 3 || driver.a === 5) continue;
      driver.lat += driver.north * seconds;
      driver.lon += driver.east * seconds;
      if (Math.abs(driver.lat - CENTRE.lat) > REACH.lat) driver.north *= -1;
      if (Math.abs(driver.lon - CENTRE.lon) > REACH.lon) driver.east *= -1;
    }
  }

  /** A GeoJSON outline that holds the whole city. */
  polygon(): { readonly type: 'Polygon'; readonly coordinates: readonly (readonly number[])[][] } {
    const corners = [
      [-1.1, -1.1],
      [1, -1.15],
      [1.1, 0.5],
      [0.7, 1.1],
      [-0.6, 1.05],
      [-1.1, -1.1],
    ];
    const ring = corners.map(([x = 0, y = 0]) => {
      return [CENTRE.lon + x * REACH.lon, CENTRE.lat + y * REACH.lat];
    });
    return { type: 'Polygon', coordinates: [ring] };
  }

  /** One picture per coarse cell that has anything in it. */
  pictures(): CellPicture[] {
    const cells = new Map<string, CellDraft>();
    const at = (lat: number, lon: number): CellDraft => {
      const cell = latLngToCell(lat, lon, VIEW_RESOLUTION);
      const draft = cells.get(cell) ?? { drivers: [], deliveries: [], idle: new Map() };
      cells.set(cell, draft);
      return draft;
    };
    for (const { d, lat, lon, a } of this.drivers) {
      const cell = at(lat, lon);
      cell.drivers.push({ d, a, lat: Math.round(lat * 1e7), lon: Math.round(lon * 1e7) });
      const fine = latLngToCell(lat, lon, SHADE_RESOLUTION);
      if (a === 0) cell.idle.set(fine, (cell.idle.get(fine) ?? 0) + 1);
    }
    for (const delivery of this.deliveries) {
      at(delivery.p[0] / 1e7, delivery.p[1] / 1e7).deliveries.push(delivery);
    }
    const { zone, atMs } = this;
    return [...cells].map(([cell, { drivers, deliveries, idle }]) => {
      return { zone, cell, atMs, drivers, deliveries, idle: [...idle] };
    });
  }

  /** What a node with every second shard would say; the zone lives on shard 3. */
  node(name: string, remainder: 0 | 1): NodePicture {
    const shards = Array.from({ length: 16 }, (_, index) => index * 2 + remainder).map((shard) => {
      const hosts = shard === 3;
      return {
        shard,
        epoch: 1_790_000_000_000 + shard,
        seq: hosts ? 4_210 : 1,
        zones: hosts ? [this.zone] : [],
        drivers: hosts ? this.drivers.length : 0,
        open: hosts ? this.deliveries.length : 0,
        idle: hosts ? this.drivers.filter((driver) => driver.a === 0).length : 0,
        oldestUnassignedMs: hosts ? 41_000 : null,
        mailboxLag: hosts ? 3 : 0,
        takeoverMs: hosts ? 1_840 : null,
      };
    });
    const perSecond = remainder === 1 ? this.drivers.length : 0;
    const positions = { perSecond, ageP50Ms: 61, ageP99Ms: 143, indexed: 90_000, dropped: 2 };
    return { node: name, atMs: this.atMs, shards, positions };
  }

  private place(): { lat: number; lon: number } {
    // The sum of two draws crowds the middle, as a city does.
    const spread = (): number => this.random() + this.random() - 1;
    return { lat: CENTRE.lat + spread() * REACH.lat, lon: CENTRE.lon + spread() * REACH.lon };
  }

  private nearestBusy({ lat, lon }: { lat: number; lon: number }): DriverId | null {
    let nearest: { readonly driver: Driver; readonly distance: number } | null = null;
    for (const driver of this.drivers) {
      const distance = Math.hypot(driver.lat - lat, driver.lon - lon);
      if (driver.a < 2 || (nearest && nearest.distance <= distance)) continue;
      nearest = { driver, distance };
    }
    return nearest?.driver.d ?? null;
  }

  private makeDelivery(index: number): MapDelivery {
    const [from, to] = [this.place(), this.place()];
    const near = 0.3;
    const s = OPEN_STATES[Math.floor(this.random() * OPEN_STATES.length)] ?? 'pending';
    const drv = s === 'pending' ? null : this.nearestBusy(from);
    const id: DeliveryId = derivedId('delivery', { atMs: this.atMs, zoneHash: 7, counter: index });
    const lat = from.lat + (to.lat - from.lat) * near;
    const lon = from.lon + (to.lon - from.lon) * near;
    const eta = this.atMs + Math.round((this.random() * 32 - 2) * MINUTE_MS);
    const e7 = (degrees: number): number => Math.round(degrees * 1e7);
    return { id, s, p: [e7(from.lat), e7(from.lon)], q: [e7(lat), e7(lon)], eta, drv };
  }
}
