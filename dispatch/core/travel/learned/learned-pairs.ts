/**
 * What trips between two cells have taken against the rough guess, at resolutions 7, 8 and 9, each
 * shrunk towards the coarser one by how few trips it has seen. Hashed into bounded tables: a pair
 * that comes often wears down the one that holds its slot, and takes it.
 */
import type { Column, Columns } from './learned-columns.ts';
import { CONTEXT_PAIRS, NO_CELL, type TripInputs } from './learned-inputs.ts';
import { LEARNED, mixPair, roughSeconds } from './learned-shape.ts';

/** Trips that the coarser answer counts for. */
const SHRINK_TRIPS = 3;
/** A trip that took longer than this many rough guesses says no more than one that took so many. */
const RATIO_MAX = 3;
const WEAR = 0.7;
const LEVELS = 3;

class PairTable {
  private readonly keys: Column<Uint32Array>;
  private readonly ratios: Column<Float32Array>;
  private readonly weights: Column<Float32Array>;
  private readonly mask: number;

  constructor(columns: Columns, size: number) {
    this.mask = size - 1;
    this.keys = columns.add(Uint32Array, size);
    this.ratios = columns.add(Float32Array, size);
    this.weights = columns.add(Float32Array, size);
  }

  weight(key: number): number {
    const slot = key & this.mask;
    const at = this.keys.at(slot);
    return this.keys.read(slot)[at] === key ? (this.weights.read(slot)[at] as number) : 0;
  }

  ratio(key: number): number {
    const slot = key & this.mask;
    return this.ratios.read(slot)[this.ratios.at(slot)] as number;
  }

  learn(key: number, ratio: number): void {
    const slot = key & this.mask;
    // The three columns are alike, so a slot stands at one place in each of their pages.
    const at = this.keys.at(slot);
    const weights = this.weights.write(slot);
    const ratios = this.ratios.write(slot);
    if (this.keys.read(slot)[at] !== key) {
      const left = (weights[at] as number) * WEAR;
      weights[at] = left;
      if (left > 1) return;
      this.keys.write(slot)[at] = key;
      weights[at] = 0;
      ratios[at] = 0;
    }
    const weight = Math.min(LEARNED.pairWeightMax, (weights[at] as number) + 1);
    const mean = ratios[at] as number;
    weights[at] = weight;
    ratios[at] = mean + (ratio - mean) / weight;
  }
}

export class LearnedPairs {
  private readonly fine: PairTable;
  private readonly coarse: PairTable;

  constructor(columns: Columns) {
    this.fine = new PairTable(columns, LEARNED.pairsFine);
    this.coarse = new PairTable(columns, LEARNED.pairsCoarse);
  }

  /** Writes each level's pace and how sure it is into the context of `inputs`. */
  describe(inputs: TripInputs): void {
    const known = inputs.fromCell !== NO_CELL && inputs.toCell !== NO_CELL;
    let ratio = 1;
    for (let level = 0; level < LEVELS; level++) {
      const key = known ? keyOf(inputs, level) : 0;
      const table = level === 0 ? this.coarse : this.fine;
      const weight = known ? table.weight(key) : 0;
      const trips = weight + SHRINK_TRIPS;
      if (weight > 0) ratio = (weight * table.ratio(key) + SHRINK_TRIPS * ratio) / trips;
      inputs.dense[CONTEXT_PAIRS + 2 * level] = 2 * (ratio - 1);
      inputs.dense[CONTEXT_PAIRS + 2 * level + 1] = weight / trips - 0.5;
    }
  }

  learn(inputs: TripInputs, seconds: number): void {
    if (inputs.fromCell === NO_CELL || inputs.toCell === NO_CELL) return;
    const ratio = Math.min(RATIO_MAX, seconds / roughSeconds(inputs.meters));
    for (let level = 0; level < LEVELS; level++) {
      const table = level === 0 ? this.coarse : this.fine;
      table.learn(keyOf(inputs, level), ratio);
    }
  }
}

/** Level 0 is resolution 7, 1 is 8, 2 is 9: parents of cell keys are integer divisions by 8. */
function keyOf(inputs: TripInputs, level: number): number {
  const span = level === 0 ? 64 : level === 1 ? 8 : 1;
  const key = mixPair(Math.floor(inputs.fromCell / span), Math.floor(inputs.toCell / span));
  // Two resolutions and six vehicles share the tables, so both go into the key.
  return (key ^ Math.imul(level * 8 + inputs.vehicle + 1, 0x9e3779b1)) >>> 0;
}
