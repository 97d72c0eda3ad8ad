/** What was given up on: ops lists it and sends it again; who and why is audited. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Envelope } from '../../contracts/commands.ts';
import type { ZoneEvent } from '../../contracts/events.ts';
import { newId, type ZoneId } from '../../contracts/ids.ts';
import { DELIVERY_REQUESTS, DELIVERY_STREAM } from '../../contracts/messages/deliveries.ts';
import { Keys } from '../../dispatch/redis/keys.ts';
import { fieldOf, readEntries } from '../../dispatch/redis/stream-reply.ts';
import type { LogRecord } from '../../dispatch/runtime/log-record.ts';
import { deadLetterKey } from '../../platform/stream-consumer.ts';
import { cleanUpInReverse, sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { type City, expectOk, makeCity } from './city.ts';

const scope = sharedScope();
let stack: Stack;
let redis: Redis;
let city: City;
let keys: Keys;

before(async () => {
  stack = await withStack(scope);
  redis = new Redis(stack.config.redis.url);
  cleanUpInReverse(scope, () => redis.disconnect());
  city = await makeCity(stack);
  keys = new Keys(stack.config.redis.keyPrefix);
});

function ask(method: string, path: string, body?: object, token = city.ops): Promise<Answer> {
  return stack.call(method, path, { token, ...(body === undefined ? {} : { body }) });
}

/** Writes one record with an event into a shard's log, as a node would. */
async function commit(key: string, zone: ZoneId, event: ZoneEvent): Promise<void> {
  const epoch = Date.now();
  const record: LogRecord = {
    ...{ v: 1, epoch, seq: 1, atMs: epoch, cursor: '0-0', inputs: [], weights: {}, flags: [] },
    events: [{ zone, event, i: 0 }],
  };
  await redis.xadd(key, `${epoch}-1`, 'r', JSON.stringify(record));
}

async function listed(entry: string): Promise<Record<string, unknown>> {
  return waitFor(async () => {
    const path = `/ops/quarantined?zone=${city.zone}`;
    const answer = await stack.call('GET', path, { token: city.ops });
    const items = expectOk(answer).items as Record<string, unknown>[];
    return items.find((item) => item.entry === entry);
  });
}

test('an input that the engine set aside is seen by ops and goes back to its zone', async () => {
  const zone = city.zone as ZoneId;
  const { shard } = expectOk(await ask('GET', `/zones/${zone}`)) as { shard: number };
  const delivery = newId('delivery');
  const command = { type: 'delivery.cancel', delivery, number: 2 } as const;
  const envelope: Envelope = {
    zone,
    command: { ...command, code: 'cancelled_by_customer', fault: 'customer' },
  };
  await redis.del(keys.mailbox(shard));
  const error = 'its owners stopped 2 times';
  await commit(keys.log(shard), zone, {
    ...{ type: 'input.quarantined', entry: '5-0', error, envelope },
  });
  const item = await listed('5-0');
  assert.deepEqual([item.entry, item.error, item.redriven], ['5-0', error, 0]);
  assert.deepEqual(item.command, envelope.command);

  const path = `/ops/quarantined/${String(item.id)}/redrive`;
  assert.equal((await ask('POST', path, { reason: 'fixed' }, city.customer)).status, 403);
  assert.equal((await ask('POST', path, {})).status, 422);
  const other = `/ops/quarantined/${newId('control')}/redrive`;
  assert.equal((await ask('POST', other, { reason: 'fixed' })).status, 404);
  const { request } = expectOk(await ask('POST', path, { reason: 'the bug is fixed' }));
  const entries = readEntries(await redis.xrangeBuffer(keys.mailbox(shard), '-', '+'));
  const sent = entries.map((entry) => JSON.parse(fieldOf(entry, 'e')?.toString() ?? '{}'));
  assert.deepEqual(
    sent.filter((each: Envelope) => each.command.type === 'delivery.cancel'),
    [{ ...envelope, correlation: request }],
  );
  assert.equal((await listed('5-0')).redriven, 1);
  const audit = expectOk(await ask('GET', `/ops/audit?zone=${zone}`));
  const [act] = audit.items as Record<string, unknown>[];
  assert.deepEqual(
    [act?.request, act?.verb, act?.reason, act?.subject],
    [request, 'redrive.quarantined', 'the bug is fixed', item.id],
  );
});

