/** Owns the template database: migrated once, copied for each test in a few milliseconds. */
import pg from 'pg';

export const templateName = 'waggle_template';

/** Runs statements on one connection that is closed whatever happens. */
export async function runStatements(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The same server and user, another database. */
export function withDatabaseName(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/** Creates the template and has it migrated; returns its name. */
export async function createTemplate(
  serverUrl: string,
  migrate: (url: string) => Promise<void>,
): Promise<string> {
  await runStatements(serverUrl, `CREATE DATABASE ${templateName}`);
  await migrate(withDatabaseName(serverUrl, templateName));
  return templateName;
}
