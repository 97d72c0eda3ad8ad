import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { newId } from '../../contracts/ids.ts';
import { CLOSE_CODES } from '../../contracts/wire/close-codes.ts';
import { encodeLoc, type LocFrame } from '../../contracts/wire/loc-frame.ts';
import { failOnLeaks } from '../support/leaks.ts';
import type { Scope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { greet, openStage, RawSocket, type Stage, type StageOptions } from './gateway-stage.ts';

failOnLeaks();

const HOME_E7 = { latE7: 525_200_000, lonE7: 134_000_000 };

/** A driver whose slot the gateway knows, on a bare socket. */
async function placed(scope: Scope, options: StageOptions = {}) {
  const stage = await openStage(scope, options);
  const driver = await stage.driver();
  await stage.place(driver.id, stage.zone);
  const socket = await greet(scope, stage, driver.token);
  const { session } = await socket.next('welcome');
  await stage.show(driver.id, { gateway: 'g1', session });
  await socket.next('plan');
  let seq = 0;
  const loc = (points: LocFrame['points'], sentMs = Date.now()): Uint8Array<ArrayBuffer> => {
    seq += points.length;
    return encodeLoc({ kind: 'live', session, seq: seq - points.length + 1, sentMs, points });
  };
  return { stage, driver, socket, session, loc };
}

/** Waits until the gateway has handled all that was sent before. */
async function handled(socket: RawSocket): Promise<void> {
  const before = socket.messages.filter((each) => each.t === 'pong').length;
  socket.send({ t: 'ping' });
  await waitFor(() => socket.messages.filter((each) => each.t === 'pong').length > before);
}

async function untilForwarded(stage: Stage, count: number): Promise<void> {
  await waitFor(async () => (await stage.positions()).length >= count);
}

describe('a frame', () => {
  it('that is too large closes the socket with its code', async (t) => {
    const { socket, stage } = await placed(t);
    socket.send(`{"t":"ping","pad":"${'x'.repeat(20_000)}"}`);
    assert.equal(await socket.closed(), CLOSE_CODES.too_large);
    assert.equal(stage.gateway.metrics.refusals.too_large, 1);
  });

  it('that is truncated closes the socket with its code, wherever it was cut', async (t) => {
    const { stage } = await placed(t);
    const whole = encodeLoc({
      kind: 'live',
      session: 1,
      seq: 1,
      sentMs: 0,
      points: [{ ...HOME_E7, deviceMs: 0, accuracyMeters: 300 }],
    });
    for (const length of [0, 1, 23, 24, 30, whole.length - 1]) {
      const driver = await stage.driver();
      const socket = await greet(t, stage, driver.token);
      socket.send(whole.slice(0, length));
      assert.equal(await socket.closed(), CLOSE_CODES.malformed, `cut at ${length}`);
    }
    assert.deepEqual(await stage.positions(), []);
  });

  it('with a wrong first byte closes the socket with its code', async (t) => {
    const { socket, loc } = await placed(t);
    const frame = loc([{ ...HOME_E7, deviceMs: Date.now() }]);
    frame[0] = 99;
    socket.send(frame);
    assert.equal(await socket.closed(), CLOSE_CODES.malformed);
  });

  it('that is not JSON, or of an unknown type, closes the socket with its code', async (t) => {
    const stage = await openStage(t);
    for (const text of ['{', '[]', '7', '{"t":"nonsense"}', '{"t":7}']) {
      const { token } = await stage.driver();
      const socket = await greet(t, stage, token);
      socket.send(text);
      assert.equal(await socket.closed(), CLOSE_CODES.malformed, text);
    }
  });

  it('with wrong fields is answered with each of them, and changes nothing', async (t) => {
    const { socket, stage } = await placed(t);
    const before = (await stage.commands()).length;
    socket.send({ t: 'act', action: 0, deviceMs: null, deed: { kind: 'accept', offer: 'del_1' } });
    const { fields, of } = await socket.next('invalid');
    assert.equal(of, 'act');
    assert.deepEqual(
      fields.map(({ field }) => field),
      ['/action', '/deviceMs', '/deed/offer'],
    );
    assert.equal((await stage.commands()).length, before);
  });

  it('without the subprotocol is not even upgraded', async (t) => {
    const stage = await openStage(t);
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'other.v9',
    };
    const asking = request(`${stage.httpUrl}/v1`, { headers, agent: false });
    asking.end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    response.resume();
    assert.equal(response.statusCode, 426);
    assert.equal(response.headers['sec-websocket-protocol'], 'waggle.v1');
    asking.destroy();
  });
});

