import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ClientError,
  createDriverClient,
  type DriverOptions,
  type SocketLike,
} from '../../client/index.ts';
import type { Presence } from '../../contracts/commands.ts';
import { newId } from '../../contracts/ids.ts';
import type { DriverView } from '../../contracts/push.ts';
import { CLOSE_CODES } from '../../contracts/wire/close-codes.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import { failOnLeaks } from '../support/leaks.ts';
import type { Scope } from '../support/scope.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  greet,
  HOME,
  openStage,
  type Stage,
  startGateway,
  type TestDriver,
} from './gateway-stage.ts';

failOnLeaks();

function clientOf(
  scope: Scope,
  stage: Stage,
  driver: TestDriver,
  options: Partial<DriverOptions> = {},
) {
  const views: (DriverView | null)[] = [];
  const states: string[] = [];
  const client = createDriverClient({
    url: stage.url,
    token: driver.token,
    onView: (view) => views.push(view),
    onState: (state) => states.push(state),
    ...options,
  });
  cleanUpInReverse(scope, () => client.close());
  return { client, views, states };
}

/** A driver on duty in the first zone. */
async function onDuty(scope: Scope, stage: Stage, options: Partial<DriverOptions> = {}) {
  const driver = await stage.driver();
  const { client, views, states } = clientOf(scope, stage, driver, options);
  await client.connect();
  const going = client.goOnDuty({ vehicle: driver.vehicle, at: HOME });
  const acted = await stage.command('driver.acted', (each) => each.driver === driver.id);
  const presence = acted.presence ?? { gateway: '', session: 0 };
  await stage.place(driver.id, stage.zone);
  await stage.show(driver.id, presence, { lastAction: 1 });
  const answer = { driver: driver.id, session: presence.session, deed: 'duty' } as const;
  await stage.push({ t: 'ack', action: 1, ...answer });
  await going;
  return { driver, client, views, states, presence, acted };
}

