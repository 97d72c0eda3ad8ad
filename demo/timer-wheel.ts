/**
 * One timer for thousands of couriers: a wheel of slots, each a list of callbacks. Arming costs a
 * push, and nothing is kept per courier. Wall ms; a callback may run up to one tick late.
 */
export const WHEEL_TICK_MS = 50;
const WHEEL_SLOTS = 512;

interface Entry {
  dueTick: number;
  run: (() => void) | null;
}

/** Cancels what was armed; harmless after it has run. */
export type Disarm = () => void;

export class TimerWheel {
  private readonly slots: Entry[][] = Array.from({ length: WHEEL_SLOTS }, () => []);
  private readonly nowMs: () => number;
  private readonly onError: (error: unknown) => void;
  private tick: number;
  private timer: NodeJS.Timeout | null = null;

  constructor(nowMs: () => number, onError: (error: unknown) => void) {
    this.nowMs = nowMs;
    this.onError = onError;
    this.tick = Math.floor(nowMs() / WHEEL_TICK_MS);
  }

  start(): void {
    this.timer ??= setInterval(() => this.turn(), WHEEL_TICK_MS);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  /** Runs `run` once, no sooner than `delayMs` from now. */
  after(delayMs: number, run: () => void): Disarm {
    const dueTick = Math.max(this.tick + 1, Math.ceil((this.nowMs() + delayMs) / WHEEL_TICK_MS));
    const entry: Entry = { dueTick, run };
    this.slots[dueTick % WHEEL_SLOTS]?.push(entry);
    return () => {
      entry.run = null;
    };
  }

  /** Runs everything that is due. Public so that tests can move the clock instead of waiting. */
  turn(): void {
    const nowTick = Math.floor(this.nowMs() / WHEEL_TICK_MS);
    while (this.tick < nowTick) {
      this.tick++;
      const index = this.tick % WHEEL_SLOTS;
      const due = this.slots[index];
      if (!due || due.length === 0) continue;
      this.slots[index] = due.filter((entry) => entry.run !== null && entry.dueTick > this.tick);
      for (const entry of due) if (entry.dueTick <= this.tick) this.fire(entry);
    }
  }

  private fire(entry: Entry): void {
    const { run } = entry;
    entry.run = null;
    if (!run) return;
    try {
      run();
    } catch (error) {
      this.onError(error);
    }
  }
}
