/**
 * The live picture of a zone: where every driver is now, by slot, and which idle ones are near a
 * point. Not state: it only shortlists. What a round decides from is recorded with the round. A
 * position costs a few typed-array writes and, when the cell changed, one link in the cell index.
 */
import type { ZoneEvent } from '../../../contracts/events.ts';
import type { Place, PointE7 } from '../../../contracts/geo.ts';
import type { ZoneId } from '../../../contracts/ids.ts';
import type { BatchPosition } from '../../../contracts/position-batch.ts';
import type { CellPicture, TrackMessage } from '../../../contracts/push.ts';
import { StallWatch } from '../exceptions/stall-watch.ts';
import type { Fix, Unplaced, ZoneInput } from '../input.ts';
import { ZONE_LIMITS } from '../limits.ts';
import { availability } from '../matching/eligibility.ts';
import { isOpen } from '../matching/problem.ts';
import { movableDeliveries } from '../matching/reassign.ts';
import { isSamePlace } from '../plans/schedule.ts';
import type { Delivery, Driver } from '../records.ts';
import type { Shard } from '../shard.ts';
import { etaFields, shownEta } from '../travel/eta.ts';
import { radiusMeters, type Zone } from '../zone.ts';
import { CellIndex, NEAREST_MAX } from './cell-index.ts';
import { Grid } from './cells.ts';
import { picturesOf } from './pictures.ts';

/** What became of a position. */
export type PositionOutcome = 'indexed' | 'stale_slot' | 'older' | 'outside';

/** Converts between host time and zone time; given by the runtime, which owns both clocks. */
export interface TwoClocks {
  zoneAt(hostMs: number): number;
  hostAt(zoneMs: number): number;
}

/** A delivery is looked at by rounds from this long before its ready time on; zone ms. */
const LOOKAHEAD_MS = 45 * 60_000;
/** Idle drivers looked at in one round for how far they have moved, and how far is worth a record. */
const IDLE_NOTED_MAX = 128;
const IDLE_NOTED_METERS = 150;
/** Slots checked for silence in one call. */
const SILENCE_SLICE = 20_000;
/** At most one position per driver and this long goes to those who track; host ms. */
const TRACK_EVERY_MS = 1_000;

export class LiveIndex {
  private readonly zone: Zone;
  private readonly clocks: TwoClocks;
  private readonly grid: Grid;
  private readonly idle: CellIndex;
  /** Busy drivers by where their plan ends: the next job may start there. */
  private readonly ends: CellIndex;
  private latE7 = new Int32Array(0);
  private lonE7 = new Int32Array(0);
  private cell = new Float64Array(0);
  private fixMs = new Float64Array(0);
  private sentMs = new Float64Array(0);
  private heading = new Uint16Array(0);
  private tenancy = new Uint32Array(0);
  private readonly moved = new Set<number>();
  private readonly out = new Int32Array(NEAREST_MAX);
  private silenceCursor = 0;
  private readonly stalls: StallWatch;

  constructor(shard: Shard, id: ZoneId, clocks: TwoClocks, hostMs: number) {
    const zone = shard.zones.get(id);
    if (!zone) throw new Error(`live index: zone ${id} is not open`);
    this.zone = zone;
    this.clocks = clocks;
    this.grid = new Grid(zone.config.grid);
    this.idle = new CellIndex(this.grid);
    this.ends = new CellIndex(this.grid);
    this.stalls = new StallWatch(zone);
    for (const driver of zone.drivers) if (driver) this.seed(driver, hostMs);
  }

  /** Takes a recorded fix over; silence is counted from now, nobody is blamed for our absence. */
  private seed(driver: Driver, hostMs: number): void {
    const { slot, fix } = driver;
    this.ensure(slot);
    this.tenancy[slot] = driver.tenancy;
    this.sentMs[slot] = 0;
    this.fixMs[slot] = hostMs;
    this.cell[slot] = -1;
    if (fix) {
      this.latE7[slot] = fix.latE7;
      this.lonE7[slot] = fix.lonE7;
      this.cell[slot] = fix.cell;
      this.fixMs[slot] = Math.min(hostMs, this.clocks.hostAt(fix.atMs));
    }
    this.place(driver);
  }

