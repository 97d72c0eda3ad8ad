/** Webhooks against a real receiver: order, retries, secrets, switching off, sending again, restarts. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DeliveryId, newId } from '../../contracts/ids.ts';
import type { DeliveryChanged } from '../../contracts/messages/deliveries.ts';
import type { DeliveryState } from '../../contracts/states.ts';
import { projectRoot } from '../../launch/paths.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { connectRedis } from '../../platform/redis.ts';
import { testEnvironment } from '../support/config.ts';
import { createEventPublisher } from '../support/event-publisher.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { expectOk, register } from './city.ts';
import { type Receiver, startReceiver } from './webhook-receiver.ts';

interface Shop {
  readonly stack: Stack;
  readonly database: Database;
  readonly receiver: Receiver;
  readonly token: string;
  readonly account: string;
  readonly webhook: string;
  call(method: string, path: string, body?: object): Promise<Answer>;
  tell(delivery: DeliveryId, ...states: DeliveryState[]): Promise<void>;
  /** Lets the time of all retries come. */
  hurry(): Promise<void>;
}

async function openShop(
  t: TestContext,
  services: readonly string[] = ['users', 'webhooks', 'api'],
  begin: (stack: Stack) => Promise<void> = async () => {},
): Promise<Shop> {
  const stack = await withStack(t, services, { WAGGLE_WEBHOOK_INSECURE: 'allow' });
  await begin(stack);
  const database = openDatabase('webhooks', stack.config.database.webhooks);
  cleanUpInReverse(t, () => database.close());
  const redis = connectRedis(stack.config.redis.url, 'test');
  cleanUpInReverse(t, () => redis.disconnect());
  const stream = createEventPublisher({
    redis,
    key: `${stack.config.redis.keyPrefix}events:deliveries`,
    entriesMax: 10_000,
  });
  const receiver = await startReceiver(t);
  const token = await register(stack, 'vendor');
  const account = String(expectOk(await stack.call('GET', '/me', { token })).account);
  const call = (method: string, path: string, body?: object): Promise<Answer> =>
    stack.call(method, `/webhooks${path}`, { token, ...(body ? { body } : {}) });
  const made = await waitFor(async () => expectOk(await call('POST', '', { url: receiver.url })), {
    timeoutMs: 20_000,
  });
  receiver.secret = String(made.secret);
  let seq = 0;
  return {
    ...{ stack, database, receiver, token, account, call, webhook: String(made.id) },
    async tell(delivery, ...states) {
      for (const state of states) {
        const event: DeliveryChanged = {
          ...{ type: 'delivery.changed', delivery, account, externalId: `ext-${delivery}` },
          ...{ customer: null, zone: newId('zone'), state, driver: null, atMs: Date.now() },
          ...{ reason: null, version: [1, ++seq, 0] },
        };
        await stream.publish({ id: newId('event'), correlation: null, event });
      }
    },
    async hurry() {
      await database.knex.raw(
        `UPDATE messages SET next_at = now() WHERE state = 'waiting' AND next_at > now()`,
      );
      await database.knex('webhooks').update({ rest_until: null });
      await database.knex.raw(`SELECT pg_notify('webhooks_messages', '')`);
    },
  };
}

function stepsOf(receiver: Receiver, delivery: DeliveryId): [number, string][] {
  return receiver
    .taken()
    .filter((event) => event.delivery.id === delivery)
    .map((event) => [event.number, event.delivery.state]);
}

test('states come signed, numbered and in order, each delivery for itself', async (t) => {
  const { tell, receiver, call, webhook } = await openShop(t);
  const [one, two] = [newId('delivery'), newId('delivery')];
  await tell(one, 'pending', 'assigned');
  await tell(two, 'pending');
  await tell(one, 'picked_up', 'delivered');
  await waitFor(() => receiver.taken().length === 5, { what: 'five events' });
  assert.deepEqual(stepsOf(receiver, one), [
    [1, 'pending'],
    [2, 'assigned'],
    [3, 'picked_up'],
    [4, 'delivered'],
  ]);
  assert.deepEqual(stepsOf(receiver, two), [[1, 'pending']]);
  assert.ok(receiver.received.every(({ isSigned, attempt }) => isSigned && attempt === 1));
  const [first] = receiver.taken();
  assert.equal(first?.delivery.externalId, `ext-${one}`);
  assert.match(String(first?.delivery.trackingUrl), /\/track\/./);
  await waitFor(async () => {
    const list = expectOk(await call('GET', `/${webhook}/messages?state=delivered&limit=2`));
    return (list.items as unknown[]).length === 2 && list.next !== null;
  });
  const page = expectOk(await call('GET', `/${webhook}/attempts?delivery=${one}`));
  const attempts = page.items as Record<string, unknown>[];
  assert.deepEqual(
    attempts.map(({ number, status, outcome, body }) => [number, status, outcome, body]),
    [4, 3, 2, 1].map((number) => [number, 200, 'delivered', 'answer 200']),
  );
});

