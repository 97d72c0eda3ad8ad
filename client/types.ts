/**
 * The public face of the client: what apps and pages give it and get from it. Times are host ms UTC
 * unless a name says zone or device. No dependencies; browser, React Native and Node 22.
 */
import type { ErrorCode } from '../contracts/errors.ts';
import type { DeliveryId, OfferId, StopId, VehicleId, ZoneId } from '../contracts/ids.ts';
import type { ContactWay } from '../contracts/problems.ts';
import type { CellPicture, DriverView, NodePicture } from '../contracts/push.ts';
import type { Deed, RefusalReason } from '../contracts/refusals.ts';
import type { DeclineReason, Duty, EndCode, Fault } from '../contracts/states.ts';
import type { LatLon, TrackStatus } from '../contracts/wire/messages.ts';

/**
 * `refused`: the gateway told us to stop (another session, a bad token, an app too old); `connect()`
 * tries again. `closed`: by our own `close()`.
 */
export type ConnectionState =
  | 'idle'
  | 'connecting'
  | 'live'
  | 'reconnecting'
  | 'refused'
  | 'closed';

/** Why the state is what it is. */
export interface StateDetail {
  /** WebSocket close code, where one was received. */
  readonly code?: number;
  /** Registered name of the code, or a sentence. */
  readonly reason?: string;
  /** When the next attempt is made, ms from now. */
  readonly retryMs?: number;
}

/** Timers and time, so that tests can move them. */
export interface ClientClock {
  nowMs(): number;
  setTimer(run: () => void, delayMs: number): unknown;
  clearTimer(timer: unknown): void;
}

/** The part of the standard WebSocket that is used. */
export interface SocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

/** Opens a socket with a subprotocol. */
export type OpenSocket = (url: string, protocol: string) => SocketLike;

export interface ConnectionOptions {
  /** Gateway address, e.g. `ws://127.0.0.1:3001`; `/v1` is added when there is no path. */
  readonly url: string;
  /** Asked before each connection and before the token expires. */
  readonly token: string | (() => string | Promise<string>);
  /** Version of the app; default `1`. */
  readonly app?: string;
  /** Default `node` or `web`. */
  readonly platform?: string;
  readonly onState?: (state: ConnectionState, detail: StateDetail) => void;
  /** Server time at (re)connection. */
  readonly onClock?: (clock: { readonly zoneMs: number; readonly speed: number }) => void;
  /** Default: the global WebSocket. */
  readonly openSocket?: OpenSocket;
  readonly clock?: ClientClock;
  /** In [0, 1); default Math.random. */
  readonly random?: () => number;
}

/** What every client can do. */
export interface ConnectedClient {
  readonly state: ConnectionState;
  /** Starts; resolves at the first WELCOME. Rejects with ClientError when told to stop or closed. */
  connect(): Promise<void>;
  /** Ends for good. Open promises reject with ClientError `closed`. */
  close(): void;
  /** Host ms UTC of the server, by the measured offset. */
  serverNowMs(): number;
  /** Zone time now. */
  zoneNowMs(): number;
  /** Zone ms per host ms; 1 before the first WELCOME. */
  readonly speed: number;
}

/** `closed`: by us. `stopped`: by an instruction. `overflow`: too many actions wait. */
export type ClientErrorCode = ErrorCode | 'closed' | 'stopped' | 'overflow';

/** A call that the client could not carry out. Refusals by the zone are results, not this. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  override readonly name = 'ClientError';

  constructor(code: ClientErrorCode, detail?: string) {
    super(detail ?? code);
    this.code = code;
  }
}

/** The zone has taken the action in, for good; `refused` says that it had no effect, and why. */
export interface ActResult {
  readonly action: number;
  readonly deed: Deed;
  readonly refused?: RefusalReason;
}

export interface Position extends LatLon {
  /** Device ms UTC of the fix; default now. */
  readonly deviceMs?: number;
  readonly accuracyMeters?: number;
  readonly speedMps?: number;
  /** Degrees, 0–359. */
  readonly heading?: number;
  /** The device says that the position is not a real one. */
  readonly mock?: boolean;
}

