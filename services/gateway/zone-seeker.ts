/**
 * Finds the zone of a driver whose zone answered "elsewhere". It owns the asking: again and a little
 * later each time, because the directory follows the log. It changes only the link's `isSeeking`.
 */
import type { ZoneId } from '../../contracts/ids.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { DriverLink } from './driver-link.ts';
import { RELOCATE_ATTEMPTS_MAX, RELOCATE_MS } from './limits.ts';

export interface ZoneSeekerOptions {
  readonly door: Door;
  /** The zone, or null when the driver is in none. */
  readonly onFound: (link: DriverLink, zone: ZoneId | null) => void;
  readonly onProblem: (link: DriverLink, error: unknown) => void;
}

export class ZoneSeeker {
  private readonly options: ZoneSeekerOptions;
  /** Links to ask for again at their time. */
  private readonly waiting = new Set<DriverLink>();

  constructor(options: ZoneSeekerOptions) {
    this.options = options;
  }

  start(link: DriverLink): void {
    if (link.isSeeking) return;
    link.isSeeking = true;
    void this.lookUp(link);
  }

  /** The zone has spoken, or the driver has gone. */
  stop(link: DriverLink): void {
    link.isSeeking = false;
    link.seekAttempts = 0;
    this.waiting.delete(link);
  }

  tick(nowMs: number): void {
    for (const link of this.waiting) {
      if (link.seekAtMs > nowMs) continue;
      this.waiting.delete(link);
      void this.lookUp(link);
    }
  }

  private async lookUp(link: DriverLink): Promise<void> {
    const before = link.zone;
    let zone: ZoneId | null = null;
    try {
      zone = await this.options.door.driverZone(link.driver);
    } catch (error) {
      this.options.onProblem(link, error);
      // Nobody knows while Redis is away; that must not count as "nowhere".
      return this.askAgain(link, RELOCATE_MS * 2 ** RELOCATE_ATTEMPTS_MAX);
    }
    if (!link.isSeeking) return;
    if (zone !== null && zone === before && link.seekAttempts < RELOCATE_ATTEMPTS_MAX) {
      this.askAgain(link, RELOCATE_MS * 2 ** link.seekAttempts);
      link.seekAttempts += 1;
      return;
    }
    this.stop(link);
    this.options.onFound(link, zone === before ? null : zone);
  }

  private askAgain(link: DriverLink, delayMs: number): void {
    if (!link.isSeeking) return;
    link.seekAtMs = this.options.door.clock.hostMs() + delayMs;
    this.waiting.add(link);
  }
}
