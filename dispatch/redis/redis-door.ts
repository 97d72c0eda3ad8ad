/** The door over Redis: connections, routing and the plain reads; see door.ts for what it promises. */
import type { Redis } from 'ioredis';
import type { Envelope } from '../../contracts/commands.ts';
import { WaggleError } from '../../contracts/errors.ts';
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
import { configProblems } from '../../contracts/zone-check.ts';
import { ENVELOPE_LENGTH_MAX, TRACES_MAX } from '../runtime/limits.ts';
import type { LogRecord } from '../runtime/log-record.ts';
import { parsePosition, positionText } from '../runtime/log-record.ts';
import type { AppendOutcome, SnapshotMeta } from '../runtime/ports.ts';
import { AppendBatcher } from './append-batcher.ts';
import { ChannelHub } from './channel-hub.ts';
import { connectRedis } from './connection.ts';
import type {
  Door,
  DoorOptions,
  LastTrack,
  LogEntry,
  TraceEntry,
  TracePoint,
  Unsubscribe,
} from './door.ts';
import { Keys } from './keys.ts';
import { MailboxWriter, mailboxBounds } from './mailbox-writer.ts';
import { PushFollower } from './push-follower.ts';
import { RedisClock } from './redis-clock.ts';
import { readLogEnd, readLogRecords } from './redis-log.ts';
import { appendPositions } from './redis-runtime.ts';
import { readGenerations, readSnapshotChunk } from './redis-snapshots.ts';
import { Scripts } from './scripts.ts';
import { fieldOf, readEntries, readStreams } from './stream-reply.ts';
import { packTraces, unpackTraces } from './trace-text.ts';
import { ZoneCache } from './zone-cache.ts';

/** A picture older than this belongs to a node that is gone. */
const PICTURE_AGE_MS_MAX = 3_500;

interface Parts {
  readonly options: DoorOptions;
  readonly report: (problem: string, error: unknown) => void;
  readonly client: Redis;
  readonly subscriber: Redis;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly zones: ZoneCache;
  readonly batcher: AppendBatcher;
}

/** Opens the door; the same as `openDoor`. */
export async function openRedisDoor(options: DoorOptions): Promise<Door> {
  const report = options.onProblem ?? (() => {});
  const keys = new Keys(options.keyPrefix);
  const scripts = new Scripts();
  const client = await connectRedis(options.redisUrl, 'repeating', report);
  const subscriber = await connectRedis(options.redisUrl, 'subscriber', report);
  const clock = await RedisClock.start(client, keys, scripts, options.speed);
  const zones = new ZoneCache(client, keys);
  await zones.start();
  subscriber.on('message', (channel: string) => {
    if (channel === keys.zonesChanged) {
      zones.refresh().catch((error: unknown) => report('zone list', error));
    }
  });
  await subscriber.subscribe(keys.zonesChanged);
  const mailbox = new MailboxWriter(scripts, keys, mailboxBounds(options));
  const batcher = new AppendBatcher((shard, envelopes, texts) =>
    mailbox.append(client, shard, envelopes, texts),
  );
  return new RedisDoor({ options, report, client, subscriber, keys, clock, zones, batcher });
}

class RedisDoor implements Door {
  readonly shards: number;
  readonly clock: RedisClock;
  private readonly parts: Parts;
  private readonly hub: ChannelHub;
  private readonly followers = new Set<PushFollower>();
  private logReader: Promise<Redis> | null = null;

  constructor(parts: Parts) {
    this.parts = parts;
    this.shards = parts.options.shards;
    this.clock = parts.clock;
    this.hub = new ChannelHub(parts.subscriber, parts.report);
  }

  zones(): readonly ZoneEntry[] {
    return this.parts.zones.all();
  }

  zone(id: ZoneId): ZoneEntry | undefined {
    return this.parts.zones.get(id);
  }

  zoneAt(lat: number, lon: number): ZoneEntry | undefined {
    return this.parts.zones.at(lat, lon);
  }

  refreshZones(): Promise<void> {
    return this.ask(() => this.parts.zones.refresh());
  }

  async putZone(entry: ZoneEntry): Promise<void> {
    const { client, keys, zones } = this.parts;
    await this.ask(async () => {
      await client.hset(keys.zones, entry.id, JSON.stringify(entry));
      await client.publish(keys.zonesChanged, entry.id);
      await zones.refresh();
    });
  }

  driverZone(driver: DriverId): Promise<ZoneId | null> {
    return this.ask(() => this.parts.client.hget(this.parts.keys.drivers, driver));
  }