describe('what was refused', () => {
  it('is counted where it can be scraped, and logged once for a socket and reason', async (t) => {
    const registry = new Registry();
    const { socket, stage } = await placed(t, { gateway: { registry } });
    for (let i = 0; i < 3; i++) socket.send({ t: 'ack', view: -1 });
    await waitFor(() => socket.messages.filter((each) => each.t === 'invalid').length === 3);
    socket.send('{');
    await socket.closed();
    const shown = await registry.metrics();
    assert.match(shown, /waggle_gateway_refusals_total\{reason="invalid"\} 3/);
    assert.match(shown, /waggle_gateway_refusals_total\{reason="malformed"\} 1/);
    assert.match(shown, /waggle_gateway_closes_total\{code="malformed"\} 1/);
    assert.match(shown, /waggle_gateway_sockets 0/);
    const reasons = stage.warnings.map((each) => (each as { reason?: string }).reason);
    assert.deepEqual(reasons, ['invalid', 'malformed']);
  });
});

describe('too much', () => {
  it('10,000 messages in a second end the socket, and nobody else notices', async (t) => {
    const { socket, stage } = await placed(t);
    const other = await stage.driver();
    const bystander = await greet(t, stage, other.token);
    for (let i = 0; i < 10_000; i++) socket.send('{"t":"ping"}');
    assert.equal(await socket.closed(), CLOSE_CODES.rate_limited);
    await socket.next('err', (each) => each.code === 'request.rate_limited');
    assert.ok(stage.gateway.metrics.refusals.rate_limited > 100);
    const logged = stage.warnings.filter(
      (each) => (each as { reason?: string }).reason === 'rate_limited',
    );
    assert.equal(logged.length, 1);
    await handled(bystander);
  });

  it('more sockets than allowed are told to back off', async (t) => {
    const stage = await openStage(t, { gateway: { socketsMax: 1 } });
    const { token } = await stage.driver();
    await greet(t, stage, token);
    const second = new RawSocket(stage.url);
    assert.equal(await second.closed(), CLOSE_CODES.overloaded);
  });
});

