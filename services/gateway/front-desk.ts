/**
 * Receives what sockets send: checks size, rate and form, who is speaking, and hands each message to
 * the desk it is for. It owns HELLO and REAUTH; it never acts for a driver or a zone itself.
 */
import { WaggleError } from '../../contracts/errors.ts';
import type { CloseName } from '../../contracts/wire/close-codes.ts';
import { LocDecoder } from '../../contracts/wire/loc-frame.ts';
import type {
  ClientMessage,
  HelloMessage,
  SubMessage,
  ViewMessage,
} from '../../contracts/wire/messages.ts';
import { WIRE_LIMITS } from '../../contracts/wire/messages.ts';
import { readClientMessage } from '../../contracts/wire/read-message.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Claims } from '../../platform/auth/tokens.ts';
import { isAtLeast } from './app-version.ts';
import type { DriverDesk } from './driver-desk.ts';
import { DriverLink } from './driver-link.ts';
import { LOC_ACK_MS, RECONNECT_JITTER_MS } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import { measureClock } from './position-filter.ts';
import type { PositionFlow } from './position-flow.ts';
import type { Session } from './session.ts';
import type { TrackDesk } from './track-desk.ts';
import type { ViewDesk } from './view-desk.ts';

export interface FrontDeskOptions {
  readonly door: Door;
  readonly verifyToken: (token: string) => Promise<Claims>;
  readonly metrics: GatewayMetrics;
  readonly messagesPerSecond: number;
  /** Least version of driver apps; empty: any. */
  readonly appMin: string;
  readonly drivers: DriverDesk;
  readonly positions: PositionFlow;
  readonly tracks: TrackDesk;
  readonly views: ViewDesk;
  /** Least ms between LOC frames that apps are asked for now. */
  readonly minLocMs: () => number;
  readonly warn: (fields: object, text: string) => void;
}

export class FrontDesk {
  private readonly options: FrontDeskOptions;
  private readonly decoder = new LocDecoder();
  private readonly texts = new TextDecoder();

  constructor(options: FrontDeskOptions) {
    this.options = options;
  }

  /** One frame. `bytes` is only valid during this call. */
  receive(session: Session, bytes: Uint8Array, isBinary: boolean, nowMs: number): void {
    if (session.mode === 'closed' || !session.mayReceive(nowMs)) return;
    this.options.metrics.flows.messages += 1;
    if (bytes.byteLength > WIRE_LIMITS.frameBytesMax) {
      session.refuse('too_large', `${bytes.byteLength} bytes`);
      return session.close('too_large');
    }
    if (isBinary) this.receiveLoc(session, bytes, nowMs);
    else this.receiveText(session, this.texts.decode(bytes), nowMs);
  }

  private receiveLoc(session: Session, bytes: Uint8Array, nowMs: number): void {
    const link = session.driver;
    if (session.mode !== 'live' || !link) {
      session.refuse('not_hello', 'LOC');
      return session.sendError(session.mode === 'live' ? 'auth.forbidden' : 'auth.missing', {
        of: 'loc',
      });
    }
    const { decoder } = this;
    const { metrics, positions } = this.options;
    const problem = decoder.decode(bytes);
    if (problem === 'range') {
      metrics.positions.range += decoder.count;
      session.refuse('invalid', 'LOC out of range');
      const field = `/points/${decoder.badPoint}`;
      const expected = 'coordinates on the globe, a heading from 0 to 359, a finite time';
      return session.send({ t: 'invalid', of: 'loc', fields: [{ field, expected }] });
    }
    if (problem) {
      session.refuse('malformed', `LOC ${problem}`);
      return session.close('malformed');
    }
    metrics.flows.loc_frames += 1;
    if (decoder.session !== link.session) {
      metrics.positions.stale_session += decoder.count;
      return;
    }
    if (!Number.isFinite(decoder.sentMs)) return;
    if (decoder.kind === 'live') {
      positions.takeLive(link, decoder, nowMs);
      if (nowMs - link.locAckMs >= LOC_ACK_MS) this.sendLocAck(link, nowMs);
      return;
    }
    const last = decoder.seq + decoder.count - 1;
    positions.takeBacklog(link, decoder, nowMs).then(
      () => {
        link.backlogSeq = Math.max(link.backlogSeq, last);
        this.sendLocAck(link, nowMs);
      },
      // Not confirmed: the app sends it again.
      (error: unknown) => this.options.warn({ err: error }, 'backlog not stored'),
    );
  }

