/** The exception queue of ops: filled and emptied by the engine, sorted by lateness, looked after by people. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { ZoneEvent } from '../../contracts/events.ts';
import { type DeliveryId, newId, type ZoneId } from '../../contracts/ids.ts';
import type { DeliveryProblem } from '../../contracts/problems.ts';
import { Keys } from '../../dispatch/redis/keys.ts';
import type { LogRecord } from '../../dispatch/runtime/log-record.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, BUSINESS, type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity } from './city.ts';

const MINUTE_MS = 60_000;

interface Bench {
  readonly stack: Stack;
  readonly city: City;
  readonly zone: ZoneId;
  ask(method: string, path: string, body?: object, token?: string): Promise<Answer>;
  /** The queue, as `kind` and lateness in minutes, once it is as long as expected. */
  queue(count: number, query?: string): Promise<Record<string, unknown>[]>;
}

async function start(
  t: TestContext,
  services: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Bench> {
  const stack = await withStack(t, services, env);
  const city = await makeCity(stack);
  const ask: Bench['ask'] = (method, path, body, token = city.ops) =>
    stack.call(method, path, { token, ...(body === undefined ? {} : { body }) });
  const queue: Bench['queue'] = (count, query = '') =>
    waitFor(
      async () => {
        const { items } = expectOk(await ask('GET', `/exceptions?${query}`));
        const found = items as Record<string, unknown>[];
        return found.length === count ? found : null;
      },
      { timeoutMs: 15_000, what: `${count} exceptions (${query})` },
    );
  return { stack, city, zone: city.zone as ZoneId, ask, queue };
}

async function request(bench: Bench, externalId: string): Promise<DeliveryId> {
  const dropoff = { lat: CENTRE.lat + 0.01, lon: CENTRE.lon };
  const body = { externalId, pickup: CENTRE, dropoff };
  const made = expectOk(await bench.ask('POST', '/deliveries', body));
  return (made.delivery as { id: DeliveryId }).id;
}

/** A log that the test writes in the place of a dispatch node, one record at a time. */
async function scripted(t: TestContext, bench: Bench) {
  const redis = new Redis(bench.stack.config.redis.url);
  cleanUpInReverse(t, () => redis.disconnect());
  const { shard } = expectOk(await bench.ask('GET', `/zones/${bench.zone}`)) as { shard: number };
  const key = new Keys(bench.stack.config.redis.keyPrefix).log(shard);
  const epoch = Date.now();
  let seq = 0;
  return async (...events: ZoneEvent[]): Promise<void> => {
    seq++;
    const record: LogRecord = {
      ...{ v: 1, epoch, seq, atMs: epoch + seq, cursor: '0-0', inputs: [] },
      events: events.map((event) => ({ zone: bench.zone, event, i: 0 })),
      ...{ weights: {}, flags: [] },
    };
    await redis.xadd(key, `${epoch}-${seq}`, 'r', JSON.stringify(record));
  };
}

/** The zone has taken it in, with this promise. */
const asked = (id: DeliveryId, promiseMs: number): ZoneEvent => {
  const place = { latE7: 1, lonE7: 2, cell: 3 };
  const request = {
    ...{ id, account: newId('account'), pickup: place, dropoff: place },
    ...{ placedMs: promiseMs, readyMs: promiseMs, readySource: 'promised' as const },
    load: { parcels: 1, volumeMl: 1, weightG: 1 },
    ifUndeliverable: 'return' as const,
  };
  return { type: 'delivery.requested', number: 1, request, promiseMs, state: 'pending' };
};

const raised = (
  delivery: DeliveryId,
  problem: DeliveryProblem,
  lateMinutes: number,
  promiseMs: number,
): ZoneEvent => ({
  ...{ type: 'delivery.raised', delivery, problem },
  doorMs: promiseMs + lateMinutes * MINUTE_MS,
});

test('the queue is sorted by lateness, follows the log, and can be filtered and paged', async (t) => {
  const bench = await start(t, [...BUSINESS, 'api']);
  const commit = await scripted(t, bench);
  const promiseMs = Date.now();
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => request(bench, name)));
  assert.ok(a && b && c);
  await commit(asked(a, promiseMs), asked(b, promiseMs), asked(c, promiseMs));
  await commit(raised(a, 'unassigned_too_long', 5, promiseMs));
  await commit(raised(b, 'vendor_late', 20, promiseMs), raised(b, 'held_by_other', 20, promiseMs));
  await commit(raised(c, 'stalled', -3, promiseMs));
  const items = await bench.queue(4);
  assert.deepEqual(
    items.map(({ delivery, lateMs }) => [delivery, Number(lateMs) / MINUTE_MS]),
    [
      [b, 20],
      [b, 20],
      [a, 5],
      [c, -3],
    ],
  );
  const [first] = items;
  assert.equal(first?.expectedAt, new Date(promiseMs + 20 * MINUTE_MS).toISOString());

  // Told anew: the order follows, on every exception of that delivery.
  await commit(
    { type: 'delivery.forecast', delivery: c, doorMs: promiseMs + 60 * MINUTE_MS },
    { type: 'delivery.forecast', delivery: b, doorMs: promiseMs + MINUTE_MS },
  );
  const order = await waitFor(async () => {
    const now = (await bench.queue(4)).map(({ delivery }) => delivery);
    return now[0] === c ? now : null;
  });
  assert.deepEqual(order, [c, a, b, b]);

  assert.equal((await bench.queue(1, 'kind=stalled'))[0]?.delivery, c);
  await bench.queue(4, `zone=${bench.zone}`);
  await bench.queue(0, `zone=${newId('zone')}`);
  const seen: unknown[] = [];
  for (let cursor = ''; ; ) {
    const page = expectOk(await bench.ask('GET', `/exceptions?limit=1${cursor}`));
    seen.push(...(page.items as { delivery: string }[]).map(({ delivery }) => delivery));
    if (page.next === null) break;
    cursor = `&cursor=${String(page.next)}`;
  }
  assert.deepEqual(seen, [c, a, b, b]);
  assert.equal((await bench.ask('GET', '/exceptions?cursor=bm9uZQ')).status, 422);
  assert.equal((await bench.ask('GET', '/exceptions?kind=odd')).status, 422);

  // Cleared by the zone, or over with the delivery.
  await commit({ type: 'delivery.cleared', delivery: c, problem: 'stalled' });
  const end = { code: 'no_driver_found', stage: 'pending', fault: 'platform' } as const;
  await commit({
    ...{ type: 'delivery.ended', delivery: a, state: 'failed', reason: end, atMs: promiseMs },
  });
  await bench.queue(2);
  const over = await bench.queue(2, 'open=false');
  assert.deepEqual(over.map(({ closedBy }) => closedBy).sort(), ['cleared', 'ended']);
  // The same problem again is a new exception.
  await commit(raised(c, 'stalled', 4, promiseMs));
  const [stalled] = await bench.queue(1, 'kind=stalled');
  assert.notEqual(stalled?.id, items.at(-1)?.id);
});

