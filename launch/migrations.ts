/**
 * Owns the one call from the launcher into the platform: bringing a database up to date. Imported
 * only when needed, so that starting servers does not load the whole platform.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Config, loadConfig } from '../config/index.ts';
import { projectRoot } from './paths.ts';

type MigrateAll = (config: Config) => Promise<unknown>;

/** Applies all migrations of all services. Does nothing in a checkout without a platform. */
export async function applyMigrations(config: Config): Promise<void> {
  const file = join(projectRoot, 'platform', 'migrate.ts');
  if (!existsSync(file)) return;
  const module: { readonly migrateAll?: unknown } = await import(pathToFileURL(file).href);
  if (typeof module.migrateAll !== 'function') {
    throw new Error('platform/migrate.ts must export migrateAll(config)');
  }
  await (module.migrateAll as MigrateAll)(config);
}

/** Applies all migrations to one database that every service shares: for templates of tests. */
export async function applyMigrationsTo(databaseUrl: string): Promise<void> {
  const config = loadConfig({
    REDIS_URL: 'redis://127.0.0.1:1',
    DATABASE_URL: databaseUrl,
    WAGGLE_JWT_KEYS: `migrations:${'0'.repeat(32)}`,
    WAGGLE_SECRETS_KEYS: `migrations:${Buffer.alloc(32).toString('base64')}`,
  });
  await applyMigrations(config);
}
