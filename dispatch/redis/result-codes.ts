/** The numbers that scripts answer, by name. */
import type { CommitOutcome } from '../runtime/ports.ts';

export const COMMIT_CODES = {
  0: 'committed',
  1: 'lost_lease',
  2: 'wrong_seq',
  3: 'log_full',
} as const satisfies Record<number, CommitOutcome>;

export const APPEND_CODES = { 0: 'full', 1: 'ok' } as const;
export const ACQUIRE_CODES = { held: 0, acquired: 1 } as const;
export const DONE_CODES = { refused: 0, done: 1 } as const;
