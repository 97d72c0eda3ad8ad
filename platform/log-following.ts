/** What everybody who follows a shard's log must know of it. */
import type { LogEntry, LogPosition } from '../dispatch/redis/door.ts';

/** Where the log really went on, when it lost records that were followed already. */
export function lostAfter(
  from: LogPosition,
  entries: readonly LogEntry[],
): LogPosition | undefined {
  const predecessor = entries[0]?.record.predecessor;
  if (predecessor === undefined) return undefined;
  const isBefore =
    predecessor.epoch < from.epoch ||
    (predecessor.epoch === from.epoch && predecessor.seq < from.seq);
  return isBefore ? predecessor : undefined;
}
