/**
 * Host time corrected to the time of Redis, and the zone time that runs with it. It moves with a
 * monotone stopwatch between readings and never goes back: a correction backwards makes it stand.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../runtime/ports.ts';
import type { Keys } from './keys.ts';
import type { Scripts } from './scripts.ts';
import { asNumbers } from './scripts.ts';

/** Readings are repeated this often, host ms. */
const SYNC_EVERY_MS = 10_000;
/** Of several readings the one with the shortest round trip is believed. */
const READINGS = 3;

export class RedisClock implements Clock {
  speed = 1;
  private offsetMs = 0;
  private anchorHostMs = 0;
  private anchorZoneMs = 0;
  private lastHostMs = 0;
  private timer: NodeJS.Timeout | null = null;
  private readonly client: Redis;
  private readonly keys: Keys;
  private readonly scripts: Scripts;

  private constructor(client: Redis, keys: Keys, scripts: Scripts) {
    this.client = client;
    this.keys = keys;
    this.scripts = scripts;
  }

  /** Reads (or sets) the installation's clock and keeps in step with it until `stop`. */
  static async start(
    client: Redis,
    keys: Keys,
    scripts: Scripts,
    speed: number | undefined,
  ): Promise<RedisClock> {
    const clock = new RedisClock(client, keys, scripts);
    await clock.sync(speed);
    clock.timer = setInterval(() => void clock.sync(undefined).catch(() => {}), SYNC_EVERY_MS);
    clock.timer.unref();
    return clock;
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  hostMs(): number {
    const nowMs = Math.floor(performance.now() + this.offsetMs);
    if (nowMs > this.lastHostMs) this.lastHostMs = nowMs;
    return this.lastHostMs;
  }

  zoneMs(): number {
    return this.zoneMsAt(this.hostMs());
  }

  zoneMsAt(hostMs: number): number {
    return Math.floor(this.anchorZoneMs + (hostMs - this.anchorHostMs) * this.speed);
  }

  hostMsAt(zoneMs: number): number {
    return Math.ceil(this.anchorHostMs + (zoneMs - this.anchorZoneMs) / this.speed);
  }

  private async sync(speed: number | undefined): Promise<void> {
    const asked = speed === undefined ? '' : Math.round(speed * 1_000);
    let best: { tripMs: number; offsetMs: number; answer: number[] } | null = null;
    for (let i = 0; i < READINGS; i++) {
      const sentMs = performance.now();
      const answer = asNumbers(
        await this.scripts.run(this.client, 'clock-1', [this.keys.clock], [asked]),
      );
      const tripMs = performance.now() - sentMs;
      const offsetMs = (answer[0] ?? 0) + 0.5 - (sentMs + tripMs / 2);
      if (!best || tripMs < best.tripMs) best = { tripMs, offsetMs, answer };
    }
    const [, anchorHostMs = 0, anchorZoneMs = 0, speedPerMille = 1_000] = best?.answer ?? [];
    this.offsetMs = best?.offsetMs ?? 0;
    this.anchorHostMs = anchorHostMs;
    this.anchorZoneMs = anchorZoneMs;
    this.speed = speedPerMille / 1_000;
  }
}
