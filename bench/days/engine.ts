/** The engine on a simulated day: the same step function, live index, rounds and offers as production. */
import type { DeliveryRequest, DriverDeed, ZoneCommand } from '../../contracts/commands.ts';
import type { Stop, ZoneEvent } from '../../contracts/events.ts';
import type { DriverId, OfferId } from '../../contracts/ids.ts';
import { DEFAULT_POLICY, DEFAULT_WEIGHTS, type ZoneConfig } from '../../contracts/zone.ts';
import { appDeed, type CourierDeed } from '../../demo/courier.ts';
import { type RandomStream, randomStream } from '../../demo/random.ts';
import type { Scenario } from '../../demo/scenario.ts';
import {
  checkShard,
  LiveIndex,
  Shard,
  stepShard,
  type ZoneInput,
} from '../../dispatch/core/index.ts';
import { placeOf, zoneGeometry } from '../../dispatch/geometry.ts';
import { type DayWorld, type Dispatcher, numbered, type Rider, TICK_MS } from './world.ts';

const CLOCKS = { zoneAt: (ms: number) => ms, hostAt: (ms: number) => ms };
/** Zone ms between the positions of a moving courier. */
const REPORT_MS = 10_000;
const GATEWAY = { gateway: 'day', session: 1 };

export class EngineDispatcher implements Dispatcher {
  /** Wall ms of each round that had something to decide. */
  readonly roundMs: number[] = [];
  private readonly shard = new Shard(0);
  private readonly config: ZoneConfig;
  private readonly index: LiveIndex;
  private readonly scenario: Scenario;
  private readonly answers: RandomStream;
  private readonly riders = new Map<DriverId, Rider>();
  private readonly actions = new Map<DriverId, number>();
  private readonly changed = new Set<DriverId>();
  private readonly pending: { readonly atMs: number; readonly answer: () => void }[] = [];
  private nowMs = 0;
  private nextRoundMs = 0;

  /** @param seed of what couriers answer to offers */
  constructor(world: DayWorld, seed: number) {
    this.scenario = world.scenario;
    this.config = zoneOf(world.scenario);
    this.answers = randomStream(seed, 'answers');
    for (const rider of world.riders) this.riders.set(rider.id, rider);
    const open = { kind: 'command', command: { type: 'zone.open', config: this.config } } as const;
    stepShard(this.shard, this.config.id, open, 0);
    this.index = new LiveIndex(this.shard, this.config.id, CLOCKS, 0);
  }

  placed(request: DeliveryRequest, nowMs: number): void {
    this.nowMs = nowMs;
    this.command({ type: 'delivery.request', number: 1, request });
  }

  onDuty(rider: Rider, nowMs: number): void {
    this.nowMs = nowMs;
    const { vehicle: vehicleKind } = rider.courier;
    this.act(rider.id, {
      kind: 'duty',
      duty: 'available',
      profile: {
        driver: rider.id,
        vehicle: rider.id.replace('drv_', 'veh_') as `veh_${string}`,
        vehicleKind,
        capacity: { parcels: 100, volumeMl: 1_000_000, weightG: 1_000_000 },
        skills: [],
      },
      at: this.placeOf(rider),
    });
  }

  offDuty(rider: Rider, nowMs: number): void {
    this.nowMs = nowMs;
    this.act(rider.id, { kind: 'duty', duty: 'last_job' });
  }

  did(rider: Rider, deed: CourierDeed, nowMs: number): void {
    this.nowMs = nowMs;
    this.report(rider);
    this.act(rider.id, appDeed(deed));
  }

