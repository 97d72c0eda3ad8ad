/** Brings every service's schema up to date: `node platform/migrate.ts`, or `migrateAll(config)`. */
import { type Config, databaseServices, loadConfig } from '../config/index.ts';
import { openDatabase } from './database.ts';
import { migrateService } from './migrations.ts';

export interface MigrationReport {
  readonly service: string;
  readonly applied: readonly string[];
}

/** Applies what is missing, service by service. Safe to run from several processes at once. */
export async function migrateAll(config: Config): Promise<MigrationReport[]> {
  return Promise.all(
    databaseServices.map(async (service) => {
      const database = openDatabase(service, { ...config.database[service], poolMax: 1 });
      try {
        return { service, applied: await migrateService(database) };
      } finally {
        await database.close();
      }
    }),
  );
}

if (import.meta.main) {
  const reports = await migrateAll(loadConfig(process.env));
  for (const { service, applied } of reports) {
    process.stdout.write(
      `${service}: ${applied.length === 0 ? 'up to date' : applied.join(', ')}\n`,
    );
  }
}
