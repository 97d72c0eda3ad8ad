/**
 * A scenario: everything a run plays, before anything is started. The generated city and the two
 * formats of real days all become this. Pure data; it knows nothing of sockets, REST or clocks.
 */
import type { VehicleKind } from '../contracts/states.ts';
import type { ZonePolicy } from '../contracts/zone.ts';

/** Degrees. */
export interface LatLon {
  readonly lat: number;
  readonly lon: number;
}

export interface ScenarioZone {
  /** Also the name in the API; a zone of this name is used again by the next run. */
  readonly name: string;
  /** GeoJSON outer ring, [longitude, latitude], closed. */
  readonly ring: readonly (readonly [number, number])[];
  readonly policy: Partial<ZonePolicy>;
}

export interface ScenarioVendor {
  readonly key: string;
  readonly name: string;
  readonly at: LatLon;
  /** Absent in real days. */
  readonly cuisine?: string;
}

export interface ScenarioCourier {
  readonly key: string;
  readonly vehicle: VehicleKind;
  readonly at: LatLon;
  /** Shift, zone ms since the scenario's start; `offMs` is Infinity in the generated city. */
  readonly onMs: number;
  readonly offMs: number;
}

export interface ScenarioOrder {
  readonly key: string;
  /** Index into `vendors`. */
  readonly vendor: number;
  readonly dropoff: LatLon;
  /** Zone ms since the scenario's start. */
  readonly placedMs: number;
  /** When the food is really ready; zone ms since the start. */
  readonly readyMs: number;
  /** Latest hand-over by the rule of the data; absent: what the zone promises counts. */
  readonly promiseMs?: number;
}

/** How couriers move and take their time. */
export interface CourierManners {
  /** Metres per second × 1000 by vehicle. */
  readonly speedMmps: Readonly<Record<VehicleKind, number>>;
  readonly detourPerMille: number;
  /** Travel time is rounded up to a multiple of this (the Grubhub rule); 0: not rounded. */
  readonly travelStepMs: number;
  readonly pickupServiceMs: number;
  readonly dropoffServiceMs: number;
  /** Zone ms between seeing an offer and answering it. */
  readonly answerMsMin: number;
  readonly answerMsMax: number;
  readonly declinePerMille: number;
  readonly ignorePerMille: number;
  /** Whether an idle courier drifts towards vendors. */
  readonly wanders: boolean;
}

/**
 * What makes the generated city a marketplace. Real days have none of it: their orders and ready
 * times are given. Shares are per mille of orders, if nothing else is said.
 */
export interface Trade {
  /** Customers look for the vendor before they order, with a typing error in its name. */
  readonly searchPerMille: number;
  /** Pay by card rather than cash; of those so many cards are declined. */
  readonly cardPerMille: number;
  readonly declinedPerMille: number;
  /** Customers who watched their order rate it once it is there. */
  readonly ratePerMille: number;
  /** Want the special of the day, of which each vendor has so many in a run. */
  readonly specialPerMille: number;
  readonly specials: number;
  /** Kitchens that take longer than they said, and by how much, zone ms. */
  readonly latePerMille: number;
  readonly lateMsMin: number;
  readonly lateMsMax: number;
  /** Every n-th vendor answers its tickets by hand; of those tickets so many are rejected. */
  readonly byHandEvery: number;
  readonly rejectPerMille: number;
}

export interface Scenario {
  readonly name: string;
  readonly market: { readonly name: string; readonly timeZone: string; readonly currency: string };
  readonly zones: readonly ScenarioZone[];
  readonly vendors: readonly ScenarioVendor[];
  readonly couriers: readonly ScenarioCourier[];
  /** By placement time. */
  readonly orders: OrderSource;
  /** How many orders there are; Infinity in the generated city, which ends by time. */
  readonly orderCount: number;
  readonly manners: CourierManners;
  /** Null in real days. */
  readonly trade: Trade | null;
  /** Share of orders that a customer cancels before pickup. */
  readonly cancelPerMille: number;
  /** Share of orders whose customer does not come to the door: most come late, some never. */
  readonly unreachablePerMille: number;
  /** Share of orders whose customer watches the courier over the gateway. */
  readonly trackPerMille: number;
  /** Things the reader should know, one line each (couriers moved to the zone's edge). */
  readonly notes: readonly string[];
}

/** Orders one after the other, in order of placement; null when there are no more. */
export type OrderSource = () => ScenarioOrder | null;

/** An order source over a finished list. */
export function ordersFrom(list: readonly ScenarioOrder[]): OrderSource {
  let next = 0;
  return () => list[next++] ?? null;
}

/** A closed ring around a box, counter-clockwise. */
export function boxRing(
  south: number,
  west: number,
  north: number,
  east: number,
): [number, number][] {
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
}
