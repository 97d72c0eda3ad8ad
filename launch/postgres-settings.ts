/** How the private PostgreSQL is set up. An operator of another server finds the same in docs/operations.md. */
import { totalmem } from 'node:os';

const MB = 1_048_576;
const BUFFERS_MB_MIN = 128;
const BUFFERS_MB_MAX = 1_024;
/** Part of the memory that PostgreSQL keeps pages in; the rest is for services, and the system's own cache. */
const BUFFERS_SHARE = 1 / 8;

/** Settings of a server, as arguments of its command. */
export function postgresSettings(
  port: number,
  ephemeral: boolean,
  memoryBytes = memoryOfThisMachine(),
): string[] {
  const values: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '300',
    // What is worked on is in memory: looking a row up must not seem dearer than reading its table.
    random_page_cost: '1.1',
    dynamic_shared_memory_type: 'mmap',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    ...(ephemeral ? forgetful() : lasting(memoryBytes)),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Of tests and demos: never synced, gone at the end. */
function forgetful(): Record<string, string> {
  return {
    shared_buffers: `${BUFFERS_MB_MIN}MB`,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    autovacuum: 'off',
    wal_level: 'minimal',
    max_wal_senders: '0',
  };
}

function lasting(memoryBytes: number): Record<string, string> {
  const share = Math.floor((memoryBytes * BUFFERS_SHARE) / MB);
  return {
    // Pages that do not fit are written and read again: two for an order with 128 MB.
    shared_buffers: `${Math.min(BUFFERS_MB_MAX, Math.max(BUFFERS_MB_MIN, share))}MB`,
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    // The first change of a page after a checkpoint writes all of it: a thousand orders a second had
    // one every fifty seconds.
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    // Tables that grow from nothing are counted, and emptied of what is dead, before that tells.
    autovacuum_naptime: '10s',
  };
}

function memoryOfThisMachine(): number {
  // A container's share, where there is one: 0, or more than there is, means no bound.
  const bound = process.constrainedMemory();
  return bound > 0 ? Math.min(bound, totalmem()) : totalmem();
}