  *decide(nowMs: number): Generator<readonly [Rider, readonly Stop[]]> {
    this.nowMs = nowMs;
    while (this.pending[0] && this.pending[0].atMs <= nowMs) this.pending.shift()?.answer();
    this.input({ kind: 'timer' });
    if (nowMs % REPORT_MS === 0) {
      // Whoever has nothing to do stands still, and was last heard of there.
      for (const rider of this.riders.values()) if (rider.stops.length > 0) this.report(rider);
    }
    if (nowMs >= this.nextRoundMs) {
      this.nextRoundMs = nowMs + this.config.policy.roundMs;
      const beganMs = performance.now();
      const round = this.index.shortlist(nowMs);
      if (round.candidates.length > 0) {
        this.input(round);
        this.roundMs.push(performance.now() - beganMs);
      }
    }
    // What was decided may be answered at once, and that may change more plans.
    while (this.pending[0] && this.pending[0].atMs <= nowMs) this.pending.shift()?.answer();
    for (const id of this.changed) {
      const rider = this.riders.get(id);
      const driver = this.shard.zones.get(this.config.id)?.driver(id);
      if (rider) yield [rider, driver?.plan.stops ?? []];
    }
    this.changed.clear();
  }

  /** Throws when the day has broken what must always hold. */
  check(): void {
    const [broken] = checkShard(this.shard);
    if (broken) throw new Error(`days: ${JSON.stringify(broken)}`);
  }

  private placeOf(rider: Rider) {
    const { lat, lon } = rider.body.position(this.nowMs).at;
    return placeOf(lat, lon);
  }

  private report(rider: Rider): void {
    const driver = this.shard.zones.get(this.config.id)?.driver(rider.id);
    if (!driver) return;
    this.index.position({
      slot: driver.slot,
      tenancy: driver.tenancy,
      ...this.placeOf(rider),
      fixMs: this.nowMs,
      headingDegrees: 0,
      speedCmps: 0,
      accuracyMeters: 5,
    });
  }

  private act(driver: DriverId, deed: DriverDeed): void {
    const action = (this.actions.get(driver) ?? 0) + 1;
    this.actions.set(driver, action);
    const { nowMs: atMs } = this;
    this.command({ type: 'driver.acted', driver, action, deed, atMs, presence: GATEWAY });
  }

  private command(command: ZoneCommand): void {
    this.input({ kind: 'command', command });
  }

  private input(input: ZoneInput): void {
    const events = stepShard(this.shard, this.config.id, input, this.nowMs);
    this.index.sync(events, this.nowMs);
    for (const event of events) this.follow(event);
  }

  /** What a phone would be told, and says it has seen. */
  private follow(event: ZoneEvent): void {
    if (event.type !== 'driver.plan' && event.type !== 'offer.made') return;
    const view = this.shard.zones.get(this.config.id)?.driver(event.driver)?.view ?? 0;
    this.command({ type: 'driver.seen', driver: event.driver, view });
    if (event.type === 'driver.plan') this.changed.add(event.driver);
    else this.consider(event.driver, event.offer);
  }

  private consider(driver: DriverId, offer: OfferId): void {
    const { answerMsMin, answerMsMax, declinePerMille, ignorePerMille } = this.scenario.manners;
    if (this.answers.chance(ignorePerMille)) return;
    const declines = this.answers.chance(declinePerMille);
    const atMs = this.nowMs + this.answers.int(answerMsMin, answerMsMax);
    const answer = () =>
      this.act(
        driver,
        declines ? { kind: 'decline', offer, reason: 'too_far' } : { kind: 'accept', offer },
      );
    let at = this.pending.length;
    while (at > 0 && (this.pending[at - 1]?.atMs ?? 0) > atMs) at--;
    this.pending.splice(at, 0, { atMs, answer });
  }
}

/** The scenario's zone, as the replay opens it. */
function zoneOf({ zones }: Scenario): ZoneConfig {
  const [zone] = zones;
  if (!zone || zones.length > 1) throw new Error('days: a day has one zone');
  const ring = zone.ring.map(([lon, lat]) => [lon, lat]);
  const policy = { ...DEFAULT_POLICY, ...zone.policy };
  return {
    id: numbered('zon', 1),
    market: numbered('mkt', 1),
    shard: 0,
    version: 1,
    currency: 'USD',
    timeZone: 'UTC',
    ...zoneGeometry({ type: 'Polygon', coordinates: [ring] }),
    weights: DEFAULT_WEIGHTS,
    policy: { ...policy, roundMs: Math.max(TICK_MS, policy.roundMs) },
  };
}
