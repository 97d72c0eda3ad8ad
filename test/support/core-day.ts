/**
 * A made-up day on one core zone: requests of every kind come in, drivers with every kind of limit take
 * what they are offered and work it off, late or early. Everything is drawn from one seed, every input
 * is kept, so that the day can be played again from anywhere.
 */
import type { DeliveryRequest, DriverProfile } from '../../contracts/commands.ts';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DriverId } from '../../contracts/ids.ts';
import type { ZoneConfig } from '../../contracts/zone.ts';
import { copyShard, type ShardCopy, type ZoneInput } from '../../dispatch/core/index.ts';
import { RandomStream } from '../../dispatch/core/random.ts';
import { place, profile, request, zoneConfig } from './core-fixtures.ts';
import { CoreWorld } from './core-world.ts';

export interface DayStep {
  readonly input: ZoneInput;
  readonly atMs: number;
  readonly events: readonly ZoneEvent[];
  /** The state before the step; kept of rounds alone. */
  readonly before?: ShardCopy;
}

const VEHICLES = ['foot', 'bicycle', 'scooter', 'car'] as const;
const SKILL = 'alcohol';
const FLEET = 'flt_01900000-0000-7000-8000-000000000001';

export class CoreDay extends CoreWorld {
  readonly steps: DayStep[] = [];
  private readonly random: RandomStream;
  private readonly crew: DriverId[] = [];
  private asked = 0;

  constructor(seed: number, policy: Partial<ZoneConfig['policy']> = {}) {
    super(zoneConfig(1, { learnReadyTimes: false, learnTravel: false, ...policy }));
    this.random = new RandomStream(seed, 0, 'day', 0);
    for (let n = 1; n <= 3 + this.random.below(4); n++) this.hire(n);
  }

  override input(input: ZoneInput): ZoneEvent[] {
    const before = input.kind === 'round' ? { before: copyShard(this.shard) } : {};
    const events = super.input(input);
    this.steps.push({ input, atMs: this.nowMs, events, ...before });
    return events;
  }

  /** Plays so many half minutes. */
  play(count: number): this {
    for (let n = 0; n < count; n++) {
      if (this.random.below(100) < 45) this.ask();
      for (const driver of this.crew) this.work(driver);
      this.timer();
      this.round();
      this.wait(30_000);
    }
    return this;
  }

  private one<T>(of: readonly T[]): T {
    return of[this.random.below(of.length)] as T;
  }

  private spot() {
    return place(0.3 + this.random.below(400) / 1_000, 0.3 + this.random.below(400) / 1_000);
  }

  private hire(n: number): void {
    const parcels = 1 + this.random.below(4);
    const change: Partial<DriverProfile> = {
      vehicleKind: this.one(VEHICLES),
      capacity: { parcels, volumeMl: 1_000 * parcels, weightG: 2_000 },
      skills: this.random.below(2) === 0 ? [SKILL] : [],
      ...(this.random.below(2) === 0 ? { fleet: FLEET } : {}),
      ...(this.random.below(2) === 0
        ? { untilMs: this.nowMs + 600_000 + this.random.below(3_600_000) }
        : {}),
    };
    const who = profile(n, change);
    const deed = { kind: 'duty', duty: 'available', profile: who, at: this.spot() } as const;
    this.act(who.driver, deed);
    this.crew.push(who.driver);
  }

  /** One delivery, or two that ride together, from one of few vendors. */
  private ask(): void {
    const vendor = this.random.below(4);
    const pickup = place(0.45 + vendor * 0.02, 0.5);
    const kind = this.random.below(10);
    const readyMs = this.nowMs + this.random.below(20) * 60_000;
    const common: Partial<DeliveryRequest> = {
      ...{ pickup, readyMs, placedMs: this.nowMs },
      load: { parcels: 1, volumeMl: 1 + this.random.below(1_500), weightG: 300 },
      ...(kind === 0 ? { vehicles: ['car', 'scooter'] } : {}),
      ...(kind === 1 ? { skills: [SKILL] } : {}),
      ...(kind === 2 ? { fleets: [FLEET] } : {}),
      ...(kind < 5 ? { promiseMs: readyMs + 900_000 + this.random.below(900_000) } : {}),
    };
    const size = kind === 9 ? 2 : 1;
    const group = size > 1 ? { group: { id: `g${this.asked}`, size } } : {};
    for (let n = 0; n < size; n++) {
      this.asked++;
      const wanted = request(this.asked, { ...common, ...group, dropoff: this.spot() });
      this.command({ type: 'delivery.request', number: 1, request: wanted });
    }
  }

  /** A driver answers its offer, and may do what comes next in its plan. */
  private work(id: DriverId): void {
    const offer = this.zone.driver(id)?.offer;
    if (offer) {
      const answer = this.random.below(5) === 0 ? 'decline' : 'accept';
      if (answer === 'accept') this.act(id, { kind: 'accept', offer });
      else this.act(id, { kind: 'decline', offer, reason: 'too_far' });
    }
    const stop = this.zone.driver(id)?.plan.stops[0];
    if (!stop || this.random.below(4) === 0) return;
    this.position(id, stop);
    const delivery = this.zone.deliveries.get(stop.delivery);
    if (!stop.arrived) this.act(id, { kind: 'arrived', delivery: stop.delivery });
    else if (stop.kind === 'dropoff') this.act(id, { kind: 'delivered', delivery: stop.delivery });
    else if (stop.kind === 'return') this.act(id, { kind: 'returned', delivery: stop.delivery });
    else if (delivery && delivery.readyMs <= this.nowMs) {
      this.act(id, { kind: 'picked_up', delivery: stop.delivery });
    }
  }
}
