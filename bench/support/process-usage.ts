/**
 * Owns reading what a process has used, from /proc: CPU time and memory. CPU time, not wall time, is
 * what benchmarks here compare, because it is the same whether or not the machine is shared.
 */
import { readdirSync, readFileSync } from 'node:fs';

const NANOSECONDS_PER_MICROSECOND = 1_000;
const BYTES_PER_KB = 1_024;
/** /proc/PID/stat counts in hundredths of a second. */
const MICROS_PER_TICK = 10_000;

/**
 * CPU µs that the threads of a process have used so far, user and system together. Read from the
 * scheduler's own nanosecond count, since /proc/PID/stat counts in hundredths of a second.
 * Threads that ended are not in it: the processes measured here keep theirs.
 */
export function cpuMicros(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [onCpu = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(
        ' ',
      );
      nanoseconds += Number(onCpu);
    } catch {
      // A thread may end between the listing and the reading; it is gone from the count either way.
    }
  }
  return nanoseconds / NANOSECONDS_PER_MICROSECOND;
}

/** CPU µs of children that ended and were waited for, in steps of 10 ms. */
export function endedChildrenMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name in brackets: state is field 3; cutime and cstime are fields 16 and 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * MICROS_PER_TICK;
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const [, kb = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) * BYTES_PER_KB;
}

/** Kernel memory in slabs, bytes, of the whole machine: compare two readings on a quiet one. */
export function slabBytes(): number {
  const [, kb = '0'] = /Slab:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Number(kb) * BYTES_PER_KB;
}

/** TCP sockets in use and the bytes the kernel holds in their buffers, for the whole machine. */
export function tcpSockets(): { readonly inUse: number; readonly bufferBytes: number } {
  const text = readFileSync('/proc/net/sockstat', 'utf8');
  const [, inUse = '0', pages = '0'] = /TCP: inuse (\d+) .* mem (\d+)/.exec(text) ?? [];
  return { inUse: Number(inUse), bufferBytes: Number(pages) * 4_096 };
}
