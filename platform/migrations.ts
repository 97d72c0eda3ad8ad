/**
 * Applies the numbered migrations of one service to its schema: each once, in order, in its own
 * transaction, under an advisory lock so that several processes may start together. A migration that
 * was applied must never change; its text is not looked at again.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DatabaseService } from '../config/index.ts';
import { hash32 } from '../contracts/ids.ts';
import { type Database, schemaOf, type Transaction } from './database.ts';

export interface Migration {
  up(trx: Transaction): Promise<void>;
}

const FILE_NAME = /^(\d{3})-[a-z0-9-]+\.ts$/;
const SERVICES_FOLDER = join(import.meta.dirname, '..', 'services');
/** First key of the advisory lock: marks locks of migrations. */
const LOCK_SPACE = 0x57414747;

/** Brings one service up to date; returns the names that were applied now. */
export async function migrateService(database: Database): Promise<string[]> {
  const files = await migrationFiles(database.schema);
  return database.transaction(async (trx) => {
    await trx.raw('SELECT pg_advisory_xact_lock(?, ?)', [
      LOCK_SPACE,
      hash32(database.schema) % 0x7fffffff,
    ]);
    // Postgres announces "already exists" as a notice on every start otherwise.
    await trx.raw("SET LOCAL client_min_messages = 'warning'");
    await trx.raw('CREATE SCHEMA IF NOT EXISTS ??', [schemaOf(database.schema)]);
    await trx.raw(
      `CREATE TABLE IF NOT EXISTS migrations (
        number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz DEFAULT now())`,
    );
    const done = new Set<number>(await trx('migrations').pluck('number'));
    const applied: string[] = [];
    for (const { number, name, path } of files) {
      if (done.has(number)) continue;
      const migration = (await import(pathToFileURL(path).href)) as Migration;
      await migration.up(trx);
      await trx('migrations').insert({ number, name });
      applied.push(name);
    }
    return applied;
  });
}

interface MigrationFile {
  readonly number: number;
  readonly name: string;
  readonly path: string;
}

async function migrationFiles(service: DatabaseService): Promise<MigrationFile[]> {
  const folder = join(SERVICES_FOLDER, service, 'migrations');
  const names = await readdir(folder).catch(() => [] as string[]);
  const files = names.flatMap((name) => {
    const match = FILE_NAME.exec(name);
    return match ? [{ number: Number(match[1]), name, path: join(folder, name) }] : [];
  });
  files.sort((a, b) => a.number - b.number);
  const numbers = new Set(files.map((file) => file.number));
  if (numbers.size !== files.length) throw new Error(`${service} has two migrations of one number`);
  return files;
}
