import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Redis } from 'ioredis';
import pg from 'pg';
import { projectRoot } from '../../launch/paths.ts';
import { findFreePort } from '../../launch/ports.ts';
import { startPostgres } from '../../launch/postgres.ts';
import { identify } from '../../launch/process-identity.ts';
import { startRedis } from '../../launch/redis.ts';
import { startStores } from '../../launch/stores.ts';
import { withFolder } from '../support/folder.ts';
import { waitFor } from '../support/wait-for.ts';

const holder = join(projectRoot, 'test', 'support', 'programs', 'store-holder.ts');

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

describe('private servers', () => {
  it('keep their data from one start to the next', async (t) => {
    const stateDir = withFolder(t);
    for (const round of [1, 2]) {
      const [redis, postgres] = await Promise.all([
        startRedis({ stateDir }),
        startPostgres({ stateDir }),
      ]);
      const client = new Redis(redis.url);
      assert.equal(await client.incr('rounds'), round);
      client.disconnect();
      const rows = await withClient(postgres.url, async (each) => {
        await each.query('CREATE TABLE IF NOT EXISTS rounds (at timestamptz DEFAULT now())');
        await each.query('INSERT INTO rounds DEFAULT VALUES');
        return (await each.query('SELECT * FROM rounds')).rowCount;
      });
      assert.equal(rows, round);
      await Promise.all([redis.stop(), postgres.stop()]);
      assert.equal(identify(redis.pid), undefined);
      assert.equal(identify(postgres.pid), undefined);
    }
  });

  it('end when their launcher is killed, or are stopped by the next start', async (t) => {
    const stateDir = withFolder(t);
    const launcher = spawn(process.execPath, [holder, stateDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(launcher.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    assert.equal(pids.length, 2);
    const busy = startRedis({ stateDir });
    await assert.rejects(busy, /already runs from this folder/);
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
    const redis = await startRedis({ stateDir });
    t.after(() => redis.stop());
    const postgres = await startPostgres({ stateDir });
    t.after(() => postgres.stop());
    await waitFor(() => pids.every((pid) => identify(pid) === undefined));
  });

  it('say in one line that a port is taken', async (t) => {
    const redis = await startRedis({ stateDir: withFolder(t), ephemeral: true });
    t.after(() => redis.stop());
    const other = withFolder(t);
    const taken = redis.port;
    await assert.rejects(
      startRedis({ stateDir: other, port: taken }),
      new RegExp(`^LaunchError: port ${taken} for Redis is in use`),
    );
    await assert.rejects(
      startPostgres({ stateDir: other, port: taken }),
      new RegExp(`^LaunchError: port ${taken} for PostgreSQL is in use`),
    );
  });

  it('come back on their port after a crash', async (t) => {
    const stateDir = withFolder(t);
    const told: string[] = [];
    const databaseUrl = 'postgres://elsewhere@127.0.0.1/none';
    const notify = (text: string): void => void told.push(text);
    const stores = await startStores({ stateDir, databaseUrl, notify });
    t.after(() => stores.stop());
    const client = new Redis(stores.redisUrl, { retryStrategy: () => 20 });
    client.on('error', () => {});
    t.after(() => client.disconnect());
    await client.set('kept', 'yes');
    stores.kill('redis');
    await waitFor(() => told.length > 0);
    assert.equal(await waitFor(() => client.get('kept')), 'yes');
    assert.throws(() => stores.kill('postgres'), /not ours to kill/);
  });

  it('take a given port', async (t) => {
    const port = await findFreePort();
    const redis = await startRedis({ stateDir: withFolder(t), ephemeral: true, port });
    t.after(() => redis.stop());
    assert.equal(redis.port, port);
  });
});
