/**
 * Random streams with names: each consumer derives its own from (zone, round, name, weights), so a
 * new draw in one place never shifts another. Integer arithmetic only: mulberry32 by T. Ettinger
 * (public domain), seeded through the hash of the name.
 */
import { hash32 } from '../../contracts/ids.ts';

export class RandomStream {
  private state: number;

  constructor(...name: readonly (string | number)[]) {
    this.state = hash32(name.join(' '));
  }

  /** A 32-bit unsigned integer. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer from 0 to `bound` − 1. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x100000000) * bound);
  }
}
