/**
 * Owns a private PostgreSQL 18 for one machine: its data folder, start, readiness and end.
 * It never touches a server it did not start; one named by DATABASE_URL is used as it is.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { lastLine, runCommand } from './command.ts';
import { LaunchError } from './launch-error.ts';
import { findFreePort, isPortFree } from './ports.ts';
import { chooseDataDir, clearTemporaryData, removeDataDir } from './postgres-data.ts';
import { findPostgresProgram, type PostgresProgram } from './postgres-program.ts';
import { postgresSettings } from './postgres-settings.ts';
import { clearStaleProcess } from './process-note.ts';
import { startServer } from './server-process.ts';

const READY_DEADLINE_MS = 30_000;
const DATABASE = 'waggle';

export interface PostgresOptions {
  /** Folder for data, log and note; made when missing. */
  readonly stateDir: string;
  /** TCP port on 127.0.0.1; left out: a free one. */
  readonly port?: number | undefined;
  /** Data lives in a temporary folder, is never synced to disk, and goes away at stop. */
  readonly ephemeral?: boolean | undefined;
}

export interface RunningPostgres {
  /** URL of the database `waggle`, with a user that may create databases. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** Starts a private PostgreSQL and waits until its database `waggle` can be used. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const stateDir = resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true });
  const ephemeral = options.ephemeral === true;
  const noteFile = await clearStalePostgres(stateDir);
  if (options.port !== undefined && !(await isPortFree(options.port))) {
    throw new LaunchError(
      `port ${options.port} for PostgreSQL is in use: stop what listens there or choose another`,
    );
  }
  clearTemporaryData(stateDir);
  const program = findPostgresProgram();
  const dataDir = chooseDataDir(stateDir, program.user, ephemeral);
  const password = readPassword(stateDir);
  const fresh = !existsSync(join(dataDir, 'PG_VERSION'));
  if (fresh) await initialise(program, dataDir, password);
  const port = options.port ?? (await findFreePort());
  const server = await startServer({
    label: 'PostgreSQL',
    argv: [join(program.binDir, 'postgres'), '-D', dataDir, ...postgresSettings(port, ephemeral)],
    noteFile,
    logFile: join(stateDir, 'logs', 'postgres.log'),
    ...program.user,
    env: serverEnvironment(),
    stopSignal: ephemeral ? 'SIGQUIT' : 'SIGINT',
    readyDeadlineMs: READY_DEADLINE_MS,
    isReady: async (pid) => saysReady(dataDir, pid),
  });
  const url = `postgres://waggle:${password}@127.0.0.1:${port}/${DATABASE}`;
  if (fresh) await createDatabase(url);
  return {
    url,
    port,
    pid: server.pid,
    exited: server.exited,
    stop: async () => {
      await server.stop();
      if (ephemeral) clearTemporaryData(stateDir);
    },
  };
}

/** Removes the data of a private PostgreSQL that does not run. */
export async function forgetPostgres(stateDir: string): Promise<void> {
  await clearStalePostgres(resolve(stateDir));
  clearTemporaryData(resolve(stateDir));
  removeDataDir(resolve(stateDir));
}

async function clearStalePostgres(stateDir: string): Promise<string> {
  const noteFile = join(stateDir, 'postgres.pid.json');
  await clearStaleProcess('PostgreSQL', noteFile, 'SIGINT');
  return noteFile;
}

async function initialise(
  program: PostgresProgram,
  dataDir: string,
  password: string,
): Promise<void> {
  const handover = mkdtempSync(join(tmpdir(), 'waggle-initdb-'));
  const passwordFile = join(handover, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (program.user !== undefined) {
    chmodSync(handover, 0o711);
    chownSync(passwordFile, program.user.uid, program.user.gid);
  }
  const args = [
    `--pgdata=${dataDir}`,
    '--username=waggle',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ];
  const result = await runCommand(join(program.binDir, 'initdb'), args, {
    ...program.user,
    cwd: '/',
    env: serverEnvironment(),
  });
  rmSync(handover, { recursive: true, force: true });
  if (result.code === 0) return;
  rmSync(dataDir, { recursive: true, force: true });
  throw new LaunchError(`PostgreSQL could not make its data folder (${lastLine(result.output)})`);
}

/** libpq's variables (PGDATA, PGPORT…) of the person's shell must not steer a private server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { LC_ALL: 'C', TZ: 'UTC' };
  if (process.env.PATH !== undefined) env.PATH = process.env.PATH;
  return env;
}

/**
 * The server writes its state into its own pid file; reading it spares failed connections. The pid
 * tells it from the file that a killed server left behind.
 */
function saysReady(dataDir: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url.replace(/[^/]+$/, 'postgres') });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function readPassword(stateDir: string): string {
  const file = join(stateDir, 'postgres.password');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const password = randomBytes(24).toString('hex');
  writeFileSync(file, password, { mode: 0o600 });
  return password;
}
