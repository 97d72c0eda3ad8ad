/**
 * Answers of the learned model that were given before, until it learns again. Rounds ask for the same
 * pairs every second. Derived, never state: with or without it every answer is the same number.
 */
import type { PointE7 } from '../../../../contracts/geo.ts';
import { mix32 } from './learned-shape.ts';

/** Answers kept: 1.9 MB. A newer one takes the place of whatever stands where it belongs. */
const SLOTS = 65_536;

export class LearnedMemo {
  /** Where the pair looked up last belongs. */
  private slot = 0;
  private ends = new Int32Array(0);
  private vehicles = new Uint8Array(0);
  private stamps = new Uint32Array(0);
  private values = new Int32Array(0);
  private steps = new Int32Array(0);
  private stamp = 1;
  private learned = -1;

  /**
   * The answer given for a pair, or -1.
   *
   * @param learned trips that the model has learned by now
   * @param step of departure, in units that the asker chooses
   */
  find(from: PointE7, to: PointE7, vehicle: number, step: number, learned: number): number {
    if (learned !== this.learned) this.forget(learned);
    const mixed =
      mix32(from.latE7 >>> 0) ^
      Math.imul(mix32(from.lonE7 >>> 0), 0x9e3779b1) ^
      Math.imul(mix32(to.latE7 >>> 0), 0x85ebca77) ^
      Math.imul(mix32(to.lonE7 >>> 0), 0xc2b2ae3d);
    const slot = (mixed ^ (mixed >>> 15) ^ Math.imul(step, 7) ^ vehicle) & (SLOTS - 1);
    this.slot = slot;
    const { ends } = this;
    const isSame =
      this.stamps[slot] === this.stamp &&
      this.steps[slot] === step &&
      this.vehicles[slot] === vehicle &&
      ends[4 * slot] === from.latE7 &&
      ends[4 * slot + 1] === from.lonE7 &&
      ends[4 * slot + 2] === to.latE7 &&
      ends[4 * slot + 3] === to.lonE7;
    return isSame ? (this.values[slot] as number) : -1;
  }

  /** Keeps the answer for the pair that was looked up last. */
  keep(from: PointE7, to: PointE7, vehicle: number, step: number, ms: number): void {
    if (this.values.length === 0) this.allocate();
    const { slot, ends } = this;
    this.stamps[slot] = this.stamp;
    this.steps[slot] = step;
    this.vehicles[slot] = vehicle;
    ends[4 * slot] = from.latE7;
    ends[4 * slot + 1] = from.lonE7;
    ends[4 * slot + 2] = to.latE7;
    ends[4 * slot + 3] = to.lonE7;
    this.values[slot] = ms;
  }

  private forget(learned: number): void {
    this.learned = learned;
    this.stamp++;
  }

  private allocate(): void {
    this.steps = new Int32Array(SLOTS);
    this.ends = new Int32Array(4 * SLOTS);
    this.vehicles = new Uint8Array(SLOTS);
    this.stamps = new Uint32Array(SLOTS);
    this.values = new Int32Array(SLOTS);
  }
}
