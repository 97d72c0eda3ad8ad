/**
 * One small network: plain inputs and three learned sums (hour and vehicle, origin, destination)
 * through two hidden layers to the median of a trip's duration and its distance to the 90th
 * percentile, both as multiples of a rough guess. It learns by stochastic gradient (Adam for the
 * dense part, adaptive steps for the sparse rows) on the absolute error, and answers from a slow
 * average of its weights, which is steadier than any one step. Only +, −, ×, ÷ and sqrt.
 */
import type { Column, Columns } from './learned-columns.ts';
import type { TripInputs } from './learned-inputs.ts';
import { ROW_SLOTS, ROWS_TOTAL } from './learned-inputs.ts';
import { LEARNED, roughSeconds } from './learned-shape.ts';

const { dense, width, hidden1, hidden2 } = LEARNED;
const INPUTS = dense + 3 * width;
const AT_B1 = hidden1 * INPUTS;
const AT_W2 = AT_B1 + hidden1;
const AT_B2 = AT_W2 + hidden2 * hidden1;
const AT_W3 = AT_B2 + hidden2;
const AT_B3 = AT_W3 + 2 * hidden2;
const WEIGHTS = AT_B3 + 2;

const RATE = 0.001;
const ROW_RATE = 0.03;
const AVERAGE_RATE = 0.0005;
const ROW_AVERAGE_RATE = 0.02;
/** What flows through a resting unit, so that none dies. */
const LEAK = 0.01;
/** Errors below this many seconds pull less than fully: the loss is round at its bottom. */
const ROUND_SECONDS = 25;

/** Which of the three learned sums each of the rows belongs to. */
const SUM_OF_ROW = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2] as const;

export class LearnedNetwork {
  /** Multiples of the rough guess, of the last `answer`. */
  median = 1;
  spread = 0.4;
  private readonly weights: Column<Float64Array>;
  private readonly average: Column<Float64Array>;
  private readonly momentum: Column<Float64Array>;
  private readonly variance: Column<Float64Array>;
  private readonly rows: Column<Float32Array>;
  private readonly rowAverage: Column<Float32Array>;
  private readonly rowVariance: Column<Float32Array>;
  /** Running powers of Adam's two decays, and the number of steps taken. */
  private readonly progress: Column<Float64Array>;
  private readonly gradient = new Float64Array(WEIGHTS);
  private readonly x = new Float64Array(INPUTS);
  private readonly dx = new Float64Array(INPUTS);
  private readonly h1 = new Float64Array(hidden1);
  private readonly d1 = new Float64Array(hidden1);
  private readonly h2 = new Float64Array(hidden2);

  constructor(columns: Columns, random: () => number) {
    this.weights = columns.add(Float64Array, 1, WEIGHTS);
    this.average = columns.add(Float64Array, 1, WEIGHTS);
    this.momentum = columns.add(Float64Array, 1, WEIGHTS);
    this.variance = columns.add(Float64Array, 1, WEIGHTS);
    this.rows = columns.add(Float32Array, ROWS_TOTAL, width);
    this.rowAverage = columns.add(Float32Array, ROWS_TOTAL, width);
    this.rowVariance = columns.add(Float32Array, ROWS_TOTAL, width);
    this.progress = columns.add(Float64Array, 1, 3);
    this.progress.write(0).set([1, 1, 0]);
    const weights = this.weights.write(0);
    const scatter = (at: number, count: number, size: number) => {
      for (let i = at; i < at + count; i++) weights[i] = (random() * 2 - 1) * size;
    };
    scatter(0, AT_B1, Math.sqrt(6 / INPUTS));
    scatter(AT_W2, hidden2 * hidden1, Math.sqrt(6 / hidden1));
    scatter(AT_W3, 2 * hidden2, 0.05);
    weights[AT_B3] = 1;
    weights[AT_B3 + 1] = 0.4;
    this.average.write(0).set(weights);
  }

  /** Sets `median` and `spread` for the inputs, from the averaged weights. */
  answer(inputs: TripInputs): void {
    this.forward(this.average.read(0), this.rowAverage, inputs);
  }

  /** Adds what one finished trip of `seconds` says to the gradient, and moves its rows. */
  study(inputs: TripInputs, seconds: number): void {
    this.forward(this.weights.read(0), this.rows, inputs);
    const rough = roughSeconds(inputs.meters);
    const size = rough / 300;
    const toMedian = size * rounded(rough * this.median - seconds);
    const miss = rounded(rough * (this.median + this.spread) - seconds);
    this.backward(toMedian, size * miss * (miss > 0 ? 0.1 : 0.9), inputs);
  }

  /** Moves the dense weights by the mean of `trips` gradients, and the average after them. */
  step(trips: number): void {
    const { gradient } = this;
    const weights = this.weights.write(0);
    const average = this.average.write(0);
    const momentum = this.momentum.write(0);
    const variance = this.variance.write(0);
    const progress = this.progress.write(0);
    const power1 = (progress[0] as number) * 0.9;
    const power2 = (progress[1] as number) * 0.999;
    const steps = (progress[2] as number) + 1;
    progress[0] = power1;
    progress[1] = power2;
    progress[2] = steps;
    const rate = RATE / (1 - power1);
    const unbias = 1 / (1 - power2);
    const follow = Math.max(AVERAGE_RATE, 1 / (1 + steps * 0.2));
    for (let i = 0; i < WEIGHTS; i++) {
      const g = (gradient[i] as number) / trips;
      gradient[i] = 0;
      const m = (momentum[i] as number) * 0.9 + g * 0.1;
      const v = (variance[i] as number) * 0.999 + g * g * 0.001;
      momentum[i] = m;
      variance[i] = v;
      const w = (weights[i] as number) - (rate * m) / (Math.sqrt(v * unbias) + 1e-8);
      weights[i] = w;
      average[i] = (average[i] as number) + follow * (w - (average[i] as number));
    }
  }

