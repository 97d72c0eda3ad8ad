/**
 * Owns giving work to something that answers: as fast as it will go, or at a rate, where each answer's
 * time runs from when its question was due.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Samples } from './samples.ts';

export type Ask = () => Promise<unknown>;

export interface Measured {
  readonly perSecond: number;
  /** ms. */
  readonly latencies: Samples;
  /** ms that asking itself was late. */
  readonly lags: Samples;
  /** Not answered: whoever was asked had too much to do. */
  readonly refused: number;
}

/** So many at a time, one after the other, for a while. */
export async function asFastAsPossible(
  ask: Ask,
  { atOnce, seconds }: { readonly atOnce: number; readonly seconds: number },
): Promise<Measured> {
  const latencies = new Samples();
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const work = async (): Promise<void> => {
    for (let n = 0; ; n++) {
      const askedMs = performance.now();
      if (askedMs > endMs) return;
      await ask();
      latencies.add(performance.now() - askedMs);
      // Answers that take no I/O would keep everything else waiting for good.
      if (n % 100 === 0) await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const perSecond = latencies.count / ((performance.now() - startMs) / 1_000);
  return { perSecond, latencies, lags: new Samples(1), refused: 0 };
}

/** At a steady rate, whether or not earlier ones were answered; who is refused is counted apart. */
export async function atRate(
  ask: Ask,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Measured> {
  const latencies = new Samples();
  const lags = new Samples();
  const total = Math.ceil(perSecond * seconds);
  const startMs = performance.now();
  // Counted, not kept: a hundred thousand promises in one list are work for the collector.
  const { promise: allEnded, resolve: endAll } = Promise.withResolvers<void>();
  let open = total;
  let refused = 0;
  const ended = (): void => {
    if (--open === 0) endAll();
  };
  for (let n = 0; n < total; ) {
    const nowMs = performance.now();
    for (; n < total; n++) {
      const dueMs = startMs + (n * 1_000) / perSecond;
      if (dueMs > nowMs) break;
      lags.add(performance.now() - dueMs);
      void ask()
        .then(
          () => latencies.add(performance.now() - dueMs),
          () => {
            refused++;
          },
        )
        .then(ended);
    }
    // A timer would wake once a millisecond at best; due times in between must not count as late.
    await (perSecond > 500 ? new Promise(setImmediate) : delay(1));
  }
  if (total > 0) await allEnded;
  const tookSeconds = (performance.now() - startMs) / 1_000;
  return { perSecond: latencies.count / tookSeconds, latencies, lags, refused };
}
