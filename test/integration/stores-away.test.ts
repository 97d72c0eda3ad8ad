/** What the outside sees while a store is away, and that nothing has to be started again after. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { applyMigrationsTo } from '../../launch/migrations.ts';
import { findFreePort } from '../../launch/ports.ts';
import { startPostgres } from '../../launch/postgres.ts';
import { startNode } from '../../services/main.ts';
import { testConfig } from '../support/config.ts';
import { withRedis } from '../support/redis.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';

test('without Postgres writes get 503 with Retry-After, and succeed once it is back', async (t) => {
  const redis = await withRedis(t);
  const stateDir = await mkdtemp(join(tmpdir(), 'waggle-away-'));
  cleanUpInReverse(t, () => rm(stateDir, { recursive: true, force: true }));
  const [databasePort, apiPort] = [await findFreePort(), await findFreePort()];
  const start = () => startPostgres({ stateDir, port: databasePort });
  let postgres = await start();
  cleanUpInReverse(t, () => postgres.stop());
  await applyMigrationsTo(postgres.url);
  const config = testConfig({
    redis,
    database: postgres,
    env: { WAGGLE_API_PORT: String(apiPort), WAGGLE_DATABASE_TIMEOUT_MS: '1000' },
  });
  const node = await startNode(config, { node: 'away', services: ['users', 'api'] });
  cleanUpInReverse(t, () => node.stop());
  const register = (name: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${apiPort}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: `${name}@example.com`, password: 'a long password', name }),
    });
  const ready = async (): Promise<number> =>
    (await fetch(`http://127.0.0.1:${node.adminPort}/health/ready`)).status;

  assert.equal((await register('before')).status, 201);
  assert.equal(await ready(), 200);
  await postgres.stop();
  const refused = await register('during');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
  assert.equal(((await refused.json()) as { retryable: boolean }).retryable, true);
  assert.equal(await ready(), 503);
  postgres = await start();
  await waitFor(async () => (await register('after')).status === 201, { timeoutMs: 10_000 });
});
