/**
 * Watches over papers in wall time: warns before they run out, takes them and what hangs on them away
 * when they have, and deletes files that nobody names any more.
 */
import { DRIVER_STREAM, type PaperExpiring } from '../../contracts/messages/drivers.ts';
import type { Transaction } from '../../platform/database.ts';
import type { FileStore } from '../../platform/files/file-store.ts';
import { enqueue } from '../../platform/outbox.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { dayAfter } from './local-time.ts';
import * as queries from './paper-queries.ts';
import { type PaperDeps, withdrawWhereNeeded } from './papers.ts';
import { dayOfGrace, daysBetween, WARNINGS_DAYS, warningDue } from './standing.ts';

/** Papers of one go, and host ms between two looks: a day matters, not a minute. */
const BATCH = 500;
const LOOK_EVERY_MS = 30_000;

export interface WatchDeps extends PaperDeps {
  readonly files: FileStore;
}

export function startPaperWatch({ log }: ServiceContext, deps: WatchDeps): Pump {
  return startPump({
    work: () => watchPapers(deps),
    pollMs: LOOK_EVERY_MS,
    backOffMs: [1_000, 60_000],
    onError: (err) => log.warn({ err }, 'papers could not be looked at; trying again'),
  });
}

/** One look; true when there may be more. */
export async function watchPapers(deps: WatchDeps): Promise<boolean> {
  const { database } = deps;
  const expired = await database.transaction((trx) => expire(deps, trx));
  const warned = await database.transaction((trx) => warn(deps, trx));
  const files = await queries.doomedFiles(database.knex, BATCH);
  for (const file of files) await deps.files.delete(file);
  await queries.forgetFiles(database.knex, files);
  return Math.max(expired, warned, files.length) === BATCH;
}

async function expire(deps: WatchDeps, trx: Transaction): Promise<number> {
  const expired = await queries.expirePapers(trx, dayOfGrace(deps.nowMs()), BATCH);
  if (expired.length === 0) return 0;
  await withdrawWhereNeeded(
    deps,
    trx,
    expired.map(({ driver }) => driver),
    'papers',
  );
  return expired.length;
}

async function warn(deps: WatchDeps, trx: Transaction): Promise<number> {
  const today = dayOfGrace(deps.nowMs());
  const steps = WARNINGS_DAYS.map((days) => ({ days, until: dayAfter(today, days) }));
  const rows = await queries.papersToWarn(trx, steps, BATCH);
  const due = rows.flatMap((row) => {
    const daysLeft = daysBetween(today, row.expires_on ?? today);
    const days = warningDue(daysLeft, row.warned_days);
    return days === undefined ? [] : [{ row, days, daysLeft }];
  });
  await queries.writeWarned(
    trx,
    due.map(({ row: { id }, days }) => ({ id, days })),
  );
  const atMs = deps.nowMs();
  await enqueue(
    trx,
    due.map(({ row: { id: paper, driver, kind, expires_on }, daysLeft }) => {
      const payload: PaperExpiring = {
        ...{ type: 'paper.expiring', paper, driver, kind, expiresOn: expires_on ?? today },
        ...{ daysLeft, atMs },
      };
      return { key: driver, topic: DRIVER_STREAM, payload };
    }),
  );
  return due.length;
}
