/**
 * Feeds position batches into the zones' indexes and counts what became of each. Positions are not
 * state: a broken batch is counted and dropped, nothing waits for it.
 */

import type { ZoneId } from '../../contracts/ids.ts';
import type { BatchPosition } from '../../contracts/position-batch.ts';
import { readBatch } from '../../contracts/position-batch.ts';
import { AgeHistogram } from './age-histogram.ts';
import type { ZoneIndex } from './engine.ts';
import type { Clock, PositionEntry } from './ports.ts';

export class PositionFeed {
  readonly ages = new AgeHistogram();
  indexed = 0;
  readonly dropped = { stale_slot: 0, older: 0, outside: 0, unknown_zone: 0, unreadable: 0 };
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** `measured`: false while seeding after a takeover, when old positions say nothing about us. */
  feed(
    entries: readonly PositionEntry[],
    indexOf: (zone: ZoneId) => ZoneIndex | undefined,
    measured: boolean,
  ): void {
    const hostMs = this.clock.hostMs();
    for (const entry of entries) {
      const index = indexOf(entry.zone);
      if (!index) {
        this.dropped.unknown_zone++;
        continue;
      }
      const each = (position: BatchPosition): void => {
        // A fix from the future (a clock not yet corrected) would shut out those that follow.
        if (position.fixMs > hostMs) position.fixMs = hostMs;
        const fate = index.position(position);
        if (!measured) return;
        if (fate !== 'indexed') this.dropped[fate]++;
        else {
          this.indexed++;
          this.ages.add(hostMs - position.fixMs);
        }
      };
      try {
        readBatch(entry.batch, each);
      } catch {
        this.dropped.unreadable++;
      }
    }
  }

  get droppedTotal(): number {
    return Object.values(this.dropped).reduce((sum, count) => sum + count, 0);
  }
}
