/**
 * `npm run mdrp -- INSTANCE_DIR... [--out DIR] [--json]`: runs instances of the Meal Delivery Routing
 * Problem through the engine's core. A folder of instances stands for all of them. Every instance is
 * read before the first one runs; a bad one ends it all with its file and line.
 */
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { InstanceError, readInstance } from './instance.ts';
import { readTuning } from './rules.ts';
import type { Figures } from './solution.ts';
import type { CrewData, Report } from './worker.ts';

type Done = Extract<Report, { figures: Figures }>;

const USAGE =
  'usage: npm run mdrp -- INSTANCE_DIR... [--out DIR] [--json] [--workers N] ' +
  "[--policy '{…}'] [--weights '{…}'] [--estimates] [--decline PART] [--seed N]";
const WORKERS_MAX = 64;
/** Without a terminal the progress is a line for every so many instances. */
const LINE_EVERY = 8;

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      workers: { type: 'string', default: String(availableParallelism()) },
      policy: { type: 'string', default: '{}' },
      weights: { type: 'string', default: '{}' },
      estimates: { type: 'boolean', default: false },
      decline: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  });
  const workers = Number(values.workers);
  if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX) {
    throw new InstanceError(`--workers: a whole number from 1 to ${WORKERS_MAX}`);
  }
  if (positionals.length === 0) throw new InstanceError(USAGE);
  const data: CrewData = {
    out: values.out ?? null,
    tuning: readTuning(values.policy, values.weights),
    estimates: values.estimates,
    decline: values.decline === undefined ? null : numberIn('decline', values.decline, 0.9),
    seed: numberIn('seed', values.seed, 1_000_000_000),
  };
  return { data, workers, json: values.json, folders: positionals.flatMap(foldersIn) };
}

function numberIn(name: string, text: string, most: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= most)) {
    throw new InstanceError(`--${name}: a number from 0 to ${most}`);
  }
  return value;
}

/** The folder itself when it is an instance, else the instances in it. */
function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) throw new InstanceError(`${folder}: there is no such folder`);
  if (existsSync(join(folder, 'instance_parameters.txt'))) return [folder];
  const found = readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((inner) => existsSync(join(inner, 'instance_parameters.txt')));
  if (found.length === 0) throw new InstanceError(`${folder}: no instance_parameters.txt in it`);
  return found;
}

/** Runs the folders on so many threads; the first error ends all. */
async function runAll(
  folders: readonly string[],
  count: number,
  data: CrewData,
  progress: (done: readonly Done[]) => void,
): Promise<Done[]> {
  const queue = folders.slice();
  const done: Done[] = [];
  const crew = Array.from(
    { length: Math.min(count, folders.length) },
    () => new Worker(new URL('./worker.ts', import.meta.url), { workerData: data }),
  );
  const work = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const next = () => {
        const folder = queue.shift();
        if (folder === undefined) resolve();
        else worker.postMessage(folder);
      };
      worker.on('error', reject);
      worker.on('message', (report: Report) => {
        if ('error' in report) {
          reject(new InstanceError(`${report.folder}: ${report.error}`));
          return;
        }
        done.push(report);
        progress(done);
        next();
      });
      next();
    });
  try {
    await Promise.all(crew.map(work));
  } finally {
    await Promise.all(crew.map((worker) => worker.terminate()));
  }
  return done.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

function summaryOf(done: readonly Done[]) {
  const mean = (of: (figures: Figures) => number) =>
    Number((done.reduce((sum, { figures }) => sum + of(figures), 0) / done.length).toFixed(3));
  const rounds = done.flatMap(({ roundMs }) => roundMs);
  return {
    instances: done.length,
    undeliveredPercent: mean((f) => f.undeliveredPercent),
    clickToDoor: mean((f) => f.clickToDoor),
    overage: mean((f) => f.overage),
    readyToPickup: mean((f) => f.readyToPickup),
    costPerOrder: mean((f) => f.costPerOrder),
    ordersPerBundle: mean((f) => f.ordersPerBundle),
    excess180: mean((f) => f.excess180),
    roundMsP50: Number(quantile(rounds, 0.5).toFixed(1)),
    roundMsP99: Number(quantile(rounds, 0.99).toFixed(1)),
    roundMsMax: Number(quantile(rounds, 1).toFixed(1)),
  };
}

function lineOf({ name, figures, seconds }: Done): string {
  const { undelivered, excess180, clickToDoor, overage, costPerOrder } = figures;
  return (
    `${name.padEnd(18)} excess180 ${excess180.toFixed(3)}  undelivered ${undelivered}  ` +
    `click-to-door ${clickToDoor.toFixed(2)}  overage ${overage.toFixed(2)}  ` +
    `cost ${costPerOrder.toFixed(2)}  ${seconds.toFixed(1)} s`
  );
}

async function main(): Promise<void> {
  const { data, workers, json, folders } = options();
  for (const folder of folders) readInstance(folder);
  const done = await runAll(folders, workers, data, (all) => {
    const { excess180 } = summaryOf(all);
    const text = `${all.length} of ${folders.length}, excess180 so far ${excess180}`;
    if (process.stderr.isTTY) process.stderr.write(`\r${text} `);
    else if (all.length % LINE_EVERY === 0) process.stderr.write(`${text}\n`);
  });
  if (process.stderr.isTTY) process.stderr.write('\n');
  if (json) {
    const instances = done.map(({ name, figures }) => ({ name, ...figures }));
    console.log(JSON.stringify({ ...summaryOf(done), results: instances }));
    return;
  }
  for (const each of done) console.log(lineOf(each));
  console.log(JSON.stringify(summaryOf(done), null, 2));
}

try {
  await main();
} catch (error) {
  console.error(`mdrp: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
