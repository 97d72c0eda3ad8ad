/** Forgets what is old: messages and tries after a month, counters of deliveries long over. */
import type { Database, Queryable } from '../../platform/database.ts';
import { type Pump, startPump } from '../../platform/pump.ts';

const KEPT_DAYS = 30;
/** Longer than messages, so that no number is given twice while one is still there. */
const COUNTERS_KEPT_DAYS = 60;
const AT_ONCE = 5_000;
const EVERY_MS = 600_000;

/** Starts forgetting, a bounded number of rows at a time. */
export function startForgetting(database: Database, onError: (error: unknown) => void): Pump {
  return startPump({
    work: () => forget(database.knex),
    pollMs: EVERY_MS,
    backOffMs: [1_000, 60_000],
    onError,
  });
}

/** One round; true: there may be more. */
export async function forget(db: Queryable): Promise<boolean> {
  const counts = [
    await forgetRows(db, 'messages', `created_at`, KEPT_DAYS, `AND state <> 'waiting'`),
    await forgetRows(db, 'attempts', 'at', KEPT_DAYS),
    await forgetRows(db, 'counters', 'changed_at', COUNTERS_KEPT_DAYS),
  ];
  return counts.some((count) => count === AT_ONCE);
}

async function forgetRows(
  db: Queryable,
  table: string,
  column: string,
  days: number,
  and = '',
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM ${table} WHERE ${column} < now() - ? * interval '1 day' ${and} LIMIT ?))`,
    [days, AT_ONCE],
  );
  return rowCount;
}
