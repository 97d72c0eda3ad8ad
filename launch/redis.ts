/**
 * Owns a private Redis for one machine: its configuration, its start, its readiness and its end.
 * It never touches a Redis it did not start; one named by REDIS_URL is used as it is.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join, resolve } from 'node:path';
import { LaunchError } from './launch-error.ts';
import { findFreePort, isPortFree } from './ports.ts';
import { clearStaleProcess } from './process-note.ts';
import { findRedisProgram } from './redis-program.ts';
import { startServer } from './server-process.ts';

const READY_DEADLINE_MS = 30_000;
const PROBE_TIMEOUT_MS = 1_000;

export interface RedisOptions {
  /** Folder for data, log and note; made when missing. */
  readonly stateDir: string;
  /** TCP port on 127.0.0.1; left out: a free one. */
  readonly port?: number | undefined;
  /** Nothing is kept on disk and no password is asked for: for tests and benchmarks. */
  readonly ephemeral?: boolean | undefined;
  /** Called with a line for people when something slow happens (an installation). */
  readonly notify?: ((line: string) => void) | undefined;
}

export interface RunningRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** Starts a private Redis and waits until it has loaded its data and answers. */
export async function startRedis(options: RedisOptions): Promise<RunningRedis> {
  const stateDir = resolve(options.stateDir);
  const home = join(stateDir, 'redis');
  mkdirSync(stateDir, { recursive: true });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const noteFile = await clearStaleRedis(stateDir);
  if (options.port !== undefined && !(await isPortFree(options.port))) {
    throw new LaunchError(
      `port ${options.port} for Redis is in use: stop what listens there or choose another port`,
    );
  }
  const program = await findRedisProgram(stateDir, options.notify ?? (() => {}));
  const port = options.port ?? (await findFreePort());
  const password = options.ephemeral === true ? undefined : readPassword(stateDir);
  const configFile = join(home, 'redis.conf');
  writeFileSync(configFile, redisConfig(home, port, password, options.ephemeral === true), {
    mode: 0o600,
  });
  const env = program.libraryDir === undefined ? {} : { LD_LIBRARY_PATH: program.libraryDir };
  const server = await startServer({
    label: 'Redis',
    argv: [program.file, configFile],
    noteFile,
    logFile: join(stateDir, 'logs', 'redis.log'),
    env: { ...process.env, ...env },
    stopSignal: 'SIGTERM',
    readyDeadlineMs: READY_DEADLINE_MS,
    isReady: () => answersPing(port, password),
  });
  const credentials = password === undefined ? '' : `:${password}@`;
  return {
    url: `redis://${credentials}127.0.0.1:${port}`,
    port,
    pid: server.pid,
    exited: server.exited,
    stop: server.stop,
  };
}

/** Removes the data of a private Redis that does not run. */
export async function forgetRedis(stateDir: string): Promise<void> {
  await clearStaleRedis(resolve(stateDir));
  rmSync(join(resolve(stateDir), 'redis'), { recursive: true, force: true });
}

async function clearStaleRedis(stateDir: string): Promise<string> {
  const noteFile = join(stateDir, 'redis.pid.json');
  await clearStaleProcess('Redis', noteFile, 'SIGTERM');
  return noteFile;
}

/**
 * Append-only file with everysec is what DESIGN §6 assumes; noeviction because an evicted log entry
 * is a lost order, and every stream has a bound of its own.
 */
function redisConfig(
  home: string,
  port: number,
  password: string | undefined,
  ephemeral: boolean,
): string {
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    'protected-mode yes',
    'daemonize no',
    'supervised no',
    `dir "${home}"`,
    'save ""',
    `appendonly ${ephemeral ? 'no' : 'yes'}`,
    'appendfsync everysec',
    'no-appendfsync-on-rewrite no',
    'aof-use-rdb-preamble yes',
    // Streams pass through: at 64 MB it was written anew every eight seconds, a second of a core each.
    'auto-aof-rewrite-min-size 512mb',
    'maxmemory-policy noeviction',
    'maxclients 4000',
    'tcp-backlog 511',
    'loglevel notice',
    'logfile ""',
    'shutdown-timeout 5',
  ];
  if (password !== undefined) lines.push(`requirepass ${password}`);
  return `${lines.join('\n')}\n`;
}

function readPassword(stateDir: string): string {
  const file = join(stateDir, 'redis.password');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const password = randomBytes(24).toString('hex');
  writeFileSync(file, password, { mode: 0o600 });
  return password;
}

/** Speaks just enough RESP to tell "ready" from "still loading the append-only file". */
function answersPing(port: number, password: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    let reply = '';
    const settle = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => resolve(false));
    socket.on('data', (chunk) => {
      reply += chunk.toString('latin1');
      if (reply.includes('+PONG\r\n')) settle(true);
      else if (reply.includes('-')) settle(false);
    });
    socket.write(`${password === undefined ? '' : `AUTH ${password}\r\n`}PING\r\n`);
  });
}
