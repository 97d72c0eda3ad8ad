/**
 * Seeded random streams. Each part of the demo takes its own stream by name, so that a new draw in
 * one place cannot shift the numbers seen in another.
 */
import { hash32 } from '../contracts/ids.ts';

export interface RandomStream {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [min, max]. */
  int(min: number, max: number): number;
  /** True with the given probability in per mille. */
  chance(perMille: number): boolean;
}

/** A stream that depends on the seed and the name alone (mulberry32). */
export function randomStream(seed: number, name: string): RandomStream {
  let state = hash32(`${seed}/${name}`);
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
  return {
    next,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (perMille) => next() * 1000 < perMille,
  };
}
