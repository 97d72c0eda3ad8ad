/**
 * The simulated half of a trial: two copies of the zone, one under its own weights and one under the
 * shadow's, that start alike and are told the same of the outside; what came of the deliveries asked
 * for since; and what really happened beside. Copies that break are made anew from the live zone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Fix, ZoneEvent } from '../../contracts/events.ts';
import type { SimulatedFigures, ZoneShadow } from '../../contracts/shadow.ts';
import type { ControlKind } from '../../contracts/zone.ts';
import { readyTimeOf } from '../core/kitchens/ready-times.ts';
import type { Delivery } from '../core/records.ts';
import type { TravelTime } from '../core/travel/travel-time.ts';
import type { Zone } from '../core/zone.ts';
import { ForkedZone, forkText, type LiveFacts } from './fork.ts';
import { type HabitSums, OfferHabits } from './offer-habits.ts';
import { type OutcomeSums, Outcomes } from './outcomes.ts';
import { PairedOutcomes, type PairedSums, type Side } from './paired.ts';
import { shadowConfig } from './predicted.ts';

/** After a copy broke none is made for this long, zone ms: making one costs what a snapshot costs. */
const REST_MS = 10 * 60_000;

/** A parcel that is late with the vendor is asked for again after this long, zone ms. */
const ASK_VENDOR_MS = 15_000;

/** Controls that steer matching. What others do shows in what the live zone took in already. */
const CONTROLS: readonly ControlKind[] = [
  'shrink_radius',
  'raise_pay',
  'stacking_limit',
  'auto_assign',
];

/** What a simulation has come to; plain data, so that it can be kept. */
export interface SimulatedSums {
  readonly habits: HabitSums;
  readonly live: OutcomeSums;
  readonly shadow: OutcomeSums;
  readonly real: OutcomeSums;
  readonly paired: PairedSums;
}

export class Simulated {
  private readonly shadow: ZoneShadow;
  private readonly habits: OfferHabits;
  private readonly outcomes: Readonly<Record<Side, Outcomes>>;
  private readonly real: Outcomes;
  private readonly paired: PairedOutcomes;
  private copies: Readonly<Record<Side, ForkedZone>> | null = null;
  private restUntilMs = 0;

  /** @param kept goes on from these */
  constructor(shadow: ZoneShadow, kept?: SimulatedSums) {
    this.shadow = shadow;
    this.habits = new OfferHabits(kept?.habits);
    this.outcomes = { live: new Outcomes(kept?.live), shadow: new Outcomes(kept?.shadow) };
    this.real = new Outcomes(kept?.real);
    this.paired = new PairedOutcomes(kept?.paired);
  }

  get sums(): SimulatedSums {
    const { habits, outcomes, real, paired } = this;
    return {
      habits: habits.sums,
      live: outcomes.live.sums,
      shadow: outcomes.shadow.sums,
      real: real.sums,
      paired: paired.sums,
    };
  }

  /** What the live zone committed at `atMs`; `zone` stands after it. Throws when a copy breaks. */
  take(zone: Zone, events: readonly ZoneEvent[], atMs: number): void {
    for (const event of events) this.habits.hear(event, atMs);
    if (!this.copies) {
      if (atMs >= this.restUntilMs) this.copies = this.fork(zone, atMs);
      return;
    }
    for (const event of events) this.real.hear(event, atMs);
    for (const copy of [this.copies.live, this.copies.shadow]) {
      copy.advance(atMs);
      for (const event of events) this.tell(copy, zone, event);
    }
  }

  /** The copies are no longer in step: what was under way on them does not count. */
  interrupt(): void {
    this.copies = null;
    for (const side of [this.outcomes.live, this.outcomes.shadow, this.real]) side.forgetOpen();
    this.paired.forgetHalves();
  }

  /** A copy broke: both are given up, and made anew after a rest. */
  rest(atMs: number): void {
    this.interrupt();
    this.restUntilMs = atMs + REST_MS;
  }

  figures(): SimulatedFigures | null {
    if (!this.copies && this.outcomes.live.figures(true).requested === 0) return null;
    return {
      live: this.outcomes.live.figures(true),
      shadow: this.outcomes.shadow.figures(true),
      real: this.real.figures(false),
      acceptPerMille: this.habits.acceptPerMille,
      ...this.paired.figures(),
    };
  }

  private fork(zone: Zone, atMs: number): Readonly<Record<Side, ForkedZone>> {
    const text = forkText(zone);
    const facts = factsOf(zone);
    const make = (side: Side): ForkedZone =>
      new ForkedZone({
        ...{ text, atMs, facts, habits: this.habits },
        config: side === 'live' ? zone.config : shadowConfig(zone.config, this.shadow),
        onEvent: (event, nowMs) => {
          const outcome = this.outcomes[side].hear(event, nowMs);
          if (outcome) this.paired.hear(side, outcome);
        },
        onDrive: (ms) => this.outcomes[side].drove(ms),
      });
    return { live: make('live'), shadow: make('shadow') };
  }