  /** Takes a position in. Older ones, and those of a former tenant of the slot, change nothing. */
  position(position: Readonly<BatchPosition>): PositionOutcome {
    const { slot } = position;
    const driver = this.zone.drivers[slot];
    if (!driver || this.tenancy[slot] !== position.tenancy) return 'stale_slot';
    const known = this.cell[slot] !== -1;
    if (known && position.fixMs <= (this.fixMs[slot] as number)) return 'older';
    this.latE7[slot] = position.latE7;
    this.lonE7[slot] = position.lonE7;
    this.fixMs[slot] = position.fixMs;
    this.heading[slot] = position.headingDegrees;
    this.cell[slot] = position.cell;
    if (this.idle.has(slot) || !known) this.place(driver);
    else if (driver.plan.stops.length > 0) this.moved.add(slot);
    return 'indexed';
  }

  /** Follows what was committed: who joined, left, became idle or busy. */
  sync(events: readonly ZoneEvent[], hostMs: number): void {
    for (const event of events) {
      if (event.type === 'driver.joined') {
        const driver = this.zone.drivers[event.slot];
        if (driver) this.seed(driver, hostMs);
      } else if (event.type === 'driver.fix') {
        for (const fix of event.fixes) this.adopt(fix);
      } else if ('driver' in event && typeof event.driver === 'string') {
        const driver = this.zone.driver(event.driver);
        if (driver) this.place(driver);
      }
      if (event.type === 'driver.left') this.dropFree();
    }
  }

  private adopt(fix: Fix): void {
    if ((this.cell[fix.slot] as number) !== -1) return;
    const driver = this.zone.drivers[fix.slot];
    if (driver) this.seed(driver, this.clocks.hostAt(fix.atMs));
  }

  private dropFree(): void {
    const free = this.zone.freeSlots.at(-1);
    if (free === undefined) return;
    this.idle.remove(free);
    this.ends.remove(free);
  }

  private place(driver: Driver): void {
    const { slot } = driver;
    this.placeEnd(driver);
    const isIdle = driver.plan.stops.length === 0 && availability(driver, false) === null;
    const cell = this.cell[slot] as number;
    if (!isIdle || cell === -1) return this.idle.remove(slot);
    const x = this.zone.plane.x(this.lonE7[slot] as number);
    const y = this.zone.plane.y(this.latE7[slot] as number);
    this.idle.put(slot, this.grid.bucketOf(cell), x, y);
  }

  private placeEnd(driver: Driver): void {
    const end = driver.plan.stops.at(-1);
    if (!end || availability(driver, false) !== null) return this.ends.remove(driver.slot);
    const { plane } = this.zone;
    this.ends.put(
      driver.slot,
      this.grid.bucketOf(end.cell),
      plane.x(end.lonE7),
      plane.y(end.latE7),
    );
  }

  /** The nearest idle slots to a point, written to `out`; returns how many. */
  nearest(
    point: PointE7 & { readonly cell: number },
    count: number,
    metersMax: number,
    out: Int32Array,
  ): number {
    const { plane } = this.zone;
    const query = {
      bucket: this.grid.bucketOf(point.cell),
      x: plane.x(point.lonE7),
      y: plane.y(point.latE7),
    };
    return this.idle.nearest(query, Math.min(count, NEAREST_MAX), metersMax, out);
  }

  /** Idle slots that may help at a place, nearest first. */
  private idleNear(place: Place): number[] {
    const count = Math.min(this.zone.policy.candidatesMax, NEAREST_MAX);
    const found = this.nearest(place, count, radiusMeters(this.zone), this.out);
    return [...this.out.subarray(0, found)];
  }

  /** As `nearest`, among busy drivers by where their plan ends. */
  private nearestEnds(
    point: PointE7 & { readonly cell: number },
    count: number,
    metersMax: number,
  ): Int32Array {
    const { plane } = this.zone;
    const query = {
      bucket: this.grid.bucketOf(point.cell),
      x: plane.x(point.lonE7),
      y: plane.y(point.latE7),
    };
    return this.out.subarray(0, this.ends.nearest(query, count, metersMax, this.out));
  }