describe('a position', () => {
  it('300 km away is dropped, and believed when three fixes agree', async (t) => {
    const { socket, stage, loc } = await placed(t);
    const nowMs = Date.now() - 10_000;
    const far = { latE7: HOME_E7.latE7 + 27_000_000, lonE7: HOME_E7.lonE7 };
    socket.send(loc([{ ...HOME_E7, deviceMs: nowMs }]));
    await untilForwarded(stage, 1);
    socket.send(loc([{ ...far, deviceMs: nowMs + 1_000 }]));
    await handled(socket);
    assert.equal(stage.gateway.metrics.positions.jump, 1);
    socket.send(loc([{ ...HOME_E7, deviceMs: nowMs + 2_000 }]));
    await untilForwarded(stage, 2);
    for (let i = 3; i < 6; i++) {
      const point = { latE7: far.latE7 + i * 100, lonE7: far.lonE7, deviceMs: nowMs + i * 1_000 };
      socket.send(loc([point]));
    }
    await untilForwarded(stage, 3);
    const latitudes = (await stage.positions()).map((each) => each.latE7);
    assert.deepEqual(latitudes, [HOME_E7.latE7, HOME_E7.latE7, far.latE7 + 500]);
    assert.equal(stage.gateway.metrics.positions.jump, 3);
  });

  it('of a phone two days off is corrected, not refused', async (t) => {
    const { stage } = await placed(t);
    const offMs = 2 * 86_400_000;
    for (const [index, offsetMs] of [offMs, -offMs].entries()) {
      const driver = await stage.driver();
      await stage.place(driver.id, stage.zone);
      const socket = await new RawSocket(stage.url).opened();
      t.after(() => socket.close());
      const deviceMs = Date.now() + offsetMs;
      socket.send({ t: 'hello', token: driver.token, app: '1', platform: 'test', deviceMs });
      const { session } = await socket.next('welcome');
      await stage.show(driver.id, { gateway: 'g1', session });
      await socket.next('plan');
      const sentMs = Date.now() + offsetMs;
      const points = [{ ...HOME_E7, deviceMs: sentMs - 1_000 }];
      socket.send(encodeLoc({ kind: 'live', session, seq: 1, sentMs, points }));
      await untilForwarded(stage, index + 1);
      const fixMs = (await stage.positions()).at(-1)?.fixMs ?? 0;
      const ageMs = stage.door.clock.hostMs() - fixMs;
      assert.ok(ageMs >= 900 && ageMs < 5_000, `age ${ageMs}`);
    }
  });

  it('out of range or of a clock that is no number is refused with its place', async (t) => {
    const { socket, stage, loc } = await placed(t);
    const nowMs = Date.now();
    socket.send(loc([{ latE7: 900_000_001, lonE7: 0, deviceMs: nowMs }]));
    const { fields } = await socket.next('invalid', (each) => each.of === 'loc');
    assert.equal(fields[0]?.field, '/points/0');
    socket.send(loc([{ ...HOME_E7, deviceMs: Number.NaN }], Number.NaN));
    socket.send(loc([{ ...HOME_E7, deviceMs: nowMs }], Number.POSITIVE_INFINITY));
    await waitFor(() => socket.messages.filter((each) => each.t === 'invalid').length === 3);
    assert.equal(stage.gateway.metrics.positions.range, 3);
    assert.deepEqual(await stage.positions(), []);
  });

  it('older than the last, mocked, or of another session is dropped and counted', async (t) => {
    const { socket, stage, loc, session } = await placed(t);
    const nowMs = Date.now();
    socket.send(loc([{ ...HOME_E7, deviceMs: nowMs }]));
    await untilForwarded(stage, 1);
    socket.send(loc([{ ...HOME_E7, deviceMs: nowMs - 1 }]));
    socket.send(loc([{ ...HOME_E7, deviceMs: nowMs + 5, mock: true }]));
    const points = [{ ...HOME_E7, deviceMs: nowMs + 10 }];
    const stale = { kind: 'live', session: session - 1, seq: 9, sentMs: nowMs, points } as const;
    socket.send(encodeLoc(stale));
    await handled(socket);
    const { older, mock, stale_session } = stage.gateway.metrics.positions;
    assert.deepEqual({ older, mock, stale_session }, { older: 1, mock: 1, stale_session: 1 });
    assert.equal((await stage.positions()).length, 1);
  });

  it('in another zone three times in a row is told to the own zone', async (t) => {
    const { socket, stage, loc, driver } = await placed(t);
    const nowMs = Date.now() - 60_000;
    for (let i = 0; i < 3; i++) {
      socket.send(loc([{ latE7: 525_200_000, lonE7: 135_100_000, deviceMs: nowMs + i * 1_000 }]));
    }
    const strayed = await stage.command('driver.strayed');
    assert.deepEqual(strayed, { type: 'driver.strayed', driver: driver.id, to: stage.zones[1].id });
  });
});

describe('an app', () => {
  it('that is too old is told to update, before it can do anything', async (t) => {
    const stage = await openStage(t, { gateway: { appMin: '2.4' } });
    const driver = await stage.driver();
    for (const app of ['1.9', '2.3.9', 'unknown']) {
      const socket = await new RawSocket(stage.url).opened();
      socket.send({ t: 'hello', token: driver.token, app, platform: 'test' });
      assert.equal(await socket.closed(), CLOSE_CODES.update_app);
    }
    assert.equal(stage.gateway.metrics.refusals.update_app, 3);
    const fresh = await new RawSocket(stage.url).opened();
    fresh.send({ t: 'hello', token: driver.token, app: 'courier/2.10 (ios)', platform: 'test' });
    await fresh.next('welcome');
  });
});

