/**
 * Where pickups have been asked for: a count per cell, with a door to go to. Part of the zone's state,
 * learned from its own requests, so that idle drivers can wait where the next ones are likely.
 */
import type { Place } from '../../contracts/geo.ts';

/** Cells remembered; beyond, all counts are halved and the emptied cells go. */
const CELLS_MAX = 4_096;
/** Requests remembered; beyond, all counts are halved, so that what is past fades. */
const REQUESTS_MAX = 50_000;

/** What is known of a cell: the door asked for last, and how often one there was asked for. */
export interface CellDemand {
  readonly place: Place;
  readonly count: number;
}

export class Demand {
  private readonly cells = new Map<number, CellDemand>();
  private total = 0;

  learn({ latE7, lonE7, cell }: Place): void {
    const count = (this.cells.get(cell)?.count ?? 0) + 1;
    this.cells.set(cell, { place: { latE7, lonE7, cell }, count });
    this.total++;
    while (this.cells.size > CELLS_MAX || this.total > REQUESTS_MAX) this.fade();
  }

  private fade(): void {
    this.total = 0;
    for (const [cell, { place, count }] of this.cells) {
      const left = Math.floor(count / 2);
      this.total += left;
      if (left === 0) this.cells.delete(cell);
      else this.cells.set(cell, { place, count: left });
    }
  }

  /** The cells most asked for, at most `count`; ties by cell. */
  busiest(count: number): CellDemand[] {
    return [...this.cells.values()]
      .sort((a, b) => b.count - a.count || a.place.cell - b.place.cell)
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
