import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ClientClock,
  type ConnectionOptions,
  type ConnectionState,
  createViewClient,
  type SocketLike,
} from '../../client/index.ts';
import { CLOSE_CODES, closeInstruction } from '../../contracts/wire/close-codes.ts';

/** Time that only the test moves. */
class ManualClock implements ClientClock {
  private now = 1_000_000;
  private timers: { atMs: number; run: () => void }[] = [];

  nowMs(): number {
    return this.now;
  }

  setTimer(run: () => void, delayMs: number): unknown {
    const timer = { atMs: this.now + delayMs, run };
    this.timers.push(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.timers = this.timers.filter((each) => each !== timer);
  }

  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settle();
      const due = this.timers.filter((each) => each.atMs <= end);
      const next = due.sort((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.now = Math.max(this.now, next.atMs);
      this.clearTimer(next);
      next.run();
    }
    this.now = end;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

class FakeSocket implements SocketLike {
  binaryType = '';
  readyState = 0;
  bufferedAmount = 0;
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  readonly sent: string[] = [];
  closedWith: number | undefined;

  send(data: string | Uint8Array): void {
    this.sent.push(String(data));
  }

  close(code?: number): void {
    this.readyState = 3;
    this.closedWith = code;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.({});
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  end(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: '' });
  }
}

function welcome(clock: ClientClock, aheadMs = 0) {
  return {
    t: 'welcome',
    session: 5,
    role: 'ops',
    serverMs: clock.nowMs() + aheadMs,
    zoneMs: 50_000,
    speed: 10,
    tokenExpiresMs: clock.nowMs() + aheadMs + 900_000,
    limits: {},
    minLocMs: 500,
    reconnectJitterMs: 2_000,
    zone: null,
    view: null,
  };
}

function start(options: Partial<ConnectionOptions> = {}) {
  const clock = new ManualClock();
  const sockets: FakeSocket[] = [];
  const states: ConnectionState[] = [];
  const client = createViewClient({
    url: 'ws://gateway.test',
    token: () => 'a-token',
    clock,
    random: () => 0.5,
    openSocket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    onState: (state) => states.push(state),
    ...options,
  });
  const connecting = client.connect();
  connecting.catch(() => {});
  const live = async (): Promise<FakeSocket> => {
    await settle();
    const socket = sockets.at(-1) ?? new FakeSocket();
    socket.open();
    socket.say(welcome(clock, 7_000));
    return socket;
  };
  return { clock, sockets, states, client, connecting, live };
}

describe('a connection', () => {
  it('says hello with its token and knows the time of server and zone', async () => {
    const { clock, client, connecting, live } = start();
    const socket = await live();
    await connecting;
    const hello = JSON.parse(socket.sent[0] ?? '{}') as Record<string, unknown>;
    assert.equal(hello.t, 'hello');
    assert.equal(hello.token, 'a-token');
    await clock.advance(1_000);
    assert.equal(client.serverNowMs(), clock.nowMs() + 7_000);
    assert.equal(client.zoneNowMs(), 50_000 + 10_000);
    client.close();
  });

  it('does what each close code says', async () => {
    const expected: Record<string, ConnectionState> = {
      draining: 'reconnecting',
      slow_consumer: 'reconnecting',
      hello_timeout: 'reconnecting',
      overloaded: 'reconnecting',
      rate_limited: 'reconnecting',
      unavailable: 'reconnecting',
      malformed: 'reconnecting',
      too_large: 'reconnecting',
      token_expired: 'reconnecting',
      token_invalid: 'refused',
      forbidden: 'refused',
      superseded: 'refused',
      update_app: 'refused',
    };
    for (const [name, code] of Object.entries(CLOSE_CODES)) {
      const { live, states, client } = start();
      (await live()).end(code);
      assert.equal(states.at(-1), expected[name], name);
      client.close();
    }
    assert.equal(closeInstruction(4_399), 'stop');
    assert.equal(closeInstruction(1_006), 'reconnect');
  });

  it('waits longer after each failure, a random part of it, and backs off where told', async () => {
    const { clock, sockets, client } = start();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      await settle();
      const before = clock.nowMs();
      const count = sockets.length;
      sockets.at(-1)?.end(1006);
      while (sockets.length === count) await clock.advance(50);
      waits.push(clock.nowMs() - before);
    }
    assert.deepEqual(waits, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
    client.close();
  });

  it('leaves when a DRAIN says so and comes back at once', async () => {
    const { clock, sockets, live, client } = start();
    (await live()).say({ t: 'drain', reconnectMs: 800 });
    await clock.advance(799);
    assert.equal(sockets.length, 1);
    await clock.advance(1);
    assert.equal(sockets[0]?.closedWith, 1000);
    assert.equal(sockets.length, 2);
    client.close();
  });

  it('asks for a sign of life, and gives up a line that is dead', async () => {
    const { clock, live, states, client } = start();
    const socket = await live();
    await clock.advance(20_000);
    assert.equal(socket.sent.at(-1), '{"t":"ping"}');
    socket.say({ t: 'pong', serverMs: 0, zoneMs: 0 });
    await clock.advance(20_000);
    assert.equal(states.at(-1), 'live');
    await clock.advance(12_000);
    assert.notEqual(states.at(-1), 'live');
    client.close();
  });

  it('renews its token before it ends, and stops asking when there is nothing newer', async () => {
    let count = 0;
    const { clock, live, client, states, sockets } = start({ token: () => `token-${++count}` });
    const socket = await live();
    await clock.advance(0);
    for (let seconds = 0; seconds < 845; seconds += 15) {
      socket.say({ t: 'pong', serverMs: 0, zoneMs: 0 });
      await clock.advance(15_000);
    }
    assert.ok(socket.sent.includes('{"t":"reauth","token":"token-2"}'));
    for (let i = 0; i < 3; i++) {
      sockets.at(-1)?.end(CLOSE_CODES.token_expired);
      await clock.advance(10_000);
    }
    assert.equal(states.at(-1), 'refused');
    client.close();
  });

  it('that fails without saying close is tried again', async () => {
    const { clock, sockets, client } = start();
    await settle();
    sockets[0]?.onerror?.({});
    await clock.advance(1_000);
    assert.equal(sockets.length, 2);
    client.close();
  });

  it('rejects who waits for it when it is told to stop, and can be tried again', async () => {
    const { sockets, client, connecting, live } = start();
    await settle();
    sockets[0]?.open();
    sockets[0]?.end(CLOSE_CODES.token_invalid);
    await assert.rejects(connecting, { code: 'stopped' });
    const again = client.connect();
    await live();
    await again;
    assert.equal(client.state, 'live');
    client.close();
    await assert.rejects(client.connect(), { code: 'closed' });
  });
});