test('ops claim, release, snooze and resolve: once, with who and why, and clear refusals', async (t) => {
  const bench = await start(t, [...BUSINESS, 'api']);
  const commit = await scripted(t, bench);
  const promiseMs = Date.now();
  const id = await request(bench, 'a');
  await commit(asked(id, promiseMs), raised(id, 'vendor_late', 5, promiseMs));
  const [row] = await bench.queue(1);
  const path = `/exceptions/${String(row?.id)}`;
  const me = expectOk(await bench.ask('GET', '/me')).id;
  const act = (verb: string, body: object = {}) => bench.ask('POST', `${path}/${verb}`, body);

  assert.equal(expectOk(await act('claim')).owner, me);
  assert.equal(expectOk(await act('claim')).owner, me);
  await bench.queue(1, `owner=${String(me)}`);
  await bench.queue(0, 'owner=nobody');
  const other = await secondOperator(bench);
  const taken = await bench.ask('POST', `${path}/claim`, {}, other);
  assert.deepEqual([taken.status, taken.body.code], [409, 'resource.conflict']);
  assert.match(String(taken.body.detail), /release it first/);
  assert.equal(expectOk(await bench.ask('POST', `${path}/release`, {}, other)).owner, null);
  expectOk(await bench.ask('POST', `${path}/claim`, {}, other));

  const until = new Date(Date.now() + 30 * MINUTE_MS).toISOString();
  const reason = 'the kitchen is on the phone';
  const asleep = expectOk(await act('snooze', { until, reason }));
  assert.deepEqual([asleep.snoozedUntil, asleep.note], [until, reason]);
  expectOk(await act('snooze', { until, reason }));
  await bench.queue(0, 'snoozed=false');
  await bench.queue(1, 'snoozed=true');
  for (const wrong of [-1, 5 * 60]) {
    const far = new Date(Date.now() + wrong * MINUTE_MS).toISOString();
    const refused = await act('snooze', { until: far, reason });
    assert.equal(refused.status, 422);
    assert.deepEqual(
      (refused.body.fields as { field: string }[]).map(({ field }) => field),
      ['/until'],
    );
  }
  expectOk(await act('snooze', { until: null, reason: 'awake' }));
  await bench.queue(1, 'snoozed=false');

  assert.equal((await act('resolve')).status, 422, 'why is asked for');
  assert.equal(expectOk(await act('resolve', { reason: 'done by phone' })).closedBy, 'ops');
  assert.equal(expectOk(await act('resolve', { reason: 'again' })).note, 'done by phone');
  assert.equal((await act('claim')).status, 409);
  await bench.queue(0);
  // The zone's own word comes later and changes nothing any more.
  await commit({ type: 'delivery.cleared', delivery: id, problem: 'vendor_late' });
  assert.equal((await bench.queue(1, 'open=false'))[0]?.closedBy, 'ops');

  const nobody = `/exceptions/${newId('exception')}/claim`;
  assert.equal((await bench.ask('POST', nobody, {})).status, 404);
  const audit = expectOk(await bench.ask('GET', `/ops/audit?zone=${bench.zone}`));
  const acts = (audit.items as Record<string, unknown>[])
    .filter(({ subject }) => subject === row?.id)
    .map(({ verb, actor }) => [verb, actor === me ? 'me' : 'other'])
    .reverse();
  assert.deepEqual(acts, [
    ['exception.claim', 'me'],
    ['exception.release', 'other'],
    ['exception.claim', 'other'],
    ['exception.snooze', 'me'],
    ['exception.snooze', 'me'],
    ['exception.resolve', 'me'],
  ]);
});