  private forward(weights: Float64Array, rows: Column<Float32Array>, inputs: TripInputs): void {
    const { x, h1, h2 } = this;
    x.set(inputs.dense);
    for (let i = dense; i < INPUTS; i++) x[i] = 0;
    for (let slot = 0; slot < ROW_SLOTS; slot++) {
      const row = inputs.rows[slot] as number;
      if (row < 0) continue;
      const share = inputs.shares[slot] as number;
      const at = dense + (SUM_OF_ROW[slot] as number) * width;
      const page = rows.read(row);
      const from = rows.at(row);
      for (let i = 0; i < width; i++) {
        x[at + i] = (x[at + i] as number) + share * (page[from + i] as number);
      }
    }
    layer(weights, 0, AT_B1, x, h1);
    layer(weights, AT_W2, AT_B2, h1, h2);
    let median = weights[AT_B3] as number;
    let spread = weights[AT_B3 + 1] as number;
    for (let i = 0; i < hidden2; i++) {
      median += (weights[AT_W3 + i] as number) * (h2[i] as number);
      spread += (weights[AT_W3 + hidden2 + i] as number) * (h2[i] as number);
    }
    this.median = median;
    this.spread = spread;
  }

  private backward(toMedian: number, toSpread: number, inputs: TripInputs): void {
    const { gradient, x, h1, h2, d1, dx } = this;
    const weights = this.weights.read(0);
    gradient[AT_B3] = (gradient[AT_B3] as number) + toMedian;
    gradient[AT_B3 + 1] = (gradient[AT_B3 + 1] as number) + toSpread;
    d1.fill(0);
    dx.fill(0);
    for (let j = 0; j < hidden2; j++) {
      const active = h2[j] as number;
      const a = AT_W3 + j;
      const b = a + hidden2;
      const pull = toMedian * (weights[a] as number) + toSpread * (weights[b] as number);
      gradient[a] = (gradient[a] as number) + toMedian * active;
      gradient[b] = (gradient[b] as number) + toSpread * active;
      spreadBack(weights, gradient, AT_W2 + j * hidden1, AT_B2 + j, leaky(pull, active), h1, d1);
    }
    for (let j = 0; j < hidden1; j++) {
      const pull = leaky(d1[j] as number, h1[j] as number);
      spreadBack(weights, gradient, j * INPUTS, AT_B1 + j, pull, x, dx);
    }
    for (let slot = 0; slot < ROW_SLOTS; slot++) {
      const row = inputs.rows[slot] as number;
      if (row >= 0) this.moveRow(row, slot, inputs.shares[slot] as number);
    }
  }

  private moveRow(row: number, slot: number, share: number): void {
    const { dx } = this;
    const rows = this.rows.write(row);
    const rowAverage = this.rowAverage.write(row);
    const rowVariance = this.rowVariance.write(row);
    const at = this.rows.at(row);
    const from = dense + (SUM_OF_ROW[slot] as number) * width;
    for (let i = 0; i < width; i++) {
      const g = (dx[from + i] as number) * share;
      const v = (rowVariance[at + i] as number) * 0.9995 + g * g;
      rowVariance[at + i] = v;
      const w = (rows[at + i] as number) - (ROW_RATE * g) / (Math.sqrt(v) + 0.001);
      rows[at + i] = w;
      const mean = rowAverage[at + i] as number;
      rowAverage[at + i] = mean + ROW_AVERAGE_RATE * (w - mean);
    }
  }
}

/**
 * `out` = leaky rectifier of the weights at `at` times `input` plus the biases at `biasAt`. Four
 * units at a time, so that no addition waits for the one before: an answer takes half as long.
 * The number of units must be a multiple of four.
 */
function layer(
  weights: Float64Array,
  at: number,
  biasAt: number,
  input: Float64Array,
  out: Float64Array,
): void {
  const size = input.length;
  for (let j = 0; j < out.length; j += 4) {
    let a = weights[biasAt + j] as number;
    let b = weights[biasAt + j + 1] as number;
    let c = weights[biasAt + j + 2] as number;
    let d = weights[biasAt + j + 3] as number;
    let row = at + j * size;
    for (let i = 0; i < size; i++, row++) {
      const value = input[i] as number;
      a += (weights[row] as number) * value;
      b += (weights[row + size] as number) * value;
      c += (weights[row + 2 * size] as number) * value;
      d += (weights[row + 3 * size] as number) * value;
    }
    out[j] = a > 0 ? a : LEAK * a;
    out[j + 1] = b > 0 ? b : LEAK * b;
    out[j + 2] = c > 0 ? c : LEAK * c;
    out[j + 3] = d > 0 ? d : LEAK * d;
  }
}

/** Carries the pull on one unit back to its weights, its bias and its inputs. */
function spreadBack(
  weights: Float64Array,
  gradient: Float64Array,
  at: number,
  biasAt: number,
  pull: number,
  input: Float64Array,
  back: Float64Array,
): void {
  gradient[biasAt] = (gradient[biasAt] as number) + pull;
  for (let i = 0; i < input.length; i++) {
    gradient[at + i] = (gradient[at + i] as number) + pull * (input[i] as number);
    back[i] = (back[i] as number) + pull * (weights[at + i] as number);
  }
}

function leaky(pull: number, active: number): number {
  return active > 0 ? pull : LEAK * pull;
}

function rounded(seconds: number): number {
  return Math.max(-1, Math.min(1, seconds / ROUND_SECONDS));
}
