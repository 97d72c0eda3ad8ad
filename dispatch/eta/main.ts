/**
 * `npm run eta -- TRIPS_CSV [--from TIME] [--json]`: predicts each recorded trip when it starts and
 * learns it when it ends, and says how good the predictions were on trips that start from TIME on.
 */
import { parseArgs } from 'node:util';
import { type Score, scoreTrips } from './prequential.ts';
import { readTrips } from './trips-file.ts';

const USAGE = 'usage: npm run eta -- TRIPS_CSV [--from 2008-05-31T00:00:00-07:00] [--json]';
/** Midnight in San Francisco: earlier trips of the published file only teach. */
const DEFAULT_FROM = '2008-05-31T00:00:00-07:00';
const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/;

function describe(score: Score): string {
  return [
    `trips scored            ${score.trips}`,
    `mean absolute error     ${score.maeSeconds} s (${score.mapePercent} % of the duration)`,
    `ended within p50 / p90  ${score.p50CoveragePercent} % / ${score.p90CoveragePercent} %`,
    `one answer              ${score.microsecondsPerAnswer} µs`,
    `state                   ${score.stateBytes} bytes`,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      from: { type: 'string', default: DEFAULT_FROM },
    },
    allowPositionals: true,
  });
  const [path, ...others] = positionals;
  if (path === undefined || others.length > 0) throw new Error(USAGE);
  const fromSeconds = ISO_TIME.test(values.from) ? Date.parse(values.from) / 1_000 : Number.NaN;
  if (Number.isNaN(fromSeconds)) throw new Error(`--from: an RFC 3339 time or a date. ${USAGE}`);
  const trips = await readTrips(path);
  const score = scoreTrips(trips, {
    fromSeconds,
    clock: () => performance.now(),
    onProgress: (part) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${Math.round(part * 100)} %`);
    },
  });
  if (process.stderr.isTTY) process.stderr.write('\r');
  if (score.trips === 0) throw new Error(`no trip of the file starts at ${values.from} or later`);
  process.stdout.write(`${values.json ? JSON.stringify(score) : describe(score)}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`eta: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