function secondOperator({ stack }: Bench): Promise<string> {
  const sub = newId('user');
  return createTokens(stack.config.auth).signAccess({
    sub,
    role: 'ops',
    account: newId('account'),
  });
}

test('a delivery that nobody carries comes up by itself, grows later, and goes with its end', async (t) => {
  const bench = await start(t, [...BUSINESS, 'dispatch', 'api'], { WAGGLE_SPEED: '60' });
  const change = { policy: { unassignedRaiseMs: 30_000 }, reason: 'a short fuse' };
  expectOk(await bench.ask('PATCH', `/zones/${bench.zone}`, change));
  const id = await request(bench, 'alone');
  const [first] = await bench.queue(1);
  assert.deepEqual([first?.kind, first?.delivery], ['unassigned_too_long', id]);
  assert.ok(Number(first?.lateMs) > 0, 'nobody is there: it will be late');
  await waitFor(async () => String((await bench.queue(1))[0]?.toldAt) > String(first?.toldAt), {
    timeoutMs: 15_000,
    what: 'a fresh word on how late it is',
  });
  expectOk(await bench.ask('POST', `/deliveries/${id}/cancel`, {}));
  await bench.queue(0);
  assert.equal((await bench.queue(1, 'open=false'))[0]?.closedBy, 'ended');
});
