/**
 * A recorded day on a simulated clock: couriers move as the replay's couriers do (the same body), the
 * dispatcher under test decides who carries what. The world owns positions, ready times and what was
 * done when; it decides nothing. Everything happens on whole seconds of zone time.
 */
import type { DeliveryRequest } from '../../contracts/commands.ts';
import type { Stop } from '../../contracts/events.ts';
import type { Place } from '../../contracts/geo.ts';
import type { DeliveryId, DriverId } from '../../contracts/ids.ts';
import { Courier, type CourierDeed } from '../../demo/courier.ts';
import { leastDoor, UNDELIVERED_MS } from '../../demo/excess.ts';
import type { Scenario, ScenarioCourier, ScenarioOrder } from '../../demo/scenario.ts';
import { placeOf } from '../../dispatch/geometry.ts';

export const TICK_MS = 1_000;
/** How long after the last order the day still runs. */
const AFTER_MS = 3 * 3_600_000;

/** Who decides: the engine, or the peer it is compared with. */
export interface Dispatcher {
  placed(request: DeliveryRequest, nowMs: number): void;
  onDuty(rider: Rider, nowMs: number): void;
  offDuty(rider: Rider, nowMs: number): void;
  did(rider: Rider, deed: CourierDeed, nowMs: number): void;
  /** Called every tick after the couriers; gives the couriers whose plan has changed. */
  decide(nowMs: number): Iterable<readonly [Rider, readonly Stop[]]>;
}

export interface Rider {
  readonly id: DriverId;
  readonly courier: ScenarioCourier;
  readonly body: Courier;
  /** Before the shift, in it, ending (finishes what it has), gone. */
  duty: 'before' | 'on' | 'ending' | 'gone';
  stops: readonly Stop[];
}

export interface DayFigures {
  readonly orders: number;
  readonly delivered: number;
  /** Zone ms; null when nothing was delivered. */
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  /** Mean of what the door took beyond the least possible; an undelivered order counts 180 minutes. */
  readonly excessMs: number;
}

/** An id of the installation's form, by number: ids follow the order of the files. */
export function numbered<P extends string>(prefix: P, n: number): `${P}_${string}` {
  return `${prefix}_01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

export class DayWorld {
  readonly scenario: Scenario;
  readonly riders: readonly Rider[];
  readonly places: readonly Place[];
  private readonly orders: ScenarioOrder[] = [];
  private readonly numberOf = new Map<DeliveryId, number>();
  private readonly doorMs = new Map<DeliveryId, number>();

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    for (let order = scenario.orders(); order; order = scenario.orders()) this.orders.push(order);
    this.places = scenario.vendors.map(({ at }) => placeOf(at.lat, at.lon));
    const readyMs = (delivery: DeliveryId) => {
      const order = this.orders[this.numberOf.get(delivery) ?? -1];
      return order ? Math.max(order.readyMs, order.placedMs) : 0;
    };
    this.riders = scenario.couriers.map((courier, n) => {
      const { at, vehicle } = courier;
      const body = new Courier({ at, vehicle, manners: scenario.manners, readyMs });
      return { id: numbered('drv', n + 1), courier, body, duty: 'before', stops: [] };
    });
  }

  /** Plays the day to its end. */
  run(dispatcher: Dispatcher): DayFigures {
    const lastMs = (this.orders.at(-1)?.placedMs ?? 0) + AFTER_MS;
    let next = 0;
    const coming = [...this.riders].sort((a, b) => a.courier.onMs - b.courier.onMs);
    let here: Rider[] = [];
    for (let nowMs = 0; nowMs <= lastMs; nowMs += TICK_MS) {
      for (; next < this.orders.length; next++) {
        const order = this.orders[next] as ScenarioOrder;
        if (order.placedMs > nowMs) break;
        dispatcher.placed(this.requestOf(order, next), nowMs);
      }
      while (coming[0] && coming[0].courier.onMs <= nowMs) here.push(coming.shift() as Rider);
      for (const rider of here) this.move(rider, dispatcher, nowMs);
      if (here.some(({ duty }) => duty === 'gone')) here = here.filter((r) => r.duty !== 'gone');
      for (const [rider, stops] of dispatcher.decide(nowMs)) {
        rider.stops = stops;
        rider.body.plan(stops, nowMs);
        this.act(rider, dispatcher, nowMs);
      }
    }
    return this.figures();
  }

  private move(rider: Rider, dispatcher: Dispatcher, nowMs: number): void {
    const { offMs } = rider.courier;
    if (rider.duty === 'before') {
      rider.duty = 'on';
      dispatcher.onDuty(rider, nowMs);
    }
    if (rider.body.dueMs <= nowMs) this.act(rider, dispatcher, nowMs);
    if (rider.duty === 'on' && offMs <= nowMs) {
      rider.duty = 'ending';
      dispatcher.offDuty(rider, nowMs);
    }
    if (rider.duty === 'ending' && rider.stops.length === 0) rider.duty = 'gone';
  }

  private act(rider: Rider, dispatcher: Dispatcher, nowMs: number): void {
    for (const deed of rider.body.advance(nowMs)) {
      if (deed.kind === 'delivered') this.doorMs.set(deed.delivery, nowMs);
      dispatcher.did(rider, deed, nowMs);
    }
  }

  private requestOf(order: ScenarioOrder, n: number): DeliveryRequest {
    const id = numbered('del', n + 1);
    this.numberOf.set(id, n);
    return {
      id,
      account: numbered('acc', 1),
      pickup: this.places[order.vendor] as Place,
      dropoff: placeOf(order.dropoff.lat, order.dropoff.lon),
      placedMs: order.placedMs,
      readyMs: Math.max(order.readyMs, order.placedMs),
      readySource: 'promised',
      ...(order.promiseMs === undefined ? {} : { promiseMs: order.promiseMs }),
      load: { parcels: 1, volumeMl: 1, weightG: 1 },
      ifUndeliverable: 'return',
    };
  }

  private figures(): DayFigures {
    const least = leastDoor(this.scenario);
    const times: number[] = [];
    let excessMs = 0;
    this.orders.forEach((order, n) => {
      const doorMs = this.doorMs.get(numbered('del', n + 1));
      excessMs += (doorMs ?? order.placedMs + UNDELIVERED_MS) - least(order);
      if (doorMs !== undefined) times.push(doorMs - order.placedMs);
    });
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.ceil(share * times.length) - 1] ?? null;
    return {
      orders: this.orders.length,
      delivered: times.length,
      p50Ms: at(0.5),
      p90Ms: at(0.9),
      excessMs: Math.round(excessMs / this.orders.length),
    };
  }
}
