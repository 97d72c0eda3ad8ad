/**
 * Owns the city as a child process of the launcher: handing it the addresses, doing the kills it asks
 * for, and passing on its end. The city reaches Waggle through the public doors only; this channel
 * carries nothing but kills.
 *
 * city → launcher: `{type: 'kill', target}` with a process or service name (the city itself turns
 * `dispatch` into the node that owns the busiest shard). launcher → city: `{type: 'killed', target,
 * name, atMs}` (host ms since 1970) or `{type: 'kill-failed', target, reason}`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from './launch-error.ts';
import { projectRoot } from './paths.ts';
import { dieWithParent } from './server-process.ts';
import type { Stack } from './stack.ts';

export interface CityRun {
  /** Exit code of the city; a signal counts as 1. */
  readonly ended: Promise<number>;
  /** Asks it to drain and end (SIGTERM), then SIGKILL at the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Has the city read a real day before anything is started. It says on standard error what is wrong.
 * Gives whether the day can be played.
 */
export async function canReplay(directory: string, speed: number): Promise<boolean> {
  const main = join(projectRoot, 'demo', 'main.ts');
  const argv = [main, '--check', '--replay', directory, '--speed', String(speed)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** Starts the city on a running stack. Its standard output is the launcher's own. */
export function startCity(stack: Stack, argv: readonly string[]): CityRun {
  const main = join(projectRoot, 'demo', 'main.ts');
  if (!existsSync(main))
    throw new LaunchError('the city is not part of this checkout (demo/main.ts)');
  const command = dieWithParent([process.execPath, main, ...argv], 'SIGTERM');
  const [file = process.execPath, ...args] = command;
  const child = spawn(file, args, {
    // A group of its own, so that Ctrl-C reaches it through the launcher, once.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    cwd: projectRoot,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...stack.clientEnvironment,
    },
  });
  const killAtExit = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killAtExit);
  child.on('message', (message) => answer(child, stack, message));
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
  void ended.then(() => process.removeListener('exit', killAtExit));
  return {
    ended,
    stop: async (deadlineMs) => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function answer(child: ChildProcess, stack: Stack, message: unknown): void {
  if (!isKillRequest(message)) return;
  const { target } = message;
  let reply: Record<string, unknown>;
  try {
    reply = { type: 'killed', target, name: stack.kill(target), atMs: Date.now() };
  } catch (error) {
    reply = { type: 'kill-failed', target, reason: String(error) };
  }
  // A city that ended meanwhile needs no answer.
  if (child.connected) child.send(reply, () => {});
}

function isKillRequest(message: unknown): message is { readonly target: string } {
  if (typeof message !== 'object' || message === null) return false;
  const { type, target } = message as { readonly type?: unknown; readonly target?: unknown };
  return type === 'kill' && typeof target === 'string';
}
