/**
 * A loop that works when there is something to do: on a wake-up, at the latest every `pollMs`. One
 * round at a time; a round that fails is tried again with back-off. Owns no work of its own.
 *
 * Modes: idle → working → idle; backing off after a failure; stopped, from anywhere, for good.
 */
export interface PumpOptions {
  /** Does a bounded amount of work; true when there is more to do at once. */
  readonly work: (signal: AbortSignal) => Promise<boolean>;
  /** Host ms between looks when nobody wakes it. */
  readonly pollMs: number;
  /** Host ms: first and longest wait after failures. */
  readonly backOffMs: readonly [first: number, longest: number];
  readonly onError: (error: unknown) => void;
}

export interface Pump {
  /** Something may be there to do. Cheap; calls while working are remembered once. */
  wake(): void;
  /** Ends after the round under way. */
  stop(): Promise<void>;
}

/** Starts the loop. */
export function startPump(options: PumpOptions): Pump {
  const abort = new AbortController();
  let woken = true;
  let wakeUp: (() => void) | undefined;

  const rest = (ms: number, interruptible: boolean): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        abort.signal.removeEventListener('abort', done);
        wakeUp = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      abort.signal.addEventListener('abort', done, { once: true });
      if (interruptible) wakeUp = done;
    });

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!abort.signal.aborted) {
      woken = false;
      try {
        const more = await options.work(abort.signal);
        failures = 0;
        if (!more && !woken && !abort.signal.aborted) await rest(options.pollMs, true);
      } catch (error) {
        if (abort.signal.aborted) return;
        options.onError(error);
        const [first, longest] = options.backOffMs;
        await rest(Math.min(longest, first * 2 ** Math.min(failures++, 20)), false);
      }
    }
  };
  const running = run();
  return {
    wake() {
      woken = true;
      wakeUp?.();
    },
    async stop() {
      abort.abort();
      await running;
    },
  };
}
