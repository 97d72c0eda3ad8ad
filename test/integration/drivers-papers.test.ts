/** Papers: handed in, reviewed, watched over; what a market asks for decides who may work. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Redis } from 'ioredis';
import { newId } from '../../contracts/ids.ts';
import { DRIVER_STREAM, type DriverEvent } from '../../contracts/messages/drivers.ts';
import { USER_STREAM, type UserDeleted } from '../../contracts/messages/users.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { openDatabase } from '../../platform/database.ts';
import { createFileLinks } from '../../platform/files/file-links.ts';
import { openFolderStore } from '../../platform/files/file-store.ts';
import { byHand } from '../../services/drivers/background.ts';
import { dayAfter } from '../../services/drivers/local-time.ts';
import { type WatchDeps, watchPapers } from '../../services/drivers/paper-watch.ts';
import { createEventPublisher } from '../support/event-publisher.ts';
import { cleanUpInReverse, sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { expectOk, makeCity } from './city.ts';
import { type DriverLogin, registerDriver } from './phone.ts';

const PDF = Buffer.from('%PDF-1.7 a licence');
const DAY_MS = 86_400_000;

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
  const standing = async (driver: DriverLogin): Promise<Record<string, unknown>> =>
    expectOk(await ask('GET', `/drivers/${driver.id}/standing`));
  /** Hands a paper in with its file; its id. */
  const handIn = async (driver: DriverLogin, paper: object): Promise<string> => {
    const body = { contentType: 'application/pdf', bytes: PDF.length, ...paper };
    const added = expectOk(await ask('POST', '/drivers/me/papers', body, driver.token));
    const { url } = added.upload as { url: string };
    const headers = { 'content-type': 'application/pdf' };
    const put = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(PDF) });
    assert.equal(put.status, 204);
    return String(added.id);
  };
  const approved = async (driver: DriverLogin): Promise<unknown> => {
    const body = { email: driver.email, password: 'a long password' };
    const { tokens } = expectOk(await stack.call('POST', '/auth/login', { body }));
    const { accessToken } = tokens as { accessToken: string };
    return (await createTokens(stack.config.auth).verifyToken(accessToken)).driver?.approved;
  };
  return { city, town, ask, standing, handIn, approved };
}

const soon = dayAfter(new Date().toISOString().slice(0, 10), 20);

// First, because it counts all files there are.
test('time takes papers, and with them the approval; warnings come first; files go with people', async (t) => {
  const { city, town, ask, standing, handIn, approved } = await start();
  const driver = await registerDriver(town, { market: city.market });
  const papers = [{ kind: 'right_to_work' }];
  const policy = { papers, backgroundCheck: false };
  expectOk(await ask('PUT', `/markets/${city.market}/driver-policy`, policy));
  const paper = await handIn(driver, { kind: 'right_to_work', expiresOn: soon });
  expectOk(await ask('PUT', `/papers/${paper}/review`, { approved: true }));
  assert.equal(await approved(driver), true);

  const database = openDatabase('drivers', stack.config.database.drivers);
  cleanUpInReverse(t, () => database.close());
  const redis = new Redis(stack.config.redis.url);
  cleanUpInReverse(t, () => redis.disconnect());
  const prefix = stack.config.redis.keyPrefix;
  const told = async (): Promise<DriverEvent[]> =>
    (await redis.xrange(`${prefix}${DRIVER_STREAM}`, '-', '+')).map(
      ([, [, text = '']]) => (JSON.parse(text) as { event: DriverEvent }).event,
    );
  const watch = async (daysOn: number): Promise<void> => {
    const deps: WatchDeps = {
      database,
      links: createFileLinks(stack.config.auth.keys, ''),
      files: openFolderStore(stack.config.files.dir),
      checks: byHand,
      nowMs: () => Date.now() + daysOn * DAY_MS,
    };
    await watchPapers(deps);
  };
  for (const daysOn of [0, 1, 14, 14, 20]) await watch(daysOn);
  const warnings = await waitFor(async () => {
    const expiring = (await told()).flatMap((event) =>
      event.type === 'paper.expiring' ? [event] : [],
    );
    return expiring.length === 3 ? expiring : null;
  });
  assert.ok(warnings.every((warning) => warning.paper === paper && warning.expiresOn === soon));
  assert.equal((await standing(driver)).approved, true, 'its last day is not over');
  await watch(22);
  assert.equal((await standing(driver)).approved, false);
  assert.equal(await approved(driver), false);
  await waitFor(async () =>
    (await told()).some(
      (event) => event.type === 'driver.approval' && event.why === 'papers' && !event.approved,
    ),
  );

  const files = (): string[] =>
    existsSync(stack.config.files.dir)
      ? readdirSync(stack.config.files.dir).flatMap((folder) =>
          readdirSync(join(stack.config.files.dir, folder)),
        )
      : [];
  assert.equal(files().length, 1);
  const event: UserDeleted = {
    ...{ type: 'user.deleted', user: newId('user'), role: 'driver', account: newId('account') },
    ...{ driver: driver.id, atMs: Date.now() },
  };
  const stream = createEventPublisher({ redis, key: `${prefix}${USER_STREAM}`, entriesMax: 1_000 });
  await stream.publish({ id: newId('event'), correlation: null, event });
  await waitFor(async () => {
    const gone = expectOk(await ask('GET', `/drivers/${driver.id}`));
    return gone.name === 'Deleted' && gone.approved === false;
  });
  assert.deepEqual((await standing(driver)).papers, []);
  await watch(22);
  assert.deepEqual(files(), []);
});

