import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgresSettings } from '../../launch/postgres-settings.ts';

const GB = 1_073_741_824;

function setting(name: string, memoryBytes: number, ephemeral = false): string | undefined {
  const found = postgresSettings(5432, ephemeral, memoryBytes).find((each) =>
    each.startsWith(`${name}=`),
  );
  return found?.slice(name.length + 1);
}

test('a private PostgreSQL keeps an eighth of the memory, within bounds', () => {
  assert.equal(setting('shared_buffers', 0.5 * GB), '128MB');
  assert.equal(setting('shared_buffers', 4 * GB), '512MB');
  assert.equal(setting('shared_buffers', 64 * GB), '1024MB');
});

test('what must last is synced; what tests write is not', () => {
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) {
    assert.equal(setting(name, GB), 'on');
    assert.equal(setting(name, GB, true), 'off');
  }
});
