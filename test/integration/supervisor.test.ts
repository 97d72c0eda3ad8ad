import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { projectRoot } from '../../launch/paths.ts';
import { findFreePort } from '../../launch/ports.ts';
import { identify } from '../../launch/process-identity.ts';
import { type ProcessDefinition, Supervisor } from '../../launch/supervisor.ts';
import { withFolder } from '../support/folder.ts';
import { waitFor } from '../support/wait-for.ts';

const program = join(projectRoot, 'test', 'support', 'programs', 'admin-server.ts');
const READY_MS = 10_000;

async function define(name: string, ...mode: string[]): Promise<ProcessDefinition> {
  const adminPort = await findFreePort();
  const argv = [process.execPath, program, String(adminPort), ...mode];
  return { name, argv, env: { PATH: process.env.PATH }, adminPort };
}

function supervise(t: TestContext, stopDeadlineMs = 5_000): Supervisor {
  const stateDir = withFolder(t);
  const supervisor = new Supervisor({ stateDir, cwd: projectRoot, stopDeadlineMs });
  t.after(() => supervisor.stopAll());
  return supervisor;
}

function runningPid(supervisor: Supervisor, name: string): number {
  const pid = supervisor.pid(name);
  assert.ok(pid !== undefined);
  return pid;
}

describe('the supervisor', () => {
  it('starts processes, waits until they are ready, and stops them all', async (t) => {
    const supervisor = supervise(t);
    await supervisor.startAll([await define('one'), await define('two')], READY_MS);
    const pids = ['one', 'two'].map((name) => runningPid(supervisor, name));
    await supervisor.stopAll();
    for (const pid of pids) assert.equal(identify(pid), undefined);
  });

  it('starts a killed process again, and it becomes ready again', async (t) => {
    const supervisor = supervise(t);
    await supervisor.startAll([await define('one')], READY_MS);
    const before = supervisor.kill('one', 'SIGKILL');
    await waitFor(() => {
      const pid = supervisor.pid('one');
      return pid !== undefined && pid !== before;
    });
    await supervisor.waitUntilReady('one', READY_MS);
    assert.equal(supervisor.restarts('one'), 1);
  });

  it('gives up on a process that always ends, and repeats its last words', async (t) => {
    const supervisor = supervise(t);
    await supervisor.start(await define('broken', '--crash'));
    await assert.rejects(
      supervisor.waitUntilReady('broken', READY_MS),
      /broken ends again and again \(the reason of the crash\)/,
    );
  });

  it('kills a process that does not listen', async (t) => {
    const supervisor = supervise(t, 200);
    await supervisor.startAll([await define('deaf', '--deaf')], READY_MS);
    const pid = runningPid(supervisor, 'deaf');
    await supervisor.stop('deaf');
    assert.equal(identify(pid), undefined);
  });
});
