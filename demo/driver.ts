/**
 * A simulated courier at its phone: goes on duty, reports where it is, answers offers like a person,
 * does what the plan says and tells the zone. Everything that was answered and everything that was
 * shown goes into the journal. It owns no timer: one wheel serves all couriers.
 *
 * starting (no duty yet) → working → leaving (last job) → done (off duty, socket closed).
 */
import type { DeliveryId, DriverId, OfferId } from '../contracts/ids.ts';
import type { DriverView } from '../contracts/push.ts';
import type { ZoneClock } from './clock.ts';
import { appDeed, Courier, type CourierDeed } from './courier.ts';
import type { AppDeed, DeedAnswer, DriverSocket, OpenDriverSocket } from './doors.ts';
import type { Journal } from './journal.ts';
import type { Hired } from './people.ts';
import type { RandomStream } from './random.ts';
import type { CourierManners, LatLon, ScenarioCourier } from './scenario.ts';
import type { Disarm, TimerWheel } from './timer-wheel.ts';

/** A deed that was refused while the plan still shows its stop is tried again, wall ms. */
const RETRY_MS = 2_000;
/** Idle phones report this rarely, wall ms: the zone must see that they live. */
const IDLE_REPORT_MS = 5_000;
/** Zone ms an idle courier stands before it drifts somewhere. */
const WANDER_AFTER_MS = 90_000;

export interface DriverWorld {
  readonly clock: ZoneClock;
  readonly wheel: TimerWheel;
  readonly journal: Journal;
  readonly manners: CourierManners;
  readonly open: OpenDriverSocket;
  /** When the food of a delivery is really ready, zone ms. */
  readonly readyMs: (delivery: DeliveryId) => number;
  /** Zone ms from arrival to somebody at the door of a delivery; Infinity: nobody comes. */
  readonly opensMs: (delivery: DeliveryId) => number;
  /** Where idle couriers drift to. */
  readonly haunts: readonly LatLon[];
  /** Wall ms between positions of a moving courier. */
  readonly reportMs: number;
  readonly counters: DriverCounters;
}

export interface DriverCounters {
  positionsSent: number;
  deedsRefused: number;
  connectionsLost: number;
  onDuty: number;
}

type Mode = 'starting' | 'working' | 'leaving' | 'done';

export class DriverApp {
  readonly driver: DriverId;
  private readonly world: DriverWorld;
  private readonly hired: Hired;
  private readonly body: Courier;
  private readonly random: RandomStream;
  private readonly socket: DriverSocket;
  private readonly ended: () => void;
  private mode: Mode = 'starting';
  private isOpen = false;
  private view: DriverView | null = null;
  private seenOffer: OfferId | null = null;
  /** The place it was last asked to wait at. */
  private waitsAt: string | null = null;
  private dutyAsked = false;
  private isCounted = false;
  private armed: Disarm | null = null;
  /** Resolves when the courier is off duty and its socket closed. */
  readonly done: Promise<void>;

  constructor(world: DriverWorld, hired: Hired, courier: ScenarioCourier, random: RandomStream) {
    this.world = world;
    this.hired = hired;
    this.driver = hired.driver;
    this.random = random;
    const { manners, readyMs, opensMs } = world;
    const { at, vehicle } = courier;
    this.body = new Courier({ at, vehicle, manners, readyMs, opensMs });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.ended = resolve;
    this.socket = world.open(() => hired.session.token(), {
      onOpen: () => this.opened(),
      onView: (view) => this.shown(view),
      onLost: () => this.lost(),
    });
    // A random first delay spreads the reports of all couriers over the second.
    this.world.wheel.after(random.next() * world.reportMs, () => this.reportAndRepeat());
  }

  get isWorking(): boolean {
    return this.mode === 'working' || this.mode === 'leaving';
  }

  /** The shift ends: nothing new, then off. */
  leave(): void {
    if (this.mode === 'done' || this.mode === 'leaving') return;
    const wasWorking = this.mode === 'working';
    this.mode = 'leaving';
    if (wasWorking) void this.askOff();
    else this.finish();
  }

  /** Ends at once, whatever is left: the run is over. */
  finish(): void {
    if (this.mode === 'done') return;
    this.countDuty(false);
    this.mode = 'done';
    this.armed?.();
    this.world.journal.connectionLost(this.driver, performance.now());
    this.socket.close();
    this.ended();
  }

  private opened(): void {
    this.isOpen = true;
    if (this.mode === 'done') return;
    if (this.mode === 'starting' && !this.dutyAsked) void this.goOnDuty();
    else this.report();
  }

  private lost(): void {
    this.isOpen = false;
    this.world.counters.connectionsLost++;
    this.world.journal.connectionLost(this.driver, performance.now());
  }

  private async goOnDuty(): Promise<void> {
    this.dutyAsked = true;
    const { at } = this.body.position(this.world.clock.zoneMs());
    const answer = await this.act({
      kind: 'duty',
      duty: 'available',
      vehicle: this.hired.vehicle,
      at,
    });
    if (this.mode !== 'starting') return;
    if (!answer || answer.refused !== null) {
      // Not yet possible (a zone is being taken over, an old plan is in the way): try again.
      this.world.wheel.after(RETRY_MS, () => void this.goOnDuty());
      return;
    }
    this.mode = 'working';
    this.countDuty(true);
    this.report();
  }

  /** Counts the courier among those on duty once, whatever it goes through. */
  private countDuty(onDuty: boolean): void {
    if (onDuty === this.isCounted) return;
    this.isCounted = onDuty;
    this.world.counters.onDuty += onDuty ? 1 : -1;
  }

