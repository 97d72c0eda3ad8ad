/**
 * One connection that keeps itself alive: HELLO, clock, heartbeat, fresh tokens, and reconnects as
 * the close codes instruct. It knows nothing of plans or deliveries; the clients build on it.
 *
 * idle → connecting → live → reconnecting → connecting …; `refused` when told to stop (connect() begins
 * anew); `closed` by close(), for good. Only `move` changes the state.
 */
import { CLOSE_CODES, closeInstruction, closeName } from '../contracts/wire/close-codes.ts';
import {
  type HelloMessage,
  type ServerMessage,
  SUBPROTOCOL,
  type WelcomeMessage,
  WIRE_PATH,
} from '../contracts/wire/messages.ts';
import { openPlatformSocket, platformClock, platformName } from './clock.ts';
import {
  type ClientClock,
  ClientError,
  type ConnectionOptions,
  type ConnectionState,
  type SocketLike,
  type StateDetail,
} from './types.ts';

/** Waits before reconnects grow from the first to the second, each a random part of it. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 10_000;
const BACK_OFF_MS = 2_000;
const BACK_OFF_MS_MAX = 30_000;
/** Nothing heard for this long: ask; for the second: the line is dead. */
const QUIET_MS = 20_000;
const DEAD_MS = 30_000;
const CONNECT_MS = 10_000;
/** How long a close may follow an error. */
const ERROR_MS = 50;
/** A fresh token is fetched this long before the old one ends, or at half its remaining life. */
const RENEW_MS = 60_000;
/** setTimeout takes 31 bits. */
const TIMER_MS_MAX = 2_000_000_000;

export interface ConnectionHandlers {
  /** What HELLO says beyond token and app. */
  readonly hello: () => Partial<HelloMessage>;
  readonly onWelcome: (welcome: WelcomeMessage) => void;
  readonly onMessage: (message: ServerMessage) => void;
  readonly onBinary: (bytes: Uint8Array) => void;
  readonly onDown: () => void;
  /** The connection ended for good, or until the next connect(). */
  readonly onEnd: (error: ClientError) => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: ClientError) => void;
}

