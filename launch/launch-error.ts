/**
 * Owns the one kind of failure a person at the terminal can do something about.
 * The message is a single line that says what is wrong and what to do; it is printed without a stack.
 */
import { ConfigError } from '../config/index.ts';

export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

/**
 * Prints the failure and returns the exit code. A wrong configuration lists its problems; anything
 * else unforeseen is a bug and keeps its stack.
 */
export function reportFailure(error: unknown, write: (line: string) => void): number {
  const isPlain = error instanceof LaunchError || error instanceof ConfigError;
  if (isPlain) write(`waggle: ${error.message}\n`);
  else
    write(`waggle: unexpected failure\n${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
