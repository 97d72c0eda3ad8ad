/**
 * Owns what the page believes about the city: the pictures it was sent, merged by (source, newest).
 * It must never touch the document, the network or a clock: callers pass host time in.
 *
 * A driver who crosses from one coarse cell into the next can be listed by both for a moment, or by
 * neither; the newest picture that mentions them wins, and only the cell that last listed them can
 * take them off.
 */
import type { CellPicture, MapDelivery, MapDriver, NodePicture } from '../../contracts/push.ts';
import { isEnded } from '../../contracts/states.ts';
import { ACTIVITIES, knownActivity } from './activity.ts';
import { type DriverMotion, Motion } from './motion.ts';

/** Cells kept at once; the viewport asks for fewer, so this only guards against a wrong server. */
const CELLS_MAX = 1_000;
/** Nodes kept at once; further ones are ignored until silent ones are forgotten. */
const NODES_MAX = 200;
/** Drivers and deliveries kept at once; further ones are counted in `overflow`, not drawn. */
const DRIVERS_MAX = 20_000;
const DELIVERIES_MAX = 20_000;
/**
 * A cell that sent no picture for this long is empty or has lost its zone: what it showed is taken off.
 * Longer than a takeover may last (5 s), so that a crash does not blank the map.
 */
export const CELL_SILENT_MS = 8_000;
/** A node is shown as silent, then forgotten, after these. */
export const NODE_SILENT_MS = 5_000;
const NODE_FORGOTTEN_MS = 60_000;

export interface LiveDriver extends DriverMotion {
  readonly id: string;
  activity: number;
  note: MapDriver['n'];
  source: string;
  atMs: number;
}

export interface LiveDelivery {
  readonly id: string;
  picture: MapDelivery;
  source: string;
  atMs: number;
}

interface CellEntry {
  atMs: number;
  heardMs: number;
  idle: CellPicture['idle'];
}

export interface NodeEntry {
  picture: NodePicture;
  heardMs: number;
}

export interface ShardRow {
  readonly node: string;
  readonly silent: boolean;
  readonly shard: NodePicture['shards'][number];
}

export class LiveState {
  readonly drivers = new Map<string, LiveDriver>();
  readonly deliveries = new Map<string, LiveDelivery>();
  readonly nodes = new Map<string, NodeEntry>();
  readonly motion = new Motion();
  /** Grows whenever the set of drivers, the deliveries or the shades change. */
  driversVersion = 0;
  activityVersion = 0;
  deliveriesVersion = 0;
  idleVersion = 0;
  overflow = 0;
  /** Newest zone time of any picture. */
  zoneMs = 0;
  private readonly cells = new Map<string, CellEntry>();
  private idleCache: { version: number; rows: [string, number][] } = { version: -1, rows: [] };

  /** Takes in a picture of one coarse cell. Returns false when it is older than what is known. */
  applyCell(picture: CellPicture, hostMs: number): boolean {
    const key = `${picture.zone}/${picture.cell}`;
    const known = this.cells.get(key);
    if (known && picture.atMs < known.atMs) return false;
    if (!known && this.cells.size >= CELLS_MAX) return false;
    const gapMs = known ? hostMs - known.heardMs : 0;
    this.cells.set(key, { atMs: picture.atMs, heardMs: hostMs, idle: picture.idle });
    this.idleVersion++;
    this.zoneMs = Math.max(this.zoneMs, picture.atMs);
    const listed = new Set<string>();
    for (const driver of picture.drivers) {
      listed.add(driver.d);
      this.applyDriver(key, driver, { atMs: picture.atMs, hostMs, gapMs });
    }
    const requested = new Set<string>();
    for (const delivery of picture.deliveries) {
      requested.add(delivery.id);
      this.applyDelivery(key, delivery, picture.atMs);
    }
    this.dropUnlisted(key, listed, requested);
    return true;
  }

  /** Takes in what one dispatch node hosts. */
  applyNode(picture: NodePicture, hostMs: number): boolean {
    const known = this.nodes.get(picture.node);
    if (!known && this.nodes.size >= NODES_MAX) return false;
    this.nodes.set(picture.node, { picture, heardMs: hostMs });
    return true;
  }

  /** The line is back: silence counts from now, so that nothing is taken off before it can speak. */
  resumed(hostMs: number): void {
    for (const entry of this.cells.values()) entry.heardMs = hostMs;
  }

  /** Takes off cells the viewport left, silent cells and forgotten nodes. */
  prune(wanted: ReadonlySet<string>, hostMs: number): void {
    for (const [key, entry] of this.cells) {
      const cell = key.slice(key.lastIndexOf('/') + 1);
      if (wanted.has(cell) && hostMs - entry.heardMs <= CELL_SILENT_MS) continue;
      this.cells.delete(key);
      this.idleVersion++;
      this.dropUnlisted(key, new Set(), new Set());
    }
    for (const [node, entry] of this.nodes) {
      if (hostMs - entry.heardMs > NODE_FORGOTTEN_MS) this.nodes.delete(node);
    }
  }

