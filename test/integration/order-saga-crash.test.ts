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
import { openSagaStage, PARTICIPANTS, type SagaStage } from './saga-stage.ts';

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

  // Held at its first question until everybody else is gone, too.
  await stage.stop('inventory');
  const hard = await stage.place('key-disturbed');
  await stage.atStep(hard.id, 'reserving');
  await stage.stop(...PARTICIPANTS);
  const crash = victim(t, stage);
  const { knex } = stage.databases.orders;
  const stepNow = async (): Promise<number> => {
    const { step } = await knex('sagas').where({ order_id: hard.id }).first('step');
    return ORDER.indexOf(step);
  };
  let kills = 0;
  for (let seen = await stepNow(); seen < ORDER.indexOf('preparing'); ) {
    crash.start();
    const before = seen;
    seen = await waitFor(
      async () => {
        const now = await stepNow();
        return now > before ? now : undefined;
      },
      { timeoutMs: 40_000, intervalMs: 1, what: `beyond ${ORDER[before]}` },
    );
    await crash.kill();
    kills++;
  }
  assert.ok(kills > 0);
  crash.start();
  await stage.ops(hard.delivery, 'assign');
  await stage.ops(hard.delivery, 'picked_up');
  await stage.atStep(hard.id, 'carrying');
  await stage.ops(hard.delivery, 'delivered');
  await waitFor(async () => (await stepNow()) > ORDER.indexOf('carrying'), { intervalMs: 1 });
  await crash.kill();
  crash.start();
  await stage.atStep(hard.id, 'done');
  assert.deepEqual(await stage.endOf(hard), await stage.endOf(easy));
});
