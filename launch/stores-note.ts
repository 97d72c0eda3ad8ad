/**
 * Owns the note on disk that says where the stores of a running `npm start` are, so that programs
 * started beside it (an audit) find them. Readable by its owner only: it holds passwords.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Variables, by their names in docs/configuration.md. */
export type StoresNote = Readonly<
  Record<'REDIS_URL' | 'DATABASE_URL' | 'WAGGLE_KEY_PREFIX', string>
>;

function noteFile(stateDir: string): string {
  return join(stateDir, 'stores.json');
}

export function writeStoresNote(stateDir: string, note: StoresNote): void {
  writeFileSync(noteFile(stateDir), JSON.stringify(note), { mode: 0o600 });
}

export function removeStoresNote(stateDir: string): void {
  rmSync(noteFile(stateDir), { force: true });
}

/** The note of a stack that runs, or was killed; undefined when there is none. */
export function readStoresNote(stateDir: string): StoresNote | undefined {
  try {
    return JSON.parse(readFileSync(noteFile(stateDir), 'utf8')) as StoresNote;
  } catch {
    // No note, or one cut short by a crash: nothing is known.
    return undefined;
  }
}