  private sendLocAck(link: DriverLink, nowMs: number): void {
    link.locAckMs = nowMs;
    const { liveSeq: seq, backlogSeq: backlog } = link;
    link.socket?.send({ t: 'locack', seq, backlog, minLocMs: this.options.minLocMs() });
  }

  private receiveText(session: Session, text: string, nowMs: number): void {
    const reading = readClientMessage(text);
    if (reading.ok) return this.take(session, reading.message, nowMs);
    if (reading.malformed !== null) {
      session.refuse('malformed', reading.malformed);
      return session.close('malformed');
    }
    const { of, fields, action, id } = reading;
    session.refuse('invalid', of);
    session.send({
      t: 'invalid',
      of,
      fields,
      ...(action === undefined ? {} : { action }),
      ...(id === undefined ? {} : { id }),
    });
  }

  private take(session: Session, message: ClientMessage, nowMs: number): void {
    if (message.t === 'hello') {
      if (session.mode !== 'waiting')
        return session.sendError('resource.conflict', { of: 'hello' });
      session.mode = 'verifying';
      void this.hello(session, message, nowMs);
      return;
    }
    if (session.mode !== 'live') {
      session.refuse('not_hello', message.t);
      return session.sendError('auth.missing', { of: message.t });
    }
    switch (message.t) {
      case 'reauth':
        return void this.reauth(session, message.token);
      case 'sub':
        return void this.subscribe(session, message);
      case 'unsub':
        return this.options.tracks.unsubscribe(session, message.id);
      case 'view':
        return this.view(session, message);
      case 'act': {
        if (!session.driver) return this.forbid(session, 'act');
        return this.options.drivers.act(session.driver, message, nowMs);
      }
      case 'ack':
        if (session.driver) this.options.drivers.seen(session.driver, message.view);
        return;
      case 'ping': {
        const { clock } = this.options.door;
        return session.send({ t: 'pong', serverMs: clock.hostMs(), zoneMs: clock.zoneMs() });
      }
    }
  }

  private forbid(session: Session, of: string, id?: string): void {
    session.refuse('forbidden', of);
    session.sendError('auth.forbidden', { of, ...(id === undefined ? {} : { id }) });
  }

  private async hello(session: Session, message: HelloMessage, atMs: number): Promise<void> {
    const { door } = this.options;
    try {
      const claims = await this.options.verifyToken(message.token);
      const driver = claims.scope === 'access' && claims.role === 'driver' ? claims.driver : null;
      if (driver && !isAtLeast(message.app, this.options.appMin)) {
        session.refuse('update_app', message.app);
        return session.close('update_app');
      }
      const [number, zone] = await Promise.all([
        door.nextSession(),
        driver ? door.driverZone(driver.id) : null,
      ]);
      if (!session.isOpen) return;
      this.enter(session, claims, number);
      session.send({
        t: 'welcome',
        session: number,
        role: claims.role,
        ...this.terms(),
        tokenExpiresMs: session.expiresMs,
        zone,
        view: null,
      });
      if (!driver) return;
      const holds = message.holds ?? [];
      const link = new DriverLink({
        driver: driver.id,
        session: number,
        claims: driver,
        socket: session,
        holds,
      });
      link.seenMs = atMs;
      if (message.deviceMs !== undefined) measureClock(link.fix, message.deviceMs, atMs);
      session.driver = link;
      this.options.drivers.open(link, zone);
    } catch (error) {
      this.sendAway(session, error);
    }
  }