/** Keeps unanswered actions over a restart of the app. */
export interface ActionStorage {
  load(): string | null;
  save(text: string): void;
}

export interface DriverOptions extends ConnectionOptions {
  /** Called with each newer view; null: no zone holds the driver. Acknowledged after it returns. */
  readonly onView?: (view: DriverView | null) => void;
  readonly storage?: ActionStorage;
}

export interface DriverStats {
  /** Points handed to `report`. */
  readonly reported: number;
  /** Points that left in a frame, live or as backlog. */
  readonly sent: number;
  readonly backlog: number;
  /** Points thrown away because the backlog was full or a newer one replaced it unsent. */
  readonly dropped: number;
  readonly actionsWaiting: number;
  readonly reconnects: number;
}

/**
 * A driver's app. Actions are numbered, sent in order, kept until answered and sent again after a
 * reconnect; their promises resolve when the zone has them in its log.
 */
export interface DriverClient extends ConnectedClient {
  /** The newest view; null before the first one and while no zone holds the driver. */
  readonly view: DriverView | null;
  readonly zone: ZoneId | null;
  readonly stats: DriverStats;
  /** Hands in a position. Offline ones are kept (bounded) and uploaded later. */
  report(position: Position): void;
  /** Rejects with `zone.none_here` where no zone serves the place. */
  goOnDuty(options: { readonly vehicle: VehicleId; readonly at: LatLon }): Promise<ActResult>;
  setDuty(duty: Exclude<Duty, 'available'>): Promise<ActResult>;
  accept(offer: OfferId): Promise<ActResult>;
  decline(offer: OfferId, reason: DeclineReason): Promise<ActResult>;
  arrived(delivery: DeliveryId, stop?: StopId): Promise<ActResult>;
  pickedUp(delivery: DeliveryId): Promise<ActResult>;
  delivered(delivery: DeliveryId): Promise<ActResult>;
  undeliverable(delivery: DeliveryId, code: EndCode, fault: Fault): Promise<ActResult>;
  /**
   * At the door and nobody answers. The first call starts the wait that `view.waits` shows; before it
   * is over, `undeliverable` with code `customer_unreachable` is refused (`wait_running`).
   */
  unreachable(delivery: DeliveryId, tried?: ContactWay): Promise<ActResult>;
  returned(delivery: DeliveryId): Promise<ActResult>;
  giveBack(delivery: DeliveryId, reason: string): Promise<ActResult>;
}

/** Where the driver of a watched delivery is. */
export interface TrackPosition {
  readonly delivery: DeliveryId;
  readonly latE7: number;
  readonly lonE7: number;
  /** Degrees, 0–359. */
  readonly heading: number;
  /** Host ms UTC of the fix. */
  readonly fixMs: number;
  /** Zone time at the door: the likely one. */
  readonly etaMs: number | null;
  /** The range to show (`etaRangeText`), whole minutes of zone time; absent where none is known. */
  readonly etaFromMs?: number;
  readonly etaToMs?: number;
}

export interface TrackHandlers {
  /** Newer than every one before. */
  readonly onStatus?: (status: TrackStatus) => void;
  /** Never goes back in time. */
  readonly onPosition?: (position: TrackPosition) => void;
  /** The gateway does not let us watch (any more). Not called for what passes by itself. */
  readonly onRefused?: (code: ErrorCode, detail: string) => void;
}

export interface Tracking {
  readonly delivery: DeliveryId;
  readonly status: TrackStatus | null;
  readonly position: TrackPosition | null;
  stop(): void;
}

/** Watches deliveries by their signed links. `token` of the options may be any one of the links. */
export interface TrackClient extends ConnectedClient {
  track(delivery: DeliveryId, token: string | null, handlers: TrackHandlers): Tracking;
}

export interface ViewOptions extends ConnectionOptions {
  readonly onCell?: (picture: CellPicture) => void;
  readonly onNode?: (picture: NodePicture) => void;
}

/** Watches the map and the nodes; ops only. */
export interface ViewClient extends ConnectedClient {
  /** Replaces what is watched: H3 cells of resolution 6, and whether nodes are. Kept over reconnects. */
  watch(cells: readonly string[], options?: { readonly nodes?: boolean }): void;
}
