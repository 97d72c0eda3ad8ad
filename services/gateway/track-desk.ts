/**
 * Customers watching deliveries. One channel of the door per delivery however many watch; one
 * latest-value slot per subscription; many updates in one frame. It owns what a watcher may see: the
 * driver only while it works on this delivery, and never a position older than the one before.
 */
import type { DeliveryId } from '../../contracts/ids.ts';
import type { LogPosition, TrackMessage } from '../../contracts/push.ts';
import type { DeliveryState } from '../../contracts/states.ts';
import type { TrackPosition, TrackStatus } from '../../contracts/wire/messages.ts';
import {
  POS_HEADER_BYTES,
  POS_RECORD_BYTES,
  POS_UPDATES_MAX,
  writePosHeader,
  writePosRecord,
} from '../../contracts/wire/pos-frame.ts';
import type { Door, Unsubscribe } from '../../dispatch/redis/door.ts';
import { CHANNELS_MAX, POS_INTERVAL_MS } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Session } from './session.ts';

/** States in which a customer sees the driver. */
const SHOWN: ReadonlySet<DeliveryState> = new Set([
  'assigned',
  'at_pickup',
  'picked_up',
  'at_dropoff',
]);

interface Channel {
  readonly delivery: DeliveryId;
  /** Stands for the delivery in position frames; unique in this gateway. */
  readonly ref: number;
  readonly watchers: Set<Subscription>;
  /** Resolves when the snapshot is in. */
  readonly ready: Promise<void>;
  unsubscribe: Promise<Unsubscribe>;
  status: TrackStatus | null;
  position: TrackPosition | null;
}

export interface Subscription {
  readonly session: Session;
  readonly channel: Channel;
  /** Host ms UTC at which the link ends. */
  expiresMs: number;
  /** SUBOK has been sent; nothing goes before it. */
  isOpen: boolean;
  hasStatus: boolean;
  hasPosition: boolean;
}

export interface TrackDeskOptions {
  readonly door: Door;
  readonly metrics: GatewayMetrics;
  readonly warn: (fields: object, text: string) => void;
}

export class TrackDesk {
  private readonly options: TrackDeskOptions;
  private readonly channels = new Map<DeliveryId, Channel>();
  private dirty: Session[] = [];
  private nextRef = 1;
  private readonly frame = new Uint8Array(POS_HEADER_BYTES + POS_UPDATES_MAX * POS_RECORD_BYTES);
  private readonly view = new DataView(this.frame.buffer);

  constructor(options: TrackDeskOptions) {
    this.options = options;
  }

  get channelCount(): number {
    return this.channels.size;
  }

  get isFull(): boolean {
    return this.channels.size >= CHANNELS_MAX;
  }

  /** Begins to show a delivery to a session, with a snapshot first. Throws when the door fails. */
  async subscribe(
    session: Session,
    id: DeliveryId,
    options: { readonly expiresMs: number; readonly since?: LogPosition | undefined },
  ): Promise<void> {
    session.subs ??= new Map();
    let sub = session.subs.get(id);
    if (!sub) {
      const channel = this.channels.get(id) ?? this.openChannel(id);
      sub = {
        session,
        channel,
        expiresMs: options.expiresMs,
        isOpen: false,
        hasStatus: false,
        hasPosition: false,
      };
      session.subs.set(id, sub);
      channel.watchers.add(sub);
    }
    sub.expiresMs = options.expiresMs;
    const { channel } = sub;
    try {
      await channel.ready;
    } catch (error) {
      this.unsubscribe(session, id);
      throw error;
    }
    if (session.subs.get(id) !== sub || session.mode !== 'live') return;
    const { status, position, ref } = channel;
    const { since } = options;
    sub.isOpen = true;
    sub.hasStatus = false;
    sub.hasPosition = false;
    session.send({
      t: 'subok',
      channel: 'delivery',
      id,
      ref,
      status,
      position: isShown(status) ? position : null,
      recovered: since !== undefined && status?.epoch === since.epoch && status.seq === since.seq,
    });
  }

  unsubscribe(session: Session, id: DeliveryId): void {
    const sub = session.subs?.get(id);
    if (!sub) return;
    session.subs?.delete(id);
    this.leave(sub);
  }

  /** The session has ended. */
  close(session: Session): void {
    for (const sub of session.subs?.values() ?? []) this.leave(sub);
    session.subs = null;
  }

  /** Links that have run out are no longer followed. */
  expire(session: Session, nowMs: number): void {
    for (const [id, sub] of session.subs ?? []) {
      if (sub.expiresMs > nowMs) continue;
      this.unsubscribe(session, id);
      session.refuse('token_expired', 'tracking link');
      session.sendError('auth.expired', { of: 'sub', id });
    }
  }