test('an input that could not be read is shown, and there is nothing to send', async () => {
  const zone = city.zone as ZoneId;
  const { shard } = expectOk(await ask('GET', `/zones/${zone}`)) as { shard: number };
  const event = { type: 'input.quarantined', entry: '6-0', error: 'unreadable' } as const;
  await commit(keys.log(shard), zone, event);
  const item = await listed('6-0');
  assert.equal(item.command, null);
  const path = `/ops/quarantined/${String(item.id)}/redrive`;
  assert.equal((await ask('POST', path, { reason: 'try' })).status, 409);
});

test('an event that a consumer gave up on is seen by ops and goes back on its stream', async () => {
  const stream = stack.config.redis.keyPrefix + DELIVERY_STREAM;
  // Groups exist as soon as their consumers have started.
  await waitFor(async () => (await redis.exists(stream)) === 1);
  const event = JSON.stringify({ id: newId('event'), correlation: null, event: { type: 'odd' } });
  const letter = ['e', event, 'from', '7-0', 'error', 'Error: poison'];
  await redis.xadd(deadLetterKey(stream, 'orders'), '7-1', ...letter);
  const dead = await waitFor(async () => {
    const { items } = expectOk(await ask('GET', '/ops/dead-letters'));
    return (items as Record<string, unknown>[])[0];
  });
  const names = { stream: 'deliveries', group: 'orders', id: '7-1' };
  assert.deepEqual(dead, { ...names, from: '7-0', error: 'Error: poison', event });
  assert.equal((await ask('GET', '/ops/dead-letters', undefined, city.customer)).status, 403);

  const path = '/ops/dead-letters/deliveries/orders/7-1/redrive';
  expectOk(await ask('POST', path, { reason: 'deployed a fix' }));
  const entries = await redis.xrange(stream, '-', '+');
  assert.ok(entries.some(([, fields]) => fields.includes(event)));
  assert.deepEqual(expectOk(await ask('GET', '/ops/dead-letters')).items, []);
  assert.equal((await ask('POST', path, { reason: 'again' })).status, 404);
  const audit = expectOk(await ask('GET', '/ops/audit'));
  const acts = (audit.items as Record<string, unknown>[]).filter(
    ({ verb }) => verb === 'redrive.dead_letter',
  );
  assert.deepEqual(
    acts.map(({ reason }) => reason),
    ['deployed a fix'],
    'what did nothing is not audited',
  );
});

test('what any service gave up on, told or asked for, is listed under the name of its stream', async () => {
  const stream = stack.config.redis.keyPrefix + DELIVERY_REQUESTS;
  await waitFor(async () => (await redis.exists(stream)) === 1);
  const event = JSON.stringify({ id: newId('event'), correlation: null, event: { type: 'odd' } });
  const letter = ['e', event, 'from', '8-0', 'error', 'Error: poison'];
  await redis.xadd(deadLetterKey(stream, 'deliveries'), '8-1', ...letter);
  const { items } = expectOk(await ask('GET', '/ops/dead-letters'));
  const [dead] = items as Record<string, unknown>[];
  assert.deepEqual([dead?.stream, dead?.group], ['requests:deliveries', 'deliveries']);
  const path = '/ops/dead-letters/requests:deliveries/deliveries/8-1/redrive';
  expectOk(await ask('POST', path, { reason: 'deployed a fix' }));
  assert.deepEqual(expectOk(await ask('GET', '/ops/dead-letters')).items, []);
  const foreign = '/ops/dead-letters/events:elsewhere/deliveries/8-1/redrive';
  assert.equal((await ask('POST', foreign, { reason: 'x' })).status, 422);
});