test('a message that fails holds back its delivery and nobody else, until it gets through', async (t) => {
  const { tell, receiver, hurry, call, webhook } = await openShop(t);
  const [stuck, free] = [newId('delivery'), newId('delivery')];
  const answers = [503, 302, 0];
  receiver.answer = (event) =>
    event.type === 'delivery.changed' && event.delivery.id === stuck
      ? (answers.shift() ?? 200)
      : 200;
  await tell(stuck, 'pending', 'assigned');
  await tell(free, 'pending', 'assigned');
  await waitFor(() => stepsOf(receiver, free).length === 2, { what: 'the free one' });
  for (let tries = 2; tries <= 4; tries++) {
    await waitFor(async () => {
      const log = expectOk(await call('GET', `/${webhook}/attempts?delivery=${stuck}`));
      return (log.items as unknown[]).length >= tries - 1;
    });
    assert.deepEqual(stepsOf(receiver, stuck), []);
    await hurry();
  }
  await waitFor(() => stepsOf(receiver, stuck).length === 2, { what: 'the stuck one' });
  const first = receiver.received.filter(
    ({ event }) => event.type === 'delivery.changed' && event.delivery.id === stuck,
  );
  assert.deepEqual(
    first.slice(0, 4).map(({ attempt }) => attempt),
    [1, 2, 3, 4],
  );
  assert.equal(new Set(first.slice(0, 4).map(({ event }) => event.id)).size, 1, 'one id');
  const log = await waitFor(async () => {
    const page = expectOk(await call('GET', `/${webhook}/attempts?delivery=${stuck}`));
    return (page.items as unknown[]).length === 5 && page;
  });
  assert.deepEqual(
    (log.items as { outcome: string }[]).map(({ outcome }) => outcome).toReversed(),
    ['refused', 'refused', 'failed', 'delivered', 'delivered'],
  );
});

test('after a day a message is given up and the next one goes; it can be asked for again', async (t) => {
  const { tell, receiver, hurry, call, webhook, database } = await openShop(t);
  const delivery = newId('delivery');
  receiver.answer = () => 500;
  await tell(delivery, 'pending', 'assigned');
  await waitFor(() => receiver.received.length === 1);
  await database
    .knex('messages')
    .where({ number: 1 })
    .update({ give_up_at: database.knex.fn.now() });
  await waitFor(async () => {
    await hurry();
    const dead = expectOk(await call('GET', `/${webhook}/messages?state=dead`));
    return (dead.items as unknown[]).length === 1;
  });
  receiver.answer = () => 200;
  await waitFor(async () => {
    await hurry();
    return receiver.taken().length > 0;
  });
  assert.deepEqual(stepsOf(receiver, delivery), [[2, 'assigned']]);
  const dead = expectOk(await call('GET', `/${webhook}/messages?state=dead`));
  const [message] = dead.items as { id: string }[];
  expectOk(await call('POST', `/${webhook}/messages/${message?.id}/redeliver`, {}));
  await waitFor(() => receiver.taken().length === 2, { what: 'the first again' });
  assert.equal(receiver.taken()[1]?.id, message?.id);
  const unknown = await call('POST', `/${webhook}/messages/${newId('event')}/redeliver`, {});
  assert.equal(unknown.status, 404);
});

test('everything since a time is sent again in order, under the same ids', async (t) => {
  const { tell, receiver, call, webhook } = await openShop(t);
  const delivery = newId('delivery');
  const since = new Date(Date.now() - 60_000).toISOString();
  await tell(delivery, 'pending', 'assigned', 'delivered');
  await waitFor(async () => {
    const list = expectOk(await call('GET', `/${webhook}/messages?state=delivered`));
    return (list.items as unknown[]).length === 3;
  });
  const answer = expectOk(await call('POST', `/${webhook}/redeliver`, { since }));
  assert.deepEqual([answer.count, answer.more], [3, false]);
  await waitFor(() => receiver.taken().length === 6, { what: 'all of it again' });
  const ids = receiver.taken().map(({ id }) => id);
  assert.deepEqual(ids.slice(3), ids.slice(0, 3));
  const later = { since: new Date(Date.now() + 60_000).toISOString() };
  assert.equal(expectOk(await call('POST', `/${webhook}/redeliver`, later)).count, 0);
  const undelivered = { since, undeliveredOnly: true };
  await waitFor(async () => {
    const list = expectOk(await call('GET', `/${webhook}/messages?state=waiting`));
    return (list.items as unknown[]).length === 0;
  });
  assert.equal(expectOk(await call('POST', `/${webhook}/redeliver`, undelivered)).count, 0);
});

