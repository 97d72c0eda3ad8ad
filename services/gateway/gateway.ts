/**
 * One gateway: the sockets of drivers, customers and ops on one port. It joins the desks, keeps the
 * one timer of the process and opens and drains the port. Rules of the protocol live in the desks.
 */

import uWS from 'uWebSockets.js';
import { createServer } from 'node:net';
import type { Registry } from 'prom-client';
import { closeName } from '../../contracts/wire/close-codes.ts';
import { SUBPROTOCOL, WIRE_PATH } from '../../contracts/wire/messages.ts';
import type { Door, Unsubscribe } from '../../dispatch/redis/door.ts';
import type { Claims } from '../../platform/auth/tokens.ts';
import { DriverDesk } from './driver-desk.ts';
import { FrontDesk } from './front-desk.ts';
import { Gathering } from './gathering.ts';
import { HttpTwin } from './http-twin.ts';
import {
  DRAIN_BATCH,
  DRAIN_MS,
  HELLO_TIMEOUT_MS,
  IDLE_SECONDS,
  LAG_MS,
  LOC_INTERVAL_MS,
  LOC_INTERVAL_MS_MAX,
  PAYLOAD_BYTES_MAX,
  STUCK_MS,
} from './limits.ts';
import { createMetrics, type GatewayMetrics } from './metrics.ts';
import { PositionFlow } from './position-flow.ts';
import { Session, type SessionContext, type SocketData } from './session.ts';
import { TrackDesk } from './track-desk.ts';
import { ViewDesk } from './view-desk.ts';

const SWEEP_MS = 1_000;

export interface GatewayOptions {
  /** Name of this gateway: pushes for its drivers go to `gw:{name}`. Unique in the installation. */
  readonly name: string;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly door: Door;
  readonly verifyToken: (token: string) => Promise<Claims>;
  readonly socketsMax: number;
  readonly socketBytesMax: number;
  readonly messagesPerSecond: number;
  readonly flushMs: number;
  /** Least version of driver apps, such as 2.4.1; empty or absent: any. */
  readonly appMin?: string;
  /** Host ms; the defaults are in `limits.ts`. */
  readonly helloTimeoutMs?: number;
  readonly stuckMs?: number;
  /** Counters go here; null: they are only kept. */
  readonly registry: Registry | null;
  readonly warn: (fields: object, text: string) => void;
}

export class Gateway {
  port = 0;
  readonly metrics: GatewayMetrics;
  private readonly options: GatewayOptions;
  private readonly context: SessionContext;
  private readonly sessions = new Set<Session>();
  private readonly drivers: DriverDesk;
  private readonly positions: PositionFlow;
  private readonly tracks: TrackDesk;
  private readonly views: ViewDesk;
  private readonly gathering = new Gathering();
  private readonly front: FrontDesk;
  private readonly app: uWS.TemplatedApp;
  private listening: uWS.us_listen_socket | null = null;
  private timer: NodeJS.Timeout | null = null;
  private unfollow: Unsubscribe | null = null;
  private isDraining = false;
  private minLocMs = LOC_INTERVAL_MS;
  private tickedMs = 0;
  private sweptMs = 0;

  constructor(options: GatewayOptions) {
    this.options = options;
    const { door, verifyToken, warn, messagesPerSecond } = options;
    this.metrics = createMetrics(options.registry, () => this.sessions.size);
    const { metrics } = this;
    this.context = {
      metrics,
      socketBytesMax: options.socketBytesMax,
      messagesPerSecond,
      hostMs: () => door.clock.hostMs(),
      warn,
    };
    this.positions = new PositionFlow({
      door,
      metrics,
      warn,
      onStrayed: (link, to) => this.drivers.strayed(link, to),
    });
    this.drivers = new DriverDesk({
      door,
      gateway: options.name,
      metrics,
      warn,
      onPlaced: (link) => this.positions.placed(link),
    });
    this.tracks = new TrackDesk({ door, metrics, warn });
    this.views = new ViewDesk({ door, metrics, warn });
    const minLocMs = (): number => this.minLocMs;
    const { drivers, positions, tracks, views } = this;
    const desks = { door, verifyToken, metrics, drivers, positions, warn, minLocMs };
    const { appMin = '' } = options;
    this.front = new FrontDesk({ ...desks, messagesPerSecond, tracks, views, appMin });
    this.app = uWS.App();
    new HttpTwin({
      ...desks,
      sockets: () => this.sessions.size,
      isDraining: () => this.isDraining,
    }).mount(this.app);
    this.mountSockets();
  }

  /** Sockets that are open now. */
  get socketCount(): number {
    return this.sessions.size;
  }

  /** Follows the pushes, then opens the port. Rejects when the port is taken or Redis is away. */
  async start(): Promise<void> {
    const { door, name, host, port, flushMs } = this.options;
    await assertPortFree(host, port);
    this.unfollow = await door.followPushes(
      name,
      (pushes) => {
        for (const push of pushes) this.drivers.take(push);
      },
      () => {
        this.metrics.flows.push_gaps += 1;
        this.drivers.reassertAll();
      },
    );
    await new Promise<void>((resolve, reject) => {
      this.app.listen(host, port, (socket) => {
        if (!socket) return reject(new Error(`the gateway's port ${port} is in use`));
        this.listening = socket;
        this.port = uWS.us_socket_local_port(socket);
        resolve();
      });
    });
    this.tickedMs = performance.now();
    this.timer = setInterval(() => this.tick(), flushMs);
  }

