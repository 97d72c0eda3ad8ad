/**
 * Lets frames gather. At a thousand frames a second each one wakes the process alone, and the waking
 * (poll, callbacks, timers) costs several times what its frame does. After a turn that took frames in,
 * the loop therefore rests for a moment before it polls again, so that the next turn finds several.
 * Network cards do the same with interrupts. A busy loop gathers by itself and never rests.
 *
 * It blocks the thread on purpose, for at most `REST_MS`: everything else of the gateway (pushes,
 * flushes) is later by that much and no more.
 */
import { GATHER_FRAMES_MAX, REST_MS } from './limits.ts';

export class Gathering {
  private readonly cell = new Int32Array(new SharedArrayBuffer(4));
  private frames = 0;

  /** Call for every frame. */
  took(): void {
    this.frames++;
    if (this.frames === 1) setImmediate(this.rest);
  }

  private readonly rest = (): void => {
    const { frames } = this;
    this.frames = 0;
    if (frames <= GATHER_FRAMES_MAX) Atomics.wait(this.cell, 0, 0, REST_MS);
  };
}