test('a rotated secret signs at once, the old one beside it for a while', async (t) => {
  const { tell, receiver, call, webhook } = await openShop(t);
  const rotated = expectOk(await call('POST', `/${webhook}/rotate`, { overlapSeconds: 3_600 }));
  await tell(newId('delivery'), 'pending');
  await waitFor(() => receiver.received.length === 1);
  assert.equal(receiver.received[0]?.isSigned, true, 'by the old one');
  receiver.secret = String(rotated.secret);
  await tell(newId('delivery'), 'pending');
  await waitFor(() => receiver.received.length === 2);
  assert.equal(receiver.received[1]?.isSigned, true, 'by the new one');
  const last = expectOk(await call('POST', `/${webhook}/rotate`, { overlapSeconds: 0 }));
  await tell(newId('delivery'), 'pending');
  await waitFor(() => receiver.received.length === 3);
  assert.equal(receiver.received[2]?.isSigned, false, 'the old one is no more');
  receiver.secret = String(last.secret);
  const ping = expectOk(await call('POST', `/${webhook}/ping`, {}));
  assert.deepEqual([ping.outcome, ping.status, ping.body], ['delivered', 200, 'answer 200']);
  assert.equal(receiver.received[3]?.isSigned, true);
  assert.equal(receiver.received[3]?.event.type, 'ping');
});

test('switched off it keeps what happens; switched on it can be asked for', async (t) => {
  const { tell, receiver, call, webhook } = await openShop(t);
  const since = new Date(Date.now() - 60_000).toISOString();
  const off = expectOk(await call('PATCH', `/${webhook}`, { enabled: false }));
  assert.deepEqual([off.enabled, off.disabledReason], [false, 'switched off by its account']);
  const delivery = newId('delivery');
  await tell(delivery, 'pending', 'assigned');
  await waitFor(async () => {
    const list = expectOk(await call('GET', `/${webhook}/messages?state=held`));
    return (list.items as unknown[]).length === 2;
  });
  assert.equal((await call('POST', `/${webhook}/redeliver`, { since })).status, 409);
  const on = expectOk(await call('PATCH', `/${webhook}`, { enabled: true }));
  assert.deepEqual([on.enabled, on.disabledReason], [true, null]);
  assert.equal(receiver.received.length, 0);
  expectOk(await call('POST', `/${webhook}/redeliver`, { since, undeliveredOnly: true }));
  await tell(delivery, 'delivered');
  await waitFor(() => receiver.taken().length === 3);
  assert.deepEqual(
    stepsOf(receiver, delivery).sort(([a], [b]) => a - b),
    [
      [1, 'pending'],
      [2, 'assigned'],
      [3, 'delivered'],
    ],
  );
  assert.equal((await call('DELETE', `/${webhook}`)).status, 204);
  assert.equal((await call('GET', `/${webhook}`)).status, 404);
});

test('one that nothing got through to for days, or that is gone, is switched off, as ops sees', async (t) => {
  const { tell, receiver, call, webhook, database, stack, hurry } = await openShop(t);
  receiver.answer = () => 500;
  await tell(newId('delivery'), 'pending');
  await waitFor(async () => expectOk(await call('GET', `/${webhook}`)).failingSince !== null);
  await database.knex.raw(`UPDATE webhooks SET failing_since = now() - interval '4 days'`);
  await hurry();
  await waitFor(async () => expectOk(await call('GET', `/${webhook}`)).enabled === false);
  const ops = await stack.operator();
  const path = '/webhooks?enabled=false';
  const list = expectOk(await stack.call('GET', path, { token: ops }));
  const [seen] = list.items as { id: string; disabledReason: string }[];
  assert.equal(seen?.id, webhook);
  assert.match(String(seen?.disabledReason), /^nothing got through since \d{4}-/);
  expectOk(await call('PATCH', `/${webhook}`, { enabled: true }));
  receiver.answer = () => 410;
  await tell(newId('delivery'), 'pending');
  await waitFor(async () => {
    const view = expectOk(await call('GET', `/${webhook}`));
    return view.disabledReason === 'it answered 410: gone for good';
  });
});

