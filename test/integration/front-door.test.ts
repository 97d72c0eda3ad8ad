import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runCommand } from '../../launch/command.ts';
import { projectRoot } from '../../launch/paths.ts';
import { withFolder } from '../support/folder.ts';

const door = join(projectRoot, 'launch', 'waggle.mjs');

async function occupiedPort(t: TestContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

describe('the front door', () => {
  it('lists its commands', async () => {
    const result = await runCommand(process.execPath, [door, 'help']);
    assert.equal(result.code, 0);
    for (const name of ['start', 'test', 'check', 'bench', 'sim']) {
      assert.match(result.output, new RegExp(`^ {2}${name} `, 'm'));
    }
  });

  it('refuses what it does not know with a line, and ends', async () => {
    const result = await runCommand(process.execPath, [door, 'fly']);
    assert.equal(result.code, 1);
    assert.match(result.output, /^waggle: there is no command fly\n/);
  });

  it('says in one line what to do about a busy port, and ends', async (t) => {
    const port = await occupiedPort(t);
    const env = {
      ...process.env,
      WAGGLE_STATE_DIR: withFolder(t),
      WAGGLE_API_PORT: String(port),
    };
    const result = await runCommand(process.execPath, [door, 'start'], { env });
    assert.equal(result.code, 1);
    assert.match(
      result.output,
      new RegExp(`^waggle: port ${port} for the API is in use: .*WAGGLE_API_PORT=\\d+\n$`),
    );
  });

  it('says in one line which option is wrong, and ends', async (t) => {
    const env = { ...process.env, WAGGLE_STATE_DIR: withFolder(t) };
    const result = await runCommand(process.execPath, [door, 'start', '--seconds', 'x'], { env });
    assert.equal(result.code, 1);
    assert.match(result.output, /^waggle: --seconds x: expected a number .*\n$/);
  });
});