describe('a driver', () => {
  it('goes on duty in the zone of its place, sees its plan, and its positions reach the zone', async (t) => {
    const stage = await openStage(t);
    const { client, driver, views, acted } = await onDuty(t, stage);
    assert.equal(acted.deed.kind, 'duty');
    assert.ok(acted.deed.kind === 'duty' && acted.deed.profile?.vehicle === driver.vehicle);
    assert.equal(views.at(-1)?.slot, 3);
    const seen = await stage.command('driver.seen');
    assert.equal(seen.view, 1);
    client.report({ ...HOME, speedMps: 4.2, heading: 90 });
    const [position] = await waitFor(async () => {
      const all = await stage.positions();
      return all.length > 0 ? all : null;
    });
    assert.equal(position?.slot, 3);
    assert.equal(position?.tenancy, 7);
    assert.equal(position?.latE7, 525_200_000);
    assert.equal(position?.speedCmps, 420);
    assert.ok(Math.abs(position.fixMs - stage.door.clock.hostMs()) < 5_000);
  });

  it('is told when no zone serves the place', async (t) => {
    const stage = await openStage(t);
    const driver = await stage.driver();
    const { client } = clientOf(t, stage, driver);
    await client.connect();
    await assert.rejects(
      client.goOnDuty({ vehicle: driver.vehicle, at: { lat: 0, lon: 0 } }),
      (error: unknown) => error instanceof ClientError && error.code === 'zone.none_here',
    );
  });

  it('is refused duty when not approved, or with a vehicle that is not its own', async (t) => {
    const stage = await openStage(t);
    const driver = await stage.driver({ approved: false });
    const { client } = clientOf(t, stage, driver);
    await client.connect();
    await assert.rejects(client.goOnDuty({ vehicle: driver.vehicle, at: HOME }), {
      code: 'driver.not_approved',
    });
    await assert.rejects(client.goOnDuty({ vehicle: newId('vehicle'), at: HOME }), {
      code: 'request.invalid',
    });
    assert.deepEqual(await stage.commands(), []);
  });

  it('gets an answer only when the zone has the action in its log', async (t) => {
    const stage = await openStage(t);
    const { client, driver, presence } = await onDuty(t, stage);
    const offer = newId('offer');
    let isAnswered = false;
    const accepting = client.accept(offer).then((result) => {
      isAnswered = true;
      return result;
    });
    const acted = await stage.command('driver.acted', (each) => each.action === 2);
    assert.deepEqual(acted.deed, { kind: 'accept', offer });
    assert.equal(isAnswered, false);
    const to = { driver: driver.id, session: presence.session };
    await stage.push({ t: 'ack', ...to, action: 2, deed: 'accept', refused: 'offer_expired' });
    assert.deepEqual(await accepting, { action: 2, deed: 'accept', refused: 'offer_expired' });
  });

  it('sends unanswered actions again over another gateway, with the same numbers, in order', async (t) => {
    const stage = await openStage(t);
    const second = await startGateway(t, {
      name: 'g2',
      door: stage.door,
      verifyToken: stage.tokens.verifyToken,
      warn: () => {},
    });
    let port = stage.gateway.port;
    const { driver, client } = await onDuty(t, stage, {
      openSocket: (_url, protocol) => socketTo(`ws://127.0.0.1:${port}/v1`, protocol),
    });
    const delivery = newId('delivery');
    const both = [client.arrived(delivery), client.pickedUp(delivery)];
    await stage.command('driver.acted', (each) => each.action === 2);
    port = second.port;
    await stage.gateway.stop(0);
    const { presence } = await stage.command(
      'driver.connected',
      (each) => each.presence.gateway === 'g2',
    );
    await stage.show(driver.id, presence, { lastAction: 1, version: 2 });
    const isSecond = (action: number) => (each: { action: number; presence?: Presence }) =>
      each.action === action && each.presence?.gateway === 'g2';
    const arrived = await stage.command('driver.acted', isSecond(2));
    assert.deepEqual(arrived.deed, { kind: 'arrived', delivery });
    const to = { driver: driver.id, session: presence.session };
    await stage.push({ t: 'ack', ...to, action: 2, deed: 'arrived' }, 'g2');
    const pickedUp = await stage.command('driver.acted', isSecond(3));
    assert.deepEqual(pickedUp.deed, { kind: 'picked_up', delivery });
    await stage.push({ t: 'ack', ...to, action: 3, deed: 'picked_up' }, 'g2');
    assert.deepEqual(
      (await Promise.all(both)).map((each) => each.action),
      [2, 3],
    );
  });

  it('is followed into another zone when its own says elsewhere', async (t) => {
    const stage = await openStage(t);
    const { client, driver, presence } = await onDuty(t, stage);
    const [, other] = stage.zones;
    await stage.place(driver.id, other.id);
    const going = client.setDuty('last_job');
    await stage.command('driver.acted', (each) => each.action === 2);
    await stage.push({ t: 'elsewhere', driver: driver.id, session: presence.session });
    const connected = await stage.command('driver.connected', () => true, other);
    assert.equal(connected.presence.session, presence.session);
    const acted = await stage.command('driver.acted', (each) => each.action === 2, other);
    assert.deepEqual(acted.deed, { kind: 'duty', duty: 'last_job' });
    const to = { driver: driver.id, session: presence.session };
    await stage.push({ t: 'ack', ...to, action: 2, deed: 'duty' });
    assert.equal((await going).refused, undefined);
  });

  it('whom no zone holds any more is told so, and its action is refused with the reason', async (t) => {
    const stage = await openStage(t);
    const { client, driver, presence, views } = await onDuty(t, stage);
    const arriving = client.arrived(newId('delivery'));
    await stage.command('driver.acted', (each) => each.action === 2);
    await stage.push({ t: 'elsewhere', driver: driver.id, session: presence.session });
    // The directory still names the zone: the gateway asks again until it does not.
    await waitFor(() => stage.gateway.metrics.flows.relocations === 1);
    await stage.place(driver.id, null);
    assert.equal((await arriving).refused, 'not_on_duty');
    assert.equal(views.at(-1), null);
    const going = client.goOnDuty({ vehicle: driver.vehicle, at: HOME });
    const acted = await stage.command('driver.acted', (each) => each.action === 3);
    assert.equal(acted.deed.kind, 'duty');
    await stage.push({
      ...{ t: 'ack', driver: driver.id, session: presence.session },
      ...{ action: 3, deed: 'duty' },
    });
    await going;
  });

  it('is asked to stop when a newer session of it appears, here or elsewhere', async (t) => {
    const stage = await openStage(t);
    const { states, presence, driver } = await onDuty(t, stage);
    const newer = await greet(t, stage, driver.token);
    await waitFor(() => states.at(-1) === 'refused', { what: 'the older session to stop' });
    const welcome = await newer.next('welcome');
    assert.ok(welcome.session > presence.session);
    await stage.push({ t: 'superseded', driver: driver.id, session: welcome.session });
    assert.equal(await newer.closed(), CLOSE_CODES.superseded);
  });

  it('is told to the zone when its socket closes', async (t) => {
    const stage = await openStage(t);
    const { client, presence } = await onDuty(t, stage);
    client.close();
    const gone = await stage.command('driver.disconnected');
    assert.deepEqual(gone.presence, presence);
  });

  it('is told to its zone again when pushes were lost, and gets its view anew', async (t) => {
    const stage = await openStage(t);
    let loseSome = (): void => {};
    const door = Object.create(stage.door, {
      followPushes: {
        value: (...[gateway, onPushes, onGap]: Parameters<Door['followPushes']>) => {
          loseSome = onGap;
          return stage.door.followPushes(gateway, onPushes, onGap);
        },
      },
    }) as Door;
    const { verifyToken } = stage.tokens;
    const second = await startGateway(t, { name: 'g2', door, verifyToken, warn: () => {} });
    const driver = await stage.driver();
    await stage.place(driver.id, stage.zone);
    const { client } = clientOf(t, stage, driver, { url: `ws://127.0.0.1:${second.port}` });
    await client.connect();
    const { presence } = await stage.command('driver.connected');
    await stage.emptyMailbox();
    loseSome();
    const again = await stage.command('driver.connected');
    assert.deepEqual(again.presence, presence);
    await stage.show(driver.id, presence, { version: 4 });
    await waitFor(() => client.view?.version === 4);
  });

  it('waits while the mailbox is full, and its action is taken in later', async (t) => {
    const stage = await openStage(t, { mailboxMax: 8 });
    const { client, driver, presence } = await onDuty(t, stage);
    const filler = { type: 'driver.acted', driver: newId('driver'), atMs: 0 } as const;
    const deed = { kind: 'duty', duty: 'off' } as const;
    let action = 0;
    await waitFor(async () => {
      action += 1;
      const command = { ...filler, action, deed };
      return (await stage.door.append({ zone: stage.zone, command })) === 'full';
    });
    const going = client.setDuty('on_break');
    await waitFor(() => stage.gateway.metrics.refusals.mailbox_full > 0);
    await stage.emptyMailbox();
    await stage.command('driver.acted', (each) => each.action === 2);
    const to = { driver: driver.id, session: presence.session };
    await stage.push({ t: 'ack', ...to, action: 2, deed: 'duty' });
    assert.equal((await going).action, 2);
  });

  it('uploads what it saw offline as history, in chunks, without moving the marker back', async (t) => {
    const stage = await openStage(t);
    const driver = await stage.driver();
    await stage.place(driver.id, stage.zone);
    const { client } = clientOf(t, stage, driver);
    const startMs = Date.now() - 200_000;
    for (let i = 0; i < 150; i++) {
      client.report({ lat: HOME.lat + i * 1e-5, lon: HOME.lon, deviceMs: startMs + i * 1_000 });
    }
    client.report(HOME);
    await client.connect();
    const connected = await stage.command('driver.connected');
    await stage.show(driver.id, connected.presence);
    await waitFor(() => client.stats.backlog === 0, { what: 'the backlog to be confirmed' });
    const traces = await stage.door.readTraces('0-0', 100);
    assert.equal(traces.flatMap((entry) => entry.points).length, 150);
    const positions = await waitFor(async () => {
      const all = await stage.positions();
      return all.length > 0 ? all : null;
    });
    assert.deepEqual(
      positions.map((each) => each.latE7),
      [525_200_000],
    );
  });

  it('is sent away with a delay when the gateway stops, and comes back by itself', async (t) => {
    const stage = await openStage(t);
    const { states } = await onDuty(t, stage);
    await stage.gateway.stop(500);
    await waitFor(() => states.includes('reconnecting'));
    assert.ok(!states.includes('refused'));
  });
});

