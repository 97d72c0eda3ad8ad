/** Owns a look at what all services have written, so that a test can say that nothing was. */
import pg from 'pg';

/** What moves by itself: relays, retries, the timers of sagas. */
const RESTLESS =
  /\.(outbox|inbox|idempotency|migrations|commands|attempts|refresh_tokens|sagas|timers|order_events)$/;

/** A hash of each table's content, by `schema.table`. */
export async function tableHashes(url: string): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
        WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
        ORDER BY 1`,
    );
    const hashes: Record<string, string> = {};
    for (const { name } of rows.filter((row) => !RESTLESS.test(row.name))) {
      const table = name
        .split('.')
        .map((part) => `"${part}"`)
        .join('.');
      const result = await client.query<{ count: string; hash: string }>(
        `SELECT count(*) AS count, md5(string_agg(h, '' ORDER BY h)) AS hash
           FROM (SELECT md5((to_jsonb(t) - 'last_used_at')::text) AS h FROM ${table} t) rows`,
      );
      hashes[name] = `${result.rows[0]?.count} rows, ${result.rows[0]?.hash}`;
    }
    return hashes;
  } finally {
    await client.end();
  }
}
