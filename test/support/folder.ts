/** Owns a temporary folder per test, gone at its end. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUpInReverse, type Scope } from './scope.ts';

/** Path of a new empty folder. */
export function withFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-test-'));
  // Root's PostgreSQL runs as another user, who must be able to enter.
  chmodSync(folder, 0o755);
  cleanUpInReverse(scope, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