  /** Counts on from the time of Redis, so that a lost counter cannot go back. */
  async nextSession(): Promise<number> {
    const { client, keys } = this.parts;
    return this.ask(async () => {
      const count = await client.incr(keys.sessions);
      const floor = Math.floor(this.clock.hostMs()) * 10;
      if (count >= floor) return count;
      return client.incrby(keys.sessions, floor - count);
    });
  }

  async append(envelope: Envelope): Promise<AppendOutcome> {
    const { command } = envelope;
    const problems = command.type === 'zone.open' ? configProblems(command.config) : [];
    if (problems.length > 0) throw new WaggleError('request.invalid', undefined, problems);
    const text = JSON.stringify(envelope);
    if (text.length > ENVELOPE_LENGTH_MAX) {
      throw new WaggleError('request.too_large', `a command may have ${ENVELOPE_LENGTH_MAX} bytes`);
    }
    const known = this.parts.zones.get(envelope.zone);
    const entry = known ?? (await this.ask(() => this.parts.zones.find(envelope.zone)));
    if (!entry) throw new WaggleError('resource.not_found', `no zone ${envelope.zone}`);
    return this.ask(() => this.parts.batcher.append(entry.shard, envelope, text));
  }

  async appendPositions(zone: ZoneId, batch: Uint8Array): Promise<boolean> {
    const { zones, client, keys, options } = this.parts;
    const entry = zones.get(zone);
    if (!entry || client.status !== 'ready') return false;
    const stream = { key: keys.positions(entry.shard), keep: options.positionsMax };
    await this.ask(() => appendPositions(client, stream, zone, batch));
    return true;
  }

  async followPushes(
    gateway: string,
    onPushes: (pushes: readonly GatewayPush[]) => void,
    onGap: () => void,
  ): Promise<Unsubscribe> {
    const { options, report, keys } = this.parts;
    const client = await this.ask(() => connectRedis(options.redisUrl, 'blocking', report));
    const follower = new PushFollower(client, keys.gateway(gateway), { onPushes, onGap, report });
    this.followers.add(follower);
    await this.ask(() => follower.start());
    return async () => {
      this.followers.delete(follower);
      follower.close();
    };
  }

  watchTrack(
    delivery: DeliveryId,
    listener: (message: TrackMessage, text: string) => void,
  ): Promise<Unsubscribe> {
    const channel = this.parts.keys.track(delivery);
    return this.hub.watch(channel, (message, text) => listener(message as TrackMessage, text));
  }

  watchCell(
    cell: string,
    listener: (picture: CellPicture, text: string) => void,
  ): Promise<Unsubscribe> {
    const channel = this.parts.keys.cell(cell);
    return this.hub.watch(channel, (message, text) => listener(message as CellPicture, text));
  }

  watchNodes(listener: (picture: NodePicture, text: string) => void): Promise<Unsubscribe> {
    const channel = this.parts.keys.nodesChannel;
    return this.hub.watch(channel, (message, text) => listener(message as NodePicture, text));
  }

  async lastTrack(delivery: DeliveryId): Promise<LastTrack> {
    const { client, keys } = this.parts;
    const [status, position] = await this.ask(() =>
      client.hmget(keys.trackLast(delivery), 'status', 'pos'),
    );
    return {
      status: status ? (JSON.parse(status) as LastTrack['status']) : null,
      position: position ? (JSON.parse(position) as LastTrack['position']) : null,
    };
  }

  async nodePictures(): Promise<readonly NodePicture[]> {
    const texts = await this.ask(() => this.parts.client.hvals(this.parts.keys.nodePictures));
    const oldestMs = this.clock.hostMs() - PICTURE_AGE_MS_MAX;
    return texts
      .map((text) => JSON.parse(text) as NodePicture)
      .filter((picture) => picture.atMs >= oldestMs);
  }

  async shadowReport(zone: ZoneId): Promise<ShadowReport | null> {
    const { client, keys } = this.parts;
    const text = await this.ask(() => client.get(keys.shadowReport(zone)));
    return text === null ? null : (JSON.parse(text) as ShadowReport);
  }

  readLog(shard: number, after: LogPosition, countMax: number): Promise<readonly LogEntry[]> {
    const { client, keys } = this.parts;
    return this.ask(async () =>
      (await readLogRecords(client, keys.log(shard), after, countMax)).map(toLogEntry),
    );
  }

  logEnd(shard: number): Promise<LogPosition> {
    return this.ask(() => readLogEnd(this.parts.client, this.parts.keys, shard));
  }

