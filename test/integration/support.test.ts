import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pg from 'pg';
import { withDatabase } from '../support/database.ts';
import { failOnLeaks } from '../support/leaks.ts';
import { withRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

failOnLeaks();

describe('test support', () => {
  it('gives each test its own keys and deletes them at its end', async (t) => {
    const outer = await withRedis(t);
    const reader = outer.connect();
    let innerKey = '';
    await t.test('inner', async (inner) => {
      const redis = await withRedis(inner);
      assert.notEqual(redis.prefix, outer.prefix);
      innerKey = `${redis.prefix}{s1}:log`;
      await redis.connect().set(innerKey, '1');
      assert.equal(await reader.exists(innerKey), 1);
    });
    assert.equal(await reader.exists(innerKey), 0);
  });

  it('gives each test its own PostgreSQL 18 database', async (t) => {
    const [first, second] = await Promise.all([withDatabase(t), withDatabase(t)]);
    assert.notEqual(first.name, second.name);
    const client = new pg.Client({ connectionString: first.url });
    await client.connect();
    t.after(() => client.end());
    const version = await client.query<{ server_version_num: string }>('SHOW server_version_num');
    assert.match(version.rows[0]?.server_version_num ?? '', /^18/);
    const id = await client.query<{ id: string }>('SELECT uuidv7() AS id');
    assert.match(id.rows[0]?.id ?? '', /^[0-9a-f-]{36}$/);
  });

  it('waits for a condition and says what was not met', async () => {
    let looks = 0;
    assert.equal(await waitFor(() => (++looks > 3 ? 'ready' : null)), 'ready');
    await assert.rejects(
      waitFor(() => false, { timeoutMs: 30, what: 'the moon' }),
      /the moon/,
    );
  });
});
