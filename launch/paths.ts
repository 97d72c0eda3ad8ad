/**
 * Owns where things lie on disk. Everything Waggle makes on a machine goes below one state folder,
 * so that deleting it (and the checkout) leaves nothing behind.
 */
import { resolve } from 'node:path';

/** Absolute path of the checkout. */
export const projectRoot: string = resolve(import.meta.dirname, '..');

/** The state folder of this checkout: servers' data, logs, secrets, stamps. */
export function defaultStateDir(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.WAGGLE_STATE_DIR ?? resolve(projectRoot, '.waggle'));
}