  private async askOff(): Promise<void> {
    const idle = !this.view || this.view.stops.length === 0;
    const answer = await this.act({ kind: 'duty', duty: idle ? 'off' : 'last_job' });
    if (this.mode !== 'leaving') return;
    if (answer?.refused === null && idle) this.finish();
    else if (idle || answer?.refused !== null) {
      this.world.wheel.after(RETRY_MS, () => void this.askOff());
    }
    // Otherwise the view that shows the empty plan goes on (`shown`).
  }

  private shown(view: DriverView | null): void {
    if (this.mode === 'done') return;
    if (!view) {
      this.forgotten();
      return;
    }
    this.world.journal.viewShown(view, performance.now());
    const hadStops = (this.view?.stops.length ?? 0) > 0;
    this.view = view;
    this.body.waitsUntil(view.waits ?? []);
    this.body.plan(view.stops, this.world.clock.zoneMs());
    this.goWaiting(view.waitAt);
    if (view.offer && view.offer.id !== this.seenOffer) this.consider(view.offer.id);
    if (this.mode === 'leaving' && hadStops && view.stops.length === 0) void this.askOff();
    this.goOn();
  }

  /** Goes where the zone asks it to wait, once for each place. */
  private goWaiting(place: DriverView['waitAt']): void {
    const key = place === undefined ? null : `${place.latE7} ${place.lonE7}`;
    if (key === this.waitsAt) return;
    this.waitsAt = key;
    if (!place || this.mode !== 'working') return;
    this.body.waitAt({ lat: place.latE7 / 1e7, lon: place.lonE7 / 1e7 }, this.world.clock.zoneMs());
  }

  /** No zone holds the courier (any more): it works only after going on duty again. */
  private forgotten(): void {
    this.world.journal.connectionLost(this.driver, performance.now());
    const hadView = this.view !== null;
    this.view = null;
    this.body.plan([], this.world.clock.zoneMs());
    if (this.mode !== 'working' || !hadView) return;
    this.countDuty(false);
    this.mode = 'starting';
    void this.goOnDuty();
  }

  /** A person looks at the offer for a while, then takes it, leaves it, or forgets it. */
  private consider(offer: OfferId): void {
    this.seenOffer = offer;
    const { manners, wheel, clock } = this.world;
    if (this.random.chance(manners.ignorePerMille)) return;
    const declines = this.random.chance(manners.declinePerMille);
    const afterMs = this.random.int(manners.answerMsMin, manners.answerMsMax) / clock.speed;
    const answer = (): void => {
      if (this.view?.offer?.id !== offer || this.mode === 'done') return;
      void this.act(
        declines ? { kind: 'decline', offer, reason: 'too_far' } : { kind: 'accept', offer },
      );
    };
    if (afterMs < 1) answer();
    else wheel.after(afterMs, answer);
  }

  /** Does what is due, and arms the wheel for what comes next. */
  private goOn(): void {
    if (this.mode === 'done') return;
    this.armed?.();
    const { clock, wheel } = this.world;
    for (const deed of this.body.advance(clock.zoneMs())) void this.tell(deed);
    const { dueMs } = this.body;
    if (dueMs !== Number.POSITIVE_INFINITY) {
      this.armed = wheel.after(clock.wallMsUntil(dueMs), () => this.goOn());
    }
  }

  private async tell(deed: CourierDeed): Promise<void> {
    const answer = await this.act(appDeed(deed));
    const { kind, stop } = deed;
    if (answer?.refused === null || kind === 'arrived' || kind === 'unreachable') return;
    this.world.wheel.after(RETRY_MS, () => {
      this.body.forget(stop.id);
      this.goOn();
    });
  }

  /** Sends a deed and writes the answer down; null when the socket was closed before one came. */
  private async act(deed: AppDeed): Promise<DeedAnswer | null> {
    const { clock, journal, counters } = this.world;
    const atMs = clock.zoneMs();
    try {
      const answer = await this.socket.act(deed);
      if (answer.refused !== null) counters.deedsRefused++;
      const delivery = 'delivery' in deed ? deed.delivery : null;
      const offer = 'offer' in deed ? deed.offer : null;
      const { driver } = this;
      journal.deedAnswered(
        { driver, deed: deed.kind, delivery, offer, atMs, ...answer },
        performance.now(),
      );
      return answer;
    } catch {
      // Only a closed socket rejects; an action without an answer was never acknowledged.
      return null;
    }
  }

  private reportAndRepeat(): void {
    if (this.mode === 'done') return;
    this.report();
    if (this.world.manners.wanders) this.maybeWander();
    const delayMs = this.body.isMoving ? this.world.reportMs : IDLE_REPORT_MS;
    this.world.wheel.after(delayMs, () => this.reportAndRepeat());
  }

  private report(): void {
    if (!this.isOpen || !this.isWorking) return;
    const { clock, manners, counters } = this.world;
    const { at, heading } = this.body.position(clock.zoneMs());
    const speedMmps = this.body.isMoving ? manners.speedMmps[this.body.vehicle] : 0;
    counters.positionsSent++;
    this.socket.report(at, heading, Math.round(speedMmps / 10));
  }

  private maybeWander(): void {
    const { clock, haunts } = this.world;
    const perReport = (IDLE_REPORT_MS * clock.speed * 1000) / WANDER_AFTER_MS;
    if (this.mode !== 'working' || this.view?.offer || this.view?.waitAt) return;
    if (!this.body.isStanding) return;
    if (!this.random.chance(Math.min(500, perReport))) return;
    const to = haunts[this.random.int(0, haunts.length - 1)];
    if (to) this.body.wander(to, clock.zoneMs());
    this.goOn();
  }
}
