/**
 * A ring of finished trips to learn from again: with each new trip a few old ones are rehearsed, so
 * that one pass over the trips is worth several. What was known when a trip began (its context) is
 * kept with it; the rest is derived again. The oldest is overwritten: this is how the model forgets.
 */
import type { Columns } from './learned-columns.ts';
import { CONTEXT_SIZE, type TripInputs } from './learned-inputs.ts';
import { LEARNED } from './learned-shape.ts';

export class LearnedMemories {
  /** Trips ever kept. */
  private readonly count: Float64Array;
  private readonly places: Float32Array;
  private readonly cells: Float64Array;
  private readonly starts: Float64Array;
  private readonly durations: Float32Array;
  private readonly vehicles: Uint8Array;
  private readonly contexts: Float32Array;

  constructor(columns: Columns) {
    const size = LEARNED.memories;
    this.count = columns.add(new Float64Array(1));
    this.places = columns.add(new Float32Array(4 * size));
    this.cells = columns.add(new Float64Array(2 * size));
    this.starts = columns.add(new Float64Array(size));
    this.durations = columns.add(new Float32Array(size));
    this.vehicles = columns.add(new Uint8Array(size));
    this.contexts = columns.add(new Float32Array(CONTEXT_SIZE * size));
  }

  /** Trips ever kept, also those overwritten since. */
  get total(): number {
    return this.count[0] as number;
  }

  /** Trips that can be recalled now. */
  get size(): number {
    return Math.min(LEARNED.memories, this.total);
  }

  keep(inputs: TripInputs, seconds: number): void {
    const total = this.total;
    const at = total % LEARNED.memories;
    this.count[0] = total + 1;
    this.places[4 * at] = inputs.fromX;
    this.places[4 * at + 1] = inputs.fromY;
    this.places[4 * at + 2] = inputs.toX;
    this.places[4 * at + 3] = inputs.toY;
    this.cells[2 * at] = inputs.fromCell;
    this.cells[2 * at + 1] = inputs.toCell;
    this.starts[at] = inputs.seconds;
    this.durations[at] = seconds;
    this.vehicles[at] = inputs.vehicle;
    for (let i = 0; i < CONTEXT_SIZE; i++) {
      this.contexts[CONTEXT_SIZE * at + i] = inputs.dense[i] as number;
    }
  }

  /** Puts the trip at a place of the ring into `inputs`; answers how many seconds it took. */
  recall(at: number, inputs: TripInputs): number {
    inputs.fromX = this.places[4 * at] as number;
    inputs.fromY = this.places[4 * at + 1] as number;
    inputs.toX = this.places[4 * at + 2] as number;
    inputs.toY = this.places[4 * at + 3] as number;
    inputs.fromCell = this.cells[2 * at] as number;
    inputs.toCell = this.cells[2 * at + 1] as number;
    inputs.seconds = this.starts[at] as number;
    inputs.vehicle = this.vehicles[at] as number;
    for (let i = 0; i < CONTEXT_SIZE; i++) {
      inputs.dense[i] = this.contexts[CONTEXT_SIZE * at + i] as number;
    }
    inputs.derive();
    return this.durations[at] as number;
  }
}
