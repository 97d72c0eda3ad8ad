/**
 * Owns telling whether a process noted earlier is still that process. Process ids are reused, so a
 * note holds the start time too: killing by id alone could end a stranger.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for two looks at one process, different for any later process with the same pid. */
  readonly startedAt: string;
}

/** Identity of a running process, or undefined when there is none (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    if (process.platform !== 'linux') {
      const env = { ...process.env, LC_ALL: 'C' };
      const startedAt = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { env });
      return { pid, startedAt: startedAt.toString().trim() };
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in brackets and may hold anything; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { pid, startedAt: `${boot}/${fields[19]}` };
  } catch {
    return undefined;
  }
}

/** Whether the process noted is still running. */
export function isAlive(noted: ProcessIdentity): boolean {
  return identify(noted.pid)?.startedAt === noted.startedAt;
}