export class Connection {
  state: ConnectionState = 'idle';
  welcome: WelcomeMessage | null = null;
  reconnects = 0;
  readonly clock: ClientClock;
  readonly random: () => number;
  private readonly options: ConnectionOptions;
  private readonly handlers: ConnectionHandlers;
  private socket: SocketLike | null = null;
  private offsetMs = 0;
  private attempts = 0;
  private renewals = 0;
  private token = '';
  private heardMs = 0;
  private lastSession = 0;
  private waiters: Waiter[] = [];
  private retryTimer: unknown = null;
  private heartTimer: unknown = null;
  private renewTimer: unknown = null;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.options = options;
    this.handlers = handlers;
    this.clock = options.clock ?? platformClock();
    this.random = options.random ?? Math.random;
  }

  get isLive(): boolean {
    return this.state === 'live';
  }

  get speed(): number {
    return this.welcome?.speed ?? 1;
  }

  get bufferedAmount(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  serverNowMs(): number {
    return this.clock.nowMs() + this.offsetMs;
  }

  zoneNowMs(): number {
    const { welcome } = this;
    if (!welcome) return this.serverNowMs();
    return welcome.zoneMs + (this.serverNowMs() - welcome.serverMs) * welcome.speed;
  }

  connect(): Promise<void> {
    if (this.state === 'closed') return Promise.reject(new ClientError('closed'));
    if (this.state === 'live') return Promise.resolve();
    const result = new Promise<void>((resolve, reject) => this.waiters.push({ resolve, reject }));
    if (this.state === 'idle' || this.state === 'refused') {
      this.attempts = 0;
      this.renewals = 0;
      void this.open();
    }
    return result;
  }

  close(): void {
    if (this.state === 'closed') return;
    this.dropSocket(1000, 'closed');
    this.end('closed', new ClientError('closed'), {});
  }

  /** Sends on a live connection; false: there is none. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (!this.isLive || !this.socket) return false;
    this.socket.send(data);
    return true;
  }

  private move(state: ConnectionState, detail: StateDetail = {}): void {
    this.state = state;
    this.options.onState?.(state, detail);
  }

  private async open(): Promise<void> {
    this.move('connecting');
    try {
      const { token } = this.options;
      this.token = typeof token === 'string' ? token : await token();
    } catch (error) {
      if (this.state !== 'connecting') return;
      const reason = error instanceof Error ? error.message : 'no token';
      return this.retry(this.fullJitter(BACK_OFF_MS, BACK_OFF_MS_MAX), { reason });
    }
    if (this.state !== 'connecting') return;
    let socket: SocketLike;
    try {
      const open = this.options.openSocket ?? openPlatformSocket;
      socket = open(addressOf(this.options.url), SUBPROTOCOL);
    } catch (error) {
      // Not an address, or one this platform will not open: no retry makes it better.
      const reason = error instanceof Error ? error.message : 'the socket cannot be opened';
      return this.end('refused', new ClientError('stopped', reason), { reason });
    }
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.sayHello(socket);
    socket.onmessage = ({ data }) => {
      if (this.socket === socket) this.receive(data);
    };
    socket.onclose = ({ code }) => {
      if (this.socket === socket) this.lost(code);
    };
    socket.onerror = () => this.failed(socket);
    this.watchHeart(CONNECT_MS);
  }

  /** Most platforms say close after error; for those that do not, we do. */
  private failed(socket: SocketLike): void {
    this.clock.setTimer(() => {
      if (this.socket === socket) this.lost(1006);
    }, ERROR_MS);
  }

  private sayHello(socket: SocketLike): void {
    if (this.socket !== socket) return;
    const { app = '1', platform = platformName() } = this.options;
    const hello: HelloMessage = {
      t: 'hello',
      token: this.token,
      app,
      platform,
      deviceMs: this.clock.nowMs(),
      ...(this.lastSession > 0 ? { resume: { session: this.lastSession } } : {}),
      ...this.handlers.hello(),
    };
    socket.send(JSON.stringify(hello));
  }

  private receive(data: unknown): void {
    this.heardMs = this.clock.nowMs();
    if (typeof data !== 'string') {
      if (data instanceof ArrayBuffer) this.handlers.onBinary(new Uint8Array(data));
      return;
    }
    let message: ServerMessage;
    try {
      message = JSON.parse(data) as ServerMessage;
    } catch {
      // A frame cut by a proxy: the connection is no good any more.
      return this.lost(this.dropSocket(CLOSE_CODES.malformed, 'unreadable'));
    }
    if (message.t === 'welcome') this.welcomed(message);
    else if (message.t === 'drain') this.drained(message.reconnectMs);
    else if (message.t === 'reauthok') this.planRenewal(message.tokenExpiresMs);
    else this.handlers.onMessage(message);
  }

  private welcomed(welcome: WelcomeMessage): void {
    this.welcome = welcome;
    this.offsetMs = welcome.serverMs - this.clock.nowMs();
    this.attempts = 0;
    this.renewals = 0;
    this.lastSession = welcome.session;
    this.watchHeart(QUIET_MS);
    this.planRenewal(welcome.tokenExpiresMs);
    this.move('live');
    this.options.onClock?.({ zoneMs: welcome.zoneMs, speed: welcome.speed });
    const { waiters } = this;
    this.waiters = [];
    this.handlers.onWelcome(welcome);
    for (const waiter of waiters) waiter.resolve();
  }

  /** The gateway goes away: leave when told, and come back at once, to another. */
  private drained(reconnectMs: number): void {
    const { socket } = this;
    this.clearTimer('retryTimer');
    this.retryTimer = this.clock.setTimer(() => {
      if (this.socket !== socket) return;
      this.dropSocket(1000, 'drained');
      this.down();
      this.retry(0, { reason: 'draining', code: CLOSE_CODES.draining });
    }, reconnectMs);
  }

  private lost(code: number): void {
    this.dropSocket(code, '');
    this.down();
    const detail = { code, reason: closeName(code) };
    switch (closeInstruction(code)) {
      case 'reconnect':
        return this.retry(this.reconnectMs(), detail);
      case 'back_off':
        return this.retry(this.fullJitter(BACK_OFF_MS, BACK_OFF_MS_MAX) + RETRY_MS, detail);
      case 'renew_token':
        // A token source that has nothing newer must not be asked for ever.
        if (++this.renewals > 2 || typeof this.options.token === 'string') break;
        return this.retry(this.fullJitter(RETRY_MS, RETRY_MS_MAX), detail);
      default:
        break;
    }
    this.end('refused', new ClientError('stopped', closeName(code)), detail);
  }

  private reconnectMs(): number {
    const spread = this.attempts === 0 ? this.welcome?.reconnectJitterMs : undefined;
    return spread === undefined
      ? this.fullJitter(RETRY_MS, RETRY_MS_MAX)
      : Math.round(this.random() * spread);
  }

  private fullJitter(firstMs: number, lastMs: number): number {
    return Math.round(this.random() * Math.min(lastMs, firstMs * 2 ** this.attempts));
  }

  private retry(delayMs: number, detail: StateDetail): void {
    this.attempts = Math.min(this.attempts + 1, 20);
    this.reconnects += 1;
    this.move('reconnecting', { ...detail, retryMs: delayMs });
    this.clearTimer('retryTimer');
    this.retryTimer = this.clock.setTimer(() => {
      if (this.state === 'reconnecting') void this.open();
    }, delayMs);
  }

  private end(state: 'refused' | 'closed', error: ClientError, detail: StateDetail): void {
    this.clearTimer('retryTimer');
    this.move(state, detail);
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter.reject(error);
    this.handlers.onEnd(error);
  }

  private down(): void {
    this.clearTimer('heartTimer');
    this.clearTimer('renewTimer');
    if (this.state === 'live') this.handlers.onDown();
  }

  /** Forgets the socket first, so that none of its late events is ours. Returns the code. */
  private dropSocket(code: number, reason: string): number {
    const { socket } = this;
    this.socket = null;
    this.clearTimer('heartTimer');
    this.clearTimer('renewTimer');
    if (socket && socket.readyState < 2) {
      // Only 1000 and 3000–4999 may be said by a client.
      socket.close(code === 1000 || code >= 3000 ? code : 1000, reason);
    }
    return code;
  }

  /** After a quiet time asks for a sign of life; without one the line is dead. */
  private watchHeart(delayMs: number): void {
    this.clearTimer('heartTimer');
    this.heartTimer = this.clock.setTimer(() => this.beat(), delayMs);
  }

  private beat(): void {
    if (this.state === 'connecting') return this.lost(1006);
    const quietMs = this.clock.nowMs() - this.heardMs;
    if (quietMs >= DEAD_MS) return this.lost(1006);
    if (quietMs >= QUIET_MS) {
      this.send('{"t":"ping"}');
      return this.watchHeart(DEAD_MS - quietMs);
    }
    this.watchHeart(QUIET_MS - quietMs);
  }

  private planRenewal(tokenExpiresMs: number): void {
    this.clearTimer('renewTimer');
    if (typeof this.options.token === 'string') return;
    const leftMs = tokenExpiresMs - this.serverNowMs();
    const delayMs = Math.min(TIMER_MS_MAX, Math.max(0, leftMs - Math.min(RENEW_MS, leftMs / 2)));
    this.renewTimer = this.clock.setTimer(() => void this.renew(), delayMs);
  }

  private async renew(): Promise<void> {
    const { token } = this.options;
    if (typeof token === 'string') return;
    const { socket } = this;
    try {
      const fresh = await token();
      if (this.socket !== socket || fresh === this.token) return;
      this.token = fresh;
      this.send(JSON.stringify({ t: 'reauth', token: fresh }));
    } catch {
      // The connection ends with the token; the reconnect asks for one again.
    }
  }

  private clearTimer(name: 'retryTimer' | 'heartTimer' | 'renewTimer'): void {
    if (this[name] !== null) this.clock.clearTimer(this[name]);
    this[name] = null;
  }
}

function addressOf(url: string): string {
  const address = new URL(url);
  if (address.pathname === '/' || address.pathname === '') address.pathname = WIRE_PATH;
  return address.href;
}