function socketTo(address: string, protocol: string): SocketLike {
  return new WebSocket(address, protocol) as unknown as SocketLike;
}

describe('HTTP', () => {
  async function post(stage: Stage, path: string, token: string | null, body: object) {
    const response = await fetch(`${stage.httpUrl}${path}`, {
      method: 'POST',
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, answer };
  }

  it('takes an action with the same numbers and gives the answer of the zone', async (t) => {
    const stage = await openStage(t);
    const driver = await stage.driver();
    await stage.place(driver.id, stage.zone);
    const offer = newId('offer');
    const act = { action: 9, deviceMs: Date.now(), deed: { kind: 'accept', offer } };
    const answering = post(stage, '/v1/act', driver.token, act);
    const acted = await stage.command('driver.acted');
    assert.equal(acted.action, 9);
    const to = { driver: driver.id, session: acted.presence?.session ?? 0 };
    await stage.push({ t: 'ack', ...to, action: 9, deed: 'accept' });
    const { status, answer } = await answering;
    assert.equal(status, 200);
    assert.deepEqual(answer, { action: 9, deed: 'accept' });
  });

  it('answers 202 when the zone has not answered in time', async (t) => {
    const stage = await openStage(t);
    const driver = await stage.driver();
    await stage.place(driver.id, stage.zone);
    const delivery = newId('delivery');
    const act = { action: 1, deviceMs: 0, deed: { kind: 'delivered', delivery } };
    const { status, answer } = await post(stage, '/v1/act', driver.token, act);
    assert.equal(status, 202);
    assert.deepEqual(answer, { action: 1 });
  });

  it('takes positions of a driver whose slot it learns from the zone', async (t) => {
    const stage = await openStage(t);
    const driver = await stage.driver();
    await stage.place(driver.id, stage.zone);
    const points = [{ ...HOME, deviceMs: 1_000, heading: 10 }];
    const loc = await post(stage, '/v1/loc', driver.token, { sentMs: 1_500, seq: 4, points });
    assert.equal(loc.status, 200);
    assert.equal(loc.answer.ack, 4);
    const { presence } = await stage.command('driver.connected');
    await stage.show(driver.id, presence);
    const positions = await waitFor(async () => {
      const all = await stage.positions();
      return all.length > 0 ? all : null;
    });
    const ageMs = stage.door.clock.hostMs() - (positions[0]?.fixMs ?? 0);
    assert.ok(ageMs >= 500 && ageMs < 5_000, `${ageMs}`);
  });

  it('refuses with a problem document that names field and reason', async (t) => {
    const stage = await openStage(t);
    const driver = await stage.driver();
    const cases = [
      { path: '/v1/act', token: null, body: {}, status: 401, code: 'auth.missing' },
      { path: '/v1/act', token: 'x.y.z', body: {}, status: 401, code: 'auth.invalid' },
      { path: '/v1/act', token: await stage.opsToken(), status: 403, code: 'auth.forbidden' },
      { path: '/v1/act', token: driver.token, status: 422, code: 'request.invalid' },
      { path: '/v1/loc', token: driver.token, status: 422, code: 'request.invalid' },
    ];
    for (const { path, token, status, code } of cases) {
      const point = { lat: 91, lon: 13, deviceMs: 1 };
      const answer = await post(stage, path, token, { sentMs: 1, points: [point], action: 0 });
      assert.equal(answer.status, status, `${path} ${code}`);
      assert.equal(answer.answer.code, code);
    }
    const point = { lat: 91, lon: 13, deviceMs: 1 };
    const { answer } = await post(stage, '/v1/loc', driver.token, { sentMs: 1, points: [point] });
    assert.deepEqual(answer.fields, [
      { field: '/points/0/lat', expected: 'a number from -90 to 90' },
    ]);
    assert.deepEqual(await stage.commands(), []);
  });

  it('shows its health', async (t) => {
    const stage = await openStage(t);
    const response = await fetch(`${stage.httpUrl}/health`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { status: 'ok', sockets: 0 });
  });
});