test('what was under way when its process was killed is sent again, in order, under the same id', async (t) => {
  const hooks = ownProcess(t);
  const { stack, tell, receiver, database, hurry } = await openShop(t, ['users', 'api'], (made) =>
    hooks.start(made),
  );
  const deliveries = Array.from({ length: 20 }, () => newId('delivery'));
  // A part is taken by the shop without our process living to hear of it.
  receiver.answer = () => (receiver.received.length % 3 === 0 ? 0 : 200);
  for (const state of ['pending', 'assigned', 'picked_up', 'delivered'] as const) {
    const before = receiver.received.length;
    for (const delivery of deliveries) await tell(delivery, state);
    await waitFor(() => receiver.received.length > before + 5, { timeoutMs: 20_000 });
    await hooks.kill();
    await hooks.start(stack);
    await hurry();
  }
  receiver.answer = () => 200;
  await waitFor(
    async () => {
      await hurry();
      const left = await database.knex('messages').whereNot({ state: 'delivered' });
      const all = await database.knex('messages');
      return left.length === 0 && all.length === 80;
    },
    { timeoutMs: 60_000, intervalMs: 200, what: 'everything to be told' },
  );
  for (const delivery of deliveries) {
    const seen = receiver.taken().filter((event) => event.delivery.id === delivery);
    const first = [...new Map(seen.map((event) => [event.id, event])).values()];
    assert.deepEqual(
      first.map(({ number, delivery: { state } }) => [number, state]),
      [
        [1, 'pending'],
        [2, 'assigned'],
        [3, 'picked_up'],
        [4, 'delivered'],
      ],
    );
  }
});

/** The service in a process of its own, so that it can be killed. */
function ownProcess(t: TestContext): {
  start(stack: Stack): Promise<void>;
  kill(): Promise<void>;
} {
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    kill,
    async start({ config }) {
      const env = testEnvironment({
        redis: { url: config.redis.url, prefix: config.redis.keyPrefix },
        database: { url: config.database.webhooks.url },
        env: { WAGGLE_WEBHOOK_INSECURE: 'allow', WAGGLE_SHARDS: String(config.dispatch.shards) },
      });
      const program = join(projectRoot, 'services', 'main.ts');
      const argv = [program, '--node', 'hooks', '--services', 'webhooks'];
      if (child === undefined) cleanUpInReverse(t, kill);
      child = spawn(process.execPath, argv, {
        env: { PATH: process.env.PATH, ...env },
        stdio: 'ignore',
      });
    },
  };
}

test('another account sees nothing of it, and bad addresses are refused', async (t) => {
  const { stack, webhook, call } = await openShop(t);
  const stranger = await register(stack, 'vendor');
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { enabled: false }],
    ['DELETE', '', undefined],
    ['POST', '/rotate', {}],
    ['POST', '/ping', {}],
    ['GET', '/messages', undefined],
    ['GET', '/attempts', undefined],
    ['POST', '/redeliver', { since: '2026-01-01T00:00:00Z' }],
  ] as const) {
    const options = { token: stranger, ...(body === undefined ? {} : { body }) };
    const answer = await stack.call(method, `/webhooks/${webhook}${path}`, options);
    assert.equal(answer.status, 404, `${method} ${path}`);
  }
  const list = expectOk(await stack.call('GET', '/webhooks', { token: stranger }));
  assert.deepEqual(list.items, []);
  const odd = await call('POST', '', { url: 'ftp://127.0.0.1/hook' });
  assert.deepEqual([odd.status, odd.body.code], [422, 'request.invalid']);
  for (let n = 1; n < 16; n++) expectOk(await call('POST', '', { url: `http://127.0.0.1:1/${n}` }));
  assert.equal((await call('POST', '', { url: 'http://127.0.0.1:1/x' })).status, 409);
});

test('an installation of its own calls no private address, whatever the name', async (t) => {
  const stack = await withStack(t, ['users', 'webhooks', 'api']);
  const token = await register(stack, 'vendor');
  const make = (url: string): Promise<Answer> =>
    stack.call('POST', '/webhooks', { token, body: { url } });
  for (const url of ['http://shop.example.com/', 'https://127.0.0.1/', 'https://localhost/x']) {
    const refused = await make(url);
    assert.deepEqual([refused.status, refused.body.code], [422, 'request.invalid'], url);
  }
});