  async waitLogs(
    after: ReadonlyMap<number, LogPosition>,
    options: { readonly countMax: number; readonly blockMs: number },
  ): Promise<ReadonlyMap<number, readonly LogEntry[]>> {
    const found = new Map<number, readonly LogEntry[]>();
    if (after.size === 0) return found;
    const { keys, report } = this.parts;
    this.logReader ??= connectRedis(this.parts.options.redisUrl, 'blocking', report);
    this.logReader.catch(() => {
      this.logReader = null;
    });
    const client = await this.ask(() => this.logReader as Promise<Redis>);
    const shards = [...after.keys()];
    const reply = await this.ask(() =>
      client.callBuffer('XREAD', [
        ...['COUNT', options.countMax, 'BLOCK', Math.max(1, options.blockMs), 'STREAMS'],
        ...shards.map((shard) => keys.log(shard)),
        ...[...after.values()].map(positionText),
      ]),
    );
    const streams = readStreams(reply);
    for (const shard of shards) {
      const entries = streams.get(keys.log(shard));
      if (!entries) continue;
      const records = entries.map((entry) => fieldOf(entry, 'r')?.toString() ?? '');
      found.set(
        shard,
        records.map((text) => toLogEntry(JSON.parse(text) as LogRecord)),
      );
    }
    return found;
  }

  async setConsumer(shard: number, name: string, position: LogPosition): Promise<void> {
    const { client, keys } = this.parts;
    await this.ask(() => client.hset(keys.consumers(shard), name, positionText(position)));
  }

  async consumer(shard: number, name: string): Promise<LogPosition | null> {
    const { client, keys } = this.parts;
    const text = await this.ask(() => client.hget(keys.consumers(shard), name));
    return text === null ? null : parsePosition(text);
  }

  async dropConsumer(shard: number, name: string): Promise<void> {
    const { client, keys } = this.parts;
    await this.ask(() => client.hdel(keys.consumers(shard), name));
  }

  snapshots(shard: number): Promise<readonly SnapshotMeta[]> {
    return this.ask(() => readGenerations(this.parts.client, this.parts.keys, shard));
  }

  snapshotChunk(shard: number, position: LogPosition, chunk: number): Promise<string | null> {
    const { client, keys } = this.parts;
    return this.ask(() => readSnapshotChunk(client, keys, shard, position, chunk));
  }

  async appendTraces(points: readonly TracePoint[]): Promise<void> {
    if (points.length === 0) return;
    const { client, keys } = this.parts;
    const text = packTraces(points);
    await this.ask(() => client.xadd(keys.traces, 'MAXLEN', '~', TRACES_MAX, '*', 'p', text));
  }

  async readTraces(afterId: string, countMax: number): Promise<readonly TraceEntry[]> {
    const { client, keys } = this.parts;
    const range = [keys.traces, `(${afterId}`, '+', 'COUNT', countMax];
    const reply = await this.ask(() => client.callBuffer('XRANGE', range));
    return readEntries(reply).map((entry) => ({
      id: entry.id,
      points: unpackTraces(fieldOf(entry, 'p')?.toString() ?? '[]'),
    }));
  }

  async putCard(delivery: DeliveryId, json: string, ttlMs: number): Promise<void> {
    await this.ask(() => this.parts.client.set(this.parts.keys.card(delivery), json, 'PX', ttlMs));
  }

  card(delivery: DeliveryId): Promise<string | null> {
    return this.ask(() => this.parts.client.get(this.parts.keys.card(delivery)));
  }

  async dropCard(delivery: DeliveryId): Promise<void> {
    await this.ask(() => this.parts.client.del(this.parts.keys.card(delivery)));
  }

  isReady(): boolean {
    return this.parts.client.status === 'ready';
  }

  async close(): Promise<void> {
    const { client, subscriber, clock, zones } = this.parts;
    clock.stop();
    zones.stop();
    for (const follower of this.followers) follower.close();
    const reader = await this.logReader?.catch(() => null);
    for (const connection of [client, subscriber, reader]) connection?.disconnect();
  }

  /** Failures of Redis become the catalogue's error; our own pass through. */
  private async ask<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof WaggleError) throw error;
      this.parts.report('redis did not answer', error);
      throw new WaggleError('service.unavailable', 'the engine cannot be reached');
    }
  }
}

function toLogEntry(record: LogRecord): LogEntry {
  return { position: { epoch: record.epoch, seq: record.seq }, record };
}
