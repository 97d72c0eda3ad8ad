/**
 * `npm run bench -- NAME [--json]`: runs one benchmark and prints what it found. It never judges by
 * exit code: a missed target on a busy machine is a number to read, not a failed build. An exit code
 * other than 0 means that nothing could be measured.
 */

import { describeMachine, loadNow } from './support/machine.ts';
import { asJson, asTable, type BenchResult } from './support/report.ts';

interface Bench {
  readonly what: string;
  /** What it takes beside `--json`; absent: nothing. */
  readonly takes?: string;
  load(): Promise<(args: readonly string[]) => Promise<BenchResult>>;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  nearest: {
    what: 'ten nearest idle drivers of 100,000 that keep moving, against Redis GEOSEARCH',
    load: async () => (await import('./nearest.ts')).benchNearest,
  },
  commit: {
    what: 'commands of one shard to their fenced commit, and a snapshot of 100,000 drivers',
    load: async () => (await import('./commit.ts')).benchCommit,
  },
  ingest: {
    what: '10,000 drivers report through gateway, Redis and dispatch to the index of their zone',
    load: async () => (await import('./ingest.ts')).benchIngest,
  },
  fanout: {
    what: '10,000 customers watch moving deliveries, also when a tenth of them stops reading',
    load: async () => (await import('./fanout.ts')).benchFanout,
  },
  days: {
    what: 'recorded days on a simulated clock, against the nearest free courier',
    takes: 'DIR... [--speed S]',
    load: async () => (await import('./days.ts')).benchDays,
  },
  orders: {
    what: 'orders placed over HTTP at a fixed rate while their sagas drain',
    takes: '[--rate N] [--seconds N]',
    load: async () => (await import('./orders.ts')).benchOrders,
  },
  search: {
    what: 'searches over 25,000 vendors with their products, against PostgreSQL',
    takes: '[own] [peer] [http]',
    load: async () => (await import('./search.ts')).benchSearch,
  },
  idle: {
    what: 'memory of a socket that says nothing, user and kernel together',
    load: async () => (await import('./idle.ts')).benchIdle,
  },
};

function usage(): string {
  const lines = Object.entries(BENCHES).map(
    ([name, { what, takes }]) => `  ${name.padEnd(8)} ${what}${takes ? ` (${takes})` : ''}`,
  );
  return `usage: npm run bench -- NAME [--json]\n${lines.join('\n')}\n`;
}

async function main(argv: readonly string[]): Promise<number> {
  const [name = '', ...rest] = argv.filter((arg) => arg !== '--json');
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (!bench || (rest.length > 0 && !bench.takes)) {
    process.stderr.write(usage());
    return 2;
  }
  const loadBefore = loadNow();
  const result = await (await bench.load())(rest);
  const machine = describeMachine(loadBefore);
  process.stdout.write(
    argv.includes('--json') ? `${asJson(result, machine)}\n` : asTable(result, machine),
  );
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
if (process.connected) process.disconnect();
