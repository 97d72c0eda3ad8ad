/**
 * The normal law from tables, because the core has no exponential: every machine reads the same
 * numbers. Between the entries it is linear; the error stays below 0.001.
 */

/** Entries per standard deviation, and the last: beyond four the law is as good as over. */
const PER_UNIT = 8;
const LAST = 32;
/** Density and probability at 0, 1/8, 2/8 … 4 standard deviations. */
const DENSITY = [
  0.398942, 0.395838, 0.386668, 0.371855, 0.352065, 0.328161, 0.301137, 0.272055, 0.241971,
  0.211877, 0.182649, 0.155012, 0.129518, 0.106538, 0.086277, 0.068786, 0.053991, 0.041721, 0.03174,
  0.023772, 0.017528, 0.012724, 0.009094, 0.006398, 0.004432, 0.003022, 0.002029, 0.001341,
  0.000873, 0.000559, 0.000353, 0.000219, 0.000134,
];
const BELOW = [
  0.5, 0.549738, 0.598706, 0.64617, 0.691462, 0.734014, 0.773373, 0.809213, 0.841345, 0.869705,
  0.89435, 0.915434, 0.933193, 0.947919, 0.959941, 0.969604, 0.97725, 0.983207, 0.987776, 0.991226,
  0.99379, 0.995668, 0.99702, 0.99798, 0.99865, 0.999111, 0.999423, 0.999631, 0.999767, 0.999856,
  0.999912, 0.999947, 0.999968,
];

function at(table: readonly number[], z: number): number {
  const place = Math.min(LAST, z * PER_UNIT);
  const low = Math.min(LAST - 1, Math.floor(place));
  const [from, to] = [table[low] as number, table[low + 1] as number];
  return from + (to - from) * (place - low);
}

/** Density of the standard normal law. */
export function density(z: number): number {
  return Math.abs(z) >= LAST / PER_UNIT ? 0 : at(DENSITY, Math.abs(z));
}

/** Probability of no more than `z`. */
export function below(z: number): number {
  if (z >= LAST / PER_UNIT) return 1;
  if (z <= -LAST / PER_UNIT) return 0;
  return z >= 0 ? at(BELOW, z) : 1 - at(BELOW, -z);
}

/** The value that `part` (of 1) of all stay below; at most four standard deviations out. */
export function quantile(part: number): number {
  if (part < 0.5) return -quantile(1 - part);
  let n = 0;
  while (n < LAST - 1 && (BELOW[n + 1] as number) < part) n++;
  const [from, to] = [BELOW[n] as number, BELOW[n + 1] as number];
  return (n + Math.min(1, (part - from) / (to - from))) / PER_UNIT;
}

/** The mean of what values exceed `z` by, counting nothing for those that do not. */
export function excess(z: number): number {
  if (z <= -LAST / PER_UNIT) return -z;
  return Math.max(0, density(z) - z * (1 - below(z)));
}

/** Mean and variance of the values that are no more than `z` (the censored regression of Tobin 1958). */
export function cutAbove(z: number): { readonly mean: number; readonly variance: number } {
  const part = below(z);
  // So far out nearly all that is below lies at the cut itself.
  if (z < -3 || part === 0) return { mean: z + 1 / z, variance: 0 };
  const ratio = density(z) / part;
  return { mean: -ratio, variance: Math.max(0, 1 - z * ratio - ratio * ratio) };
}
