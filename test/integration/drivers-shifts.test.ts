/** Shifts: planned, picked, swapped; who overlaps is refused, who does not come is noticed. */
import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { newId } from '../../contracts/ids.ts';
import type { DriverWork } from '../../contracts/messages/driver-work.ts';
import { DRIVER_STREAM, type DriverEvent } from '../../contracts/messages/drivers.ts';
import type { Duty } from '../../contracts/states.ts';
import { openDatabase } from '../../platform/database.ts';
import { createFileLinks } from '../../platform/files/file-links.ts';
import type { Call } from '../../platform/service.ts';
import { lookForAbsent } from '../../services/drivers/attendance.ts';
import { byHand } from '../../services/drivers/background.ts';
import * as drivers from '../../services/drivers/drivers.ts';
import { dayAfter, momentOf, wallTimeOf } from '../../services/drivers/local-time.ts';
import * as papers from '../../services/drivers/papers.ts';
import * as shifts from '../../services/drivers/shifts.ts';
import { followWork } from '../../services/drivers/work.ts';
import { cleanUpInReverse, sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { expectOk, makeCity } from './city.ts';
import { type DriverLogin, registerDriver } from './phone.ts';

const BERLIN = 'Europe/Berlin';
const MINUTE_MS = 60_000;
const tomorrow = dayAfter(wallTimeOf(BERLIN, Date.now()).day, 1);
/** Later than what is tried tomorrow: nobody is missed on this day. */
const day = dayAfter(tomorrow, 1);

type Shifts = { id: string; state: string; driver: string | null; attendance: string }[];

const scope = sharedScope();
let stack: Stack;
before(async () => {
  stack = await withStack(scope);
});

/** A market and a zone of a test's own. */
async function start() {
  const city = await makeCity(stack);
  const town = { stack, city };
  const ask = (method: string, path: string, body?: object, token = city.ops): Promise<Answer> =>
    stack.call(method, path, { token, ...(body === undefined ? {} : { body }) });
  const plan = async (body: object): Promise<Shifts> =>
    expectOk(await ask('POST', '/shifts', { zone: city.zone, day, ...body })).items as Shifts;
  const take = (id: unknown, { token }: DriverLogin): Promise<Answer> =>
    ask('POST', `/shifts/${id}/take`, {}, token);
  const offer = (id: unknown, { token }: DriverLogin, offered = true): Promise<Answer> =>
    ask('PUT', `/shifts/${id}/offer`, { offered }, token);
  return { city, town, ask, plan, take, offer };
}

test('places are picked once each, by drivers who may work and are free then', async () => {
  const { town, city, ask, plan, take } = await start();
  const places = await plan({ from: '09:00', to: '17:00', places: 3 });
  assert.equal(places.length, 3);
  const [shift] = places as unknown as { startsAt: string; endsAt: string; timeZone: string }[];
  const nine = new Date(momentOf(BERLIN, { day, clock: '09:00' })).toISOString();
  assert.deepEqual([shift?.startsAt, shift?.timeZone], [nine, BERLIN]);
  const drivers = await Promise.all([1, 2, 3, 4, 5].map(() => registerDriver(town)));
  const one = places[0]?.id;
  const answers = await Promise.all(drivers.map((driver) => take(one, driver)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 404, 404, 404, 404]);
  const winner = drivers[answers.findIndex(({ status }) => status === 200)] as DriverLogin;
  assert.equal((await take(one, winner)).status, 200, 'again is harmless');
  const other = await take(places[1]?.id, winner);
  assert.deepEqual([other.status, other.body.code], [409, 'shift.overlaps']);
  const evening = await plan({ from: '17:00', to: '01:00' });
  expectOk(await take(evening[0]?.id, winner));
  const unapproved = await registerDriver(town, { approve: false });
  assert.equal((await take(places[1]?.id, unapproved)).status, 403);

  const mine = expectOk(await ask('GET', '/shifts?mine=true', undefined, winner.token));
  assert.deepEqual(
    (mine.items as Shifts).map(({ id }) => id),
    [one, evening[0]?.id],
  );
  const loser = drivers.find(({ id }) => id !== winner.id) as DriverLogin;
  const free = expectOk(await ask('GET', '/shifts', undefined, loser.token));
  assert.deepEqual(
    (free.items as Shifts).map(({ state }) => state),
    ['open', 'open'],
  );
  const pages: string[] = [];
  for (let next: unknown = ''; next !== null; ) {
    const cursor = next === '' ? '' : `&cursor=${next}`;
    const page = expectOk(await ask('GET', `/shifts?zone=${city.zone}&limit=1${cursor}`));
    pages.push(...(page.items as Shifts).map(({ id }) => id));
    next = page.next;
  }
  assert.equal(new Set(pages).size, 4);
  for (const wrong of [
    { from: '09:00', to: '08:00' },
    { from: '25:00', to: '08:00' },
    { day: '2020-01-01', from: '09:00', to: '10:00' },
    { from: '09:00', to: '10:00', places: 2, driver: winner.id },
  ]) {
    const refused = await ask('POST', '/shifts', { zone: city.zone, day, ...wrong });
    assert.equal(refused.status, 422);
  }
});

test('a shift changes hands when offered; where ops must agree, only then', async () => {
  const { town, city, ask, plan, take, offer } = await start();
  const [ann, ben, cid] = await Promise.all([1, 2, 3].map(() => registerDriver(town)));
  assert.ok(ann && ben && cid);
  const [first] = await plan({ from: '08:00', to: '12:00', driver: ann.id });
  assert.equal((await take(first?.id, ben)).status, 404, 'it is not offered');
  assert.equal((await offer(first?.id, ben)).status, 404);
  expectOk(await offer(first?.id, ann));
  expectOk(await offer(first?.id, ann, false));
  expectOk(await offer(first?.id, ann));
  assert.equal(expectOk(await take(first?.id, ben)).driver, ben.id);

  const rules = { swapNeedsOps: true, lateSeconds: 60, noShowSeconds: 600 };
  expectOk(await ask('PUT', `/markets/${city.market}/shift-rules`, rules));
  expectOk(await offer(first?.id, ben));
  const wanted = await take(first?.id, cid);
  assert.deepEqual(
    [wanted.status, wanted.body.driver, wanted.body.wantedBy],
    [202, ben.id, cid.id],
  );
  assert.equal((await take(first?.id, ann)).status, 404, 'it is spoken for');
  const decide = (approved: boolean): Promise<Answer> =>
    ask('PUT', `/shifts/${first?.id}/swap`, { approved });
  assert.equal(expectOk(await decide(false)).state, 'offered');
  expectOk(await take(first?.id, cid));
  const swapped = expectOk(await decide(true));
  assert.deepEqual([swapped.driver, swapped.state], [cid.id, 'taken']);
  assert.equal((await decide(true)).status, 409);

  // Ops may always change a plan; a place that is free again can be taken.
  const path = `/shifts/${first?.id}`;
  expectOk(await ask('PUT', `${path}/driver`, { driver: null }));
  expectOk(await take(first?.id, ann));
  assert.equal(expectOk(await ask('DELETE', path)).state, 'cancelled');
  assert.equal(expectOk(await ask('DELETE', path)).state, 'cancelled');
  const [again] = await plan({ from: '08:00', to: '12:00', driver: ann.id });
  assert.equal(again?.state, 'taken', 'what was called off is in nobody’s way');
});

test('who is late or does not come is noticed by what the logs say of duty', async (t) => {
  const { city, town, ask, plan } = await start();
  const [early, late, absent, here] = await Promise.all(
    [1, 2, 3, 4].map(() => registerDriver(town)),
  );
  assert.ok(early && late && absent && here);
  const shifts = new Map<string, unknown>();
  for (const { id } of [early, late, absent, here]) {
    const [shift] = await plan({ day: tomorrow, from: '09:00', to: '17:00', driver: id });
    shifts.set(id, shift?.id);
  }
  const database = openDatabase('drivers', stack.config.database.drivers);
  cleanUpInReverse(t, () => database.close());
  const nine = momentOf(BERLIN, { day: tomorrow, clock: '09:00' });
  const goes = async (driver: DriverLogin, minutes: number, duty: Duty = 'available') => {
    const atMs = nine + minutes * MINUTE_MS;
    const facts: DriverWork['facts'] = [
      { fact: 'duty', driver: driver.id, zone: city.zone, atMs, duty },
    ];
    const entry = { id: newId('event'), correlation: null, event: { type: 'driver.work', facts } };
    await database.transaction((trx) => followWork(trx, [entry as never], async () => new Map()));
  };
  const look = (minutes: number): Promise<boolean> =>
    database.transaction((trx) => lookForAbsent(trx, nine + minutes * MINUTE_MS));
  const attendance = async ({ id }: DriverLogin): Promise<unknown> =>
    expectOk(await ask('GET', `/shifts/${shifts.get(id)}`)).attendance;

  await goes(here, -600);
  await goes(early, -20);
  await goes(early, -10, 'off');
  assert.equal(await attendance(early), 'on_time');
  await look(1);
  assert.equal(await attendance(here), 'on_time', 'on duty long before');
  assert.equal(await attendance(late), 'pending');
  await look(6);
  assert.deepEqual([await attendance(late), await attendance(absent)], ['late', 'late']);
  await goes(late, 12);
  await look(31);
  assert.deepEqual([await attendance(late), await attendance(absent)], ['late', 'no_show']);
  const told = await waitFor(async () => {
    const missed = (await readStream(t)).flatMap((event) =>
      event.type === 'shift.missed' ? [event] : [],
    );
    return missed.length >= 3 ? missed : null;
  });
  assert.deepEqual(
    told.map(({ driver, attendance: what }) => [driver, what]).sort(),
    [...[late.id, absent.id].map((id) => [id, 'late']), [absent.id, 'no_show']].sort(),
  );
  const listed = expectOk(await ask('GET', '/shifts?attendance=no_show'));
  assert.deepEqual(
    (listed.items as Shifts).map(({ driver }) => driver),
    [absent.id],
  );
});

async function readStream(t: TestContext): Promise<DriverEvent[]> {
  const redis = new Redis(stack.config.redis.url);
  cleanUpInReverse(t, () => redis.disconnect());
  const entries = await redis.xrange(`${stack.config.redis.keyPrefix}${DRIVER_STREAM}`, '-', '+');
  return entries.map(([, [, text = '']]) => (JSON.parse(text) as { event: DriverEvent }).event);
}

test('lists and batches take as many statements for many rows as for few', async (t) => {
  const { city, town, plan } = await start();
  const [ann, ben] = await Promise.all([1, 2].map(() => registerDriver(town)));
  assert.ok(ann && ben);
  const database = openDatabase('drivers', stack.config.database.drivers);
  cleanUpInReverse(t, () => database.close());
  let statements = 0;
  database.knex.on('query', () => {
    statements += 1;
  });
  const counted = async (work: () => Promise<unknown>): Promise<number> => {
    statements = 0;
    await work();
    return statements;
  };
  const call: Call = {
    caller: { kind: 'user', sub: newId('user'), role: 'ops', account: newId('account') },
    correlationId: 'x',
    address: undefined,
    idempotencyKey: undefined,
    call: () => Promise.reject(new Error('nobody is asked')),
    setStatus() {},
  };
  const door = () => Promise.reject(new Error('the engine is not asked'));
  const links = createFileLinks(stack.config.auth.keys, '');
  const paperDeps = { database, nowMs: Date.now, checks: byHand, links };
  const lists = async (): Promise<number[]> => [
    await counted(() => shifts.list({ database, door }, { limit: 50 }, call)),
    await counted(() => papers.list(paperDeps, { limit: 50, state: 'submitted' })),
    await counted(() => drivers.list(database, { limit: 50 })),
  ];
  const work = (count: number): Promise<number> => {
    const at = { zone: city.zone, atMs: Date.now() };
    const facts = Array.from({ length: count }, (_, n) => {
      const driver = n % 2 === 0 ? ann.id : ben.id;
      const offer = newId('offer');
      const delivery = newId('delivery');
      const reason = { code: 'completed', stage: 'at_dropoff', fault: 'platform' } as const;
      const end = { state: 'delivered', reason, promiseMs: null, meters: 500 } as const;
      return [
        { fact: 'duty', ...at, driver, duty: 'available' },
        {
          fact: 'offered',
          ...at,
          driver,
          offer,
          deliveries: [delivery],
          payMinor: 5,
          currency: 'EUR',
        },
        { fact: 'answered', ...at, driver, offer, outcome: 'accepted' },
        { fact: 'ended', ...at, driver, delivery, ...end },
      ] as const;
    }).flat();
    const entry = {
      id: newId('event'),
      correlation: null,
      event: { type: 'driver.work', facts },
    } as const;
    return counted(() =>
      database.transaction((trx) => followWork(trx, [entry], async () => new Map())),
    );
  };
  await plan({ from: '09:00', to: '12:00' });
  const few = [...(await lists()), await work(2)];
  await plan({ from: '13:00', to: '15:00', places: 20 });
  for (let n = 0; n < 5; n++) await registerDriver(town);
  assert.deepEqual([...(await lists()), await work(60)], few);
});