  private enter(session: Session, claims: Claims, number: number): void {
    session.mode = 'live';
    session.number = number;
    session.role = claims.role;
    session.scope = claims.scope;
    session.subject = claims.sub;
    session.delivery = claims.scope === 'track' ? (claims.delivery ?? null) : null;
    session.expiresMs = claims.exp * 1000;
  }

  private terms() {
    const { door, messagesPerSecond, minLocMs } = this.options;
    return {
      serverMs: door.clock.hostMs(),
      zoneMs: door.clock.zoneMs(),
      speed: door.clock.speed,
      limits: {
        frameBytes: WIRE_LIMITS.frameBytesMax,
        messagesPerSecond,
        locPoints: WIRE_LIMITS.locPointsMax,
        subs: WIRE_LIMITS.subsMax,
        cells: WIRE_LIMITS.cellsMax,
      },
      minLocMs: minLocMs(),
      reconnectJitterMs: RECONNECT_JITTER_MS,
    };
  }

  private sendAway(session: Session, error: unknown): void {
    const code = error instanceof WaggleError ? error.code : 'internal';
    const isToken = code === 'auth.expired' || code === 'auth.invalid';
    const close: CloseName =
      code === 'auth.expired' ? 'token_expired' : isToken ? 'token_invalid' : 'unavailable';
    session.refuse(close);
    if (!isToken) this.options.warn({ err: error }, 'HELLO failed');
    session.close(close);
  }

  /** A fresh token for the same person and the same rights. */
  private async reauth(session: Session, token: string): Promise<void> {
    try {
      const claims = await this.options.verifyToken(token);
      if (session.mode !== 'live') return;
      const isSame = claims.sub === session.subject && claims.role === session.role;
      // A link of an operator must not keep the operator's own session alive, nor become one.
      if (!isSame || claims.scope !== session.scope) {
        session.refuse('forbidden', 'reauth');
        return session.close('forbidden');
      }
      session.expiresMs = claims.exp * 1000;
      if (session.driver && claims.driver) session.driver.claims = claims.driver;
      session.send({ t: 'reauthok', tokenExpiresMs: session.expiresMs });
    } catch (error) {
      this.sendAway(session, error);
    }
  }

  private async subscribe(session: Session, message: SubMessage): Promise<void> {
    const { id, since } = message;
    const { tracks } = this.options;
    const isNew = !session.subs?.has(id);
    if (isNew && ((session.subs?.size ?? 0) >= WIRE_LIMITS.subsMax || tracks.isFull)) {
      session.refuse('subs_full');
      return session.sendError('request.rate_limited', { of: 'sub', id });
    }
    try {
      const expiresMs = await this.linkEnd(session, message);
      if (expiresMs === null) return this.forbid(session, 'sub', id);
      if (session.mode !== 'live') return;
      await tracks.subscribe(session, id, { expiresMs, since });
    } catch (error) {
      const code = error instanceof WaggleError ? error.code : 'internal';
      session.refuse(code === 'auth.expired' ? 'token_expired' : 'token_invalid', code);
      session.sendError(code, { of: 'sub', id });
    }
  }

  /** Until when this session may watch this delivery (∞: as long as it lasts); null: not at all. */
  private async linkEnd(session: Session, { id, token }: SubMessage): Promise<number | null> {
    const asLongAsItLasts = Number.POSITIVE_INFINITY;
    // A link to the live page says whose it is, and may do nothing but VIEW.
    if (session.scope === 'view') return null;
    if (session.role === 'ops' && session.scope === 'access') return asLongAsItLasts;
    if (token === undefined) return session.delivery === id ? asLongAsItLasts : null;
    const claims = await this.options.verifyToken(token);
    return claims.scope === 'track' && claims.delivery === id ? claims.exp * 1000 : null;
  }

  private view(session: Session, message: ViewMessage): void {
    if (session.role !== 'ops' || session.scope === 'track') return this.forbid(session, 'view');
    this.options.views.watch(session, message.cells, message.nodes === true);
  }
}
