/**
 * Owns the life of one foreign server (Redis, Postgres): starting it so that it cannot outlive its
 * launcher, waiting until it answers, and stopping it.
 *
 * A server runs in a session of its own, because Ctrl-C in a terminal reaches the whole group and
 * would stop the data stores under the processes that still need them to stop in order. In return
 * the kernel is asked to end it when the launcher dies (parent-death signal, Linux); elsewhere, and
 * should that fail, the next start reads the note and stops the left-over.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, lastLine } from './command.ts';
import { LaunchError } from './launch-error.ts';
import { removeProcessNote, writeProcessNote } from './process-note.ts';

/** Polling a local process is cheap; a start that takes 60 ms should not look like 100. */
const POLL_MS = 10;
/** A server that ignores every polite signal for this long is killed. */
const STOP_DEADLINE_MS = 10_000;

export interface ServerStart {
  /** What people call it: 'Redis', 'PostgreSQL'. */
  readonly label: string;
  readonly argv: readonly string[];
  readonly noteFile: string;
  readonly logFile: string;
  /** User to run as; left out: the launcher's own. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Signal that makes this server stop in order, also sent when the launcher dies. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT';
  /** Host milliseconds until a server that is not ready counts as failed. */
  readonly readyDeadlineMs: number;
  readonly isReady: (pid: number) => Promise<boolean>;
}

export interface ServerProcess {
  readonly pid: number;
  /** Settles when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** Puts the command behind `setpriv --pdeathsig` where there is one, so that it dies with us. */
export function dieWithParent(argv: readonly string[], signal: string): readonly string[] {
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : undefined;
  return setpriv === undefined ? argv : [setpriv, '--pdeathsig', signal.slice(3), '--', ...argv];
}

/** Starts a server and waits until it answers. Throws LaunchError with the end of its log. */
export async function startServer(start: ServerStart): Promise<ServerProcess> {
  const [file, ...args] = dieWithParent(start.argv, start.stopSignal);
  if (file === undefined) throw new Error('a server needs a command');
  mkdirSync(dirname(start.logFile), { recursive: true });
  const log = openSync(start.logFile, 'w');
  const child = spawn(file, args, {
    stdio: ['ignore', log, log],
    detached: true,
    cwd: '/',
    env: start.env ?? process.env,
    ...(start.uid === undefined ? {} : { uid: start.uid }),
    ...(start.gid === undefined ? {} : { gid: start.gid }),
  });
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // The launcher's own work decides how long it lives; a server only has to be stopped at its end.
  child.unref();
  if (child.pid === undefined) throw new LaunchError(`${start.label} could not be run: ${file}`);
  writeProcessNote(start.noteFile, child.pid);
  const killAtExit = (): void => {
    child.kill(start.stopSignal);
  };
  process.once('exit', killAtExit);
  void exited.then(() => process.removeListener('exit', killAtExit));
  const server: ServerProcess = {
    pid: child.pid,
    exited,
    stop: () => stopChild(child, exited, start),
  };
  await waitUntilReady(start, child, server);
  return server;
}

async function waitUntilReady(
  start: ServerStart,
  child: ChildProcess,
  server: ServerProcess,
): Promise<void> {
  const deadline = performance.now() + start.readyDeadlineMs;
  while (!(await start.isReady(server.pid))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (!ended && performance.now() < deadline) {
      await delay(POLL_MS);
      continue;
    }
    if (!ended) await server.stop();
    const why = lastLine(readFileSync(start.logFile, 'utf8'));
    throw new LaunchError(
      `${start.label} did not start (${why}); its full log is ${start.logFile}`,
    );
  }
}

async function stopChild(
  child: ChildProcess,
  exited: Promise<void>,
  start: ServerStart,
): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.ref();
    child.kill(start.stopSignal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(timer);
  }
  removeProcessNote(start.noteFile);
}
