/**
 * Owns the notes on disk about processes we started, by which a later start finds and stops what a
 * killed launcher left behind. A note names launcher and process with their start times.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LaunchError } from './launch-error.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

const POLL_MS = 10;
/** A left-over that ignores a polite signal for this long is killed. */
const STOP_DEADLINE_MS = 10_000;

interface ProcessNote {
  readonly process: ProcessIdentity;
  readonly launcher: ProcessIdentity;
}

/** Notes a process of ours. One that has ended already leaves no note. */
export function writeProcessNote(noteFile: string, pid: number): void {
  const noted = identify(pid);
  const launcher = identify(process.pid);
  if (noted === undefined || launcher === undefined) return;
  const note: ProcessNote = { process: noted, launcher };
  mkdirSync(dirname(noteFile), { recursive: true });
  writeFileSync(noteFile, JSON.stringify(note));
}

/** Forgets a process that has ended. */
export function removeProcessNote(noteFile: string): void {
  rmSync(noteFile, { force: true });
}

/**
 * Stops the process a dead launcher left behind. One whose launcher still lives is in use: that is
 * a LaunchError, never a kill.
 */
export async function clearStaleProcess(
  label: string,
  noteFile: string,
  stopSignal: NodeJS.Signals,
): Promise<void> {
  const note = readNote(noteFile);
  if (note === undefined) return;
  if (isAlive(note.process)) {
    if (isAlive(note.launcher)) {
      throw new LaunchError(
        `Waggle already runs from this folder (process ${note.launcher.pid} holds ${label}): ` +
          'stop it first (Ctrl-C there), or set WAGGLE_STATE_DIR to another folder',
      );
    }
    signalQuietly(note.process.pid, stopSignal);
    const deadline = performance.now() + STOP_DEADLINE_MS;
    while (isAlive(note.process)) {
      if (performance.now() > deadline) signalQuietly(note.process.pid, 'SIGKILL');
      await delay(POLL_MS);
    }
  }
  removeProcessNote(noteFile);
}

function readNote(noteFile: string): ProcessNote | undefined {
  try {
    const note = JSON.parse(readFileSync(noteFile, 'utf8')) as Partial<ProcessNote>;
    const { process: noted, launcher } = note;
    return noted === undefined || launcher === undefined ? undefined : { process: noted, launcher };
  } catch {
    // No note, or one cut short by a crash while it was written: nothing to verify, nothing to kill.
    return undefined;
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal, which is what the signal was for.
  }
}
