/**
 * A copy of a zone that goes its own way: the same core decides in it under a configuration of its
 * own, a simulated fleet carries its plans out, and what the outside asks for comes as it came to the
 * live zone. Nothing leaves it. It moves only when `advance` says how late it is.
 */
import type { DriverDeed } from '../../contracts/commands.ts';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DeliveryId, DriverId } from '../../contracts/ids.ts';
import type { ZoneConfig } from '../../contracts/zone.ts';
import {
  copyShard,
  decodeShard,
  dueMs,
  encodeCopy,
  LiveIndex,
  Shard,
  stepShard,
  type ZoneInput,
} from '../core/index.ts';
import type { Kitchens } from '../core/kitchens/kitchens.ts';
import type { Delivery, Driver } from '../core/records.ts';
import type { TravelTime } from '../core/travel/travel-time.ts';
import type { Zone } from '../core/zone.ts';
import { Fleet } from './fleet.ts';
import type { OfferHabits } from './offer-habits.ts';

/** Rounds of a copy are at least this far apart, zone ms: offers leave with minutes to spare. */
export const FORK_ROUND_MS = 5_000;
/** Things done in one advance; more means that a copy turns on the spot, and it is given up. */
const STEPS_MAX = 200_000;
/** A copy's clock is zone time; it has no host. */
const CLOCKS = { zoneAt: (ms: number) => ms, hostAt: (ms: number) => ms };
const STILL = { headingDegrees: 0, speedCmps: 0, accuracyMeters: 0 };

/** What is true in the world as far as the live zone knows it. */
export interface LiveFacts {
  /** For plans and for the ways themselves. */
  readonly travel: TravelTime;
  readonly kitchens: Kitchens;
  /** When a parcel is handed out, as far as is known at `nowMs`; then it is asked again. Zone ms. */
  readyMs(delivery: Delivery, nowMs: number): number;
}

export interface ForkOptions {
  /** What `forkText` gave. */
  readonly text: readonly string[];
  readonly config: ZoneConfig;
  readonly atMs: number;
  readonly habits: OfferHabits;
  /** What the live zone knows of the world; a copy learns nothing from its own simulation. */
  readonly facts: LiveFacts;
  readonly onEvent: (event: ZoneEvent, atMs: number) => void;
  readonly onDrive: (ms: number) => void;
}

/** A zone as text that any number of copies can be made of; without what it has learned of drives. */
export function forkText(zone: Zone): readonly string[] {
  const shard = new Shard(zone.config.shard);
  shard.zones.set(zone.config.id, zone);
  return [...encodeCopy(copyShard(shard, false))];
}

/** The kitchens as the live zone knows them, for a copy that must not teach them. */
function toRead(kitchens: Kitchens): Kitchens {
  return Object.create(kitchens, { learn: { value: () => {} } }) as Kitchens;
}

export class ForkedZone {
  readonly fleet: Fleet;
  readonly zone: Zone;
  nowMs: number;
  private readonly options: ForkOptions;
  private readonly shard: Shard;
  private readonly index: LiveIndex;
  private nextRoundMs: number;
  private requests = 0;

  constructor(options: ForkOptions) {
    const { text, config, atMs, habits, facts, onDrive } = options;
    this.options = options;
    this.nowMs = atMs;
    this.nextRoundMs = atMs;
    this.shard = decodeShard(text);
    const zone = this.shard.zones.get(config.id);
    if (!zone) throw new Error(`fork: no zone ${config.id} in the text`);
    // Nobody asks a copy why, and what it sees of drives is its own doing.
    zone.reconfigure({
      ...config,
      policy: { ...config.policy, explain: false, learnTravel: false },
    });
    zone.travel = facts.travel;
    Object.defineProperty(zone, 'kitchens', { value: toRead(facts.kitchens) });
    this.zone = zone;
    this.index = new LiveIndex(this.shard, config.id, CLOCKS, atMs);
    const act = (driver: DriverId, deed: DriverDeed) => this.act(driver, deed);
    const drove = onDrive;
    this.fleet = new Fleet({ zone, act, facts, drove }, habits, atMs);
    for (const driver of [...zone.drivers]) if (driver) this.greet(driver);
    this.fleet.settle(atMs);
  }

  /** Lets everything happen that is due up to a zone time. */
  advance(toMs: number): void {
    for (let steps = 0; ; steps++) {
      if (steps > STEPS_MAX) throw new Error(`fork: ${STEPS_MAX} steps at ${this.nowMs}`);
      const timerMs = dueMs(this.shard, this.zone.config.id);
      const nextMs = Math.min(this.fleet.nextMs, timerMs, this.nextRoundMs);
      if (nextMs > toMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.fleet.run(this.nowMs);
      if (timerMs <= this.nowMs) this.step({ kind: 'timer' });
      if (this.nextRoundMs <= this.nowMs) this.round();
    }
    this.nowMs = Math.max(this.nowMs, toMs);
  }

  /** Something that the outside asks for, now. */
  take(input: ZoneInput): void {
    this.step(input);
    this.fleet.settle(this.nowMs);
  }

  private step(input: ZoneInput): void {
    const { nowMs } = this;
    const events = stepShard(this.shard, this.zone.config.id, input, nowMs);
    this.index.sync(events, nowMs);
    for (const event of events) this.options.onEvent(event, nowMs);
    this.fleet.hear(events, nowMs);
    for (const event of events) {
      if ('driver' in event && typeof event.driver === 'string') this.confirmView(event.driver);
      else if (event.type === 'driver.joined') this.confirmView(event.profile.driver);
    }
  }

  /** The number that the next command about a delivery has here. */
  nextNumber(delivery: DeliveryId): number {
    const { deliveries, tombstones } = this.zone;
    return (deliveries.get(delivery)?.number ?? tombstones.get(delivery)?.number ?? 0) + 1;
  }

  /** A name for a request of ops, unique in this copy. */
  nextRequest(): string {
    this.requests++;
    return `shadow-${this.nowMs}-${this.requests}`;
  }

  private act(driver: DriverId, deed: DriverDeed): void {
    const known = this.zone.driver(driver);
    const action = (known?.lastAction ?? 0) + 1;
    const presence = known?.presence ?? { gateway: 'shadow', session: 1 };
    const acted = { type: 'driver.acted', driver, action, deed, presence } as const;
    this.step({ kind: 'command', command: { ...acted, atMs: this.nowMs } });
  }

  /** What was under way with a live phone or another zone ends here. */
  private greet({ id, leaving }: Driver): void {
    const transfer = leaving?.transfer;
    if (transfer !== undefined) {
      this.step({ kind: 'command', command: { type: 'transfer.refused', driver: id, transfer } });
    }
    this.confirmView(id);
  }

  /** A simulated phone has seen whatever it was sent. */
  private confirmView(id: DriverId): void {
    const driver = this.zone.driver(id);
    if (!driver?.presence || driver.seenView >= driver.view) return;
    this.step({ kind: 'command', command: { type: 'driver.seen', driver: id, view: driver.view } });
  }

  private round(): void {
    const { nowMs, zone } = this;
    this.nextRoundMs = nowMs + Math.max(FORK_ROUND_MS, zone.policy.roundMs);
    this.fleet.tellPositions(nowMs, ({ slot, tenancy }, { latE7, lonE7, cell }) => {
      const position = { slot, tenancy, latE7, lonE7, cell, fixMs: nowMs, ...STILL };
      return this.index.position(position) === 'indexed';
    });
    const input = this.index.shortlist(nowMs);
    if (input.candidates.length === 0 && zone.thoughts.size === 0) return;
    this.step(input);
    this.fleet.settle(nowMs);
  }
}