  /** The input of a round now: open deliveries, who is near them, and fixes not yet recorded. */
  shortlist(hostMs: number): Extract<ZoneInput, { kind: 'round' }> {
    const { zone } = this;
    const open = this.openNow(this.clocks.zoneAt(hostMs));
    const movable = movableDeliveries(zone);
    if (open.length === 0 && zone.thoughts.size === 0 && movable.length === 0)
      return { kind: 'round', fixes: [], candidates: [] };
    const joining = this.pickupsUnderWay();
    const count = Math.min(zone.policy.candidatesMax, NEAREST_MAX);
    const radius = radiusMeters(zone);
    const fixes = new Map<number, Fix>();
    const candidates: (readonly [Delivery['id'], readonly number[]])[] = [];
    for (const delivery of open) {
      const { pickup } = delivery.request;
      const found = this.nearest(pickup, count, radius, this.out);
      const slots = new Set<number>(this.out.subarray(0, found));
      for (const slot of this.nearestEnds(pickup, count, radius)) slots.add(slot);
      for (const bucket of this.grid.around(this.grid.bucketOf(pickup.cell))) {
        for (const slot of joining.get(bucket) ?? []) slots.add(slot);
      }
      for (const slot of slots) this.noteFix(slot, fixes);
      candidates.push([delivery.id, [...slots]]);
    }
    for (const { delivery, slot } of movable) {
      const slots = [slot, ...this.idleNear(delivery.request.pickup)];
      for (const each of slots) this.noteFix(each, fixes);
      if (slots.length > 1) candidates.push([delivery.id, slots]);
    }
    for (const driver of zone.thoughts.keys()) {
      const slot = zone.slotOf.get(driver);
      if (slot !== undefined) this.noteFix(slot, fixes);
    }
    if (zone.policy.repositionMsMax > 0) this.noteIdle(fixes);
    return { kind: 'round', fixes: [...fixes.values()], candidates };
  }

  /** Where idle drivers have got to: a zone that sends them must know who went, and how far. */
  private noteIdle(fixes: Map<number, Fix>): void {
    let left = IDLE_NOTED_MAX;
    for (const driver of this.zone.drivers) {
      if (left === 0) return;
      if (!driver?.fix || !this.idle.has(driver.slot)) continue;
      left--;
      const { slot, fix } = driver;
      const here = { latE7: this.latE7[slot] as number, lonE7: this.lonE7[slot] as number };
      if (this.zone.plane.meters(fix, here) >= IDLE_NOTED_METERS) this.noteFix(slot, fixes);
    }
  }

  private openNow(atMs: number): Delivery[] {
    const open: Delivery[] = [];
    for (const delivery of this.zone.deliveries.values()) {
      if (isOpen(delivery) && delivery.readyMs - LOOKAHEAD_MS <= atMs) open.push(delivery);
    }
    if (open.length <= ZONE_LIMITS.roundDeliveries) return open;
    open.sort((a, b) => a.readyMs - b.readyMs || (a.id < b.id ? -1 : 1));
    return open.slice(0, ZONE_LIMITS.roundDeliveries);
  }

  /** Slots of drivers with a pickup still ahead, by the bucket of that pickup. */
  private pickupsUnderWay(): Map<number, number[]> {
    const slots = new Map<number, number[]>();
    for (const delivery of this.zone.deliveries.values()) {
      if (delivery.state !== 'assigned' && delivery.state !== 'at_pickup') continue;
      const slot = delivery.driver === null ? undefined : this.zone.slotOf.get(delivery.driver);
      if (slot === undefined) continue;
      const bucket = this.grid.bucketOf(delivery.request.pickup.cell);
      const list = slots.get(bucket);
      if (list) list.push(slot);
      else slots.set(bucket, [slot]);
    }
    return slots;
  }

  private noteFix(slot: number, fixes: Map<number, Fix>): void {
    const driver = this.zone.drivers[slot];
    if (!driver || fixes.has(slot) || this.cell[slot] === -1) return;
    const latE7 = this.latE7[slot] as number;
    const lonE7 = this.lonE7[slot] as number;
    const { fix } = driver;
    if (fix && fix.latE7 === latE7 && fix.lonE7 === lonE7) return;
    const atMs = Math.round(this.clocks.zoneAt(this.fixMs[slot] as number));
    if (fix && atMs < fix.atMs) return;
    fixes.set(slot, { slot, latE7, lonE7, cell: this.cell[slot] as number, atMs });
  }

