/**
 * A ring of finished trips to learn from again: with each new trip a few old ones are rehearsed, so
 * that one pass over the trips is worth several. What was known when a trip began (its context) is
 * kept with it; the rest is derived again. The oldest is overwritten: this is how the model forgets.
 */
import type { Column, Columns } from './learned-columns.ts';
import { CONTEXT_SIZE, type TripInputs } from './learned-inputs.ts';
import { LEARNED } from './learned-shape.ts';

export class LearnedMemories {
  /** Trips ever kept. */
  private readonly count: Column<Float64Array>;
  private readonly places: Column<Float32Array>;
  private readonly cells: Column<Float64Array>;
  private readonly starts: Column<Float64Array>;
  private readonly durations: Column<Float32Array>;
  private readonly vehicles: Column<Uint8Array>;
  private readonly contexts: Column<Float32Array>;

  constructor(columns: Columns) {
    const size = LEARNED.memories;
    this.count = columns.add(Float64Array, 1);
    this.places = columns.add(Float32Array, size, 4);
    this.cells = columns.add(Float64Array, size, 2);
    this.starts = columns.add(Float64Array, size);
    this.durations = columns.add(Float32Array, size);
    this.vehicles = columns.add(Uint8Array, size);
    this.contexts = columns.add(Float32Array, size, CONTEXT_SIZE);
  }

  /** Trips ever kept, also those overwritten since. */
  get total(): number {
    return this.count.read(0)[0] as number;
  }

  /** Trips that can be recalled now. */
  get size(): number {
    return Math.min(LEARNED.memories, this.total);
  }

  keep(inputs: TripInputs, seconds: number): void {
    const total = this.total;
    const row = total % LEARNED.memories;
    this.count.write(0)[0] = total + 1;
    const places = this.places.write(row);
    const place = this.places.at(row);
    places[place] = inputs.fromX;
    places[place + 1] = inputs.fromY;
    places[place + 2] = inputs.toX;
    places[place + 3] = inputs.toY;
    const cells = this.cells.write(row);
    const cell = this.cells.at(row);
    cells[cell] = inputs.fromCell;
    cells[cell + 1] = inputs.toCell;
    this.starts.write(row)[this.starts.at(row)] = inputs.seconds;
    this.durations.write(row)[this.durations.at(row)] = seconds;
    this.vehicles.write(row)[this.vehicles.at(row)] = inputs.vehicle;
    const contexts = this.contexts.write(row);
    const context = this.contexts.at(row);
    for (let i = 0; i < CONTEXT_SIZE; i++) contexts[context + i] = inputs.dense[i] as number;
  }

  /** Puts the trip at a place of the ring into `inputs`; answers how many seconds it took. */
  recall(row: number, inputs: TripInputs): number {
    const places = this.places.read(row);
    const place = this.places.at(row);
    inputs.fromX = places[place] as number;
    inputs.fromY = places[place + 1] as number;
    inputs.toX = places[place + 2] as number;
    inputs.toY = places[place + 3] as number;
    const cells = this.cells.read(row);
    const cell = this.cells.at(row);
    inputs.fromCell = cells[cell] as number;
    inputs.toCell = cells[cell + 1] as number;
    inputs.seconds = this.starts.read(row)[this.starts.at(row)] as number;
    inputs.vehicle = this.vehicles.read(row)[this.vehicles.at(row)] as number;
    const contexts = this.contexts.read(row);
    const context = this.contexts.at(row);
    for (let i = 0; i < CONTEXT_SIZE; i++) inputs.dense[i] = contexts[context + i] as number;
    inputs.derive();
    return this.durations.read(row)[this.durations.at(row)] as number;
  }
}
