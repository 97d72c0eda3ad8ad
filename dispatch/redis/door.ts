/**
 * The public face of the engine: how services and gateways reach shards. It owns routing (zone →
 * shard), the cached zone list and the batching of appends. It never decides anything and never
 * holds a lease. Everything it sends may be sent twice without harm; it does so after a reconnect.
 */
import type { Envelope } from '../../contracts/commands.ts';
import type { DeliveryId, DriverId, ZoneId } from '../../contracts/ids.ts';
import type {
  CellPicture,
  GatewayPush,
  LogPosition,
  NodePicture,
  TrackMessage,
} from '../../contracts/push.ts';
import type { ShadowReport } from '../../contracts/shadow.ts';
import type { ZoneEntry } from '../../contracts/zone.ts';
import type { LogRecord } from '../runtime/log-record.ts';
import type { SnapshotMeta } from '../runtime/ports.ts';
import { openRedisDoor } from './redis-door.ts';

export type { LogPosition, LogRecord, SnapshotMeta };

/** `full`: nothing was written; ask again later. Driver actions have a reserve and are full last. */
export type AppendOutcome = 'ok' | 'full';

/** Ends a subscription. Safe to call twice. */
export type Unsubscribe = () => Promise<void>;

/** Host ms UTC corrected to the time of Redis, and the zone time that runs with it. */
export interface DoorClock {
  /** Zone ms per host ms. */
  readonly speed: number;
  hostMs(): number;
  zoneMs(): number;
  /** Zone time at a host time (for example of a fix). */
  zoneMsAt(hostMs: number): number;
  /** Host time at a zone time (for example of a promise). */
  hostMsAt(zoneMs: number): number;
}

/** A point of a driver with work, for the stored traces. */
export interface TracePoint {
  readonly driver: DriverId;
  readonly latE7: number;
  readonly lonE7: number;
  /** Host ms UTC of the fix, corrected. */
  readonly fixMs: number;
}

export interface TraceEntry {
  /** Stream id: the next read starts after it. */
  readonly id: string;
  readonly points: readonly TracePoint[];
}

/** What a customer who just came needs to know of a delivery. */
export interface LastTrack {
  readonly status: Extract<TrackMessage, { t: 'status' }> | null;
  /** At most some seconds old while the driver moves; the channel brings the next. */
  readonly position: Extract<TrackMessage, { t: 'pos' }> | null;
}

export interface LogEntry {
  readonly position: LogPosition;
  readonly record: LogRecord;
}

export interface Door {
  /** Shards of this installation. */
  readonly shards: number;
  readonly clock: DoorClock;

  // Zones: cached, refreshed on `zones.changed` and every 5 s.
  zones(): readonly ZoneEntry[];
  zone(id: ZoneId): ZoneEntry | undefined;
  /** The zone that contains a point; the lowest id where polygons overlap. */
  zoneAt(lat: number, lon: number): ZoneEntry | undefined;
  /** Reads the list again now. */
  refreshZones(): Promise<void>;
  /** Writes an entry and tells everybody. */
  putZone(entry: ZoneEntry): Promise<void>;

  /** Which zone a driver belongs to now; null: none. */
  driverZone(driver: DriverId): Promise<ZoneId | null>;
  /** A number greater than every one before it in this installation, for driver sessions. */
  nextSession(): Promise<number>;

  /**
   * Appends a command to the mailbox of its zone. Appends of one tick to one shard go out in one
   * call, in order. Throws WaggleError `resource.not_found` for a zone that is not in the directory,
   * `request.too_large` for an envelope over the bound, `request.invalid` for a zone whose weights or
   * limits cannot be reckoned with, `service.unavailable` without Redis.
   */
  append(envelope: Envelope): Promise<AppendOutcome>;
  /** Appends a batch (see contracts/position-batch.ts). At most once; false: nobody could take it. */
  appendPositions(zone: ZoneId, batch: Uint8Array): Promise<boolean>;

