/** The list of service streams is whole: dead letters of one that is missing would be seen by nobody. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SERVICE_STREAMS } from '../../contracts/messages/streams.ts';
import { projectRoot } from '../../launch/paths.ts';

test('every stream that a message file names is in the list', async () => {
  const folder = join(projectRoot, 'contracts', 'messages');
  const named: string[] = [];
  for (const file of readdirSync(folder)) {
    const module = (await import(join(folder, file))) as Record<string, unknown>;
    named.push(
      ...Object.values(module).filter(
        (value): value is string =>
          typeof value === 'string' && /^(events|requests):[a-z-]+$/.test(value),
      ),
    );
  }
  assert.deepEqual([...new Set(named)].sort(), [...SERVICE_STREAMS].sort());
});
