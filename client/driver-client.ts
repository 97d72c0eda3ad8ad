/** The client of a driver's app: plan, positions, actions. */
import type { DeliveryId, OfferId, StopId, VehicleId, ZoneId } from '../contracts/ids.ts';
import type { ContactWay } from '../contracts/problems.ts';
import type { DriverView } from '../contracts/push.ts';
import type { DeclineReason, Duty, EndCode, Fault } from '../contracts/states.ts';
import type {
  HelloMessage,
  LatLon,
  PlanMessage,
  ServerMessage,
  WelcomeMessage,
  WireDeed,
} from '../contracts/wire/messages.ts';
import { ActionQueue } from './action-queue.ts';
import { ConnectedClient } from './connected-client.ts';
import { Connection } from './connection.ts';
import { PointBuffer } from './point-buffer.ts';
import {
  type ActResult,
  ClientError,
  type DriverClient,
  type DriverOptions,
  type DriverStats,
  type Position,
} from './types.ts';

/** An action without an answer is sent again after this long. */
const ANSWER_MS = 5_000;
/** Wait before an action that was not taken in is sent again; grows, with jitter. */
const RETRY_MS = 300;
const RETRY_MS_MAX = 5_000;
/** Above this many unsent bytes a position waits for the next one. */
const BUFFERED_MAX = 16_384;

/** Makes a driver's client; `connect()` starts it. */
export function createDriverClient(options: DriverOptions): DriverClient {
  return new WaggleDriver(options);
}

class WaggleDriver extends ConnectedClient implements DriverClient {
  view: DriverView | null = null;
  zone: ZoneId | null = null;
  private readonly options: DriverOptions;
  protected readonly connection: Connection;
  private readonly actions: ActionQueue;
  private readonly points = new PointBuffer();
  /** The zone's word on this connection has come, so numbers are right. */
  private isPlaced = false;
  private isInFlight = false;
  private retries = 0;
  private actTimer: unknown = null;
  private locTimer: unknown = null;
  private minLocMs = 0;
  private locSentMs = 0;

  constructor(options: DriverOptions) {
    super();
    this.options = options;
    this.actions = new ActionQueue(options.storage);
    this.connection = new Connection(options, {
      hello: () => this.hello(),
      onWelcome: (welcome) => this.welcomed(welcome),
      onMessage: (message) => this.receive(message),
      onBinary: () => {},
      onDown: () => this.down(),
      onEnd: (error) => this.ended(error),
    });
  }

  get stats(): DriverStats {
    const { reported, sent, dropped, backlog } = this.points;
    const { reconnects } = this.connection;
    return { reported, sent, dropped, backlog, actionsWaiting: this.actions.size, reconnects };
  }

  report(position: Position): void {
    const { isLive, clock } = this.connection;
    this.points.add(position, clock.nowMs(), isLive);
    if (isLive) this.sendLive();
  }

  goOnDuty({ vehicle, at }: { vehicle: VehicleId; at: LatLon }): Promise<ActResult> {
    return this.act({ kind: 'duty', duty: 'available', vehicle, at });
  }

  setDuty(duty: Exclude<Duty, 'available'>): Promise<ActResult> {
    return this.act({ kind: 'duty', duty });
  }

  accept(offer: OfferId): Promise<ActResult> {
    return this.act({ kind: 'accept', offer });
  }

  decline(offer: OfferId, reason: DeclineReason): Promise<ActResult> {
    return this.act({ kind: 'decline', offer, reason });
  }

  arrived(delivery: DeliveryId, stop?: StopId): Promise<ActResult> {
    return this.act({ kind: 'arrived', delivery, ...(stop === undefined ? {} : { stop }) });
  }

  pickedUp(delivery: DeliveryId): Promise<ActResult> {
    return this.act({ kind: 'picked_up', delivery });
  }

  delivered(delivery: DeliveryId): Promise<ActResult> {
    return this.act({ kind: 'delivered', delivery });
  }

  undeliverable(delivery: DeliveryId, code: EndCode, fault: Fault): Promise<ActResult> {
    return this.act({ kind: 'undeliverable', delivery, code, fault });
  }

  unreachable(delivery: DeliveryId, tried?: ContactWay): Promise<ActResult> {
    return this.act({
      ...{ kind: 'unreachable', delivery },
      ...(tried === undefined ? {} : { tried }),
    });
  }

  returned(delivery: DeliveryId): Promise<ActResult> {
    return this.act({ kind: 'returned', delivery });
  }

  giveBack(delivery: DeliveryId, reason: string): Promise<ActResult> {
    return this.act({ kind: 'give_back', delivery, reason });
  }

  private act(deed: WireDeed): Promise<ActResult> {
    if (this.state === 'closed') return Promise.reject(new ClientError('closed'));
    const result = this.actions.add(deed, this.connection.clock.nowMs(), this.view?.planVersion);
    this.pump();
    return result;
  }

  private hello(): Partial<HelloMessage> {
    return { holds: heldIn(this.view), lastAction: this.actions.lastAction };
  }