  /** Idle drivers by fine cell, over all pictures. Rebuilt only after a change. */
  idleByCell(): readonly (readonly [string, number])[] {
    if (this.idleCache.version === this.idleVersion) return this.idleCache.rows;
    const sums = new Map<string, number>();
    for (const entry of this.cells.values()) {
      for (const [cell, count] of entry.idle) {
        if (count > 0) sums.set(cell, (sums.get(cell) ?? 0) + count);
      }
    }
    this.idleCache = { version: this.idleVersion, rows: [...sums] };
    return this.idleCache.rows;
  }

  /** Drivers per activity, indexed as ACTIVITIES. */
  driversByActivity(): number[] {
    const counts = new Array<number>(ACTIVITIES.length).fill(0);
    for (const driver of this.drivers.values()) {
      counts[driver.activity] = (counts[driver.activity] ?? 0) + 1;
    }
    return counts;
  }

  /** Deliveries per state, over the cells in view. */
  deliveriesByState(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { picture } of this.deliveries.values()) {
      counts.set(picture.s, (counts.get(picture.s) ?? 0) + 1);
    }
    return counts;
  }

  /** One row per shard: when two nodes claim one, the greater epoch is the owner. */
  shards(hostMs: number): ShardRow[] {
    const rows = new Map<number, ShardRow>();
    for (const [node, entry] of this.nodes) {
      const silent = hostMs - entry.heardMs > NODE_SILENT_MS;
      for (const shard of entry.picture.shards) {
        const other = rows.get(shard.shard);
        if (!other || other.shard.epoch < shard.epoch)
          rows.set(shard.shard, { node, silent, shard });
      }
    }
    return [...rows.values()].sort((a, b) => a.shard.shard - b.shard.shard);
  }

  /** Positions over all nodes that are heard: rates add up, the age is the worst node's. */
  positions(hostMs: number): { perSecond: number; ageP99Ms: number; dropped: number } {
    const sum = { perSecond: 0, ageP99Ms: 0, dropped: 0 };
    for (const { picture, heardMs } of this.nodes.values()) {
      if (hostMs - heardMs > NODE_SILENT_MS) continue;
      sum.perSecond += picture.positions.perSecond;
      sum.dropped += picture.positions.dropped;
      sum.ageP99Ms = Math.max(sum.ageP99Ms, picture.positions.ageP99Ms);
    }
    return sum;
  }

  private applyDriver(
    source: string,
    listed: MapDriver,
    at: { atMs: number; hostMs: number; gapMs: number },
  ): void {
    const lon = listed.lon / 1e7;
    const lat = listed.lat / 1e7;
    const activity = knownActivity(listed.a);
    const known = this.drivers.get(listed.d);
    if (!known) {
      if (this.drivers.size >= DRIVERS_MAX) {
        this.overflow++;
        return;
      }
      const made = { id: listed.d, activity, note: listed.n, source, atMs: at.atMs };
      this.drivers.set(listed.d, { ...made, ...this.motion.placed(lon, lat) });
      this.driversVersion++;
      return;
    }
    if (at.atMs < known.atMs) return;
    if (known.activity !== activity) this.activityVersion++;
    known.activity = activity;
    known.note = listed.n;
    known.source = source;
    known.atMs = at.atMs;
    this.motion.moved(known, { lon, lat, hostMs: at.hostMs, gapMs: at.gapMs });
  }

  private applyDelivery(source: string, picture: MapDelivery, atMs: number): void {
    const known = this.deliveries.get(picture.id);
    if (known && atMs < known.atMs) return;
    if (!known && this.deliveries.size >= DELIVERIES_MAX) {
      this.overflow++;
      return;
    }
    // An ended delivery never opens again, so a late picture of another cell cannot revive it.
    if (known && isEnded(known.picture.s) && !isEnded(picture.s)) return;
    this.deliveries.set(picture.id, { id: picture.id, picture, source, atMs });
    this.deliveriesVersion++;
  }

  private dropUnlisted(
    source: string,
    drivers: ReadonlySet<string>,
    deliveries: ReadonlySet<string>,
  ): void {
    for (const driver of this.drivers.values()) {
      if (driver.source !== source || drivers.has(driver.id)) continue;
      this.drivers.delete(driver.id);
      this.driversVersion++;
    }
    for (const delivery of this.deliveries.values()) {
      if (delivery.source !== source || deliveries.has(delivery.id)) continue;
      this.deliveries.delete(delivery.id);
      this.deliveriesVersion++;
    }
  }
}
