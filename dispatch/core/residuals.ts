/**
 * How far things fall from where they were expected, as a histogram that fades: counts per half
 * minute, with what was only seen to be "no later than" spread over what is known of that part (the
 * self-consistent estimate of Efron 1967 and Turnbull 1976, one observation at a time). Integer ms.
 */

/** Width of a bin, the least and the greatest residual that is told apart; ms. */
const BIN_MS = 30_000;
const LEAST_MS = -1_800_000;
const MOST_MS = 3_600_000;
const BINS = (MOST_MS - LEAST_MS) / BIN_MS + 1;
const ZERO_BIN = -LEAST_MS / BIN_MS;
/** Mass of one observation: fine enough to be shared out over all bins. */
const ONE = 65_536;
/** Observations of no residual at all that a new histogram starts with. */
const PRIOR = 8;
/** Observations remembered; beyond, all mass is halved, so that what is past fades. */
const OBSERVATIONS_MAX = 4_096;

/** What an observation says of a residual: its likeliest size and that without its sign; ms. */
export interface Imputed {
  readonly meanMs: number;
  readonly sizeMs: number;
}

export class Residuals {
  private readonly bins = new Float64Array(BINS);
  private mass = PRIOR * ONE;
  /** Per bin the mass above it, and that mass times its residuals; made when asked for. */
  private tails: { readonly mass: Float64Array; readonly moment: Float64Array } | null = null;

  constructor() {
    this.bins[ZERO_BIN] = PRIOR * ONE;
  }

  /** Learns a residual. `exact` false: it is no greater than `ms`. Says what that amounts to. */
  learn(ms: number, exact: boolean): Imputed {
    const last = binOf(ms);
    const below = exact ? 0 : this.massUpTo(last);
    const imputed = below > 0 ? this.share(last, below) : this.put(last, ms);
    if (this.mass > OBSERVATIONS_MAX * ONE) this.fade();
    this.tails = null;
    return imputed;
  }

  private put(bin: number, ms: number): Imputed {
    this.bins[bin] = (this.bins[bin] as number) + ONE;
    this.mass += ONE;
    return { meanMs: ms, sizeMs: Math.abs(ms) };
  }

  /** One observation's mass over the bins up to `last`, as they are filled by now. */
  private share(last: number, below: number): Imputed {
    let mean = 0;
    let size = 0;
    for (let n = 0; n <= last; n++) {
      const mass = this.bins[n] as number;
      if (mass === 0) continue;
      const part = Math.round((mass * ONE) / below);
      this.bins[n] = mass + part;
      this.mass += part;
      mean += (mass / below) * msOf(n);
      size += (mass / below) * Math.abs(msOf(n));
    }
    return { meanMs: Math.round(mean), sizeMs: Math.round(size) };
  }

  private massUpTo(last: number): number {
    let sum = 0;
    for (let n = 0; n <= last; n++) sum += this.bins[n] as number;
    return sum;
  }

  private fade(): void {
    this.mass = 0;
    for (let n = 0; n < BINS; n++) {
      const left = Math.floor((this.bins[n] as number) / 2);
      this.bins[n] = left;
      this.mass += left;
    }
  }

  /** The residual that `perMille` of all stay at or below. */
  quantileMs(perMille: number): number {
    const wanted = (this.mass * perMille) / 1000;
    let sum = 0;
    for (let n = 0; n < BINS; n++) {
      sum += this.bins[n] as number;
      if (sum >= wanted && sum > 0) return msOf(n);
    }
    return MOST_MS;
  }

  /** The mean of all residuals. */
  meanMs(): number {
    return LEAST_MS + this.excessMs(LEAST_MS);
  }

  /** The mean of what residuals exceed `ms` by, counting nothing for those that do not. */
  excessMs(ms: number): number {
    const { mass, moment } = this.tails ?? this.measure();
    const bin = Math.floor((ms - LEAST_MS) / BIN_MS);
    if (bin >= BINS) return 0;
    const from = Math.max(-1, bin) + 1;
    return ((moment[from] as number) - ms * (mass[from] as number)) / this.mass;
  }

  private measure() {
    const mass = new Float64Array(BINS + 1);
    const moment = new Float64Array(BINS + 1);
    for (let n = BINS - 1; n >= 0; n--) {
      const here = this.bins[n] as number;
      mass[n] = (mass[n + 1] as number) + here;
      moment[n] = (moment[n + 1] as number) + here * msOf(n);
    }
    this.tails = { mass, moment };
    return this.tails;
  }

  /** Bins that are not empty, for snapshots. */
  all(): [bin: number, mass: number][] {
    return [...this.bins.entries()].filter(([, mass]) => mass > 0);
  }

  restore(bins: readonly (readonly [bin: number, mass: number])[]): void {
    this.bins.fill(0);
    this.mass = 0;
    this.tails = null;
    for (const [bin, mass] of bins) {
      this.bins[bin] = mass;
      this.mass += mass;
    }
  }
}

function binOf(ms: number): number {
  const bin = Math.round((ms - LEAST_MS) / BIN_MS);
  return Math.max(0, Math.min(BINS - 1, bin));
}

function msOf(bin: number): number {
  return LEAST_MS + bin * BIN_MS;
}
