/** Owns telling where a number was measured: without the machine and the commit it means nothing. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { projectRoot } from '../../launch/paths.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  /** Load average of the last minute when the benchmark began: what else was running. */
  readonly loadBefore: number;
  /** The same at the end, with the benchmark's own processes in it. */
  readonly loadAfter: number;
  readonly commit: string;
  /** Whether tracked files differed from the commit. */
  readonly modified: boolean;
  readonly at: string;
}

/** Load average of the last minute: how many threads ran or wanted to. */
export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

/** Describes this machine and checkout; unknown values say so instead of failing the run. */
export function describeMachine(loadBefore: number): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: output('uname', ['-r']) || 'unknown',
    node: process.versions.node,
    loadBefore,
    loadAfter: loadNow(),
    commit: output('git', ['rev-parse', '--short', 'HEAD']) || 'unknown',
    modified: output('git', ['status', '--porcelain', '--untracked-files=no']) !== '',
    at: new Date().toISOString(),
  };
}

function output(file: string, args: readonly string[]): string {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync(file, args, { cwd: projectRoot, encoding: 'utf8', stdio }).trim();
  } catch {
    return '';
  }
}
