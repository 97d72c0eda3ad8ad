/**
 * The JSON text frames of `waggle.v1`. Additive only: a receiver ignores fields and messages it does
 * not know. Positions travel in binary frames (`loc-frame.ts`, `pos-frame.ts`).
 */
import type { Role } from '../api/users.ts';
import type { DriverDeed } from '../commands.ts';
import type { ErrorCode, FieldProblem } from '../errors.ts';
import type { DeliveryId, VehicleId, ZoneId } from '../ids.ts';
import type { CellPicture, DriverView, LogPosition, NodePicture, TrackMessage } from '../push.ts';
import type { Deed, RefusalReason } from '../refusals.ts';
import type { Duty } from '../states.ts';

export const SUBPROTOCOL = 'waggle.v1';
export const WIRE_PATH = '/v1';

/** Bounds of what a client may send; WELCOME repeats those that an app must know. */
export const WIRE_LIMITS = {
  frameBytesMax: 16_384,
  locPointsMax: 64,
  httpPointsMax: 256,
  subsMax: 64,
  cellsMax: 512,
  holdsMax: 16,
  tokenCharsMax: 8_192,
  textCharsMax: 200,
} as const;

export type TrackStatus = Extract<TrackMessage, { t: 'status' }>;
export type TrackPosition = Extract<TrackMessage, { t: 'pos' }>;

/** Degrees, as everything at the edge. */
export interface LatLon {
  readonly lat: number;
  readonly lon: number;
}

/** What a driver does, as the app says it. The gateway adds profile and cell from token and place. */
export type WireDeed =
  | {
      readonly kind: 'duty';
      readonly duty: Duty;
      /** One of the token's vehicles; needed to become available. */
      readonly vehicle?: VehicleId;
      /** Where the driver is; needed to become available while no zone holds the driver. */
      readonly at?: LatLon;
    }
  | Exclude<DriverDeed, { readonly kind: 'duty' }>;

/** First message of every socket, within five seconds. */
export interface HelloMessage {
  readonly t: 'hello';
  /** Access token, or a signed tracking link's token. */
  readonly token: string;
  /** Version of the app. */
  readonly app: string;
  readonly platform: string;
  /** Device ms UTC when it was sent: the first measure of the device's clock. */
  readonly deviceMs?: number;
  /** The session before this one. */
  readonly resume?: { readonly session: number };
  /** Deliveries the driver has in hand. */
  readonly holds?: readonly DeliveryId[];
  /** Greatest action number that was acknowledged to this app. */
  readonly lastAction?: number;
}

export interface ReauthMessage {
  readonly t: 'reauth';
  readonly token: string;
}

export interface SubMessage {
  readonly t: 'sub';
  readonly channel: 'delivery';
  readonly id: DeliveryId;
  /** Signed link of this delivery; may be left out when HELLO carried it. */
  readonly token?: string;
  /** Newest status this client has: SUBOK says whether it missed anything. */
  readonly since?: LogPosition;
}

export interface UnsubMessage {
  readonly t: 'unsub';
  readonly channel: 'delivery';
  readonly id: DeliveryId;
}

/** Ops only. Replaces what was watched before. */
export interface ViewMessage {
  readonly t: 'view';
  /** H3 cells of resolution 6, as text. */
  readonly cells: readonly string[];
  readonly nodes?: boolean;
}

export interface ActMessage {
  readonly t: 'act';
  /** 1, 2, 3… per driver, over all sessions; the same number is the same deed. */
  readonly action: number;
  readonly deed: WireDeed;
  readonly deviceMs: number;
  /** Plan the driver was looking at; for the logs of people. */
  readonly planVersion?: number;
}

/** The app has shown this view. */
export interface AckMessage {
  readonly t: 'ack';
  readonly view: number;
}

/** Asks for a sign of life. */
export interface PingMessage {
  readonly t: 'ping';
}

export type ClientMessage =
  | HelloMessage
  | ReauthMessage
  | SubMessage
  | UnsubMessage
  | ViewMessage
  | ActMessage
  | AckMessage
  | PingMessage;

export interface WelcomeMessage {
  readonly t: 'welcome';
  /** Grows over the installation; the newest session of a driver wins. Named in LOC frames. */
  readonly session: number;
  readonly role: Role;
  /** Host ms UTC. */
  readonly serverMs: number;
  readonly zoneMs: number;
  /** Zone ms per host ms. */
  readonly speed: number;
  /** Host ms UTC; send REAUTH before. */
  readonly tokenExpiresMs: number;
  readonly limits: {
    readonly frameBytes: number;
    readonly messagesPerSecond: number;
    readonly locPoints: number;
    readonly subs: number;
    readonly cells: number;
  };
  /** Least ms between two LOC frames. */
  readonly minLocMs: number;
  /** A client that must reconnect waits a random part of this first. */
  readonly reconnectJitterMs: number;
  /** Zone that holds the driver; then a PLAN follows. Null: none does. */
  readonly zone: ZoneId | null;
  /** What the gateway already knows of the driver; the PLAN that follows is newer. */
  readonly view: DriverView | null;
}

/** The fresh token was taken. */
export interface ReauthOkMessage {
  readonly t: 'reauthok';
  readonly tokenExpiresMs: number;
}

/** On each change, whole. `view` null: no zone holds the driver. */
export interface PlanMessage extends LogPosition {
  readonly t: 'plan';
  readonly view: DriverView | null;
}

export interface SubOkMessage {
  readonly t: 'subok';
  readonly channel: 'delivery';
  readonly id: DeliveryId;
  /** Stands for the delivery in position frames of this socket. */
  readonly ref: number;
  readonly status: TrackStatus | null;
  readonly position: TrackPosition | null;
  /** Nothing was missed since `since`. */
  readonly recovered: boolean;
}

export interface EvMessage {
  readonly t: 'ev';
  readonly status: TrackStatus;
}

export interface LocAckMessage {
  readonly t: 'locack';
  /** Greatest sequence of a live point taken in. */
  readonly seq: number;
  /** Backlog up to this sequence is stored. */
  readonly backlog: number;
  readonly minLocMs: number;
}

export interface ActAckMessage extends LogPosition {
  readonly t: 'actack';
  readonly action: number;
  readonly deed: Deed;
  readonly refused?: RefusalReason;
}

export interface PicMessage {
  readonly t: 'pic';
  readonly picture: CellPicture;
}

export interface NodesMessage {
  readonly t: 'nodes';
  readonly picture: NodePicture;
}

/** A message whose fields do not fit. It had no effect. */
export interface InvalidMessage {
  readonly t: 'invalid';
  /** Type of the message. */
  readonly of: string;
  readonly fields: readonly FieldProblem[];
  readonly action?: number;
  readonly id?: string;
}

/** The gateway goes away: close and reconnect after this time. */
export interface DrainMessage {
  readonly t: 'drain';
  readonly reconnectMs: number;
}

/** A message that was understood and could not be carried out. */
export interface ErrMessage {
  readonly t: 'err';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly retryable: boolean;
  /** Type of the message, where it was one. */
  readonly of?: string;
  readonly action?: number;
  readonly id?: string;
}

export interface PongMessage {
  readonly t: 'pong';
  readonly serverMs: number;
  readonly zoneMs: number;
}

export type ServerMessage =
  | WelcomeMessage
  | ReauthOkMessage
  | PlanMessage
  | SubOkMessage
  | EvMessage
  | LocAckMessage
  | ActAckMessage
  | PicMessage
  | NodesMessage
  | InvalidMessage
  | DrainMessage
  | ErrMessage
  | PongMessage;
