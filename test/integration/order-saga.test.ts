/**
 * The saga on real stores while its participants are ended and started again between each pair of
 * steps: the same end, whatever was away, and nothing changes when everything is told twice.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { newId } from '../../contracts/ids.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { openSagaStage, type Placed, type SagaStage } from './saga-stage.ts';

async function undisturbed(stage: SagaStage, key: string): Promise<Placed> {
  const placed = await stage.place(key);
  await stage.atStep(placed.id, 'preparing');
  return placed;
}

async function deliver(stage: SagaStage, { id, delivery }: Placed): Promise<void> {
  await stage.ops(delivery, 'assign');
  await stage.ops(delivery, 'picked_up');
  await stage.atStep(id, 'carrying');
  await stage.ops(delivery, 'delivered');
}

test('every participant is away between each pair of steps, and the order ends as ever', async (t) => {
  const stage = await openSagaStage(t);
  const easy = await undisturbed(stage, 'key-undisturbed');
  await deliver(stage, easy);
  await stage.atStep(easy.id, 'done');

  await stage.stop('inventory', 'payments', 'kitchen');
  const hard = await stage.place('key-disturbed');
  await stage.atStep(hard.id, 'reserving');
  await stage.stop('deliveries');
  for (const [name, step] of [
    ['inventory', 'authorising'],
    ['payments', 'accepting'],
    ['kitchen', 'requesting'],
    ['deliveries', 'preparing'],
  ] as const) {
    await stage.restart();
    await stage.start(name);
    await stage.atStep(hard.id, step);
  }
  await stage.restart();
  await stage.ops(hard.delivery, 'assign');
  await stage.ops(hard.delivery, 'picked_up');
  await stage.atStep(hard.id, 'carrying');
  await stage.restart();
  await stage.stop('inventory', 'payments');
  await stage.ops(hard.delivery, 'delivered');
  await stage.atStep(hard.id, 'settling');
  await stage.restart();
  await stage.start('payments');
  await waitFor(async () => {
    const saga = await stage.databases.orders.knex('sagas').where({ order_id: hard.id }).first();
    return saga.payment === 'captured' && saga.step === 'settling';
  });
  await stage.restart();
  await stage.start('inventory');
  await stage.atStep(hard.id, 'done');
  assert.deepEqual(await stage.endOf(hard), await stage.endOf(easy));
});

test('a cancel is undone to its end although every part is away in turn', async (t) => {
  const stage = await openSagaStage(t);
  const cancel = (placed: Placed): Promise<unknown> =>
    stage.call('POST', `/orders/${placed.id}/cancel`, {});
  const easy = await undisturbed(stage, 'key-undisturbed');
  await cancel(easy);
  await stage.atStep(easy.id, 'done');

  const hard = await undisturbed(stage, 'key-disturbed');
  await stage.stop('inventory', 'payments', 'kitchen', 'deliveries');
  await cancel(hard);
  await stage.atStep(hard.id, 'calling_off');
  await stage.restart();
  await stage.start('deliveries');
  await stage.atStep(hard.id, 'undoing');
  for (const name of ['kitchen', 'payments', 'inventory'] as const) {
    await stage.restart();
    await stage.start(name);
  }
  await stage.atStep(hard.id, 'done');
  assert.deepEqual(await stage.endOf(hard), await stage.endOf(easy));
});

test('everything that was ever asked and told comes again: nothing changes', async (t) => {
  const stage = await openSagaStage(t);
  const delivered = await undisturbed(stage, 'key-delivered');
  await deliver(stage, delivered);
  const cancelled = await undisturbed(stage, 'key-cancelled');
  await stage.call('POST', `/orders/${cancelled.id}/cancel`, {});
  const open = await undisturbed(stage, 'key-still-open');
  await stage.atStep(delivered.id, 'done');
  await stage.atStep(cancelled.id, 'done');
  const ends = (): Promise<object[]> =>
    Promise.all([delivered, cancelled, open].map((placed) => stage.endOf(placed)));
  const before = await ends();

  const { url, keyPrefix } = stage.stack.config.redis;
  const redis = new Redis(url);
  cleanUpInReverse(t, () => redis.disconnect());
  const streams = ['inventory', 'payments', 'kitchen', 'deliveries'].flatMap((name) => [
    `${keyPrefix}requests:${name}`,
    `${keyPrefix}events:${name}`,
  ]);
  for (const stream of streams) {
    for (const [, fields] of await redis.xrange(stream, '-', '+')) {
      const entry = JSON.parse(fields[1] ?? '{}') as object;
      // An id of its own: the inbox does not know it.
      await redis.xadd(stream, '*', 'e', JSON.stringify({ ...entry, id: newId('event') }));
    }
  }
  await waitFor(
    async () => (await Promise.all(streams.map((each) => isRead(redis, each)))).every(Boolean),
    {
      timeoutMs: 20_000,
      what: 'everything to be read',
    },
  );
  assert.deepEqual(await ends(), before);
});

/** Whether all groups of a stream have handled all of it. */
async function isRead(redis: Redis, stream: string): Promise<boolean> {
  const groups = (await redis.xinfo('GROUPS', stream)) as unknown[][];
  return groups.every((fields) => {
    const value = (name: string): unknown => fields[fields.indexOf(name) + 1];
    return value('lag') === 0 && value('pending') === 0;
  });
}
