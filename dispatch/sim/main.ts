/**
 * `npm run sim`: runs seeds, each twice, and says what it found. `--seed N` repeats one, `--runs N`
 * takes that many fresh ones, `--minutes N` makes the faulty part that long (virtual time).
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { drawFaultPlan } from './fault-plan.ts';
import { simulate } from './simulator.ts';

const SEED_MAX = 1_000_000_000;

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${name}: a whole number ≥ 1`);
  return value;
}

/** Runs one seed twice; true when it holds and both traces are equal. */
async function runSeed(seed: number, minutes: number): Promise<boolean> {
  const plan = drawFaultPlan(seed, minutes * 60_000);
  console.log(`seed ${seed} plan ${JSON.stringify(plan)}`);
  const startMs = performance.now();
  const first = await simulate(plan);
  const second = await simulate(plan);
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  const problems = [...first.problems];
  if (first.trace !== second.trace) {
    problems.push(`two runs differ: traces ${first.trace} and ${second.trace}`);
  }
  for (const problem of problems) console.log(`  BROKEN ${problem}`);
  const { counts, records, crashes, restores, trace, virtualMs } = first;
  console.log(
    `  ${problems.length === 0 ? 'holds' : 'BROKEN'} in ${seconds} s: trace ${trace}, ` +
      `${Math.round(virtualMs / 1_000)} virtual s, ${records} records, ${crashes} crashes, ` +
      `${restores} epochs, ${JSON.stringify(counts)}`,
  );
  if (problems.length > 0) console.log(`  repeat with: npm run sim -- --seed ${seed}`);
  return problems.length === 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      runs: { type: 'string', default: '5' },
      minutes: { type: 'string', default: '10' },
    },
  });
  const minutes = positive(values.minutes, 'minutes');
  const runs = values.seed === undefined ? positive(values.runs, 'runs') : 1;
  let broken = 0;
  for (let run = 0; run < runs; run++) {
    const seed = values.seed === undefined ? randomInt(1, SEED_MAX) : positive(values.seed, 'seed');
    if (!(await runSeed(seed, minutes))) broken++;
  }
  console.log(`${runs - broken} of ${runs} seeds hold`);
  if (broken > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(`sim: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