  /** Tells a copy what the outside did, as the live zone took it in. */
  private tell(copy: ForkedZone, zone: Zone, event: ZoneEvent): void {
    if (event.type.startsWith('driver.')) return tellOfDriver(copy, zone, event);
    switch (event.type) {
      case 'delivery.requested': {
        // The promise is the live one: nobody is judged by another.
        const request = { ...event.request, promiseMs: event.promiseMs };
        const number = copy.nextNumber(request.id);
        const command = { type: 'delivery.request', number, request } as const;
        return copy.take({ kind: 'command', command });
      }
      case 'delivery.ready': {
        const { delivery, readyMs, readySource } = event;
        const number = copy.nextNumber(delivery);
        const command = { type: 'delivery.ready', number, delivery, readyMs, readySource } as const;
        return copy.take({ kind: 'command', command });
      }
      case 'delivery.ended': {
        if (event.state !== 'cancelled') return;
        const { delivery, reason } = event;
        const { code, fault } = reason;
        const number = copy.nextNumber(delivery);
        const command = { type: 'delivery.cancel', number, delivery, code, fault } as const;
        return copy.take({ kind: 'command', command });
      }
      case 'delivery.moved':
        // Whoever waits for it in the copy need not wait any more.
        if (event.state === 'picked_up') copy.fleet.wake(event.delivery, copy.nowMs);
        return;
      case 'delivery.held': {
        const { delivery, held } = event;
        const verb = { kind: held ? 'hold' : 'release' } as const;
        const who = { request: copy.nextRequest(), actor: 'shadow', reason: 'as in the live zone' };
        const command = { type: 'delivery.ops', ...who, delivery, verb } as const;
        return copy.take({ kind: 'command', command });
      }
      case 'control.set': {
        const { request, control } = event;
        if (!CONTROLS.includes(control.kind)) return;
        return copy.take({ kind: 'command', command: { type: 'zone.control', request, control } });
      }
      default:
    }
  }
}

/** What a copy may know of the world: what the live zone knows of it, as it learns. */
function factsOf(zone: Zone): LiveFacts {
  // A zone makes its travel times anew when it is reconfigured.
  const travel: TravelTime = {
    ms: (...way) => zone.travel.ms(...way),
    answer: (...way) => zone.travel.answer(...way),
  };
  return { travel, kitchens: zone.kitchens, readyMs: (...asked) => readyMs(zone, ...asked) };
}

/**
 * When the parcel of a copy's delivery is handed out: when the live zone expects it, at the latest when
 * the live driver has it, and not yet while that one still waits for it.
 */
function readyMs(zone: Zone, delivery: Delivery, nowMs: number): number {
  const live = zone.deliveries.get(delivery.id);
  if (!live) return nowMs;
  // As it was expected from the start: that its own driver waits says nothing of the real parcel.
  const expectedMs = Math.round(readyTimeOf(zone, delivery, delivery.requestedMs).meanMs);
  const { state, arrivedMs, pickedUpMs } = live;
  if (pickedUpMs !== null) return Math.min(expectedMs, pickedUpMs);
  if (state !== 'at_pickup' || arrivedMs === undefined) return expectedMs;
  // Whoever stands there for longer than being served takes waits for the parcel.
  const waits = nowMs > arrivedMs + zone.policy.pickupServiceMs;
  return waits && expectedMs < nowMs ? nowMs + ASK_VENDOR_MS : expectedMs;
}

function tellOfDriver(copy: ForkedZone, zone: Zone, event: ZoneEvent): void {
  switch (event.type) {
    case 'driver.joined':
      return copy.fleet.setDuty(event.profile, event.duty, null);
    case 'driver.duty': {
      const driver = zone.driver(event.driver);
      if (driver) copy.fleet.setDuty(driver.profile, event.duty, driver.fix);
      return;
    }
    case 'driver.left':
      return copy.fleet.dismiss(event.driver);
    case 'driver.fix':
      for (const fix of event.fixes) sight(copy, zone, fix);
      return;
    case 'driver.present':
    case 'driver.silent': {
      const driver = copy.zone.driver(event.driver);
      if (!driver) return;
      if (event.type === 'driver.silent') {
        const drivers = [{ slot: driver.slot, level: event.level }];
        return copy.take({ kind: 'silence', drivers });
      }
      const presence = event.presence ?? driver.presence;
      if (!presence || isDeepStrictEqual(event.presence, driver.presence)) return;
      const type = event.presence ? 'driver.connected' : 'driver.disconnected';
      copy.take({ kind: 'command', command: { type, driver: driver.id, presence } });
      return;
    }
    default:
  }
}

function sight(copy: ForkedZone, zone: Zone, { slot, latE7, lonE7, cell }: Fix): void {
  const driver = zone.drivers[slot];
  if (driver && driver.plan.stops.length === 0) copy.fleet.sight(driver.id, { latE7, lonE7, cell });
}