  /**
   * Drivers whose silence level changed, looking at a slice of the slots in each call.
   * @param stretchMs zone ms added to the limits after nobody was in
   */
  silence(hostMs: number, stretchMs: number): Extract<ZoneInput, { kind: 'silence' }> | null {
    const { drivers, policy } = this.zone;
    const count = Math.min(drivers.length, SILENCE_SLICE);
    const changed: { slot: number; level: Driver['silence'] }[] = [];
    const nowMs = this.clocks.zoneAt(hostMs);
    for (let n = 0; n < count; n++) {
      if (this.silenceCursor >= drivers.length) this.silenceCursor = 0;
      const slot = this.silenceCursor++;
      const driver = drivers[slot];
      // Who joined in this very turn is not followed yet, and has been silent for no time at all.
      if (!driver || this.tenancy[slot] !== driver.tenancy) continue;
      if (driver.duty === 'off' || driver.leaving) continue;
      const ageMs = nowMs - this.clocks.zoneAt(this.fixMs[slot] as number) - stretchMs;
      const level =
        ageMs > policy.suspendMs ? 'suspended' : ageMs > policy.staleMs ? 'stale' : 'live';
      if (level !== driver.silence) changed.push({ slot, level });
    }
    return changed.length === 0 ? null : { kind: 'silence', drivers: changed };
  }

  /** Drivers under way who get no nearer to their pickup, and who else is near it. */
  stalled(hostMs: number): Extract<ZoneInput, { kind: 'stalled' }> | null {
    return this.stalls.input(this.clocks.zoneAt(hostMs), {
      whereIs: (slot) => this.placeOf(slot),
      idleNear: (stop) => this.idleNear(stop),
      noteFix: (slot, fixes) => this.noteFix(slot, fixes),
    });
  }

  private placeOf(slot: number): Place | null {
    const cell = this.cell[slot] as number;
    const isFollowed = this.tenancy[slot] === this.zone.drivers[slot]?.tenancy;
    if (cell === -1 || !isFollowed) return null;
    return { latE7: this.latE7[slot] as number, lonE7: this.lonE7[slot] as number, cell };
  }

  /** Positions due to those who track a delivery, at most one per driver and second. */
  tracked(hostMs: number): Unplaced<TrackMessage>[] {
    const messages: Unplaced<TrackMessage>[] = [];
    const atMs = this.clocks.zoneAt(hostMs);
    for (const slot of this.moved) {
      if (hostMs - (this.sentMs[slot] as number) < TRACK_EVERY_MS) continue;
      this.moved.delete(slot);
      this.sentMs[slot] = hostMs;
      const driver = this.zone.drivers[slot];
      if (!driver) continue;
      const at = { latE7: this.latE7[slot] as number, lonE7: this.lonE7[slot] as number };
      const from = { ...at, cell: this.cell[slot] as number };
      for (const delivery of visibleDeliveries(this.zone, driver)) {
        messages.push({
          t: 'pos',
          delivery: delivery.id,
          ...at,
          heading: this.heading[slot] as number,
          fixMs: this.fixMs[slot] as number,
          ...etaFields(shownEta(this.zone, delivery, atMs, { from })),
        });
      }
    }
    return messages;
  }

  /** The picture of every coarse cell that has something in it, for maps. */
  pictures(hostMs: number): CellPicture[] {
    return picturesOf(this.zone, this.clocks.zoneAt(hostMs), (slot) => this.placeOf(slot));
  }

  private ensure(slot: number): void {
    if (slot < this.latE7.length) return;
    const capacity = Math.max(slot + 1, 1024, this.latE7.length * 2);
    this.latE7 = grown(this.latE7, new Int32Array(capacity));
    this.lonE7 = grown(this.lonE7, new Int32Array(capacity));
    this.cell = grown(this.cell, new Float64Array(capacity));
    this.fixMs = grown(this.fixMs, new Float64Array(capacity));
    this.sentMs = grown(this.sentMs, new Float64Array(capacity));
    this.heading = grown(this.heading, new Uint16Array(capacity));
    this.tenancy = grown(this.tenancy, new Uint32Array(capacity));
  }
}

function grown<T extends Int32Array | Float64Array | Uint16Array | Uint32Array>(
  old: T,
  into: T,
): T {
  into.set(old);
  return into;
}

/**
 * Deliveries whose customers may see the driver: those of its next stop, and those picked up at the
 * same door. A customer never watches the way to another customer's door.
 */
function visibleDeliveries(zone: Zone, driver: Driver): Delivery[] {
  const [next, ...later] = driver.plan.stops;
  if (!next) return [];
  const together =
    next.kind === 'pickup'
      ? later.filter((stop) => stop.kind === 'pickup' && isSamePlace(stop, next))
      : [];
  return [next, ...together].flatMap((stop) => zone.deliveries.get(stop.delivery) ?? []);
}