  /**
   * Follows what a gateway must push, from now on. `onGap` is called when entries were lost (the
   * stream was cut or the connection was away too long): resync every driver session.
   */
  followPushes(
    gateway: string,
    onPushes: (pushes: readonly GatewayPush[]) => void,
    onGap: () => void,
  ): Promise<Unsubscribe>;

  // Live channels; several listeners of one channel share one subscription. `text` is the raw JSON.
  watchTrack(
    delivery: DeliveryId,
    listener: (message: TrackMessage, text: string) => void,
  ): Promise<Unsubscribe>;
  watchCell(
    cell: string,
    listener: (picture: CellPicture, text: string) => void,
  ): Promise<Unsubscribe>;
  watchNodes(listener: (picture: NodePicture, text: string) => void): Promise<Unsubscribe>;
  lastTrack(delivery: DeliveryId): Promise<LastTrack>;
  /** Newest picture of each live node, by node name. */
  nodePictures(): Promise<readonly NodePicture[]>;

  /** The newest report on the shadow of a zone; null when nobody has made one lately. */
  shadowReport(zone: ZoneId): Promise<ShadowReport | null>;

  // The log, for projectors. Register a position before the first read: the log is never trimmed
  // past the least registered position.
  readLog(shard: number, after: LogPosition, countMax: number): Promise<readonly LogEntry[]>;
  /** Last committed position; `{0, 0}` for an empty log. */
  logEnd(shard: number): Promise<LogPosition>;
  /**
   * Waits until the log of one of the shards has something after its position, at most `blockMs`
   * (host ms). Resolves with those entries by shard, empty when nothing came. One call at a time.
   */
  waitLogs(
    after: ReadonlyMap<number, LogPosition>,
    options: { readonly countMax: number; readonly blockMs: number },
  ): Promise<ReadonlyMap<number, readonly LogEntry[]>>;
  setConsumer(shard: number, name: string, position: LogPosition): Promise<void>;
  /** The registered position; null when it never registered. */
  consumer(shard: number, name: string): Promise<LogPosition | null>;
  dropConsumer(shard: number, name: string): Promise<void>;
  /** The snapshots of a shard that exist, newest first, at most two. */
  snapshots(shard: number): Promise<readonly SnapshotMeta[]>;
  /** A chunk of one; null when it is gone: newer ones have taken its place. */
  snapshotChunk(shard: number, position: LogPosition, chunk: number): Promise<string | null>;

  // Traces: a capped stream; what nobody reads in time is dropped (policy: oldest first).
  appendTraces(points: readonly TracePoint[]): Promise<void>;
  readTraces(afterId: string, countMax: number): Promise<readonly TraceEntry[]>;

  // One expiring card per live delivery, for the driver app.
  putCard(delivery: DeliveryId, json: string, ttlMs: number): Promise<void>;
  card(delivery: DeliveryId): Promise<string | null>;
  dropCard(delivery: DeliveryId): Promise<void>;

  /** Whether Redis answers, for health checks. */
  isReady(): boolean;
  /** Ends all subscriptions and connections. */
  close(): Promise<void>;
}

export interface DoorOptions {
  readonly redisUrl: string;
  /** Put before every key; '' in production, unique in tests. */
  readonly keyPrefix: string;
  readonly shards: number;
  /** Entries a mailbox takes before it is full. */
  readonly mailboxMax?: number;
  /** Places on top of it for driver actions; default: a quarter. */
  readonly mailboxReserve?: number;
  /** Position batches kept per shard. */
  readonly positionsMax?: number;
  /** Bytes of records at which a log takes no new requests; the same for all processes. */
  readonly logBytesMax?: number;
  /** Zone speed asked for if nobody has set the installation's clock yet. */
  readonly speed?: number;
  /** Told about what went wrong in the background (a lost connection, an unreadable message). */
  readonly onProblem?: (problem: string, error: unknown) => void;
}

/** Connects, sets or reads the zone clock, loads the zone list. Throws when Redis is away. */
export function openDoor(options: DoorOptions): Promise<Door> {
  return openRedisDoor(options);
}
