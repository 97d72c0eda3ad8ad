/** Keeps log records and snapshots for audits. It has no actions: whoever audits reads its tables. */
import type { ServiceSchema } from 'moleculer';
import { openDatabase } from '../../platform/database.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type ArchiveDeps, archiveLogs, archiveSnapshots, forget } from './archiver.ts';

/** A record waits at most this long for its block, host ms. */
const LOGS_EVERY_MS = 10_000;
const SNAPSHOTS_EVERY_MS = 60_000;
const FORGET_EVERY_MS = 600_000;

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log } = context;
  const database = openDatabase('archive', config.database.archive);
  const running: Pump[] = [];
  context.addCheck('archive.database', () => database.ping());
  const every = (pollMs: number, what: string, work: () => Promise<boolean>): Pump =>
    startPump({
      work,
      pollMs,
      backOffMs: [500, 30_000],
      onError: (err) => log.warn({ err }, what),
    });
  return {
    name: 'archive',
    async started() {
      const deps: ArchiveDeps = { database, door: await context.door(), nowMs: () => Date.now() };
      running.push(
        every(LOGS_EVERY_MS, 'log records could not be archived', () => archiveLogs(deps)),
        every(SNAPSHOTS_EVERY_MS, 'snapshots could not be archived', async () => {
          await archiveSnapshots(deps);
          return false;
        }),
        every(FORGET_EVERY_MS, 'the archive could not forget', async () => {
          await forget(deps, config.archive.days);
          return false;
        }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((pump) => pump.stop()));
      await database.close();
    },
  };
}