test('where papers are asked for, they are handed in and approved before the driver is', async () => {
  const { city, town, ask, standing, handIn, approved } = await start();
  const driver = await registerDriver(town, { approve: false, market: city.market });
  const policy = {
    papers: [{ kind: 'identity' }, { kind: 'insurance', vehicles: ['bicycle', 'car'] }],
    backgroundCheck: true,
  };
  expectOk(await ask('PUT', `/markets/${city.market}/driver-policy`, policy));
  const approve = (): Promise<Answer> =>
    ask('PUT', `/drivers/${driver.id}/approval`, { approved: true });
  const refused = await approve();
  assert.deepEqual([refused.status, refused.body.code], [409, 'driver.papers_missing']);
  assert.equal((refused.body.fields as unknown[]).length, 3);

  const wrong = (paper: object): Promise<Answer> =>
    ask(
      'POST',
      '/drivers/me/papers',
      { contentType: 'application/pdf', bytes: 10, ...paper },
      driver.token,
    );
  assert.equal((await wrong({ kind: 'insurance' })).status, 422);
  assert.equal((await wrong({ kind: 'insurance', vehicle: newId('vehicle') })).status, 422);
  assert.equal((await wrong({ kind: 'identity', vehicle: driver.vehicle })).status, 422);
  assert.equal((await wrong({ kind: 'identity', expiresOn: '2020-01-01' })).status, 422);
  assert.equal((await wrong({ kind: 'identity', contentType: 'text/html' })).status, 422);

  const identity = await handIn(driver, { kind: 'identity', number: 'L01X00T47', expiresOn: soon });
  const insurance = await handIn(driver, { kind: 'insurance', vehicle: driver.vehicle });
  const queue = expectOk(await ask('GET', '/papers'));
  assert.deepEqual(
    (queue.items as { id: string }[]).map(({ id }) => id),
    [identity, insurance],
  );
  const [first] = queue.items as { url: string }[];
  const shown = await fetch(String(first?.url));
  assert.deepEqual(Buffer.from(await shown.arrayBuffer()), PDF);
  assert.equal(shown.headers.get('content-disposition'), 'attachment');

  const review = (id: string, body: object): Promise<Answer> =>
    ask('PUT', `/papers/${id}/review`, body);
  assert.equal((await review(identity, { approved: false })).status, 422, 'why is asked for');
  expectOk(await review(identity, { approved: false, reason: 'cannot be read' }));
  const { missing } = await standing(driver);
  assert.deepEqual(
    (missing as { kind: string; why: string }[]).map(({ kind, why }) => [kind, why]).sort(),
    [
      ['background_check', 'not_clear'],
      ['identity', 'rejected'],
      ['insurance', 'in_review'],
    ],
  );
  expectOk(await review(await handIn(driver, { kind: 'identity' }), { approved: true }));
  expectOk(await review(insurance, { approved: true, expiresOn: soon }));
  const check = `/drivers/${driver.id}/background-check`;
  const started = await ask('POST', check, {});
  assert.deepEqual([started.status, started.body.state], [202, 'pending']);
  assert.equal((await approve()).status, 409);
  expectOk(await ask('PUT', check, { state: 'clear', note: 'register of conduct' }));
  expectOk(await approve());
  assert.equal(await approved(driver), true);
  assert.deepEqual((await standing(driver)).expiring, [insurance]);

  // Taken back at once: by a failed check, by ops, and by what the market asks for next.
  expectOk(await ask('PUT', check, { state: 'failed' }));
  assert.equal((await standing(driver)).approved, false);
  expectOk(await ask('PUT', check, { state: 'clear' }));
  expectOk(await approve());
  const more = { ...policy, papers: [...policy.papers, { kind: 'food_hygiene' }] };
  expectOk(await ask('PUT', `/markets/${city.market}/driver-policy`, more));
  assert.equal(await approved(driver), false, 'with the next token');
});

test('another driver sees, deletes and reviews nothing of it', async () => {
  const { city, town, ask, handIn } = await start();
  const here = { market: city.market };
  const [one, other] = [await registerDriver(town, here), await registerDriver(town, here)];
  const paper = await handIn(one, { kind: 'licence' });
  assert.equal((await ask('DELETE', `/papers/${paper}`, undefined, other.token)).status, 404);
  assert.equal(
    (await ask('GET', `/drivers/${one.id}/standing`, undefined, other.token)).status,
    403,
  );
  assert.equal(
    (await ask('PUT', `/papers/${paper}/review`, { approved: true }, one.token)).status,
    403,
  );
  const mine = expectOk(await ask('GET', '/drivers/me/standing', undefined, other.token));
  assert.deepEqual(mine.papers, []);
  assert.equal((await ask('DELETE', `/papers/${paper}`, undefined, one.token)).status, 204);
});
