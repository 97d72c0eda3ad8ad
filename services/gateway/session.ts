/**
 * One socket: who it is, what it may send and what waits for it. It owns sending and closing; it
 * holds no timers and no closures, so that an idle socket costs next to nothing.
 *
 * waiting (open, no HELLO yet) → verifying (token is being checked) → live → closed. Any of them may
 * go to closed; nothing leaves closed.
 */
import type { WebSocket } from 'uWebSockets.js';
import type { Role } from '../../contracts/api/users.ts';
import { ERRORS, type ErrorCode } from '../../contracts/errors.ts';
import type { DeliveryId } from '../../contracts/ids.ts';
import { CLOSE_CODES, type CloseName } from '../../contracts/wire/close-codes.ts';
import type { ErrMessage, ServerMessage } from '../../contracts/wire/messages.ts';
import type { Scope } from '../../platform/auth/tokens.ts';
import type { DriverLink } from './driver-link.ts';
import { BURST_FACTOR, EXCESS_MAX, LATEST_BUDGET_SHARE } from './limits.ts';
import { type GatewayMetrics, REFUSALS, type Refusal } from './metrics.ts';
import type { Subscription } from './track-desk.ts';

export type SessionMode = 'waiting' | 'verifying' | 'live' | 'closed';

/** What all sessions of a gateway share. */
export interface SessionContext {
  readonly metrics: GatewayMetrics;
  readonly socketBytesMax: number;
  readonly messagesPerSecond: number;
  readonly hostMs: () => number;
  readonly warn: (fields: object, text: string) => void;
}

/** What uWebSockets keeps with a socket. */
export interface SocketData {
  readonly session: Session;
}

export class Session {
  mode: SessionMode = 'waiting';
  number = 0;
  role: Role = 'customer';
  /** What its token is good for. A link to the live page carries the role of its operator. */
  scope: Scope = 'track';
  /** Who it is, for checks at REAUTH. */
  subject = '';
  /** Tracking links: the one delivery. */
  delivery: DeliveryId | null = null;
  /** Host ms UTC. */
  expiresMs = Number.POSITIVE_INFINITY;
  readonly openedMs: number;
  driver: DriverLink | null = null;
  subs: Map<DeliveryId, Subscription> | null = null;
  cells: ReadonlySet<string> | null = null;
  seesNodes = false;
  /** Stands in the list of sockets that have something to flush. */
  isDirty = false;
  flushedMs = 0;
  /** Since when it takes no bytes; 0: it does. */
  stuckMs = 0;
  private readonly context: SessionContext;
  private socket: WebSocket<SocketData> | null = null;
  private tokens: number;
  private tokensMs: number;
  private excess = 0;
  private logged = 0;

  constructor(context: SessionContext) {
    this.context = context;
    this.openedMs = context.hostMs();
    this.tokens = context.messagesPerSecond * BURST_FACTOR;
    this.tokensMs = this.openedMs;
  }

  get isOpen(): boolean {
    return this.socket !== null;
  }

  attach(socket: WebSocket<SocketData>): void {
    this.socket = socket;
  }

  /** After the close handler of uWebSockets the socket must not be touched. */
  detach(): void {
    this.socket = null;
    this.mode = 'closed';
  }

  /**
   * Takes one message's worth from the bucket. False: throw the message away. Far beyond the limit
   * the socket is closed.
   */
  mayReceive(nowMs: number): boolean {
    const { messagesPerSecond } = this.context;
    const burst = messagesPerSecond * BURST_FACTOR;
    const earned = ((nowMs - this.tokensMs) * messagesPerSecond) / 1000;
    this.tokens = Math.min(burst, this.tokens + Math.max(0, earned));
    this.tokensMs = nowMs;
    if (this.tokens >= 1) {
      this.tokens -= 1;
      return true;
    }
    this.excess += 1;
    this.refuse('rate_limited');
    if (this.excess === 1) this.sendError('request.rate_limited');
    if (this.excess > EXCESS_MAX) this.close('rate_limited');
    return false;
  }

  /** Counts a refusal, and logs the first of its kind on this socket. */
  refuse(reason: Refusal, detail?: string): void {
    this.context.metrics.refusals[reason] += 1;
    const bit = 1 << REFUSALS.indexOf(reason);
    if (this.logged & bit) return;
    this.logged |= bit;
    const { number, role, subject } = this;
    this.context.warn({ session: number, role, subject, reason, detail }, 'gateway refused');
  }

  /** Sends what must arrive. A socket too slow for it is closed: the reconnect brings it again. */
  send(message: ServerMessage): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    if (this.socket?.send(text, false) !== 2) return;
    this.refuse('slow_consumer');
    this.close('slow_consumer');
  }

  /** Sends what the next value replaces. False: the socket is behind, keep it for later. */
  sendLatest(frame: string | Uint8Array<ArrayBuffer>): boolean {
    const { socket } = this;
    if (!socket || !this.hasRoom()) return false;
    const outcome = socket.send(frame, typeof frame !== 'string');
    if (outcome !== 1 && this.stuckMs === 0) this.stuckMs = this.context.hostMs();
    return outcome !== 2;
  }

  /** Whether latest values may be sent now; notes since when they may not. */
  hasRoom(): boolean {
    const buffered = this.socket?.getBufferedAmount() ?? 0;
    if (buffered <= this.context.socketBytesMax * LATEST_BUDGET_SHARE) return true;
    if (this.stuckMs === 0) this.stuckMs = this.context.hostMs();
    return false;
  }

  /** Bytes were taken: the socket lives. */
  drained(): void {
    const isEmpty = (this.socket?.getBufferedAmount() ?? 0) === 0;
    this.stuckMs = isEmpty ? 0 : this.context.hostMs();
  }

  cork(run: () => void): void {
    this.socket?.cork(run);
  }

  sendError(code: ErrorCode, about: Partial<ErrMessage> = {}): void {
    const { title, retryable } = ERRORS[code];
    this.send({ t: 'err', code, detail: title, retryable, ...about });
  }

  /**
   * Closes with an instruction. It stands behind what the peer has not read yet; a peer with more
   * than its budget unread would never come to it, and is cut.
   */
  close(name: CloseName): void {
    const { socket } = this;
    if (!socket) return;
    this.mode = 'closed';
    if (socket.getBufferedAmount() > this.context.socketBytesMax) {
      const { closes } = this.context.metrics;
      closes[name] = (closes[name] ?? 0) + 1;
      socket.close();
      return;
    }
    socket.end(CLOSE_CODES[name], name);
  }
}
