/**
 * Watches who is on the way to a pickup and gets no nearer. Not state: it looks at live positions now
 * and then and proposes, as the live index does; what is done about it, `stall.ts` decides from the
 * recorded input. After a takeover it counts from its first look: nobody is blamed for our absence.
 */
import type { Stop } from '../../../contracts/events.ts';
import type { PointE7 } from '../../../contracts/geo.ts';
import type { DeliveryId, StopId } from '../../../contracts/ids.ts';
import type { Fix, ZoneInput } from '../input.ts';
import { ZONE_LIMITS } from '../limits.ts';
import type { Driver } from '../records.ts';
import type { Zone } from '../zone.ts';

/** Coming this much nearer to the pickup, in a straight line, is moving towards it. */
const STEP_METERS = 100;
/** Within this distance a driver counts as there, whatever its app says. */
const THERE_METERS = 150;

/** Who still stands is named again after this part of `stallMs`. */
const AGAIN_PART = 10;

/** A driver that must be looked at; `sinceMs` null: it moves again. */
export interface StallSign {
  readonly slot: number;
  readonly stop: StopId;
  /** Zone ms since when it has not come nearer. */
  readonly sinceMs: number | null;
}

interface Mark {
  readonly stop: StopId;
  readonly meters: number;
  readonly sinceMs: number;
  /** Not named again before. */
  readonly nextMs: number;
}

/** What the watch needs of the live picture. */
export interface Surroundings {
  /** The live place of a slot; null when unknown. */
  whereIs(slot: number): PointE7 | null;
  /** Idle slots near a stop, nearest first. */
  idleNear(stop: Stop): readonly number[];
  /** Notes where a slot is, if that is not recorded yet. */
  noteFix(slot: number, fixes: Map<number, Fix>): void;
}

export class StallWatch {
  private readonly zone: Zone;
  /** The nearest that each driver under way has come to its pickup, and when: one for a slot at most. */
  private readonly marks = new Map<number, Mark>();

  constructor(zone: Zone) {
    this.zone = zone;
  }

  /** The input to step now: whom to look at, where they are, and who could help; null: nobody. */
  input(atMs: number, around: Surroundings): Extract<ZoneInput, { kind: 'stalled' }> | null {
    const drivers = this.look(atMs, around).slice(0, ZONE_LIMITS.stalledDrivers);
    if (drivers.length === 0) return null;
    const fixes = new Map<number, Fix>();
    const candidates: (readonly [DeliveryId, readonly number[]])[] = [];
    for (const { slot } of drivers) {
      around.noteFix(slot, fixes);
      const driver = this.zone.drivers[slot];
      // Who has not been told yet is told first: nobody else is asked for.
      for (const stop of driver?.stall ? driver.plan.stops : []) {
        if (stop.kind !== 'pickup' || stop.arrived) continue;
        const slots = around.idleNear(stop);
        for (const each of slots) around.noteFix(each, fixes);
        candidates.push([stop.delivery, slots]);
      }
    }
    return { kind: 'stalled', fixes: [...fixes.values()], drivers, candidates };
  }

  private look(atMs: number, { whereIs }: Surroundings): StallSign[] {
    const { stallMs } = this.zone.policy;
    if (stallMs === 0) return [];
    const signs: StallSign[] = [];
    for (const driver of this.zone.drivers) {
      if (!driver || driver.plan.stops.length === 0) {
        if (driver) this.marks.delete(driver.slot);
        continue;
      }
      const sign = this.signOf(driver, Math.floor(atMs), whereIs(driver.slot), stallMs);
      if (sign) signs.push(sign);
    }
    for (const slot of this.marks.keys()) if (!this.zone.drivers[slot]) this.marks.delete(slot);
    return signs;
  }

  private signOf(
    driver: Driver,
    atMs: number,
    here: PointE7 | null,
    stallMs: number,
  ): StallSign | null {
    const { slot } = driver;
    const [stop] = driver.plan.stops;
    if (!here || stop?.kind !== 'pickup' || stop.arrived) {
      this.marks.delete(slot);
      return null;
    }
    const meters = this.zone.plane.meters(here, stop);
    const mark = this.marks.get(slot);
    const isKnown = mark?.stop === stop.id;
    const isNearer = isKnown && (meters <= mark.meters - STEP_METERS || meters <= THERE_METERS);
    if (!isKnown || isNearer) {
      this.marks.set(slot, { stop: stop.id, meters, sinceMs: atMs, nextMs: atMs + stallMs });
      return isNearer && driver.stall ? { slot, stop: stop.id, sinceMs: null } : null;
    }
    if (atMs < mark.nextMs) return null;
    this.marks.set(slot, { ...mark, nextMs: atMs + Math.ceil(stallMs / AGAIN_PART) });
    return { slot, stop: stop.id, sinceMs: mark.sinceMs };
  }
}
