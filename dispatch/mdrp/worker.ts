/** One thread of `npm run mdrp`: runs the instances it is sent, one after the other. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Answers } from './answers.ts';
import { withEstimates } from './estimates.ts';
import { readInstance } from './instance.ts';
import type { Tuning } from './rules.ts';
import { runInstance } from './run.ts';
import { type Figures, writeSolution } from './solution.ts';

/** What a thread is given for its life. */
export interface CrewData {
  readonly out: string | null;
  readonly tuning: Tuning;
  /** Ready times are only estimates. */
  readonly estimates: boolean;
  /** Part of offers that couriers decline; null: they are not asked. */
  readonly decline: number | null;
  /** Of what is drawn for the two. */
  readonly seed: number;
}

export type Report =
  | {
      readonly name: string;
      readonly figures: Figures;
      readonly roundMs: readonly number[];
      readonly seconds: number;
    }
  | { readonly folder: string; readonly error: string };

const port = parentPort;
if (!port) throw new Error('mdrp: worker.ts runs as a thread of main.ts');
const { out, tuning, estimates, decline, seed } = workerData as CrewData;

port.on('message', (folder: string) => {
  port.postMessage(reportOf(folder));
});

function reportOf(folder: string): Report {
  try {
    const given = readInstance(folder);
    const instance = estimates ? withEstimates(given, seed) : given;
    const answers = decline === null ? null : new Answers(decline, seed);
    const beganMs = performance.now();
    const { solution, figures, roundMs } = runInstance(instance, tuning, answers);
    const seconds = (performance.now() - beganMs) / 1_000;
    if (out !== null) save(join(out, instance.name), () => solution);
    return { name: instance.name, figures, roundMs, seconds };
  } catch (error) {
    return { folder, error: error instanceof Error ? error.message : String(error) };
  }
}

/** All three files or none. */
function save(folder: string, solution: () => Parameters<typeof writeSolution>[1]): void {
  try {
    writeSolution(folder, solution());
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
