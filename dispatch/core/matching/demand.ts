/**
 * Where and when pickups have been asked for: a count per cell and hour of the week, with a door to go
 * to. Part of the zone's state, learned from its own requests, so that idle drivers can wait where the
 * next ones are likely. Hours are of zone time (UTC): the core knows no time zones, and a week of hours
 * needs none.
 */
import type { Place } from '../../../contracts/geo.ts';

/** Cells remembered; beyond, all counts are halved and the emptied cells go. */
const CELLS_MAX = 4_096;
/** Requests remembered; beyond, all counts are halved, so that what is past fades. */
const REQUESTS_MAX = 50_000;
const HOUR_MS = 3_600_000;
const HOURS_OF_WEEK = 168;
/** What all hours say weighs as much as this many requests of the hour itself. */
const ALL_HOURS_REQUESTS = 100;

/** How often one asked in an hour of the week. */
export type HourCount = readonly [hour: number, count: number];

/** What is known of a cell: the door asked for last, and how often one there was asked for. */
export interface CellDemand {
  readonly place: Place;
  readonly count: number;
  /** By hour, ascending; hours without a request are left out. Snapshots of old have none. */
  readonly hours?: readonly HourCount[];
}

/** A door to wait at, and how likely the next pickup is there beside the others. */
export interface LikelyDoor {
  readonly place: Place;
  readonly weight: number;
}

export class Demand {
  private readonly cells = new Map<number, CellDemand>();
  private total = 0;

  /** Takes in that one asked for a pickup. @param atMs zone time */
  learn({ latE7, lonE7, cell }: Place, atMs: number): void {
    const known = this.cells.get(cell);
    const hours = counted(known?.hours ?? [], hourOf(atMs));
    const count = (known?.count ?? 0) + 1;
    this.cells.set(cell, { place: { latE7, lonE7, cell }, count, hours });
    this.total++;
    while (this.cells.size > CELLS_MAX || this.total > REQUESTS_MAX) this.fade();
  }

  private fade(): void {
    this.total = 0;
    for (const [cell, { place, count, hours = [] }] of this.cells) {
      const left = half(count);
      this.total += left;
      if (left === 0) this.cells.delete(cell);
      else this.cells.set(cell, { place, count: left, hours: halved(hours) });
    }
  }

  /**
   * The cells where a pickup is likeliest in the hour of `atMs` (zone time), at most `count`; ties by
   * cell. Each weighs its requests of that hour, and its share of all hours as if that were a number
   * of requests more: little seen of an hour leaves all hours to speak, much seen speaks for itself.
   */
  likeliest(atMs: number, count: number): LikelyDoor[] {
    const hour = hourOf(atMs);
    const each = ALL_HOURS_REQUESTS / Math.max(1, this.total);
    return [...this.cells.values()]
      .map((cell) => ({ place: cell.place, weight: countIn(cell, hour) + each * cell.count }))
      .sort((a, b) => b.weight - a.weight || a.place.cell - b.place.cell)
      .slice(0, count);
  }

  /** Everything, in the order it was learned in; for snapshots. */
  all(): CellDemand[] {
    return [...this.cells.values()];
  }

  /** Takes a record of a snapshot in. */
  restore(record: CellDemand): void {
    this.cells.set(record.place.cell, record);
    this.total += record.count;
  }
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) % HOURS_OF_WEEK;
}

function countIn({ hours = [] }: CellDemand, hour: number): number {
  for (const [which, count] of hours) if (which === hour) return count;
  return 0;
}

/** The counts with one more in an hour. */
function counted(hours: readonly HourCount[], hour: number): HourCount[] {
  const next = hours.slice();
  let at = 0;
  while (at < next.length && (next[at] as HourCount)[0] < hour) at++;
  const found = next[at]?.[0] === hour ? (next[at] as HourCount)[1] : 0;
  next.splice(at, found > 0 ? 1 : 0, [hour, found + 1]);
  return next;
}

function halved(hours: readonly HourCount[]): HourCount[] {
  return hours
    .map(([hour, count]): HourCount => [hour, half(count)])
    .filter(([, count]) => count > 0);
}

function half(count: number): number {
  return Math.floor(count / 2);
}
