/**
 * Owns `waggle audit`: runs the auditor with the stores that the environment names, else with those of
 * the `npm start` that runs from this folder. Exit codes are the auditor's.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { defaultStateDir, projectRoot } from './paths.ts';
import { readStoresNote } from './stores-note.ts';

const known = process.env.REDIS_URL === undefined ? readStoresNote(defaultStateDir()) : undefined;
const program = join(projectRoot, 'services', 'archive', 'audit.ts');
const child = spawn(process.execPath, [program, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...known, ...process.env },
});
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
  if (process.connected) process.disconnect();
});