describe('a token', () => {
  async function closeOf(stage: Stage, token: string): Promise<number> {
    const socket = await new RawSocket(stage.url).opened();
    socket.send({ t: 'hello', token, app: '1', platform: 'test' });
    return socket.closed();
  }

  it('that was tampered with closes with an instruction to stop', async (t) => {
    const stage = await openStage(t);
    const { token } = await stage.driver();
    const [head = '', body = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, role: 'ops' })).toString('base64url');
    const code = await closeOf(stage, `${head}.${forged}.${signature}`);
    assert.equal(code, CLOSE_CODES.token_invalid);
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    assert.equal(await closeOf(stage, `${none}.${forged}.`), CLOSE_CODES.token_invalid);
  });

  it('that has expired closes with an instruction to renew it, then and later', async (t) => {
    const stage = await openStage(t);
    const delivery = newId('delivery');
    const shortLived = await stage.linkToken(delivery, 1_000);
    const socket = await greet(t, stage, shortLived);
    assert.equal(await socket.closed(), CLOSE_CODES.token_expired);
    assert.equal(await closeOf(stage, shortLived), CLOSE_CODES.token_expired);
  });

  it('of a customer opens neither the map, nor actions, nor positions', async (t) => {
    const stage = await openStage(t);
    const socket = await greet(t, stage, await stage.linkToken(newId('delivery')));
    socket.send({ t: 'view', cells: [], nodes: true });
    await socket.next('err', (each) => each.of === 'view' && each.code === 'auth.forbidden');
    socket.send({ t: 'act', action: 1, deviceMs: 0, deed: { kind: 'duty', duty: 'off' } });
    await socket.next('err', (each) => each.of === 'act' && each.code === 'auth.forbidden');
    const points = [{ ...HOME_E7, deviceMs: 0 }];
    socket.send(encodeLoc({ kind: 'live', session: 1, seq: 1, sentMs: 0, points }));
    await socket.next('err', (each) => each.of === 'loc' && each.code === 'auth.forbidden');
    assert.deepEqual(await stage.commands(), []);
  });

  it("of another customer's delivery shows nothing", async (t) => {
    const stage = await openStage(t);
    const [mine, theirs] = [newId('delivery'), newId('delivery')];
    const socket = await greet(t, stage, await stage.linkToken(mine));
    socket.send({ t: 'sub', channel: 'delivery', id: theirs });
    await socket.next('err', (each) => each.id === theirs && each.code === 'auth.forbidden');
    const token = await stage.linkToken(mine);
    socket.send({ t: 'sub', channel: 'delivery', id: theirs, token });
    await waitFor(() => socket.messages.filter((each) => each.t === 'err').length === 2);
    const access = (await stage.driver()).token;
    socket.send({ t: 'sub', channel: 'delivery', id: theirs, token: access });
    await waitFor(() => socket.messages.filter((each) => each.t === 'err').length === 3);
    assert.ok(!socket.messages.some((each) => each.t === 'subok'));
  });

  it('of a link to the live page shows the map and no delivery, and stays what it is', async (t) => {
    const stage = await openStage(t);
    const operator = newId('user');
    const token = await stage.viewToken(operator);
    const socket = await greet(t, stage, token);
    const delivery = newId('delivery');
    socket.send({ t: 'sub', channel: 'delivery', id: delivery });
    await socket.next('err', (each) => each.id === delivery && each.code === 'auth.forbidden');
    const link = await stage.linkToken(delivery);
    socket.send({ t: 'sub', channel: 'delivery', id: delivery, token: link });
    await waitFor(() => socket.messages.filter((each) => each.t === 'err').length === 2);
    socket.send({ t: 'act', action: 1, deviceMs: 0, deed: { kind: 'duty', duty: 'off' } });
    await socket.next('err', (each) => each.of === 'act' && each.code === 'auth.forbidden');
    socket.send({ t: 'view', cells: [], nodes: true });
    await waitFor(async () => {
      await stage.publish('nodes', { node: 'n1' });
      return socket.messages.some((each) => each.t === 'nodes');
    });
    assert.ok(!socket.messages.some((each) => each.t === 'subok'));
    assert.deepEqual(await stage.commands(), []);
    const access = await stage.opsToken(operator);
    socket.send({ t: 'reauth', token: access });
    assert.equal(await socket.closed(), CLOSE_CODES.forbidden);
  });

  it('before which nothing is answered: the first message must be HELLO, and soon', async (t) => {
    const stage = await openStage(t, { gateway: { helloTimeoutMs: 200 } });
    const socket = await new RawSocket(stage.url).opened();
    t.after(() => socket.close());
    socket.send({ t: 'sub', channel: 'delivery', id: newId('delivery') });
    await socket.next('err', (each) => each.code === 'auth.missing');
    assert.equal(await socket.closed(), CLOSE_CODES.hello_timeout);
  });

  it('can be replaced by a fresh one of the same person only', async (t) => {
    const stage = await openStage(t);
    const { token } = await stage.driver();
    const socket = await greet(t, stage, token);
    socket.send({ t: 'reauth', token });
    await socket.next('reauthok');
    socket.send({ t: 'reauth', token: await stage.opsToken() });
    assert.equal(await socket.closed(), CLOSE_CODES.forbidden);
  });
});
