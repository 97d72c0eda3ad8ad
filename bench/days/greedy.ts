/**
 * The peer: first come, first served, the nearest free courier. An order goes, as soon as a courier is
 * free, to the one who is there first, who sets out at once and carries nothing else. Couriers agree
 * at once.
 */
import type { DeliveryRequest } from '../../contracts/commands.ts';
import type { Stop } from '../../contracts/events.ts';
import type { CourierDeed } from '../../demo/courier.ts';
import type { Scenario } from '../../demo/scenario.ts';
import { travelMs } from '../../demo/travel.ts';
import type { Dispatcher, Rider } from './world.ts';

export class GreedyDispatcher implements Dispatcher {
  private readonly scenario: Scenario;
  private readonly free = new Set<Rider>();
  private readonly waiting: DeliveryRequest[] = [];
  private readonly giveUpMs: number;

  /** @param giveUpMs an order that long past its ready time is given up, as the zone's policy says */
  constructor(scenario: Scenario, giveUpMs: number) {
    this.scenario = scenario;
    this.giveUpMs = giveUpMs;
  }

  placed(request: DeliveryRequest): void {
    this.waiting.push(request);
  }

  onDuty(rider: Rider): void {
    this.free.add(rider);
  }

  offDuty(rider: Rider): void {
    this.free.delete(rider);
  }

  did(rider: Rider, deed: CourierDeed): void {
    if (deed.kind === 'delivered') {
      rider.stops = [];
      if (rider.duty === 'on') this.free.add(rider);
    }
  }

  *decide(nowMs: number): Generator<readonly [Rider, readonly Stop[]]> {
    for (let n = 0; n < this.waiting.length && this.free.size > 0; n++) {
      const request = this.waiting[n] as DeliveryRequest;
      if (nowMs > request.readyMs + this.giveUpMs) {
        this.waiting.splice(n--, 1);
        continue;
      }
      const rider = this.nearest(request, nowMs);
      if (!rider) continue;
      this.waiting.splice(n--, 1);
      this.free.delete(rider);
      yield [rider, [stopOf(request, 'pickup'), stopOf(request, 'dropoff')]];
    }
  }

  private nearest({ pickup }: DeliveryRequest, nowMs: number): Rider | null {
    const { manners } = this.scenario;
    const to = { lat: pickup.latE7 / 1e7, lon: pickup.lonE7 / 1e7 };
    let best: Rider | null = null;
    let bestMs = Number.POSITIVE_INFINITY;
    for (const rider of this.free) {
      const { at } = rider.body.position(nowMs);
      const wayMs = travelMs(at, to, rider.courier.vehicle, manners);
      if (wayMs >= bestMs) continue;
      best = rider;
      bestMs = wayMs;
    }
    return best;
  }
}

function stopOf({ id, pickup, dropoff }: DeliveryRequest, kind: 'pickup' | 'dropoff'): Stop {
  const place = kind === 'pickup' ? pickup : dropoff;
  return { id: `stp_${id.slice(4)}-${kind}`, kind, delivery: id, ...place, arrived: false };
}
