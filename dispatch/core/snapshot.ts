/**
 * Snapshots: `copyShard` copies references on the commit path (records are immutable), the encoder
 * turns the copy into bounded chunks of JSON lines in the background, `decodeShard` reads them back.
 * Slots, the free list and every order come out as they were, so the same inputs give the same state.
 */
import { type DeliveryId, type DriverId, hash32, type ZoneId } from '../../contracts/ids.ts';
import type { Control, ZoneConfig } from '../../contracts/zone.ts';
import { deliveryDueMs, driverDueMs, offerDueMs } from './due.ts';
import { exceptionDueMs } from './exceptions/exception-due.ts';
import type { DeliveryExceptions } from './exceptions/exceptions.ts';
import type { KitchenRecord } from './kitchens/kitchens.ts';
import { ZONE_LIMITS } from './limits.ts';
import type { CellDemand } from './matching/demand.ts';
import type { Delivery, Driver, Offer, Tombstone } from './records.ts';
import { Shard } from './shard.ts';
import type { StageRecord } from './travel/eta-record.ts';
import type { PageRun } from './travel/learned/learned-columns.ts';
import { encodeLearned, type LearnedCopy, type Lesson } from './travel/learned/learned-state.ts';
import type { RoutedPace } from './travel/routed-paces.ts';
import type { RoutedTime } from './travel/routed-times.ts';
import { Zone } from './zone.ts';

export const SNAPSHOT_VERSION = 1;
/** Records in one chunk: keeps a slice of encoding well under a millisecond or two. */
const CHUNK_RECORDS = 500;

type Thought = readonly [DriverId, readonly (readonly DeliveryId[])[]];

interface ZoneCopy {
  readonly id: ZoneId;
  readonly config: ZoneConfig;
  readonly counter: number;
  readonly rounds: number;
  readonly drivers: readonly (Driver | null)[];
  readonly freeSlots: readonly number[];
  readonly deliveries: readonly Delivery[];
  readonly tombstones: readonly Tombstone[];
  readonly offers: readonly Offer[];
  readonly controls: readonly Control[];
  readonly opsRequests: readonly string[];
  readonly thoughts: readonly Thought[];
  readonly demand: readonly CellDemand[];
  readonly exceptions: readonly DeliveryExceptions[];
  readonly kitchens: readonly KitchenRecord[];
  readonly arrivals: readonly (readonly [string, readonly [number, boolean]])[];
  /** Told road times, and what stands for them. */
  readonly routed: readonly RoutedTime[];
  readonly routedDigest: number;
  readonly paces: readonly RoutedPace[];
  readonly etas: readonly StageRecord[];
  readonly lessons: readonly Lesson[];
  /** Null while nothing was learned. */
  readonly learned: LearnedCopy | null;
}

export interface ShardCopy {
  readonly shard: number;
  readonly zones: readonly ZoneCopy[];
}

/**
 * Copies what the shard holds now; the copy never changes afterwards. `isWhole` false: of what was
 * learned and told only digests, which are enough for a hash.
 */
export function copyShard(shard: Shard, isWhole = true): ShardCopy {
  const zones = [...shard.zones].map(([id, zone]) => ({
    id,
    config: zone.config,
    counter: zone.counter,
    rounds: zone.rounds,
    drivers: zone.drivers.slice(),
    freeSlots: zone.freeSlots.slice(),
    deliveries: [...zone.deliveries.values()],
    tombstones: [...zone.tombstones.values()],
    offers: [...zone.offers.values()],
    controls: [...zone.controls.values()],
    opsRequests: [...zone.opsRequests],
    thoughts: [...zone.thoughts],
    demand: zone.demand.all(),
    exceptions: zone.exceptions.all(),
    kitchens: zone.kitchens.all(),
    arrivals: [...zone.arrivals],
    routed: isWhole ? zone.routed.all() : [],
    routedDigest: zone.routed.digest,
    paces: zone.paces.all(),
    etas: zone.etas.all(),
    lessons: zone.learned.waiting(),
    learned: zone.learned.copy(isWhole),
  }));
  return { shard: shard.shard, zones };
}

type Part =
  | 'drivers'
  | 'freeSlots'
  | 'deliveries'
  | 'tombstones'
  | 'offers'
  | 'controls'
  | 'opsRequests'
  | 'thoughts'
  | 'demand'
  | 'exceptions'
  | 'kitchens'
  | 'arrivals'
  | 'routed'
  | 'paces'
  | 'etas'
  | 'lessons';
const PARTS: readonly Part[] = [
  'drivers',
  'freeSlots',
  'deliveries',
  'tombstones',
  'offers',
  'controls',
  'opsRequests',
  'thoughts',
  'demand',
  'exceptions',
  'kitchens',
  'arrivals',
  'routed',
  'paces',
  'etas',
  'lessons',
];

/** Pages of what was learned: bounded by bytes, not by records. */
const LEARNED_PART = 'learned';

interface Chunk {
  readonly zone?: ZoneId;
  readonly part?: Part | typeof LEARNED_PART;
  readonly items?: readonly unknown[];
  readonly head?: {
    readonly config: ZoneConfig;
    readonly counter: number;
    readonly rounds: number;
    /** Digest of what was learned. */
    readonly learned?: number;
    /** Digest of told road times. */
    readonly routed?: number;
  };
  readonly shard?: number;
  readonly version?: number;
}

