/**
 * Where things are: gives every spot of an instance a place on the globe, and answers travel times
 * by the instance's rule (whole minutes, straight line) behind the core's port. Every spot gets a
 * place of its own, so that two vendors in one house are two doors.
 */

import type { Place, PointE7 } from '../../contracts/geo.ts';
import type { VehicleKind } from '../../contracts/states.ts';
import type { ZoneConfig } from '../../contracts/zone.ts';
import type { TravelAnswer, TravelTime } from '../core/travel/travel-time.ts';
import { placeOf, zoneGeometry } from '../geometry.ts';
import type { Instance, Spot } from './instance.ts';

/** Instances have no place on the globe; any city away from the corners of H3 serves. */
const ANCHOR = { lat: 41.88, lon: -87.63 };
const METERS_PER_DEGREE = 111_195;
const MINUTE_MS = 60_000;
/** Drop-offs lie outside of what is known at the start; the grid reaches this much further. */
const MARGIN_METERS = 5_000;

export class Atlas implements TravelTime {
  private readonly spots = new Map<number, Map<number, Spot>>();
  private readonly places = new Map<Spot, Place>();
  private readonly metersPerMinute: number;
  private readonly centre: Spot;
  private readonly known: readonly Spot[];
  private readonly perLon = METERS_PER_DEGREE * Math.cos((ANCHOR.lat * Math.PI) / 180);

  /** Takes in what is known before the day begins; orders follow as they are placed. */
  constructor(instance: Instance) {
    this.metersPerMinute = instance.metersPerMinute;
    this.known = [...instance.vendors, ...instance.couriers];
    const box = boxOf(this.known);
    this.centre = { x: (box.west + box.east) / 2, y: (box.south + box.north) / 2 };
    for (const spot of this.known) this.placeFor(spot);
  }

  /** The place of a spot; the next free one when another spot has it already. */
  placeFor(spot: Spot): Place {
    const found = this.places.get(spot);
    if (found) return found;
    const [lat, lon] = this.degrees(spot.x, spot.y);
    let place = placeOf(lat, lon);
    while (this.spots.get(place.latE7)?.has(place.lonE7)) {
      place = { ...place, lonE7: place.lonE7 + 1 };
    }
    this.places.set(spot, place);
    const row = this.spots.get(place.latE7) ?? new Map<number, Spot>();
    this.spots.set(place.latE7, row);
    row.set(place.lonE7, spot);
    return place;
  }

  spotAt(point: PointE7): Spot {
    const spot = this.spots.get(point.latE7)?.get(point.lonE7);
    if (!spot) throw new Error('atlas: a place that no spot has');
    return spot;
  }

  /** Whole minutes from one spot to another. */
  minutes(from: Spot, to: Spot): number {
    return Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / this.metersPerMinute);
  }

  ms(from: PointE7, to: PointE7): number {
    return this.minutes(this.spotAt(from), this.spotAt(to)) * MINUTE_MS;
  }

  answer(from: PointE7, to: PointE7, _: VehicleKind, __: number, into: TravelAnswer): void {
    const exactMs = this.ms(from, to);
    into.meanMs = exactMs;
    into.p10Ms = exactMs;
    into.p50Ms = exactMs;
    into.p90Ms = exactMs;
  }

  /** Plane and grid of the zone around what is known before the day begins. */
  geometry(): Pick<ZoneConfig, 'plane' | 'grid'> {
    const { west, east, south, north } = boxOf(this.known);
    const corner = (x: number, y: number): [number, number] => {
      const [lat, lon] = this.degrees(x, y);
      return [lon, lat];
    };
    const [left, right] = [west - MARGIN_METERS, east + MARGIN_METERS];
    const [low, high] = [south - MARGIN_METERS, north + MARGIN_METERS];
    const ring = [corner(left, low), corner(right, low), corner(right, high), corner(left, high)];
    return zoneGeometry({ type: 'Polygon', coordinates: [[...ring, corner(left, low)]] });
  }

  private degrees(x: number, y: number): [lat: number, lon: number] {
    const lat = ANCHOR.lat + (y - this.centre.y) / METERS_PER_DEGREE;
    return [lat, ANCHOR.lon + (x - this.centre.x) / this.perLon];
  }
}

function boxOf(spots: readonly Spot[]) {
  const box = { west: Infinity, east: -Infinity, south: Infinity, north: -Infinity };
  for (const { x, y } of spots) {
    box.west = Math.min(box.west, x);
    box.east = Math.max(box.east, x);
    box.south = Math.min(box.south, y);
    box.north = Math.max(box.north, y);
  }
  return box;
}
