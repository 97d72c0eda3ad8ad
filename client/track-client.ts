/** The client of a customer who watches deliveries by signed links. */
import type { ErrorCode } from '../contracts/errors.ts';
import type { DeliveryId } from '../contracts/ids.ts';
import type {
  ServerMessage,
  SubMessage,
  SubOkMessage,
  TrackStatus,
} from '../contracts/wire/messages.ts';
import { decodePos } from '../contracts/wire/pos-frame.ts';
import { ConnectedClient } from './connected-client.ts';
import { Connection } from './connection.ts';
import type {
  ConnectionOptions,
  TrackClient,
  TrackHandlers,
  Tracking,
  TrackPosition,
} from './types.ts';

/** Wait before a subscription that failed for a passing reason is asked for again. */
const RETRY_MS = 2_000;

/** Makes a client; `connect()` starts it. */
export function createTrackClient(options: ConnectionOptions): TrackClient {
  return new WaggleTracker(options);
}

class Watched implements Tracking {
  status: TrackStatus | null = null;
  position: TrackPosition | null = null;
  readonly delivery: DeliveryId;
  readonly token: string | null;
  readonly handlers: TrackHandlers;
  private readonly onStop: (watched: Watched) => void;

  constructor(
    delivery: DeliveryId,
    token: string | null,
    handlers: TrackHandlers,
    onStop: (watched: Watched) => void,
  ) {
    this.delivery = delivery;
    this.token = token;
    this.handlers = handlers;
    this.onStop = onStop;
  }

  stop(): void {
    this.onStop(this);
  }

  takeStatus(status: TrackStatus): void {
    const before = this.status;
    if (before && before.epoch > status.epoch) return;
    if (before && before.epoch === status.epoch && before.seq >= status.seq) return;
    this.status = status;
    this.handlers.onStatus?.(status);
  }

  takePosition(position: TrackPosition): void {
    if (this.position && this.position.fixMs >= position.fixMs) return;
    this.position = position;
    this.handlers.onPosition?.(position);
  }
}

class WaggleTracker extends ConnectedClient implements TrackClient {
  protected readonly connection: Connection;
  private readonly watched = new Map<DeliveryId, Watched>();
  private readonly refs = new Map<number, DeliveryId>();
  private readonly timers = new Set<unknown>();

  constructor(options: ConnectionOptions) {
    super();
    this.connection = new Connection(options, {
      hello: () => ({}),
      onWelcome: () => {
        this.refs.clear();
        for (const each of this.watched.values()) this.subscribe(each);
      },
      onMessage: (message) => this.receive(message),
      onBinary: (bytes) => this.receivePositions(bytes),
      onDown: () => this.clearTimers(),
      onEnd: () => this.clearTimers(),
    });
  }

  track(delivery: DeliveryId, token: string | null, handlers: TrackHandlers): Tracking {
    const watched = new Watched(delivery, token, handlers, (which) => this.stop(which));
    this.watched.set(delivery, watched);
    this.subscribe(watched);
    return watched;
  }

  private stop(watched: Watched): void {
    if (this.watched.get(watched.delivery) !== watched) return;
    this.watched.delete(watched.delivery);
    this.connection.send(JSON.stringify({ t: 'unsub', channel: 'delivery', id: watched.delivery }));
  }

  private subscribe({ delivery, token, status }: Watched): void {
    const message: SubMessage = {
      t: 'sub',
      channel: 'delivery',
      id: delivery,
      ...(token === null ? {} : { token }),
      ...(status ? { since: { epoch: status.epoch, seq: status.seq } } : {}),
    };
    this.connection.send(JSON.stringify(message));
  }

  private receive(message: ServerMessage): void {
    if (message.t === 'subok') return this.subscribed(message);
    if (message.t === 'ev') {
      this.watched.get(message.status.delivery)?.takeStatus(message.status);
      return;
    }
    if (message.t === 'invalid' && message.of === 'sub' && message.id !== undefined) {
      return this.refused(message.id, 'request.invalid', 'the subscription is not valid');
    }
    if (message.t !== 'err' || message.of !== 'sub' || message.id === undefined) return;
    if (!message.retryable) return this.refused(message.id, message.code, message.detail);
    const watched = this.watched.get(message.id);
    if (!watched) return;
    const timer = this.connection.clock.setTimer(() => {
      this.timers.delete(timer);
      if (this.watched.get(watched.delivery) === watched) this.subscribe(watched);
    }, RETRY_MS);
    this.timers.add(timer);
  }

  private subscribed({ id, ref, status, position }: SubOkMessage): void {
    this.refs.set(ref, id);
    const watched = this.watched.get(id);
    if (!watched) return;
    if (status) watched.takeStatus(status);
    if (!position) return;
    const { t: _, epoch: __, seq: ___, ...taken } = position;
    watched.takePosition({ ...taken, delivery: id });
  }

  private refused(id: DeliveryId, code: ErrorCode, detail: string): void {
    const watched = this.watched.get(id);
    if (!watched) return;
    this.watched.delete(id);
    watched.handlers.onRefused?.(code, detail);
  }

  private receivePositions(bytes: Uint8Array): void {
    for (const { ref, ...position } of decodePos(bytes)) {
      const delivery = this.refs.get(ref);
      if (delivery === undefined) continue;
      this.watched.get(delivery)?.takePosition({ delivery, ...position });
    }
  }

  private clearTimers(): void {
    for (const timer of this.timers) this.connection.clock.clearTimer(timer);
    this.timers.clear();
  }
}
