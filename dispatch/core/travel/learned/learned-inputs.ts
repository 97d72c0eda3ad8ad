/**
 * What the networks see of one trip: where, how far, which way, when, with what. Context that other
 * trips have left (traffic, pairs) is written beside it by its owners. A place may come without a
 * cell (`NO_CELL`); then nothing is known of it but its coordinates.
 */
import { VEHICLE_KINDS } from '../../../../contracts/states.ts';
import { LEARNED, mix32 } from './learned-shape.ts';

/** Stands for the cell of a point whose cell nobody computed. */
export const NO_CELL = -1;

/** Sparse rows of a trip: two hours, two half-hours, vehicle, three of each end. */
export const ROW_SLOTS = 11;
const AT_HALF_HOURS = LEARNED.hours;
const AT_VEHICLES = AT_HALF_HOURS + LEARNED.halfHours;
const AT_ORIGINS = AT_VEHICLES + VEHICLE_KINDS.length;
const ROWS_OF_END = LEARNED.rows9 + LEARNED.rows8 + LEARNED.rows7;
export const ROWS_TOTAL = AT_ORIGINS + 2 * ROWS_OF_END;

/** Where the context starts among the plain inputs, and how long it is. */
export const AT_CONTEXT = 0;
export const CONTEXT_TRAFFIC = 0;
export const CONTEXT_REGIONS = 3;
export const CONTEXT_PAIRS = 5;
export const CONTEXT_SIZE = 11;

/** Coordinates enter in units of 4 km and are cut at 24 km, so that far points stay in range. */
const UNIT_METERS = 4_000;
const CUT = 6;

/** One trip, as numbers. Reused: an answer allocates nothing. */
export class TripInputs {
  fromX = 0;
  fromY = 0;
  toX = 0;
  toY = 0;
  fromCell = NO_CELL;
  toCell = NO_CELL;
  seconds = 0;
  vehicle = 0;
  meters = 0;
  readonly dense = new Float64Array(LEARNED.dense);
  readonly rows = new Int32Array(ROW_SLOTS);
  readonly shares = new Float64Array(ROW_SLOTS).fill(1);

  /** Fills `meters`, the plain inputs past the context, and the rows, from the fields above. */
  derive(): void {
    this.deriveShape();
    this.deriveTime();
    this.rows[4] = AT_VEHICLES + this.vehicle;
    endRows(this.rows, 5, AT_ORIGINS, this.fromCell);
    endRows(this.rows, 8, AT_ORIGINS + ROWS_OF_END, this.toCell);
  }

  private deriveShape(): void {
    const { dense } = this;
    const ax = this.fromX / UNIT_METERS;
    const ay = this.fromY / UNIT_METERS;
    const bx = this.toX / UNIT_METERS;
    const by = this.toY / UNIT_METERS;
    const dx = bx - ax;
    const dy = by - ay;
    const far = Math.sqrt(dx * dx + dy * dy);
    this.meters = far * UNIT_METERS;
    let at = AT_CONTEXT + CONTEXT_SIZE;
    dense[at++] = cut(far);
    dense[at++] = cut(Math.sqrt(far));
    dense[at++] = Math.min(far, 1);
    dense[at++] = Math.min(far, 0.4);
    dense[at++] = cut(dx);
    dense[at++] = cut(dy);
    dense[at++] = cut(Math.abs(dx));
    dense[at++] = cut(Math.abs(dy));
    dense[at++] = cut(Math.abs(dx) + Math.abs(dy));
    // The same along the diagonals: streets seldom run true north.
    dense[at++] = cut(Math.abs(dx + dy) * 0.7);
    dense[at++] = cut(Math.abs(dx - dy) * 0.7);
    dense[at++] = far > 0 ? dx / far : 0;
    dense[at++] = far > 0 ? dy / far : 0;
    dense[at++] = cut(ax);
    dense[at++] = cut(ay);
    dense[at++] = cut(bx);
    dense[at++] = cut(by);
    dense[at++] = cut((ax + bx) / 2);
    dense[at] = cut((ay + by) / 2);
  }

  /** Hour of the week and half-hour of the day, each shared between its two neighbours. */
  private deriveTime(): void {
    const { rows, shares } = this;
    const hours = positive(this.seconds / 3_600, LEARNED.hours);
    const hour = Math.floor(hours);
    rows[0] = hour;
    rows[1] = (hour + 1) % LEARNED.hours;
    shares[1] = hours - hour;
    shares[0] = 1 - (hours - hour);
    const halves = positive(this.seconds / 1_800, LEARNED.halfHours);
    const half = Math.floor(halves);
    rows[2] = AT_HALF_HOURS + half;
    rows[3] = AT_HALF_HOURS + ((half + 1) % LEARNED.halfHours);
    shares[3] = halves - half;
    shares[2] = 1 - (halves - half);
  }
}

function endRows(rows: Int32Array, slot: number, at: number, cell: number): void {
  if (cell === NO_CELL) {
    rows.fill(-1, slot, slot + 3);
    return;
  }
  rows[slot] = at + (mix32(cell) & (LEARNED.rows9 - 1));
  rows[slot + 1] = at + LEARNED.rows9 + (mix32(Math.floor(cell / 8)) & (LEARNED.rows8 - 1));
  const coarse = mix32(Math.floor(cell / 64)) & (LEARNED.rows7 - 1);
  rows[slot + 2] = at + LEARNED.rows9 + LEARNED.rows8 + coarse;
}

/** The remainder that is never negative, also for times before 1970. */
function positive(value: number, span: number): number {
  return value - Math.floor(value / span) * span;
}

function cut(value: number): number {
  return Math.max(-CUT, Math.min(CUT, value));
}
