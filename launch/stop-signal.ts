/**
 * Owns hearing that a command should end: Ctrl-C, a polite kill, a closed terminal, or the front door
 * (launch/waggle.mjs) gone. Says so once; the command decides what to stop and in which order.
 */

/** A second Ctrl-C within this time is the same wish arriving twice (terminal and npm both send it). */
const IMPATIENT_AFTER_MS = 2_000;

export interface StopSignal {
  /** Settles with the reason at the first wish to stop. */
  readonly requested: Promise<string>;
  readonly isRequested: () => boolean;
  /** Stops listening; signals then have their usual effect again. */
  release(): void;
}

/** Listens from now on. A repeated signal after a while ends the process at once. */
export function listenForStop(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<string>();
  let firstAtMs: number | undefined;
  const request = (reason: string): void => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now();
      resolve(reason);
    } else if (reason !== 'parent' && performance.now() - firstAtMs > IMPATIENT_AFTER_MS) {
      process.exit(130);
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const listeners = signals.map((signal) => [signal, () => request(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  const onDisconnect = (): void => request('parent');
  process.on('disconnect', onDisconnect);
  return {
    requested: promise,
    isRequested: () => firstAtMs !== undefined,
    release: () => {
      for (const [signal, listener] of listeners) process.removeListener(signal, listener);
      process.removeListener('disconnect', onDisconnect);
      // The channel to the front door would otherwise keep a finished command alive.
      if (process.connected) process.disconnect();
    },
  };
}
