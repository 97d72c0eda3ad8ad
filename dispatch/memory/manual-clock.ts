/** A clock that moves only when told to. Host and zone time start together. */
import type { Clock } from '../runtime/ports.ts';

export class ManualClock implements Clock {
  readonly speed: number;
  private readonly anchorMs: number;
  private nowMs: number;

  constructor(startMs: number, speed = 1) {
    this.anchorMs = startMs;
    this.nowMs = startMs;
    this.speed = speed;
  }

  hostMs(): number {
    return this.nowMs;
  }

  zoneMs(): number {
    return this.zoneMsAt(this.nowMs);
  }

  zoneMsAt(hostMs: number): number {
    return Math.floor(this.anchorMs + (hostMs - this.anchorMs) * this.speed);
  }

  hostMsAt(zoneMs: number): number {
    return Math.ceil(this.anchorMs + (zoneMs - this.anchorMs) / this.speed);
  }

  /** Moves host time on. */
  advance(ms: number): void {
    this.nowMs += ms;
  }
}
