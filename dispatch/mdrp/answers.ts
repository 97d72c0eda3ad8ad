/** Couriers who are asked: each declines a part of the offers it gets, by a stream of its own. */
import type { DriverDeed } from '../../contracts/commands.ts';
import type { DriverId, OfferId } from '../../contracts/ids.ts';
import { RandomStream } from '../core/random.ts';

/** Finer than any part of offers that one would ask for. */
const PARTS = 1_000_000;

export class Answers {
  private readonly streams = new Map<DriverId, RandomStream>();
  private readonly decline: number;
  private readonly seed: number;

  /** @param decline the part of offers that is declined, from 0 to 1 */
  constructor(decline: number, seed: number) {
    this.decline = decline;
    this.seed = seed;
  }

  /** What a courier answers to its next offer. */
  answer(driver: DriverId, offer: OfferId): DriverDeed {
    const stream = this.streams.get(driver) ?? new RandomStream('answers', this.seed, driver);
    this.streams.set(driver, stream);
    const declines = stream.below(PARTS) < this.decline * PARTS;
    return declines ? { kind: 'decline', offer, reason: 'other' } : { kind: 'accept', offer };
  }
}
