/**
 * Joins drivers and zones: presence, actions and their answers, views. It owns which session of a
 * driver counts here and in which order actions leave; it never answers an action itself while a
 * zone may know the driver, and it decides nothing about deliveries.
 */
import type { DriverCommand } from '../../contracts/commands.ts';
import { type ErrorCode, WaggleError } from '../../contracts/errors.ts';
import type { DriverId, ZoneId } from '../../contracts/ids.ts';
import type { GatewayPush } from '../../contracts/push.ts';
import type { ActMessage } from '../../contracts/wire/messages.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import { deedOf } from './deed.ts';
import type { DriverLink, WaitingAction } from './driver-link.ts';
import { HTTP_LINK_MS, REASSERT_BATCH, WAITING_ACTIONS_MAX } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import { ZoneSeeker } from './zone-seeker.ts';

type Push<T extends GatewayPush['t']> = Extract<GatewayPush, { t: T }>;

export interface DriverDeskOptions {
  readonly door: Door;
  readonly gateway: string;
  readonly metrics: GatewayMetrics;
  readonly warn: (fields: object, text: string) => void;
  /** Called when slot and zone of a driver became known or changed. */
  readonly onPlaced: (link: DriverLink) => void;
}

export class DriverDesk {
  /** Drivers known over HTTP only. */
  httpLinks = 0;
  private readonly options: DriverDeskOptions;
  private readonly links = new Map<DriverId, DriverLink>();
  private readonly seeker: ZoneSeeker;
  /** Links whose zone must be told of their session. */
  private readonly untold = new Set<DriverLink>();

  constructor(options: DriverDeskOptions) {
    this.options = options;
    this.seeker = new ZoneSeeker({
      door: options.door,
      onFound: (link, zone) => this.settleIn(link, zone),
      onProblem: (link, error) => this.report(link, error),
    });
  }

  find(driver: DriverId): DriverLink | undefined {
    return this.links.get(driver);
  }

  /** Takes a driver in; an older session of the same driver here is sent away. */
  open(link: DriverLink, zone: ZoneId | null): void {
    const before = this.links.get(link.driver);
    if (before && before.session > link.session) {
      link.socket?.close('superseded');
      return;
    }
    if (before) this.forget(before, 'superseded');
    this.links.set(link.driver, link);
    if (link.socket === null) this.httpLinks += 1;
    link.zone = zone;
    if (zone !== null) this.tellPresence(link);
  }

  /** The socket has closed. */
  close(link: DriverLink): void {
    if (this.links.get(link.driver) !== link) return;
    this.forget(link, null);
    this.tellAbsence(link);
  }

  /** A driver acts. Answers go to its socket and to whoever waits in `link.waiters`. */
  act(link: DriverLink, message: ActMessage, nowMs: number): void {
    const { action } = message;
    this.options.metrics.flows.actions += 1;
    let entry = link.waiting.find((each) => each.action === action);
    if (!entry) {
      if (link.waiting.length >= WAITING_ACTIONS_MAX) {
        return this.fail(link, action, new WaggleError('request.rate_limited'));
      }
      try {
        const deed = deedOf(message.deed, link.claims);
        const { offsetMs } = link.fix;
        const host = message.deviceMs + (Number.isNaN(offsetMs) ? 0 : offsetMs);
        // A clock nobody measured says nothing; and nobody acts in the future.
        const isMeasured = !Number.isNaN(offsetMs) && Number.isFinite(host);
        entry = { action, deed, deviceHostMs: isMeasured ? Math.min(host, nowMs) : nowMs };
      } catch (error) {
        return this.fail(link, action, error);
      }
      link.waiting.push(entry);
    }
    if (!link.isSeeking) this.forward(link, entry);
  }

  /** The app has shown a view. */
  seen(link: DriverLink, view: number): void {
    if (link.zone === null) return;
    const command: DriverCommand = { type: 'driver.seen', driver: link.driver, view };
    this.append(link.zone, command).catch((error: unknown) => this.report(link, error));
  }

