/**
 * A driver with a phone as the protocol wants it: numbers its deeds, re-sends the lowest unanswered
 * one, follows the newest view only, sometimes declines, sometimes just does not look.
 */
import type { DriverDeed, DriverProfile, Presence } from '../../contracts/commands.ts';
import type { Stop } from '../../contracts/events.ts';
import type { Place } from '../../contracts/geo.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import type { BatchPosition } from '../../contracts/position-batch.ts';
import type { DriverView, GatewayPush } from '../../contracts/push.ts';
import { DECLINE_REASONS } from '../../contracts/states.ts';
import type { Network } from './network.ts';
import { Random } from './random.ts';

const RESEND_MS = 2_000;
const POSITION_MS = 4_000;
const STOP_MS_MAX = 40_000;
const GIVE_UP_MS_MAX = 200_000;

export interface SimDriverDeps {
  readonly network: Network;
  readonly seed: number;
  readonly profile: DriverProfile;
  readonly zones: readonly ZoneId[];
  readonly homes: readonly Place[];
  /** Which zone the directory has for this driver. */
  readonly directory: () => ZoneId | undefined;
  readonly sendPosition: (zone: ZoneId, position: BatchPosition) => void;
  readonly nowMs: () => number;
}

interface Deed {
  readonly action: number;
  readonly deed: DriverDeed;
  readonly atMs: number;
}

export class SimDriver {
  view: DriverView | null = null;
  /** Deeds that the zone has answered, by number. */
  readonly answered = new Set<number>();
  private readonly deps: SimDriverDeps;
  private readonly random: Random;
  private readonly presence: Presence;
  private pending: Deed[] = [];
  private actions = 0;
  private looked = '';
  private busyWith = '';
  private place: Place;
  private duty = false;
  private newest = { epoch: 0, seq: 0 };

  constructor(deps: SimDriverDeps, index: number) {
    this.deps = deps;
    this.random = new Random(deps.seed, `driver-${index}`);
    this.presence = { gateway: 'sim', session: index + 1 };
    this.place = this.random.pick(deps.homes) as Place;
  }

  get unanswered(): number {
    return this.pending.length;
  }

  start(): void {
    const { network, profile } = this.deps;
    network.agenda.in(this.random.integer(0, 5_000), () => {
      this.duty = true;
      this.act({ kind: 'duty', duty: 'available', profile, at: this.place });
      this.resend();
      this.report();
      this.stray();
    });
  }

  /** What the gateway pushes. */
  receive(push: GatewayPush): void {
    if (push.t === 'ack') return this.acknowledged(push);
    if (push.t === 'elsewhere') return this.connect();
    if (push.t !== 'view') return;
    const { view } = push;
    const sameZone = this.view?.zone === view.zone && this.view.tenancy === view.tenancy;
    if (sameZone && view.version < (this.view?.version ?? 0)) return;
    // Across zones only the epoch and the directory tell which stay is the later one.
    if (!sameZone && push.epoch < this.newest.epoch && this.zone() !== view.zone) return;
    this.newest = { epoch: push.epoch, seq: push.seq };
    this.view = view;
    this.pending = this.pending.filter((deed) => deed.action > view.lastAction);
    this.send({ type: 'driver.seen', driver: this.deps.profile.driver, view: view.version });
    this.look(view);
  }

  private zone(): ZoneId {
    return this.deps.directory() ?? (this.deps.zones[0] as ZoneId);
  }

  private send(command: Parameters<Network['send']>[0]['command']): void {
    this.deps.network.send({ zone: this.zone(), command });
  }

  private connect(): void {
    const { driver } = this.deps.profile;
    this.send({ type: 'driver.connected', driver, presence: this.presence });
  }

  private act(deed: DriverDeed): void {
    const atMs = this.deps.nowMs();
    this.pending.push({ action: ++this.actions, deed, atMs });
    this.sendLowest();
  }

  private sendLowest(): void {
    const [deed] = this.pending;
    if (!deed) return;
    const { driver } = this.deps.profile;
    this.send({ type: 'driver.acted', driver, ...deed, presence: this.presence });
  }

