/** Owns how a benchmark's outcome looks: a table for people, one JSON line for machines. */
import type { Machine } from './machine.ts';

/** One measured number. */
export interface Fact {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

/** A number that was promised. `most`: measured must not exceed it; `least`: not fall below it. */
export interface Target {
  readonly what: string;
  readonly measured: number;
  readonly bound: number;
  readonly sense: 'most' | 'least';
  readonly unit: string;
}

export interface BenchResult {
  readonly name: string;
  /** What is asked, in one sentence, with the sizes. */
  readonly question: string;
  readonly facts: readonly Fact[];
  readonly targets: readonly Target[];
  /** What kept the numbers from being better, and how that is known. */
  readonly bottleneck: string;
}

/** Whether a target was met; a number that could not be measured meets nothing. */
export function isMet({ measured, bound, sense }: Target): boolean {
  return sense === 'most' ? measured <= bound : measured >= bound;
}

/** The result as one line of JSON. */
export function asJson(result: BenchResult, machine: Machine): string {
  const targets = result.targets.map((target) => ({ ...target, met: isMet(target) }));
  return JSON.stringify({ ...result, targets, machine });
}

/** The result as a table. */
export function asTable(result: BenchResult, machine: Machine): string {
  const { cpu, cores, memoryGb, kernel, node, loadBefore, loadAfter, commit, modified, at } =
    machine;
  const width = Math.max(...[...result.facts, ...result.targets].map(({ what }) => what.length));
  const lines = [
    `${result.name}: ${result.question}`,
    `  ${cpu}, ${cores} cores, ${memoryGb} GB, Linux ${kernel}, Node ${node}, load ${loadBefore} to ${loadAfter}`,
    `  commit ${commit}${modified ? ' with changes' : ''}, ${at}`,
    '',
    ...result.facts.map(({ what, value, unit }) => row(what, width, value, unit)),
    '',
    ...result.targets.map((target) => {
      const sign = target.sense === 'most' ? '≤' : '≥';
      const verdict = isMet(target) ? 'met' : 'MISSED';
      const bound = `${sign} ${target.bound}`;
      return `${row(target.what, width, target.measured, target.unit)}  (${bound}) ${verdict}`;
    }),
    '',
    `  bottleneck: ${result.bottleneck}`,
  ];
  return `${lines.join('\n')}\n`;
}

function row(what: string, width: number, value: number, unit: string): string {
  return `  ${what.padEnd(width)}  ${shown(value).padStart(10)} ${unit}`;
}

function shown(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
