/**
 * A small world around one real core shard: feeds inputs, keeps the events as a log, checks after
 * every step what must always hold, and can rebuild the state from the log or from a snapshot.
 */
import assert from 'node:assert/strict';
import type { DriverDeed, ZoneCommand } from '../../contracts/commands.ts';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { Place } from '../../contracts/geo.ts';
import type { DriverId } from '../../contracts/ids.ts';
import type { ZoneConfig } from '../../contracts/zone.ts';
import {
  applyShard,
  checkShard,
  copyShard,
  decodeShard,
  encodeCopy,
  hashShard,
  LiveIndex,
  Shard,
  stepShard,
  type ZoneInput,
} from '../../dispatch/core/index.ts';
import type { Zone } from '../../dispatch/core/zone.ts';
import { profile } from './core-fixtures.ts';

const CLOCKS = { zoneAt: (ms: number) => ms, hostAt: (ms: number) => ms };

export class CoreWorld {
  shard = new Shard(0);
  readonly config: ZoneConfig;
  readonly log: { event: ZoneEvent; atMs: number }[] = [];
  nowMs = 1_000_000;
  private index: LiveIndex;
  private readonly actions = new Map<DriverId, number>();
  /** Problems open by the log: `delivery problem`. */
  private readonly problems = new Set<string>();

  constructor(config: ZoneConfig) {
    this.config = config;
    this.index = this.open();
  }

  private open(): LiveIndex {
    this.record(
      stepShard(
        this.shard,
        this.config.id,
        { kind: 'command', command: { type: 'zone.open', config: this.config } },
        this.nowMs,
      ),
    );
    return new LiveIndex(this.shard, this.config.id, CLOCKS, this.nowMs);
  }

  get zone(): Zone {
    const zone = this.shard.zones.get(this.config.id);
    assert.ok(zone);
    return zone;
  }

  input(input: ZoneInput): ZoneEvent[] {
    const events = stepShard(this.shard, this.config.id, input, this.nowMs);
    this.record(events);
    this.index.sync(events, this.nowMs);
    assert.deepEqual(checkShard(this.shard), [], JSON.stringify(input));
    this.checkFields();
    this.checkProblems();
    return events;
  }

  /** A fact from elsewhere, applied and logged as it stands. */
  applied(event: ZoneEvent): void {
    applyShard(this.shard, this.config.id, event, this.nowMs);
    this.record([event]);
  }

  command(command: ZoneCommand): ZoneEvent[] {
    return this.input({ kind: 'command', command });
  }

  /** One numbered deed of a driver; the number is the next one unless given. */
  act(driver: DriverId, deed: DriverDeed, action?: number): ZoneEvent[] {
    const next = action ?? (this.actions.get(driver) ?? 0) + 1;
    if (action === undefined) this.actions.set(driver, next);
    const presence = { gateway: 'g1', session: 1 };
    return this.command({
      type: 'driver.acted',
      driver,
      action: next,
      deed,
      atMs: this.nowMs,
      presence,
    });
  }

  /** Puts a driver on duty at a place. */
  join(n: number, at: Place): DriverId {
    const who = profile(n);
    this.act(who.driver, { kind: 'duty', duty: 'available', profile: who, at });
    return who.driver;
  }

  position(driver: DriverId, at: Place): void {
    const record = this.zone.driver(driver);
    if (!record) return;
    this.index.position({
      slot: record.slot,
      tenancy: record.tenancy,
      ...at,
      fixMs: this.nowMs,
      headingDegrees: 0,
      speedCmps: 0,
      accuracyMeters: 5,
    });
  }

  round(): ZoneEvent[] {
    return this.input(this.shortlist());
  }

  /** What a round would decide from now. */
  shortlist(): Extract<ZoneInput, { kind: 'round' }> {
    return this.index.shortlist(this.nowMs);
  }

  /** Looks for drivers who get no nearer to their pickup; without any, nothing is stepped. */
  stalled(): ZoneEvent[] {
    const input = this.index.stalled(this.nowMs);
    return input ? this.input(input) : [];
  }

  timer(): ZoneEvent[] {
    return this.input({ kind: 'timer' });
  }

  wait(ms: number): void {
    this.nowMs += ms;
  }

  /** Throws away the memory and restores from a snapshot of it, as a takeover would. */
  restoreFromSnapshot(): void {
    const before = hashShard(this.shard);
    this.shard = decodeShard([...encodeCopy(copyShard(this.shard))]);
    assert.equal(hashShard(this.shard), before, 'a snapshot restores the same state');
    this.index = new LiveIndex(this.shard, this.config.id, CLOCKS, this.nowMs);
  }

  /** A field that is undefined is lost in a snapshot, and with it the order that the hash sees. */
  private checkFields(): void {
    const { drivers, deliveries, offers } = this.zone;
    for (const record of [...drivers, ...deliveries.values(), ...offers.values()]) {
      assert.ok(!Object.values(record ?? {}).includes(undefined), JSON.stringify(record));
    }
  }

  /** Rebuilds a second shard from the log alone and compares. */
  checkRecovery(): void {
    const other = new Shard(0);
    for (const { event, atMs } of this.log) applyShard(other, this.config.id, event, atMs);
    assert.equal(hashShard(other), hashShard(this.shard), 'the log gives the same state');
  }

  private record(events: readonly ZoneEvent[]): void {
    for (const event of events) {
      this.log.push({ event, atMs: this.nowMs });
      this.follow(event);
    }
  }

  /** Follows raised and cleared as whoever reads the log would. */
  private follow(event: ZoneEvent): void {
    if (event.type === 'delivery.raised' || event.type === 'delivery.cleared') {
      const key = `${event.delivery} ${event.problem}`;
      const isRaised = event.type === 'delivery.raised';
      assert.equal(this.problems.has(key), !isRaised, `${event.type} of ${key}`);
      if (isRaised) this.problems.add(key);
      else this.problems.delete(key);
    }
    if (event.type !== 'delivery.ended') return;
    for (const key of this.problems) {
      if (key.startsWith(event.delivery)) this.problems.delete(key);
    }
  }

  private checkProblems(): void {
    const held = this.zone.exceptions
      .all()
      .flatMap(({ delivery, open }) => open.map(({ problem }) => `${delivery} ${problem}`));
    assert.deepEqual(held.sort(), [...this.problems].sort(), 'what is open, by state and by log');
  }
}

/** The first event of a type, or a failed assertion. */
export function only<T extends ZoneEvent['type']>(
  events: readonly ZoneEvent[],
  type: T,
): Extract<ZoneEvent, { type: T }> {
  const found = events.find((event) => event.type === type);
  assert.ok(found, `no ${type} among ${events.map((event) => event.type).join(', ')}`);
  return found as Extract<ZoneEvent, { type: T }>;
}
