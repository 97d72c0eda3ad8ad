/**
 * Owns the servers of a test file that runs by itself (`node --test test/unit/x.test.ts`). Under
 * `npm test` the launcher's servers are shared by all files and nothing is started here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyMigrationsTo } from '../../launch/migrations.ts';
import { startPostgres } from '../../launch/postgres.ts';
import { startRedis } from '../../launch/redis.ts';
import { createTemplate } from './template.ts';

export interface TestDatabaseServer {
  /** A database of the server, with a user that may create others. */
  readonly url: string;
  /** Name of the database that has all migrations applied. */
  readonly template: string;
}

interface Stoppable {
  stop(): Promise<void>;
}

let stateDir: string | undefined;
let redisUrl: Promise<string> | undefined;
let databaseServer: Promise<TestDatabaseServer> | undefined;
const running: Stoppable[] = [];

/** URL of the Redis that tests share. */
export function sharedRedisUrl(): Promise<string> {
  const given = process.env.TEST_REDIS_URL;
  if (given !== undefined) return Promise.resolve(given);
  redisUrl ??= startRedis({ stateDir: ownStateDir(), ephemeral: true }).then((redis) => {
    running.push(redis);
    return redis.url;
  });
  return redisUrl;
}

/** The PostgreSQL that tests share, with its template database. */
export function sharedDatabaseServer(): Promise<TestDatabaseServer> {
  const url = process.env.TEST_DATABASE_URL;
  const template = process.env.TEST_DATABASE_TEMPLATE;
  if (url !== undefined && template !== undefined) return Promise.resolve({ url, template });
  databaseServer ??= startOwnDatabaseServer();
  return databaseServer;
}

async function startOwnDatabaseServer(): Promise<TestDatabaseServer> {
  const postgres = await startPostgres({ stateDir: ownStateDir(), ephemeral: true });
  running.push(postgres);
  const template = await createTemplate(postgres.url, applyMigrationsTo);
  return { url: postgres.url, template };
}

function ownStateDir(): string {
  if (stateDir !== undefined) return stateDir;
  const folder = mkdtempSync(join(tmpdir(), 'waggle-test-'));
  stateDir = folder;
  // The servers do not keep the process alive, so this runs once the tests have let go of everything.
  process.once('beforeExit', () => {
    void Promise.all(running.map((server) => server.stop())).then(() => {
      rmSync(folder, { recursive: true, force: true });
    });
  });
  return folder;
}
