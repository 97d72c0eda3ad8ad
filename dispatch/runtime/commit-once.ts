/**
 * One commit, with its unknown outcome resolved: when the answer is lost, the log itself says whether
 * the record stands in it. Nothing is ever sent a second time.
 */
import type { LeaseKeeper } from './lease-keeper.ts';
import { ASK_AGAIN_MS } from './limits.ts';
import type { LogRecord } from './log-record.ts';
import type { CommitAnswer, LogPort } from './ports.ts';

/** The memory does not match the log any more: restore under the same lease. */
export class RestoreNeededError extends Error {
  override readonly name = 'RestoreNeededError';
}

export interface CommitDeps {
  readonly ports: { readonly log: LogPort };
  readonly lease: LeaseKeeper;
  readonly report: (problem: string, error: unknown) => void;
  /** Waits in host time. */
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Null: the answer was lost, but the record is in the log. Throws RestoreNeededError when it is not,
 * LeaseLostError when the lease ran out before that could be found out.
 */
export async function commitOnce(
  deps: CommitDeps,
  record: LogRecord,
): Promise<CommitAnswer | null> {
  const { ports, lease } = deps;
  try {
    return await ports.log.commit(lease.fence, record);
  } catch (error) {
    deps.report(`outcome of commit ${record.seq} is unknown`, error);
  }
  for (;;) {
    lease.assertSafe();
    try {
      const last = await ports.log.last(lease.fence.shard);
      if (last.epoch === record.epoch && last.seq === record.seq) return null;
      throw new RestoreNeededError(`the log ends at ${last.seq}, not at ${record.seq}`);
    } catch (error) {
      if (error instanceof RestoreNeededError) throw error;
      await deps.pause(ASK_AGAIN_MS);
      lease.renewWhenDue();
    }
  }
}