  private resend(): void {
    this.deps.network.agenda.in(RESEND_MS, () => {
      this.sendLowest();
      if (this.pending.length > 0 && this.random.chance(0.2)) this.connect();
      this.resend();
    });
  }

  private acknowledged(push: Extract<GatewayPush, { t: 'ack' }>): void {
    const again = push.refused === 'driver_leaving' || push.refused === 'number_gap';
    if (again) return;
    this.answered.add(push.action);
    this.pending = this.pending.filter((deed) => deed.action !== push.action);
    this.sendLowest();
  }

  private look(view: DriverView): void {
    const { network } = this.deps;
    const { offer, stops } = view;
    if (offer && offer.id !== this.looked) {
      this.looked = offer.id;
      const mood = this.random.next();
      const waitMs = this.random.integer(100, 15_000);
      if (mood < 0.75) {
        network.agenda.in(waitMs, () => this.act({ kind: 'accept', offer: offer.id }));
      } else if (mood < 0.9) {
        const reason = DECLINE_REASONS[Math.floor((mood - 0.75) * 40)] ?? 'other';
        const deed: DriverDeed = { kind: 'decline', offer: offer.id, reason };
        network.agenda.in(waitMs, () => this.act(deed));
      }
    }
    const [next] = stops;
    if (next) this.ride(next);
    else this.busyWith = '';
  }

  private ride(stop: Stop): void {
    const key = `${stop.delivery} ${stop.kind}`;
    if (key === this.busyWith) return;
    this.busyWith = key;
    const { agenda } = this.deps.network;
    agenda.in(this.random.integer(1_000, STOP_MS_MAX), () => {
      const [now] = this.view?.stops ?? [];
      if (now?.delivery !== stop.delivery || now.kind !== stop.kind) return;
      this.place = { latE7: stop.latE7, lonE7: stop.lonE7, cell: stop.cell };
      if (this.random.chance(0.7)) this.act({ kind: 'arrived', delivery: stop.delivery });
      if (stop.kind === 'pickup') this.act({ kind: 'picked_up', delivery: stop.delivery });
      else if (stop.kind === 'return') this.act({ kind: 'returned', delivery: stop.delivery });
      else if (this.random.chance(0.95)) this.act({ kind: 'delivered', delivery: stop.delivery });
      else {
        this.act({ kind: 'unreachable', delivery: stop.delivery, tried: 'called' });
        this.giveUp(stop);
      }
    });
  }

  /** Ends a delivery whose customer does not answer, as often as the zone says that it is too early. */
  private giveUp(stop: Stop): void {
    this.deps.network.agenda.in(this.random.integer(60_000, GIVE_UP_MS_MAX), () => {
      const shown = this.view?.stops.some(({ id }) => id === stop.id);
      if (!shown) return;
      const why = { code: 'customer_unreachable', fault: 'customer' } as const;
      this.act({ kind: 'undeliverable', delivery: stop.delivery, ...why });
      this.giveUp(stop);
    });
  }

  private report(): void {
    const { agenda } = this.deps.network;
    agenda.in(POSITION_MS, () => {
      const { view } = this;
      if (view && this.duty) {
        const wander = this.random.integer(-500, 500);
        this.deps.sendPosition(view.zone, {
          slot: view.slot,
          tenancy: view.tenancy,
          latE7: this.place.latE7 + wander,
          lonE7: this.place.lonE7 + wander,
          cell: this.place.cell,
          fixMs: this.deps.nowMs(),
          headingDegrees: 0,
          speedCmps: 300,
          accuracyMeters: 8,
        });
      }
      this.report();
    });
  }

  /** Now and then a driver leaves for another zone. */
  private stray(): void {
    const { network, zones, homes, profile } = this.deps;
    network.agenda.in(this.random.integer(30_000, 240_000), () => {
      const index = this.random.integer(0, zones.length - 1);
      const to = zones[index];
      if (to !== undefined && to !== this.view?.zone && network.faulty) {
        this.place = homes[index] as Place;
        this.send({ type: 'driver.strayed', driver: profile.driver, to });
      }
      this.stray();
    });
  }
}
