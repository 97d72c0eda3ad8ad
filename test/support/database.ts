/** Owns one database per test, copied from the migrated template and dropped at the end. */
import { randomBytes } from 'node:crypto';
import { sharedDatabaseServer } from './private-servers.ts';
import { cleanUpInReverse, type Scope } from './scope.ts';
import { runStatements, withDatabaseName } from './template.ts';

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
}

export interface DatabaseOptions {
  /** An empty database instead of a migrated one: for tests of the migrations themselves. */
  readonly empty?: boolean | undefined;
}

/** A database of this test's own. Clean-ups run in reverse, so a pool closed in `t.after` is closed before the drop. */
export async function withDatabase(
  scope: Scope,
  options: DatabaseOptions = {},
): Promise<TestDatabase> {
  const server = await sharedDatabaseServer();
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  const template = options.empty === true ? 'template0' : server.template;
  await runStatements(server.url, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  cleanUpInReverse(scope, () => runStatements(server.url, `DROP DATABASE ${name} WITH (FORCE)`));
  return { name, url: withDatabaseName(server.url, name) };
}
