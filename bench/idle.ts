/**
 * What does a socket cost that says nothing? Memory of the gateway's process and of the kernel, per
 * socket that has said HELLO. Measured as growth from a first thousand to ten thousand, so that what
 * the gateway needs anyway is not counted.
 */
import { type BenchStack, withBenchStack } from './support/bench-stack.ts';
import { residentBytes, slabBytes, tcpSockets } from './support/process-usage.ts';
import type { BenchResult } from './support/report.ts';
import { Swarm } from './support/swarm.ts';
import { pass } from './support/waiting.ts';

const FIRST_SOCKETS = 1_000;
const SOCKETS = 10_000;
/** After connecting: garbage of the handshakes is collected, sockets of the handshake are gone. */
const REST_MS = 12_000;
const QUIET_SECONDS = 10;
const BYTES_MAX = 10 * 1024;
/** Both ends of every socket are on this machine, and only one is the server's. */
const ENDS = 2;

interface Reading {
  readonly resident: number;
  readonly slab: number;
  readonly buffers: number;
}

function read(stack: BenchStack): Reading {
  return {
    resident: residentBytes(stack.pids.gateway),
    slab: slabBytes(),
    buffers: tcpSockets().bufferBytes,
  };
}

async function measure(stack: BenchStack): Promise<BenchResult> {
  const order = { do: 'connect', kind: 'silent', port: stack.gatewayPort } as const;
  const empty = residentBytes(stack.pids.gateway);
  const swarms = [await Swarm.start(FIRST_SOCKETS, order)];
  try {
    await pass(REST_MS);
    const before = read(stack);
    swarms.push(await Swarm.start(SOCKETS - FIRST_SOCKETS, order, FIRST_SOCKETS));
    await pass(REST_MS);
    const after = read(stack);
    const start = stack.cpu();
    await pass(QUIET_SECONDS * 1_000);
    const cpu = stack.cpu().gateway - start.gateway;
    return result({ empty, before, after }, cpu);
  } finally {
    for (const swarm of swarms) swarm.stop();
  }
}

function result(
  { empty, before, after }: { empty: number; before: Reading; after: Reading },
  cpu: number,
): BenchResult {
  const sockets = SOCKETS - FIRST_SOCKETS;
  const user = (after.resident - before.resident) / sockets;
  const slab = (after.slab - before.slab) / sockets / ENDS;
  const buffers = (after.buffers - before.buffers) / sockets / ENDS;
  return {
    name: 'idle',
    question: `memory of a socket that has said HELLO and says no more, ${SOCKETS.toLocaleString('en')} open`,
    facts: [
      { what: 'gateway process, resident', value: user, unit: 'bytes per socket' },
      { what: 'kernel slabs', value: slab, unit: 'bytes per socket (half of both ends)' },
      {
        what: 'kernel socket buffers',
        value: buffers,
        unit: 'bytes per socket (half of both ends)',
      },
      // Growth can hide in room the heap already had; counted from nothing it cannot, but then
      // code and tables that the first sockets brought in are charged to all of them.
      {
        what: 'gateway process, from no socket at all',
        value: (after.resident - empty) / SOCKETS,
        unit: 'bytes per socket',
      },
      { what: 'gateway before', value: before.resident / 2 ** 20, unit: 'MB' },
      { what: 'gateway after', value: after.resident / 2 ** 20, unit: 'MB' },
      {
        what: 'gateway, nobody speaking',
        value: cpu / QUIET_SECONDS / 1_000,
        unit: 'ms CPU per second',
      },
    ],
    targets: [
      {
        what: 'user and kernel together',
        ...{ measured: user + slab + buffers, bound: BYTES_MAX, sense: 'most', unit: 'bytes' },
      },
    ],
    bottleneck:
      user > slab
        ? 'the process: session objects and what the heap keeps after the handshakes'
        : 'the kernel: sockets, inodes, open-file entries, which no server can avoid',
  };
}

/** Starts a stack and connects sockets that stay silent. */
export function benchIdle(): Promise<BenchResult> {
  return withBenchStack(measure);
}
