/**
 * Owns the table of Waggle's processes on one machine. Compose and the image run the same command
 * with the same environment; only the number of processes and the addresses differ.
 */
import { join } from 'node:path';
import { databaseServices } from '../config/index.ts';
import { projectRoot } from './paths.ts';
import { findFreePorts } from './ports.ts';
import type { ProcessDefinition } from './supervisor.ts';

export interface ProcessRow {
  readonly name: string;
  readonly services: readonly string[];
}

/** In the order of their start; stopped in reverse, so that the doors close first. */
export const processTable: readonly ProcessRow[] = [
  // Every service with tables of its own, together: their queues of work are short.
  { name: 'business-1', services: databaseServices },
  { name: 'dispatch-1', services: ['dispatch'] },
  { name: 'dispatch-2', services: ['dispatch'] },
  { name: 'gateway-1', services: ['gateway'] },
  { name: 'api-1', services: ['api'] },
];

/** Groups for stopping: the doors, then the engine, then the records it still reports to. */
export const stopGroups: readonly (readonly string[])[] = [
  ['business-1'],
  ['dispatch-1', 'dispatch-2'],
  ['api-1', 'gateway-1'],
];

export interface StackAddresses {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly apiPort: number;
  readonly gatewayPort: number;
}

/** Environment that every process of one stack shares; names as in docs/configuration.md. */
export function commonEnvironment(
  addresses: StackAddresses,
  further: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return {
    // Only this machine's demo talks to the stack, so nothing listens to the network.
    WAGGLE_HOST: '127.0.0.1',
    WAGGLE_PUBLIC_API_URL: `http://127.0.0.1:${addresses.apiPort}`,
    WAGGLE_PUBLIC_GATEWAY_URL: `ws://127.0.0.1:${addresses.gatewayPort}`,
    ...further,
    REDIS_URL: addresses.redisUrl,
    DATABASE_URL: addresses.databaseUrl,
    WAGGLE_API_PORT: String(addresses.apiPort),
    WAGGLE_GATEWAY_PORT: String(addresses.gatewayPort),
  };
}

/**
 * Room for the young: services make many short-lived objects, and collecting them took a tenth of
 * their time with the usual 16 MB.
 */
export const NODE_FLAGS = ['--max-semi-space-size=64'];

/** The command of one process; compose and the image use the same words. */
export function processArgv(row: ProcessRow): string[] {
  const main = join(projectRoot, 'services', 'main.ts');
  const services = row.services.join(',');
  return [process.execPath, ...NODE_FLAGS, main, '--node', row.name, '--services', services];
}

/** The whole table as processes to supervise, each with a free admin port of its own. */
export async function defineProcesses(
  common: Readonly<Record<string, string | undefined>>,
  table: readonly ProcessRow[] = processTable,
): Promise<ProcessDefinition[]> {
  const ports = await findFreePorts(table.length);
  return table.map((row, index) => {
    const adminPort = ports[index];
    if (adminPort === undefined) throw new Error('one port was asked for per process');
    const env = {
      ...common,
      WAGGLE_NODE_NAME: row.name,
      WAGGLE_ADMIN_HOST: '127.0.0.1',
      WAGGLE_ADMIN_PORT: String(adminPort),
    };
    return { name: row.name, argv: processArgv(row), env, adminPort };
  });
}

/** Process for a name people use: a process's own name, or the first one with that service. */
export function findProcess(target: string): string | undefined {
  const row =
    processTable.find(({ name }) => name === target) ??
    processTable.find(({ services }) => services.includes(target));
  return row?.name;
}
