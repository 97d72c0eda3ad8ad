/**
 * Publishes the map's pictures about once a second, and only while somebody listens: asking how many
 * do is one cheap call, drawing thousands of drivers is not. Loses nothing that matters when it fails.
 */
import type { CellPicture } from '../../contracts/push.ts';
import type { ZoneIndex } from './engine.ts';
import { PICTURE_EVERY_HOST_MS } from './limits.ts';
import type { Clock, OutboxPort } from './ports.ts';

/** The list of a zone's cells is drawn anew after this long even when nobody listens. */
const CELLS_AGE_MS_MAX = 10_000;

export class PicturePublisher {
  private readonly clock: Clock;
  private readonly outbox: OutboxPort;
  private readonly report: (problem: string, error: unknown) => void;
  private nextMs = 0;
  private cells: readonly string[] = [];
  private cellsMs = 0;
  private work: Promise<void> | null = null;

  constructor(deps: {
    readonly clock: Clock;
    readonly outbox: OutboxPort;
    readonly report: (problem: string, error: unknown) => void;
  }) {
    this.clock = deps.clock;
    this.outbox = deps.outbox;
    this.report = deps.report;
  }

  /** Host ms until it next wants a turn. */
  get waitMs(): number {
    return this.nextMs - this.clock.hostMs();
  }

  /** Starts a round of pictures when due. */
  consider(indexes: readonly ZoneIndex[]): void {
    const nowMs = this.clock.hostMs();
    if (this.work || nowMs < this.nextMs) return;
    this.nextMs = nowMs + PICTURE_EVERY_HOST_MS;
    if (indexes.length === 0) return;
    this.work = this.publish(indexes, nowMs)
      .catch((error: unknown) => this.report('pictures could not be published', error))
      .finally(() => {
        this.work = null;
      });
  }

  async settle(): Promise<void> {
    await this.work;
  }

  private async publish(indexes: readonly ZoneIndex[], nowMs: number): Promise<void> {
    if (nowMs - this.cellsMs < CELLS_AGE_MS_MAX) {
      const listeners = await this.outbox.cellListeners(this.cells);
      if (!listeners.some((count) => count > 0)) return;
    }
    const pictures: CellPicture[] = [];
    for (const index of indexes) pictures.push(...index.pictures(nowMs));
    this.cells = pictures.map((picture) => picture.cell);
    this.cellsMs = nowMs;
    await this.outbox.publishCells(pictures);
  }
}