  strayed(link: DriverLink, to: ZoneId): void {
    if (link.zone === null) return;
    this.options.metrics.flows.stray_reports += 1;
    const command: DriverCommand = { type: 'driver.strayed', driver: link.driver, to };
    this.append(link.zone, command).catch((error: unknown) => this.report(link, error));
  }

  take(push: GatewayPush): void {
    const driver = push.t === 'view' ? push.view.driver : push.driver;
    const link = this.links.get(driver);
    // What is for another session of the driver, or a socket that is gone, resyncs by itself.
    if (!link || link.session !== push.session) return;
    switch (push.t) {
      case 'view':
        return this.takeView(link, push);
      case 'ack':
        return this.takeAck(link, push);
      case 'elsewhere':
        return this.seek(link);
      case 'superseded':
        return this.forget(link, 'superseded');
    }
  }

  /** Pushes were lost: every zone is told again who is here, and answers with a view. */
  reassertAll(): void {
    for (const link of this.links.values()) {
      if (link.zone === null) continue;
      link.needsPresence = true;
      this.untold.add(link);
    }
  }

  /** Carries on what waits for its time. */
  tick(nowMs: number): void {
    this.seeker.tick(nowMs);
    let left = REASSERT_BATCH;
    for (const link of this.untold) {
      if (left-- === 0) break;
      this.untold.delete(link);
      if (link.needsPresence && this.links.get(link.driver) === link) this.tellPresence(link);
    }
  }

  /** Once a second: drivers known by HTTP only are forgotten after a while. */
  sweep(nowMs: number): void {
    for (const link of this.links.values()) {
      if (link.socket === null && nowMs - link.seenMs > HTTP_LINK_MS) this.close(link);
      else if (link.needsPresence) this.untold.add(link);
    }
  }

  private forget(link: DriverLink, close: 'superseded' | null): void {
    if (this.links.get(link.driver) !== link) return;
    this.links.delete(link.driver);
    this.seeker.stop(link);
    if (link.socket === null) this.httpLinks -= 1;
    this.untold.delete(link);
    const error = new WaggleError('service.unavailable', 'the connection ended');
    for (const action of [...(link.waiters?.keys() ?? [])]) {
      link.settle(action, { kind: 'failed', error });
    }
    if (close) link.socket?.close(close);
  }

  private presence(link: DriverLink) {
    return { gateway: this.options.gateway, session: link.session };
  }

  private tellPresence(link: DriverLink): void {
    const { zone, holds, driver } = link;
    if (zone === null || link.isTelling) return;
    link.isTelling = true;
    link.needsPresence = true;
    const presence = this.presence(link);
    this.append(zone, { type: 'driver.connected', driver, presence, holds })
      .then((outcome) => {
        if (outcome === 'ok') link.needsPresence = false;
      })
      .catch((error: unknown) => this.report(link, error))
      .finally(() => {
        link.isTelling = false;
      });
  }

  private tellAbsence(link: DriverLink): void {
    if (link.zone === null) return;
    const presence = this.presence(link);
    this.append(link.zone, { type: 'driver.disconnected', driver: link.driver, presence }).catch(
      // Lost: the zone notices the silence.
      (error: unknown) => this.report(link, error),
    );
  }

  private forward(link: DriverLink, entry: WaitingAction): void {
    const zone = link.zone ?? this.zoneFor(link, entry);
    if (zone === null) return;
    link.zone = zone;
    const { clock } = this.options.door;
    this.append(zone, {
      type: 'driver.acted',
      driver: link.driver,
      action: entry.action,
      deed: entry.deed,
      atMs: Math.round(clock.zoneMsAt(entry.deviceHostMs)),
      presence: this.presence(link),
    })
      .then((outcome) => {
        if (outcome === 'full') this.fail(link, entry.action, new WaggleError('shard.overloaded'));
      })
      .catch((error: unknown) => this.fail(link, entry.action, error));
  }

