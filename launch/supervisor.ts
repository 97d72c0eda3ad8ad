/**
 * Owns Waggle's own processes on one machine, as compose's `restart: unless-stopped` would: it starts
 * them, asks each one whether it is ready, restarts what ends unasked, and stops all in reverse
 * order. It knows nothing of what they do, and never restarts a process it was told to stop.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lastLine } from './command.ts';
import { LaunchError } from './launch-error.ts';
import { clearStaleProcess, removeProcessNote, writeProcessNote } from './process-note.ts';
import { dieWithParent } from './server-process.ts';

const BACK_OFF_MIN_MS = 100;
const BACK_OFF_MAX_MS = 5_000;
/** A process that stayed up this long has recovered: the next crash starts from the shortest wait. */
const STEADY_AFTER_MS = 10_000;
/** A process that ends this often before it was ever ready will not get better by itself. */
const FAILED_STARTS_MAX = 3;
const READY_POLL_MS = 40;
const READY_PROBE_TIMEOUT_MS = 1_000;

export interface ProcessDefinition {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Port of GET /health/ready on 127.0.0.1. */
  readonly adminPort: number;
}

export interface SupervisorOptions {
  /** Logs go to `logs/<name>.log` below it, notes to `pids/`. */
  readonly stateDir: string;
  readonly cwd: string;
  /** Host milliseconds a stopping process gets before SIGKILL. */
  readonly stopDeadlineMs: number;
  /** Told once per unasked end of a process. */
  readonly onExit?: ((name: string, how: string) => void) | undefined;
}

interface Entry {
  readonly definition: ProcessDefinition;
  child: ChildProcess | undefined;
  startedAtMs: number;
  restarts: number;
  /** Ends without having been ready, in a row. */
  failedStarts: number;
  backOffMs: number;
  restartTimer: NodeJS.Timeout | undefined;
  stopping: boolean;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Starts a process; it is kept running until stop() or stopAll(). Does not wait for readiness. */
  async start(definition: ProcessDefinition): Promise<void> {
    if (this.#entries.has(definition.name))
      throw new Error(`${definition.name} is started already`);
    await clearStaleProcess(definition.name, this.#noteFile(definition.name), 'SIGKILL');
    const entry: Entry = {
      definition,
      child: undefined,
      startedAtMs: 0,
      restarts: 0,
      failedStarts: 0,
      backOffMs: BACK_OFF_MIN_MS,
      restartTimer: undefined,
      stopping: false,
    };
    this.#entries.set(definition.name, entry);
    this.#spawn(entry, 'w');
  }

  /** Starts all at once and waits until every one is ready. */
  async startAll(definitions: readonly ProcessDefinition[], timeoutMs: number): Promise<void> {
    await Promise.all(definitions.map((definition) => this.start(definition)));
    await Promise.all(definitions.map(({ name }) => this.waitUntilReady(name, timeoutMs)));
  }

  /** Waits until the process answers its readiness check. Throws LaunchError with its last words. */
  async waitUntilReady(name: string, timeoutMs: number): Promise<void> {
    const entry = this.#entry(name);
    const deadline = performance.now() + timeoutMs;
    while (!(await isReady(entry.definition.adminPort))) {
      const gaveUp = entry.failedStarts >= FAILED_STARTS_MAX;
      if (entry.stopping) throw new LaunchError(`${name} was stopped while it started`);
      if (gaveUp || performance.now() > deadline) {
        const how = gaveUp ? 'ends again and again' : `is not ready after ${timeoutMs} ms`;
        const words = lastLine(readFileSync(this.logFile(name), 'utf8'));
        throw new LaunchError(`${name} ${how} (${words}); its full log is ${this.logFile(name)}`);
      }
      await delay(READY_POLL_MS);
    }
    entry.failedStarts = 0;
  }

  /** Process id now, or undefined between an end and the restart. */
  pid(name: string): number | undefined {
    return this.#entry(name).child?.pid;
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  restarts(name: string): number {
    return this.#entry(name).restarts;
  }

  /** Sends a signal as an outside force would: the process is restarted if it ends from it. */
  kill(name: string, signal: NodeJS.Signals): number | undefined {
    const { child } = this.#entry(name);
    child?.kill(signal);
    return child?.pid;
  }

  /** Stops one process for good: SIGTERM, then SIGKILL at the deadline. */
  async stop(name: string): Promise<void> {
    const entry = this.#entry(name);
    entry.stopping = true;
    clearTimeout(entry.restartTimer);
    const child = entry.child;
    if (child !== undefined) {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopDeadlineMs);
      await ended;
      clearTimeout(timer);
    }
    this.#entries.delete(name);
  }

  /**
   * Stops all, the last group first; the processes of one group stop together. Without groups every
   * process is its own group, in the order of their start.
   */
  async stopAll(groups?: readonly (readonly string[])[]): Promise<void> {
    const order = groups ?? this.names().map((name) => [name]);
    for (const group of [...order].reverse()) {
      const known = group.filter((name) => this.#entries.has(name));
      await Promise.all(known.map((name) => this.stop(name)));
    }
    await Promise.all(this.names().map((name) => this.stop(name)));
  }

  logFile(name: string): string {
    return join(this.#options.stateDir, 'logs', `${name}.log`);
  }

  #noteFile(name: string): string {
    return join(this.#options.stateDir, 'pids', `${name}.json`);
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Error(`no process is called ${name}`);
    return entry;
  }

  #spawn(entry: Entry, logMode: 'w' | 'a'): void {
    const { name, argv, env } = entry.definition;
    const [file, ...args] = dieWithParent(argv, 'SIGTERM');
    if (file === undefined) throw new Error(`${name} has no command`);
    mkdirSync(join(this.#options.stateDir, 'logs'), { recursive: true });
    const log = openSync(this.logFile(name), logMode);
    // A session of its own, as for the servers: Ctrl-C must reach the launcher only, which stops
    // them in order. The kernel ends them should the launcher be killed.
    const child = spawn(file, args, {
      stdio: ['ignore', log, log],
      detached: true,
      cwd: this.#options.cwd,
      env: { ...env },
    });
    closeSync(log);
    entry.child = child;
    entry.startedAtMs = performance.now();
    if (child.pid !== undefined) writeProcessNote(this.#noteFile(name), child.pid);
    const killAtExit = (): void => {
      child.kill('SIGKILL');
    };
    process.once('exit', killAtExit);
    let ended = false;
    const onEnd = (how: string): void => {
      if (ended) return;
      ended = true;
      process.removeListener('exit', killAtExit);
      removeProcessNote(this.#noteFile(name));
      this.#onEnd(entry, how);
    };
    child.once('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`));
    child.once('error', (error) => onEnd(error.message));
  }

  #onEnd(entry: Entry, how: string): void {
    entry.child = undefined;
    if (entry.stopping) return;
    this.#options.onExit?.(entry.definition.name, how);
    entry.failedStarts += 1;
    entry.restarts += 1;
    const steady = performance.now() - entry.startedAtMs > STEADY_AFTER_MS;
    const waitMs = steady ? BACK_OFF_MIN_MS : entry.backOffMs;
    entry.backOffMs = Math.min(waitMs * 2, BACK_OFF_MAX_MS);
    entry.restartTimer = setTimeout(() => this.#spawn(entry, 'a'), waitMs);
  }
}

async function isReady(adminPort: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${adminPort}/health/ready`, {
      signal: AbortSignal.timeout(READY_PROBE_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Not listening yet: the caller asks again until its deadline.
    return false;
  }
}