/** The copy as chunks of JSON; each step of the generator is a bounded amount of work. */
export function* encodeCopy(copy: ShardCopy): Generator<string> {
  const first: Chunk = { shard: copy.shard, version: SNAPSHOT_VERSION };
  yield JSON.stringify(first);
  for (const zone of copy.zones) {
    const { config, counter, rounds } = zone;
    const learned = zone.learned === null ? {} : { learned: zone.learned.digest };
    const routed = zone.routedDigest === 0 ? {} : { routed: zone.routedDigest };
    const head: Chunk = { zone: zone.id, head: { config, counter, rounds, ...learned, ...routed } };
    yield JSON.stringify(head);
    for (const part of PARTS) {
      const records: readonly unknown[] = zone[part];
      for (let at = 0; at < records.length; at += CHUNK_RECORDS) {
        const items = records.slice(at, at + CHUNK_RECORDS);
        const chunk: Chunk = { zone: zone.id, part, items };
        yield JSON.stringify(chunk);
      }
    }
    for (const items of encodeLearned(zone.learned)) {
      const chunk: Chunk = { zone: zone.id, part: LEARNED_PART, items };
      yield JSON.stringify(chunk);
    }
  }
}

/** Rebuilds a shard. Throws Error on a chunk it cannot place or a version it does not read. */
export function decodeShard(chunks: Iterable<string>): Shard {
  let shard: Shard | null = null;
  for (const text of chunks) {
    const chunk = JSON.parse(text) as Chunk;
    if (chunk.shard !== undefined) {
      if (chunk.version !== SNAPSHOT_VERSION) {
        throw new Error(`snapshot: version ${chunk.version} is not ${SNAPSHOT_VERSION}`);
      }
      shard = new Shard(chunk.shard);
      continue;
    }
    if (!shard || chunk.zone === undefined) throw new Error('snapshot: chunk out of place');
    if (chunk.head) {
      const zone = new Zone(chunk.head.config);
      zone.counter = chunk.head.counter;
      zone.rounds = chunk.head.rounds;
      shard.zones.set(chunk.zone, zone);
      continue;
    }
    const zone = shard.zones.get(chunk.zone);
    if (!zone || !chunk.part || !chunk.items) throw new Error('snapshot: chunk out of place');
    takeIn(zone, chunk.part, chunk.items);
  }
  if (!shard) throw new Error('snapshot: empty');
  for (const zone of shard.zones.values()) rebuildDerived(zone);
  return shard;
}

function takeIn(zone: Zone, part: Part | typeof LEARNED_PART, items: readonly unknown[]): void {
  switch (part) {
    case LEARNED_PART:
      return zone.learned.restore(items as PageRun[]);
    case 'drivers':
      for (const item of items as (Driver | null)[]) zone.drivers.push(item);
      return;
    case 'freeSlots':
      for (const item of items as number[]) zone.freeSlots.push(item);
      return;
    case 'deliveries':
      for (const item of items as Delivery[]) zone.deliveries.set(item.id, item);
      return;
    case 'tombstones':
      for (const item of items as Tombstone[]) zone.tombstones.set(item.id, item);
      return;
    case 'offers':
      for (const item of items as Offer[]) zone.offers.set(item.id, item);
      return;
    case 'controls':
      for (const item of items as Control[]) zone.controls.set(item.kind, item);
      return;
    case 'opsRequests':
      for (const item of items as string[]) zone.opsRequests.add(item);
      return;
    case 'thoughts':
      for (const [driver, runs] of items as Thought[]) zone.thoughts.set(driver, runs);
      return;
    case 'demand':
      for (const item of items as CellDemand[]) zone.demand.restore(item);
      return;
    case 'exceptions':
      for (const item of items as DeliveryExceptions[]) zone.exceptions.restore(item);
      return;
    case 'kitchens':
      for (const item of items as KitchenRecord[]) zone.kitchens.restore(item);
      return;
    case 'arrivals':
      for (const [key, answer] of items as [string, [number, boolean]][]) {
        zone.arrivals.set(key, answer);
      }
      return;
    case 'lessons':
      for (const item of items as Lesson[]) zone.learned.restoreWaiting(item);
      return;
    case 'etas':
      for (const item of items as StageRecord[]) zone.etas.restore(item);
      return;
    case 'routed':
      for (const item of items as RoutedTime[]) zone.routed.restore(item);
      return;
    case 'paces':
      for (const item of items as RoutedPace[]) zone.paces.restore(item);
  }
}

function rebuildDerived(zone: Zone): void {
  for (const driver of zone.drivers) {
    if (!driver) continue;
    zone.slotOf.set(driver.id, driver.slot);
    zone.agenda.add(driverDueMs(driver), 'driver', driver.id);
  }
  for (const delivery of zone.deliveries.values()) {
    zone.agenda.add(deliveryDueMs(zone, delivery), 'delivery', delivery.id);
    zone.agenda.add(exceptionDueMs(zone, delivery), 'exception', delivery.id);
  }
  for (const offer of zone.offers.values()) {
    zone.agenda.add(offerDueMs(zone, offer), 'offer', offer.id);
  }
  for (const control of zone.controls.values()) {
    zone.agenda.add(control.untilMs, 'control', control.kind);
  }
  for (const { endedMs } of zone.tombstones.values()) {
    zone.agenda.add(endedMs + ZONE_LIMITS.tombstoneMs, 'tombstones', '');
  }
}

/**
 * A 32-bit hash over the whole encoded state: equal states, and only they, hash alike (up to
 * collisions). Costs as much as a snapshot, so it is taken from a copy, off the commit path.
 */
export function hashCopy(copy: ShardCopy): number {
  let hash = 0;
  for (const chunk of encodeCopy(copy)) hash = (Math.imul(hash, 31) + hash32(chunk)) >>> 0;
  return hash;
}

/** `hashCopy` of the shard as it is now, with a digest for what was learned. */
export function hashShard(shard: Shard): number {
  return hashCopy(copyShard(shard, false));
}
