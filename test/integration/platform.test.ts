/** What services stand on, on real stores: outbox, inbox, idempotent writes, streams, migrations. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Redis } from 'ioredis';
import { WaggleError } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { translateDatabaseError } from '../../platform/database-errors.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { idempotent } from '../../platform/idempotency.ts';
import { purgeInbox, takeOnce } from '../../platform/inbox.ts';
import { migrateService } from '../../platform/migrations.ts';
import { enqueue, startRelay } from '../../platform/outbox.ts';
import {
  listDeadLetters,
  redriveDeadLetter,
  type StreamConsumerOptions,
  startStreamConsumer,
} from '../../platform/stream-consumer.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { createEventPublisher } from '../support/event-publisher.ts';
import { withRedis } from '../support/redis.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';

async function orders(t: TestContext, options: { empty?: boolean } = {}): Promise<Database> {
  const config = testConfig({ database: await withDatabase(t, options) });
  const database = openDatabase('orders', config.database.orders);
  cleanUpInReverse(t, () => database.close());
  return database;
}

test('migrations run once, also when several processes start together', async (t) => {
  const database = await orders(t, { empty: true });
  const runs = await Promise.all([1, 2, 3].map(() => migrateService(database)));
  const applied = runs.flat();
  assert.ok(applied.some((name) => name.startsWith('001-')));
  assert.equal(new Set(applied).size, applied.length);
});

test('the outbox delivers in order, and a topic that fails holds up no other', async (t) => {
  const database = await orders(t);
  const delivered: string[] = [];
  let failures = 2;
  const relay = () =>
    startRelay({
      database,
      async deliver(topic, entries) {
        if (topic === 'a' && failures > 0) {
          failures--;
          throw new Error('not now');
        }
        for (const entry of entries) delivered.push(`${topic}${JSON.parse(entry).event.n}`);
      },
      onError: () => {},
    });
  // Two relays of one service: whoever has the lock works, and nothing goes out twice.
  for (const each of [relay(), relay()]) cleanUpInReverse(t, () => each.stop());
  const entry = (topic: string, n: number) => ({ key: `${n % 2}`, topic, payload: { n } });
  await database.transaction((trx) =>
    enqueue(trx, [entry('a', 1), entry('a', 2), entry('b', 1), entry('a', 3), entry('b', 2)]),
  );
  await waitFor(() => delivered.length === 5);
  assert.deepEqual(delivered, ['b1', 'b2', 'a1', 'a2', 'a3']);
  await waitFor(async () => (await database.knex('outbox').count().first())?.count === 0);
});

test('a transaction that fails leaves nothing in the outbox', async (t) => {
  const database = await orders(t);
  const work = database.transaction(async (trx) => {
    await enqueue(trx, [{ key: 'a', topic: 'test', payload: {} }]);
    throw new Error('no');
  });
  await assert.rejects(work, /no/);
  assert.equal((await database.knex('outbox').count().first())?.count, 0);
});

test('the inbox takes an event once, and again only if the first try was rolled back', async (t) => {
  const database = await orders(t);
  const take = (fail: boolean): Promise<boolean> =>
    database.transaction(async (trx) => {
      const isNew = (await takeOnce(trx, 'test', ['evt_1'])).has('evt_1');
      if (fail) throw new Error('no');
      return isNew;
    });
  await assert.rejects(take(true));
  assert.deepEqual([await take(false), await take(false)], [true, false]);
});

test('the inbox forgets what is older than any re-send, and nothing else', async (t) => {
  const database = await orders(t);
  const dayMs = 86_400_000;
  const old = newId('event', Date.now() - 8 * dayMs);
  const recent = newId('event', Date.now() - 6 * dayMs);
  await database.transaction((trx) => takeOnce(trx, 'test', [old, recent]));
  await purgeInbox(database.knex);
  assert.deepEqual(await database.knex('inbox').pluck('event_id'), [recent]);
});

test('an idempotent write runs once for many requests at once', async (t) => {
  const database = await orders(t);
  let runs = 0;
  const request = { owner: 'me', key: 'key-00000001', request: { a: 1, b: 2 } };
  const write = () => idempotent(database, request, async () => ({ answer: ++runs }));
  const answers = await Promise.all([write(), write(), write()]);
  assert.equal(new Set(answers.map(({ answer }) => answer.answer)).size, 1);
  const other = idempotent(database, { ...request, request: { a: 2 } }, async () => ({}));
  await assert.rejects(other, (e) => e instanceof WaggleError && e.code === 'idempotency.mismatch');
  const reordered = { ...request, request: { b: 2, a: 1 } };
  assert.equal((await idempotent(database, reordered, async () => ({}))).repeated, true);
});

test('a database that is away is an operating error that may be tried again', async () => {
  const config = testConfig();
  const database = openDatabase('orders', config.database.orders);
  const error = await database.ping().then(
    () => undefined,
    (cause: unknown) => translateDatabaseError(cause),
  );
  await database.close();
  assert.ok(error instanceof WaggleError);
  assert.deepEqual([error.code, error.status, error.retryable], ['service.unavailable', 503, true]);
});

interface Stream {
  readonly key: string;
  readonly redis: Redis;
  publish(id: string): Promise<void>;
  consume(change: Partial<StreamConsumerOptions<{ n: string }>>): { stop(): Promise<void> };
}

async function stream(t: TestContext): Promise<Stream> {
  const { prefix, connect } = await withRedis(t);
  const key = `${prefix}events:test`;
  const redis = connect();
  const events = createEventPublisher({ redis, key, entriesMax: 1_000 });
  return {
    key,
    redis,
    publish: (id) => events.publish({ id, correlation: null, event: { n: id } }),
    consume(change) {
      const consumer = startStreamConsumer<{ n: string }>({
        redis: connect(),
        stream: key,
        group: 'test',
        consumer: 'one',
        start: 'beginning',
        batch: 10,
        gatherMs: [1, 1],
        blockMs: 20,
        claimIdleMs: 50,
        deliveriesMax: 3,
        retryMs: [1, 5],
        deadLettersMax: 100,
        handler: async () => {},
        onError: () => {},
        onDeadLetter: () => {},
        ...change,
      });
      cleanUpInReverse(t, () => consumer.stop());
      return consumer;
    },
  };
}

test('a consumer handles in order, gives up after its tries, and what it gave up can be re-driven', async (t) => {
  const events = await stream(t);
  const handled: string[] = [];
  let isPoison = true;
  events.consume({
    handler: async (entries: readonly EventEntry[]) => {
      if (isPoison && entries.some(({ id }) => id === 'two')) throw new Error('poison');
      handled.push(...entries.map(({ id }) => id));
    },
  });
  for (const id of ['one', 'two', 'three']) await events.publish(id);
  await waitFor(() => handled.length === 2);
  assert.deepEqual(handled, ['one', 'three']);
  const [dead] = await listDeadLetters(events.redis, events.key, 'test', 10);
  assert.ok(dead);
  assert.match(dead.error, /poison/);
  isPoison = false;
  assert.ok(await redriveDeadLetter(events.redis, events.key, 'test', dead.id));
  await waitFor(() => handled.includes('two'));
  assert.deepEqual(await listDeadLetters(events.redis, events.key, 'test', 10), []);
});

test('a consumer does not read what mentions nothing it looks for, and is done with it', async (t) => {
  const events = await stream(t);
  const handled: string[] = [];
  events.consume({
    mentions: ['"two"', '"four"'],
    handler: async (entries) => {
      handled.push(...entries.map(({ id }) => id));
    },
  });
  for (const id of ['one', 'two', 'three', 'four', 'five']) await events.publish(id);
  await waitFor(async () => {
    const [group] = (await events.redis.xinfo('GROUPS', events.key)) as unknown[][];
    const field = (name: string): unknown => group?.[group.indexOf(name) + 1];
    return field('lag') === 0 && field('pending') === 0;
  });
  assert.deepEqual(handled, ['two', 'four']);
});

test('what a consumer had begun when it died is taken over by another one', async (t) => {
  const events = await stream(t);
  await events.publish('one');
  await events.redis.xgroup('CREATE', events.key, 'test', '0');
  const dying = ['GROUP', 'test', 'dying', 'COUNT', 1, 'STREAMS', events.key, '>'] as const;
  await events.redis.xreadgroup(...dying);
  const handled: string[] = [];
  events.consume({
    consumer: 'two',
    handler: async (entries) => {
      handled.push(...entries.map(({ id }) => id));
    },
  });
  await waitFor(() => handled.includes('one'));
});

test('a full stream refuses instead of dropping what a group has not read', async (t) => {
  const { prefix, connect } = await withRedis(t);
  const redis = connect();
  const key = `${prefix}events:small`;
  const events = createEventPublisher({ redis, key, entriesMax: 20 });
  await redis.xgroup('CREATE', key, 'slow', '0', 'MKSTREAM');
  const publish = (n: number) => events.publish({ id: `${n}`, correlation: null, event: {} });
  const refused = (async () => {
    for (let n = 0; n < 100; n++) await publish(n);
  })();
  await assert.rejects(refused, (error) => error instanceof WaggleError && error.retryable);
  const [first] = await redis.xrange(key, '-', '+', 'COUNT', 1);
  assert.match(first?.[1][1] ?? '', /"id":"0"/);
});

test('many entries published together stay within the bound of their stream', async (t) => {
  const { prefix, connect } = await withRedis(t);
  const redis = connect();
  const key = `${prefix}events:small`;
  const events = createEventPublisher({ redis, key, entriesMax: 20 });
  await redis.xgroup('CREATE', key, 'slow', '0', 'MKSTREAM');
  const entries = Array.from({ length: 100 }, (_, n) => ({
    ...{ id: `${n}`, correlation: null, event: {} },
  }));
  await assert.rejects(events.publishAll(entries), (e) => e instanceof WaggleError && e.retryable);
  const length = await redis.xlen(key);
  assert.ok(length >= 20 && length <= 22, `${length} entries`);
});