  /** No zone holds the driver: going on duty asks the map, nothing else can have an effect. */
  private zoneFor(link: DriverLink, entry: WaitingAction): ZoneId | null {
    const { deed, action } = entry;
    if (deed.kind === 'duty' && deed.duty === 'available' && deed.profile) {
      const { at } = deed;
      const zone = at ? this.options.door.zoneAt(at.latE7 / 1e7, at.lonE7 / 1e7) : undefined;
      if (!zone) this.fail(link, action, new WaggleError('zone.none_here'));
      return zone?.id ?? null;
    }
    const refused = deed.kind === 'duty' ? ('profile_missing' as const) : ('not_on_duty' as const);
    const { epoch, seq } = link.position;
    const isOff = deed.kind === 'duty' && deed.duty === 'off';
    this.answer(link, {
      t: 'ack',
      driver: link.driver,
      session: link.session,
      action,
      deed: deed.kind,
      epoch,
      seq,
      ...(isOff ? {} : { refused }),
    });
    return null;
  }

  private takeView(link: DriverLink, push: Push<'view'>): void {
    const { view, epoch, seq } = push;
    const isSamePlace = link.zone === view.zone && link.tenancy === view.tenancy;
    if (isSamePlace && view.version < link.viewVersion) return;
    this.options.metrics.flows.views += 1;
    link.viewVersion = view.version;
    link.position = { epoch, seq };
    link.lastAction = view.lastAction;
    link.hasWork = view.stops.length > 0;
    this.seeker.stop(link);
    link.zone = view.zone;
    if (!isSamePlace || link.slot !== view.slot) {
      link.slot = view.slot;
      link.tenancy = view.tenancy;
      this.options.onPlaced(link);
    }
    link.socket?.send({ t: 'plan', epoch, seq, view });
  }

  private takeAck(link: DriverLink, push: Push<'ack'>): void {
    if (push.refused === undefined || !NOT_TAKEN_IN.has(push.refused)) {
      link.lastAction = Math.max(link.lastAction, push.action);
    }
    this.answer(link, push);
  }

  private answer(link: DriverLink, push: Push<'ack'>): void {
    const { action, deed, refused, epoch, seq } = push;
    this.options.metrics.flows.action_answers += 1;
    link.waiting = link.waiting.filter((each) => each.action !== action);
    const why = refused === undefined ? {} : { refused };
    link.socket?.send({ t: 'actack', epoch, seq, action, deed, ...why });
    link.settle(action, { kind: 'answered', deed, ...why });
  }

  private fail(link: DriverLink, action: number, error: unknown): void {
    link.waiting = link.waiting.filter((each) => each.action !== action);
    const known = error instanceof WaggleError ? error : new WaggleError('internal');
    const { code } = known;
    const reason = REFUSED_AS[code] ?? 'invalid';
    const { socket } = link;
    if (socket) socket.refuse(reason, code);
    else this.options.metrics.refusals[reason] += 1;
    if (code === 'internal') this.report(link, error);
    if (code === 'request.invalid') {
      socket?.send({ t: 'invalid', of: 'act', action, fields: known.fields });
    } else socket?.sendError(code, { of: 'act', action });
    link.settle(action, { kind: 'failed', error: known });
  }

  private seek(link: DriverLink): void {
    if (!link.isSeeking) this.options.metrics.flows.relocations += 1;
    this.seeker.start(link);
  }

  private settleIn(link: DriverLink, zone: ZoneId | null): void {
    if (this.links.get(link.driver) !== link) return;
    link.zone = zone;
    link.slot = -1;
    link.viewVersion = -1;
    if (zone !== null) this.tellPresence(link);
    else link.socket?.send({ t: 'plan', ...link.position, view: null });
    for (const entry of [...link.waiting]) this.forward(link, entry);
  }

  private append(zone: ZoneId, command: DriverCommand) {
    return this.options.door.append({ zone, command });
  }

  private report(link: DriverLink, error: unknown): void {
    this.options.metrics.refusals.unavailable += 1;
    this.options.warn({ driver: link.driver, session: link.session, err: error }, 'zone not told');
  }
}

/** Answers after which the action's number is still free. */
const NOT_TAKEN_IN: ReadonlySet<string> = new Set(['number_gap', 'driver_leaving']);

const REFUSED_AS: Partial<Record<ErrorCode, 'mailbox_full' | 'forbidden' | 'unavailable'>> = {
  'shard.overloaded': 'mailbox_full',
  'driver.not_approved': 'forbidden',
  'service.unavailable': 'unavailable',
};
