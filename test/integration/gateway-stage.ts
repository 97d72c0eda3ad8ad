/**
 * A gateway on real sockets and a real Redis, with the zone played by the test: it reads what the
 * gateway put into the mailbox and writes what a zone would push.
 */
import assert from 'node:assert/strict';
import type { Redis } from 'ioredis';
import type { Envelope, Presence, ZoneCommand } from '../../contracts/commands.ts';
import type { DeliveryId, DriverId, VehicleId, ZoneId } from '../../contracts/ids.ts';
import { newId } from '../../contracts/ids.ts';
import { type BatchPosition, readBatch } from '../../contracts/position-batch.ts';
import type { DriverView, GatewayPush, TrackMessage } from '../../contracts/push.ts';
import { type ServerMessage, SUBPROTOCOL } from '../../contracts/wire/messages.ts';
import type { ZoneEntry } from '../../contracts/zone.ts';
import { type Door, openDoor } from '../../dispatch/redis/door.ts';
import { Keys } from '../../dispatch/redis/keys.ts';
import { fieldOf, readEntries } from '../../dispatch/redis/stream-reply.ts';
import { createTokens, type Tokens } from '../../platform/auth/tokens.ts';
import { Gateway, type GatewayOptions } from '../../services/gateway/gateway.ts';
import { messageChecker } from '../support/asyncapi.ts';
import { withRedis } from '../support/redis.ts';
import { cleanUpInReverse, type Scope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';

export const ACCOUNT = newId('account');
/** A place in the first zone, degrees. */
export const HOME = { lat: 52.52, lon: 13.4 };

export interface TestDriver {
  readonly id: DriverId;
  readonly vehicle: VehicleId;
  readonly token: string;
}

export interface StageOptions {
  readonly gateway?: Partial<GatewayOptions>;
  readonly mailboxMax?: number;
  readonly accessTokenMs?: number;
  readonly speed?: number;
}

type StartOptions = Partial<GatewayOptions> &
  Pick<GatewayOptions, 'name' | 'door' | 'verifyToken' | 'warn'>;

/** Everything a gateway test needs; it is taken down at the end of the scope. */
export class Stage {
  readonly door: Door;
  readonly tokens: Tokens;
  readonly gateway: Gateway;
  readonly zones: readonly [ZoneEntry, ZoneEntry];
  readonly warnings: object[];
  readonly prefix: string;
  readonly redisUrl: string;
  private readonly options: StartOptions;
  private readonly redis: Redis;
  private readonly keys: Keys;
  private seq = 0;

  constructor(parts: {
    door: Door;
    tokens: Tokens;
    gateway: Gateway;
    zones: readonly [ZoneEntry, ZoneEntry];
    warnings: object[];
    prefix: string;
    redisUrl: string;
    redis: Redis;
    options: StartOptions;
  }) {
    this.options = parts.options;
    this.door = parts.door;
    this.tokens = parts.tokens;
    this.gateway = parts.gateway;
    this.zones = parts.zones;
    this.warnings = parts.warnings;
    this.prefix = parts.prefix;
    this.redisUrl = parts.redisUrl;
    this.redis = parts.redis;
    this.keys = new Keys(parts.prefix);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.gateway.port}`;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.gateway.port}`;
  }

  get zone(): ZoneId {
    return this.zones[0].id;
  }

  /** Another gateway on the port of the first one, as after a crash. */
  restart(scope: Scope): Promise<Gateway> {
    return startGateway(scope, { ...this.options, name: 'g1b', port: this.gateway.port });
  }

  async driver(options: { approved?: boolean } = {}): Promise<TestDriver> {
    const id = newId('driver');
    const vehicle = newId('vehicle');
    const capacity = { parcels: 4, volumeMl: 60_000, weightG: 20_000 };
    const token = await this.tokens.signAccess({
      sub: newId('user'),
      role: 'driver',
      account: ACCOUNT,
      driver: {
        id,
        skills: [],
        vehicles: [{ id: vehicle, kind: 'bicycle', capacity }],
        approved: options.approved ?? true,
      },
    });
    return { id, vehicle, token };
  }

  opsToken(operator: string = newId('user')): Promise<string> {
    return this.tokens.signAccess({ sub: operator, role: 'ops', account: ACCOUNT });
  }

  /** What a link to the live page carries. */
  viewToken(operator: string = newId('user')): Promise<string> {
    return this.tokens.signView(operator, ACCOUNT, 60_000);
  }

  linkToken(delivery: DeliveryId, ttlMs = 60_000): Promise<string> {
    return this.tokens.signTracking(delivery, ACCOUNT, ttlMs);
  }

  /** All commands in a zone's mailbox so far. */
  async commands(zone: ZoneEntry = this.zones[0]): Promise<ZoneCommand[]> {
    const reply = await this.redis.xrangeBuffer(this.keys.mailbox(zone.shard), '-', '+');
    return readEntries(reply)
      .map((entry) => JSON.parse(fieldOf(entry, 'e')?.toString() ?? '') as Envelope)
      .filter((envelope) => envelope.zone === zone.id)
      .map((envelope) => envelope.command);
  }

  /** Waits until a command of a type (and more) stands in the mailbox. */
  command<T extends ZoneCommand['type']>(
    type: T,
    also: (command: Extract<ZoneCommand, { type: T }>) => boolean = () => true,
    zone: ZoneEntry = this.zones[0],
  ): Promise<Extract<ZoneCommand, { type: T }>> {
    type Wanted = Extract<ZoneCommand, { type: T }>;
    return waitFor(
      async () =>
        (await this.commands(zone)).find((each) => each.type === type && also(each as Wanted)) as
          | Wanted
          | undefined,
      { what: `${type} in the mailbox` },
    ) as Promise<Wanted>;
  }

  /** All positions in a zone's stream so far. */
  async positions(zone: ZoneEntry = this.zones[0]): Promise<BatchPosition[]> {
    const reply = await this.redis.xrangeBuffer(this.keys.positions(zone.shard), '-', '+');
    const positions: BatchPosition[] = [];
    for (const entry of readEntries(reply)) {
      if (fieldOf(entry, 'z')?.toString() !== zone.id) continue;
      readBatch(fieldOf(entry, 'b') ?? Buffer.alloc(0), (each) => positions.push({ ...each }));
    }
    return positions;
  }

  /** What a zone would push to the gateway; epoch and sequence are added. */
  async push(push: DistributiveOmit<GatewayPush, 'epoch' | 'seq'>, gateway = 'g1'): Promise<void> {
    this.seq += 1;
    const text = JSON.stringify({ epoch: 1, seq: this.seq, ...push });
    await this.redis.xadd(this.keys.gateway(gateway), '*', 'm', text);
  }

  /** Makes a zone hold a driver, as far as the gateway can tell. */
  async place(driver: DriverId, zone: ZoneId | null): Promise<void> {
    if (zone === null) await this.redis.hdel(this.keys.drivers, driver);
    else await this.redis.hset(this.keys.drivers, driver, zone);
  }

  /** Answers a connection with a view. */
  async show(driver: DriverId, presence: Presence, view: Partial<DriverView> = {}): Promise<void> {
    const whole = { ...viewOf(driver, this.zone), ...view };
    await this.push({ t: 'view', session: presence.session, view: whole }, presence.gateway);
  }

  /** Publishes on a delivery's channel, and keeps it for late comers. */
  async track(message: TrackMessage): Promise<void> {
    const text = JSON.stringify(message);
    const field = message.t === 'status' ? 'status' : 'pos';
    await this.redis.hset(this.keys.trackLast(message.delivery), field, text);
    await this.redis.spublish(this.keys.track(message.delivery), text);
  }

  async emptyMailbox(zone: ZoneEntry = this.zones[0]): Promise<void> {
    await this.redis.xtrim(this.keys.mailbox(zone.shard), 'MAXLEN', 0);
  }

  publish(channel: 'nodes' | { readonly cell: string }, message: object): Promise<unknown> {
    const name = channel === 'nodes' ? this.keys.nodesChannel : this.keys.cell(channel.cell);
    return this.redis.spublish(name, JSON.stringify(message));
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export function viewOf(driver: DriverId, zone: ZoneId): DriverView {
  return {
    driver,
    zone,
    version: 1,
    duty: 'available',
    slot: 3,
    tenancy: 7,
    planVersion: 0,
    stops: [],
    offer: null,
    lastAction: 0,
  };
}

/** Two zones side by side, each on a shard of its own; the border is at 13.5° east. */
function twoZones(): readonly [ZoneEntry, ZoneEntry] {
  const zone = (shard: number, west: number, east: number): ZoneEntry => ({
    id: newId('zone'),
    market: newId('market'),
    name: `zone ${shard}`,
    shard,
    version: 1,
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    polygon: {
      type: 'Polygon',
      coordinates: [
        [
          [west, 52.4],
          [east, 52.4],
          [east, 52.6],
          [west, 52.6],
          [west, 52.4],
        ],
      ],
    },
  });
  return [zone(0, 13.3, 13.5), zone(1, 13.5, 13.7)];
}

export async function openStage(scope: Scope, options: StageOptions = {}): Promise<Stage> {
  const { url, prefix, connect } = await withRedis(scope);
  const door = await openDoor({
    redisUrl: url,
    keyPrefix: prefix,
    shards: 2,
    ...(options.mailboxMax === undefined ? {} : { mailboxMax: options.mailboxMax }),
    ...(options.speed === undefined ? {} : { speed: options.speed }),
  });
  cleanUpInReverse(scope, () => door.close());
  const zones = twoZones();
  for (const zone of zones) await door.putZone(zone);
  const secret = 'a secret of more than thirty-two characters';
  const accessTokenMs = options.accessTokenMs ?? 600_000;
  const tokens = createTokens({ keys: [{ kid: 'k1', secret }], accessTokenMs });
  const warnings: object[] = [];
  const startOptions: StartOptions = {
    name: 'g1',
    door,
    verifyToken: tokens.verifyToken,
    warn: (fields) => warnings.push(fields),
    ...options.gateway,
  };
  const gateway = await startGateway(scope, startOptions);
  const parts = { door, tokens, gateway, zones, warnings, prefix, redisUrl: url };
  return new Stage({ ...parts, redis: connect(), options: startOptions });
}

/** Starts another gateway on the same door; it is stopped at the end. */
export async function startGateway(scope: Scope, options: StartOptions): Promise<Gateway> {
  const gateway = new Gateway({
    host: '127.0.0.1',
    port: 0,
    socketsMax: 1_000,
    socketBytesMax: 65_536,
    messagesPerSecond: 50,
    flushMs: 20,
    registry: null,
    ...options,
  });
  await gateway.start();
  cleanUpInReverse(scope, () => gateway.stop(0));
  return gateway;
}

const undocumented = messageChecker();

/** A bare WebSocket that keeps what it got, and what of it is not as documented. */
export class RawSocket {
  readonly messages: ServerMessage[] = [];
  readonly frames: Uint8Array[] = [];
  readonly problems: string[] = [];
  closeCode: number | null = null;
  private readonly socket: WebSocket;

  constructor(url: string, protocol: string = SUBPROTOCOL) {
    this.socket = new WebSocket(`${url}/v1`, protocol);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = ({ data }) => {
      if (typeof data === 'string') {
        const message = JSON.parse(data) as ServerMessage;
        this.messages.push(message);
        this.problems.push(...undocumented(message));
      } else this.frames.push(new Uint8Array(data as ArrayBuffer));
    };
    this.socket.onclose = ({ code }) => {
      this.closeCode = code;
    };
    this.socket.onerror = () => {};
  }

  send(data: object | string | Uint8Array<ArrayBuffer>): void {
    const isRaw = typeof data === 'string' || data instanceof Uint8Array;
    this.socket.send(isRaw ? data : JSON.stringify(data));
  }

  close(): void {
    this.socket.close();
  }

  async opened(): Promise<this> {
    await waitFor(() => this.socket.readyState === 1, { what: 'an open socket' });
    return this;
  }

  next<T extends ServerMessage['t']>(
    type: T,
    also: (message: Extract<ServerMessage, { t: T }>) => boolean = () => true,
  ): Promise<Extract<ServerMessage, { t: T }>> {
    type Wanted = Extract<ServerMessage, { t: T }>;
    return waitFor(() => this.messages.find((each) => each.t === type && also(each as Wanted)), {
      what: `a ${type} message`,
    }) as Promise<Wanted>;
  }

  async closed(): Promise<number> {
    await waitFor(() => this.closeCode !== null, { what: 'a close' });
    return this.closeCode ?? 0;
  }
}

/** Opens a socket and says HELLO; resolves with it at the WELCOME. */
export async function greet(
  scope: Scope,
  stage: Stage,
  token: string,
  url: string = stage.url,
): Promise<RawSocket> {
  const socket = await new RawSocket(url).opened();
  cleanUpInReverse(scope, () => {
    socket.close();
    assert.deepEqual(socket.problems, []);
  });
  socket.send({ t: 'hello', token, app: '1', platform: 'test', deviceMs: Date.now() });
  await socket.next('welcome');
  return socket;
}
