/**
 * Watches who is on the way to a pickup and gets no nearer. Not state: it looks at live positions now
 * and then and proposes, as the live index does; what is done about it, `stall.ts` decides from the
 * recorded input. After a takeover it counts from its first look: nobody is blamed for our absence.
 */
import type { PointE7 } from '../../contracts/geo.ts';
import type { StopId } from '../../contracts/ids.ts';
import type { Driver } from './records.ts';
import type { Zone } from './zone.ts';

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

export class StallWatch {
  private readonly zone: Zone;
  /** The nearest that each driver under way has come to its pickup, and when. */
  private readonly marks = new Map<number, Mark>();

  constructor(zone: Zone) {
    this.zone = zone;
  }

  /** Looks at everybody now; `whereIs`: the live place of a slot, null when unknown. */
  look(atMs: number, whereIs: (slot: number) => PointE7 | null): StallSign[] {
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