  /**
   * Sends everybody away with jittered delays, waits until they are gone or `deadlineMs` (host ms)
   * have passed, then closes what is left. Safe to call twice.
   */
  async stop(deadlineMs: number = DRAIN_MS): Promise<void> {
    if (this.isDraining) return;
    this.isDraining = true;
    if (this.listening) uWS.us_listen_socket_close(this.listening);
    this.listening = null;
    await this.sayDrain(deadlineMs);
    for (const session of [...this.sessions]) session.close('draining');
    if (this.timer) clearInterval(this.timer);
    this.positions.flush();
    await this.unfollow?.();
    this.app.close();
  }

  private async sayDrain(deadlineMs: number): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    const sessions = [...this.sessions];
    for (let from = 0; from < sessions.length; from += DRAIN_BATCH) {
      for (const session of sessions.slice(from, from + DRAIN_BATCH)) {
        const reconnectMs = Math.round(Math.random() * deadlineMs * 0.6);
        if (session.isOpen) session.send({ t: 'drain', reconnectMs });
      }
      await new Promise(setImmediate);
    }
    while (this.sessions.size > 0 && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private mountSockets(): void {
    const { socketBytesMax, socketsMax, door } = this.options;
    this.app.ws<SocketData>(WIRE_PATH, {
      compression: uWS.DISABLED,
      maxPayloadLength: PAYLOAD_BYTES_MAX,
      maxBackpressure: socketBytesMax,
      idleTimeout: IDLE_SECONDS,
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => this.upgrade(response, request, context),
      open: (socket) => {
        const { session } = socket.getUserData();
        session.attach(socket);
        if (this.sessions.size >= socketsMax || this.isDraining) {
          session.refuse('sockets_full');
          return session.close(this.isDraining ? 'draining' : 'overloaded');
        }
        this.sessions.add(session);
      },
      message: (socket, message, isBinary) => {
        if (isBinary) this.gathering.took();
        const bytes = new Uint8Array(message);
        this.front.receive(socket.getUserData().session, bytes, isBinary, door.clock.hostMs());
      },
      drain: (socket) => socket.getUserData().session.drained(),
      close: (socket, code) => this.closed(socket.getUserData().session, code),
    });
  }

  private upgrade(
    response: uWS.HttpResponse,
    request: uWS.HttpRequest,
    context: uWS.us_socket_context_t,
  ): void {
    const offered = request.getHeader('sec-websocket-protocol').split(/\s*,\s*/);
    if (!offered.includes(SUBPROTOCOL)) {
      response
        .writeStatus('426 Upgrade Required')
        .writeHeader('sec-websocket-protocol', SUBPROTOCOL)
        .end(`This gateway speaks the subprotocol ${SUBPROTOCOL}.`);
      return;
    }
    response.upgrade<SocketData>(
      // Inside an object: uWebSockets copies own fields to the socket, and methods are not own.
      { session: new Session(this.context) },
      request.getHeader('sec-websocket-key'),
      SUBPROTOCOL,
      request.getHeader('sec-websocket-extensions'),
      context,
    );
  }

  private closed(session: Session, code: number): void {
    session.detach();
    const name = closeName(code);
    this.metrics.closes[name] = (this.metrics.closes[name] ?? 0) + 1;
    if (!this.sessions.delete(session)) return;
    if (session.driver) this.drivers.close(session.driver);
    if (session.subs) this.tracks.close(session);
    if (session.cells || session.seesNodes) this.views.close(session);
  }

  private tick(): void {
    const nowMs = this.options.door.clock.hostMs();
    this.positions.flush();
    this.tracks.flush(nowMs);
    this.drivers.tick(nowMs);
    const monotoneMs = performance.now();
    const lagMs = monotoneMs - this.tickedMs - this.options.flushMs;
    this.tickedMs = monotoneMs;
    if (lagMs > LAG_MS) this.minLocMs = Math.min(LOC_INTERVAL_MS_MAX, this.minLocMs * 2);
    if (monotoneMs - this.sweptMs < SWEEP_MS) return;
    this.sweptMs = monotoneMs;
    if (lagMs <= LAG_MS / 2) this.minLocMs = Math.max(LOC_INTERVAL_MS, this.minLocMs / 2);
    this.sweep(nowMs);
  }

  /** What has run out of time. */
  private sweep(nowMs: number): void {
    const { helloTimeoutMs = HELLO_TIMEOUT_MS, stuckMs = STUCK_MS } = this.options;
    for (const session of this.sessions) {
      const isEntering = session.mode === 'waiting' || session.mode === 'verifying';
      if (isEntering && nowMs - session.openedMs > helloTimeoutMs) {
        session.refuse('hello_timeout');
        session.close('hello_timeout');
      } else if (session.stuckMs > 0 && nowMs - session.stuckMs > stuckMs) {
        session.refuse('slow_consumer', 'stuck');
        session.close('slow_consumer');
      } else if (session.mode === 'live' && session.expiresMs <= nowMs) {
        session.refuse('token_expired', 'session');
        session.close('token_expired');
      } else if (session.subs) this.tracks.expire(session, nowMs);
    }
    this.drivers.sweep(nowMs);
  }
}

/** uWebSockets shares a taken port in silence (SO_REUSEPORT), so we look first. */
function assertPortFree(host: string, port: number): Promise<void> {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () => reject(new Error(`the gateway's port ${port} is in use`)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}