  private welcomed(welcome: WelcomeMessage): void {
    this.minLocMs = welcome.minLocMs;
    this.isInFlight = false;
    this.isPlaced = welcome.zone === null;
    if (welcome.zone === null) this.showView(null);
    // Live point first; the history follows while nothing else waits.
    if (this.points.hasLatest) this.sendLive();
    this.upload();
    this.pump();
  }

  private down(): void {
    this.isPlaced = false;
    this.isInFlight = false;
    this.points.restart();
    this.clearTimer('actTimer');
    this.clearTimer('locTimer');
  }

  private ended(error: ClientError): void {
    this.clearTimer('actTimer');
    this.clearTimer('locTimer');
    // Told to stop: what waits is kept for the next connect().
    if (error.code === 'closed') this.actions.rejectAll(error);
  }

  private receive(message: ServerMessage): void {
    switch (message.t) {
      case 'plan':
        return this.planned(message);
      case 'locack':
        this.minLocMs = message.minLocMs;
        this.points.confirmed(message.backlog);
        return this.upload();
      case 'actack': {
        const nowMs = this.connection.clock.nowMs();
        const outcome = this.actions.answered(message, this.zone, nowMs);
        if (outcome === 'retry') return this.retryLater();
        if (outcome === 'done') this.progress();
        return;
      }
      case 'invalid':
        if (message.of !== 'act' || message.action === undefined) return;
        this.rejected(message.action, 'request.invalid', fieldsText(message.fields));
        return;
      case 'err':
        if (message.action === undefined) return;
        if (message.retryable) return this.retryLater();
        return this.rejected(message.action, message.code, message.detail);
      default:
        return;
    }
  }

  private rejected(action: number, code: ClientError['code'], detail: string): void {
    if (this.actions.rejected(action, code, detail)) this.progress();
  }

  private planned({ view, epoch, seq }: PlanMessage): void {
    this.isPlaced = true;
    if (view) {
      const { view: before } = this;
      this.actions.seen(view, { epoch, seq }, this.connection.clock.nowMs());
      const isSamePlace = before?.zone === view.zone && before.tenancy === view.tenancy;
      if (!isSamePlace || view.version > before.version) this.showView(view);
      this.connection.send(JSON.stringify({ t: 'ack', view: view.version }));
    } else this.showView(null);
    this.pump();
  }

  private showView(view: DriverView | null): void {
    if (view === null && this.view === null) return;
    this.view = view;
    this.zone = view?.zone ?? null;
    this.options.onView?.(view);
  }

  /** Sends the action whose turn it is. One is on its way at a time: that keeps their order. */
  private pump(): void {
    if (!this.isPlaced || this.isInFlight || !this.connection.isLive) return;
    const message = this.actions.next();
    if (!message) return;
    this.isInFlight = this.connection.send(JSON.stringify(message));
    this.planAct(ANSWER_MS);
  }

  private progress(): void {
    this.retries = 0;
    this.isInFlight = false;
    this.clearTimer('actTimer');
    this.pump();
  }

  private retryLater(): void {
    const most = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** this.retries);
    this.retries = Math.min(this.retries + 1, 10);
    this.isInFlight = true;
    this.planAct(most / 2 + (this.connection.random() * most) / 2);
  }

  private planAct(delayMs: number): void {
    this.clearTimer('actTimer');
    this.actTimer = this.connection.clock.setTimer(() => {
      this.actTimer = null;
      this.isInFlight = false;
      this.pump();
    }, delayMs);
  }

  /** Sends the newest point, unless the last frame was a moment ago or the line is full. */
  private sendLive(): void {
    const { clock, welcome, bufferedAmount } = this.connection;
    if (!welcome || this.locTimer !== null) return;
    const nowMs = clock.nowMs();
    const waitMs = this.locSentMs + this.minLocMs - nowMs;
    if (waitMs > 0 || bufferedAmount > BUFFERED_MAX) {
      this.locTimer = clock.setTimer(
        () => {
          this.locTimer = null;
          if (this.connection.isLive) this.sendLive();
        },
        Math.max(waitMs, this.minLocMs),
      );
      return;
    }
    const frame = this.points.takeLive(welcome.session, nowMs);
    if (!frame) return;
    this.locSentMs = nowMs;
    this.connection.send(frame);
  }

  private upload(): void {
    const { welcome, clock, isLive } = this.connection;
    if (!welcome || !isLive) return;
    const frame = this.points.nextChunk(welcome.session, clock.nowMs());
    if (frame) this.connection.send(frame);
  }

  private clearTimer(name: 'actTimer' | 'locTimer'): void {
    if (this[name] !== null) this.connection.clock.clearTimer(this[name]);
    this[name] = null;
  }
}

/** Deliveries in hand: those with a hand-over or a return to come and no pickup any more. */
function heldIn(view: DriverView | null): DeliveryId[] {
  const stops = view?.stops ?? [];
  const toPickUp = new Set(stops.flatMap((s) => (s.kind === 'pickup' ? [s.delivery] : [])));
  return [...new Set(stops.map((s) => s.delivery))].filter((id) => !toPickUp.has(id));
}

function fieldsText(fields: readonly { field: string; expected: string }[]): string {
  return fields.map(({ field, expected }) => `${field}: expected ${expected}`).join('; ');
}