  /** Sends every socket what gathered in its slots, as far as it takes it. */
  flush(nowMs: number): void {
    if (this.dirty.length === 0) return;
    const sessions = this.dirty;
    this.dirty = [];
    for (const session of sessions) {
      session.isDirty = false;
      if (session.mode !== 'live' || !session.subs) continue;
      if (nowMs - session.flushedMs < POS_INTERVAL_MS || !session.hasRoom()) {
        this.markDirty(session);
        continue;
      }
      session.flushedMs = nowMs;
      if (!this.flushSession(session)) this.markDirty(session);
    }
  }

  private flushSession(session: Session): boolean {
    let count = 0;
    for (const sub of session.subs?.values() ?? []) {
      const { channel } = sub;
      if (sub.hasStatus && channel.status) {
        if (!session.sendLatest(eventText(channel.status))) return false;
        this.options.metrics.flows.events += 1;
        sub.hasStatus = false;
      }
      if (!sub.hasPosition || !channel.position) continue;
      sub.hasPosition = false;
      if (!isShown(channel.status)) continue;
      const { ref, position } = channel;
      const at = POS_HEADER_BYTES + count * POS_RECORD_BYTES;
      writePosRecord(this.view, at, { ref, ...posOf(position) });
      count += 1;
    }
    if (count === 0) return true;
    writePosHeader(this.view, count);
    const bytes = this.frame.subarray(0, POS_HEADER_BYTES + count * POS_RECORD_BYTES);
    const { flows } = this.options.metrics;
    if (session.sendLatest(bytes)) {
      flows.pos_frames += 1;
      flows.pos_updates += count;
    } else flows.latest_overwritten += count;
    return true;
  }

  private openChannel(delivery: DeliveryId): Channel {
    const unsubscribe = this.options.door.watchTrack(delivery, (message) => {
      this.take(delivery, message);
    });
    const channel: Channel = {
      delivery,
      ref: this.nextRef,
      watchers: new Set(),
      ready: unsubscribe.then(() => this.loadSnapshot(delivery)),
      unsubscribe,
      status: null,
      position: null,
    };
    this.nextRef = (this.nextRef + 1) >>> 0 || 1;
    this.channels.set(delivery, channel);
    // Whoever subscribed hears of a failure by its own await.
    channel.ready.catch(() => this.channels.delete(delivery));
    return channel;
  }

  /** The channel is watched before the snapshot is read, so that nothing falls in between. */
  private async loadSnapshot(delivery: DeliveryId): Promise<void> {
    const { status, position } = await this.options.door.lastTrack(delivery);
    if (status) this.take(delivery, status);
    if (position) this.take(delivery, position);
  }

  private take(delivery: DeliveryId, message: TrackMessage): void {
    const channel = this.channels.get(delivery);
    if (!channel) return;
    if (message.t === 'status') {
      if (channel.status && !isNewer(message, channel.status)) return;
      channel.status = message;
      for (const sub of channel.watchers) {
        if (!sub.isOpen) continue;
        sub.hasStatus = true;
        this.sendStatus(sub, message);
      }
      return;
    }
    if (channel.position && message.fixMs <= channel.position.fixMs) return;
    channel.position = message;
    for (const sub of channel.watchers) {
      if (!sub.isOpen) continue;
      if (sub.hasPosition) this.options.metrics.flows.latest_overwritten += 1;
      sub.hasPosition = true;
      this.markDirty(sub.session);
    }
  }

  /** States are rare and awaited: they go at once where the socket takes them. */
  private sendStatus(sub: Subscription, status: TrackStatus): void {
    const isSent = sub.session.sendLatest(eventText(status));
    if (!isSent) return this.markDirty(sub.session);
    this.options.metrics.flows.events += 1;
    sub.hasStatus = false;
  }

  private markDirty(session: Session): void {
    if (session.isDirty) return;
    session.isDirty = true;
    this.dirty.push(session);
  }

  private leave(sub: Subscription): void {
    const { channel } = sub;
    sub.isOpen = false;
    channel.watchers.delete(sub);
    if (channel.watchers.size > 0 || this.channels.get(channel.delivery) !== channel) return;
    this.channels.delete(channel.delivery);
    channel.unsubscribe
      .then((stop) => stop())
      .catch((error: unknown) => this.options.warn({ err: error }, 'unsubscribing failed'));
  }
}

function isShown(status: TrackStatus | null): boolean {
  return status === null || SHOWN.has(status.state);
}

function isNewer(a: LogPosition, b: LogPosition): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);
}

function posOf(position: TrackPosition) {
  const { latE7, lonE7, heading, fixMs, etaMs, etaFromMs, etaToMs } = position;
  const isRange = etaFromMs !== undefined && etaToMs !== undefined;
  const range = isRange ? { etaFromMs, etaToMs } : {};
  return { latE7, lonE7, heading, fixMs, etaMs, ...range };
}

function eventText(status: TrackStatus): string {
  return JSON.stringify({ t: 'ev', status });
}
