/** All participants of the saga in one process that is killed, without a warning, at every step. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../launch/paths.ts';
import type { StepName } from '../../services/orders/saga/saga-state.ts';
import { testEnvironment } from '../support/config.ts';
import { cleanUpInReverse, type Scope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { openSagaStage, PARTICIPANTS, type Placed, type SagaStage } from './saga-stage.ts';

const ORDER: readonly StepName[] = [
  ...(['checking', 'reserving', 'authorising', 'accepting', 'requesting', 'preparing'] as const),
  ...(['carrying', 'settling', 'done'] as const),
];

interface Victim {
  kill(): Promise<void>;
  start(): void;
}

/** A process of all participants. */
function victim(scope: Scope, { stack }: SagaStage): Victim {
  const { redis, database } = stack.config;
  const env = testEnvironment({
    redis: { url: redis.url, prefix: redis.keyPrefix },
    database: { url: database.orders.url },
    env: { WAGGLE_SHARDS: '2' },
  });
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const dying = child;
    child = undefined;
    if (dying === undefined || dying.exitCode !== null) return;
    const gone = once(dying, 'exit');
    dying.kill('SIGKILL');
    await gone;
  };
  cleanUpInReverse(scope, kill);
  return {
    kill,
    start() {
      const flags = ['--node', 'victim', '--services', PARTICIPANTS.join(',')];
      child = spawn(process.execPath, [join(projectRoot, 'services/main.ts'), ...flags], {
        env: { ...process.env, ...env },
        stdio: 'ignore',
      });
    },
  };
}

test('killed at every step, an order ends as one that nobody disturbed', async (t) => {
  const stage = await openSagaStage(t);
  const deliver = async (id: string, delivery: string): Promise<void> => {
    await stage.ops(delivery, 'assign');
    await stage.ops(delivery, 'picked_up');
    await stage.atStep(id, 'carrying');
    await stage.ops(delivery, 'delivered');
    await stage.atStep(id, 'done');
  };
  const easy = await stage.place('key-undisturbed');
  await stage.atStep(easy.id, 'preparing');
  await deliver(easy.id, easy.delivery);

  // Held at their first question until everybody else is gone, too. The method of one answers within
  // the transaction that hears of it, that of the other has to be asked, and twice.
  await stage.stop('inventory');
  const near = await stage.place('key-disturbed');
  const far = await stage.place('key-disturbed-far', { payment: { kind: 'test', token: 'flaky' } });
  const hard = [near, far];
  const each = async (work: (placed: Placed) => Promise<void>): Promise<void> => {
    await Promise.all(hard.map(work));
  };
  await each(({ id }) => stage.atStep(id, 'reserving'));
  await stage.stop(...PARTICIPANTS);
  const crash = victim(t, stage);
  const { knex } = stage.databases.orders;
  const ids = hard.map(({ id }) => id);
  /** Where the one stands that is behind, and how far both have come together. */
  const stepsNow = async (): Promise<{ last: number; sum: number }> => {
    const rows: { step: StepName }[] = await knex('sagas').whereIn('order_id', ids).select('step');
    const steps = rows.map(({ step }) => ORDER.indexOf(step));
    return { last: Math.min(...steps), sum: steps.reduce((sum, at) => sum + at, 0) };
  };
  // Only then is a step short enough to be looked for without a rest.
  const isUp = (): Promise<unknown> =>
    waitFor(
      async () => {
        const all = `SELECT FROM pg_stat_activity WHERE datname = current_database()
          AND application_name IN ('waggle-payments', 'waggle-kitchen')`;
        return (await knex.raw(all)).rowCount > 0;
      },
      { timeoutMs: 40_000, intervalMs: 5, what: 'the victim' },
    );
  let kills = 0;
  for (let seen = await stepsNow(); seen.last < ORDER.indexOf('preparing'); ) {
    crash.start();
    await isUp();
    const before = seen;
    seen = await waitFor(
      async () => {
        const now = await stepsNow();
        return now.sum > before.sum ? now : undefined;
      },
      { timeoutMs: 40_000, intervalMs: 1, what: `beyond ${ORDER[before.last]}` },
    );
    await crash.kill();
    kills++;
  }
  assert.ok(kills > 0);
  crash.start();
  await each(async ({ id, delivery }) => {
    await stage.ops(delivery, 'assign');
    await stage.ops(delivery, 'picked_up');
    await stage.atStep(id, 'carrying');
    await stage.ops(delivery, 'delivered');
  });
  const carrying = ORDER.indexOf('carrying');
  await waitFor(async () => (await stepsNow()).last > carrying, { intervalMs: 1 });
  await crash.kill();
  crash.start();
  await each(({ id }) => stage.atStep(id, 'done'));
  for (const placed of hard) {
    assert.deepEqual(await stage.endOf(placed), await stage.endOf(easy));
  }
});
