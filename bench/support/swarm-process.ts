/** One generator: a child process that holds some thousand sockets and does what it is told. */
import { setTimeout as delay } from 'node:timers/promises';
import { encodeLoc, type LocPoint } from '../../contracts/wire/loc-frame.ts';
import { decodePos } from '../../contracts/wire/pos-frame.ts';
import { createTokens, type Tokens } from '../../platform/auth/tokens.ts';
import { BENCH_KEY } from './bench-stack.ts';
import {
  benchDelivery,
  benchProfile,
  benchUuid,
  cityPoints,
  type LatLon,
  movedBy,
} from './city.ts';
import { Samples } from './samples.ts';
import type { SwarmOrder, SwarmReply } from './swarm-orders.ts';
import { waitUntil } from './waiting.ts';
import { sourceAddress, WireClient } from './wire-client.ts';

const TOKEN_MS = 3_600_000;
/** Sockets opening at once: few enough for the gateway's accept queue. */
const OPENING_MAX = 200;
const CONNECT_MS = 120_000;
const ASK_EVERY_MS = 25;
const KEPT_MAX = 400_000;
const METERS_PER_SECOND = 6;

type Kind = Extract<SwarmOrder, { do: 'connect' }>['kind'];

class Member {
  readonly number: number;
  session = 0;
  seq = 1;
  isReady = false;
  isPaused = false;
  client: WireClient | null = null;
  place: LatLon;

  constructor(number: number, place: LatLon) {
    this.number = number;
    this.place = place;
  }
}

class Generator {
  private readonly members: Member[] = [];
  private lags = new Samples(KEPT_MAX);
  private latencies = new Samples(KEPT_MAX);
  private sent = 0;
  private received = 0;
  private closed = 0;
  private isMeasuring = false;

  async obey(order: SwarmOrder): Promise<void> {
    this.lags = new Samples(KEPT_MAX);
    this.latencies = new Samples(KEPT_MAX);
    this.sent = 0;
    this.received = 0;
    switch (order.do) {
      case 'connect':
        return this.connect(order);
      case 'drive':
        return this.drive(order);
      case 'watch':
        this.isMeasuring = true;
        await delay(order.seconds * 1_000);
        this.isMeasuring = false;
        return;
      case 'pause':
        return this.pause(order);
    }
  }

  /** Asks no faster than the gateway allows a socket, so that it is slow and nothing else. */
  private async pause(order: Extract<SwarmOrder, { do: 'pause' }>): Promise<void> {
    const slow = this.members.filter(({ number }) => number % order.every === 0);
    for (const member of slow) {
      member.isPaused = true;
      member.client?.pause();
    }
    for (let n = 0; n < order.answers; n++) {
      for (const { client, number } of slow) {
        client?.sendText(
          JSON.stringify({ t: 'sub', channel: 'delivery', id: benchDelivery(number) }),
        );
      }
      await delay(ASK_EVERY_MS);
    }
  }

  answer(error: string | null): SwarmReply {
    const { sent, received, closed } = this;
    return {
      error,
      lags: this.lags.list(),
      latencies: this.latencies.list(),
      sent,
      received,
      closed,
    };
  }

  private async connect(order: Extract<SwarmOrder, { do: 'connect' }>): Promise<void> {
    const tokens = createTokens({ keys: [BENCH_KEY], accessTokenMs: TOKEN_MS });
    const draw = cityPoints(2);
    for (let n = 0; n < order.first; n++) draw();
    let ready = 0;
    for (let n = 0; n < order.count; n++) {
      const member = new Member(order.first + n, draw());
      this.members.push(member);
      const token = await tokenOf(tokens, order.kind, member);
      this.open(order, member, token, () => {
        if (!member.isReady) ready++;
        member.isReady = true;
      });
      const isRoom = (): boolean => n + 1 - ready - this.closed < OPENING_MAX;
      if (!isRoom()) await waitUntil(CONNECT_MS, 'sockets to open', isRoom);
    }
    await waitUntil(CONNECT_MS, 'the last sockets', () => ready + this.closed >= order.count);
    if (this.closed > 0) throw new Error(`${this.closed} sockets did not open`);
  }

  private open(
    order: Extract<SwarmOrder, { do: 'connect' }>,
    member: Member,
    token: string,
    onReady: () => void,
  ): void {
    const client = new WireClient(
      order.port,
      sourceAddress(member.number),
      {
        onText: (text) => this.takeText(order.kind, member, text, onReady),
        onBinary: (bytes) => this.takePositions(member, bytes),
        onClose: () => void this.closed++,
      },
      () => {
        const hello = { t: 'hello', token, app: 'bench', platform: 'bench', deviceMs: Date.now() };
        client.sendText(JSON.stringify(hello));
      },
    );
    member.client = client;
  }

  private takeText(kind: Kind, member: Member, text: string, onReady: () => void): void {
    const message = JSON.parse(text) as { t: string; session?: number; view?: { version: number } };
    const { client, number, place } = member;
    if (message.t === 'welcome') {
      member.session = message.session ?? 0;
      if (kind === 'silent') return onReady();
      if (kind === 'customer') {
        const sub = { t: 'sub', channel: 'delivery', id: benchDelivery(number) };
        return client?.sendText(JSON.stringify(sub));
      }
      const { vehicle } = benchProfile(number);
      const deed = { kind: 'duty', duty: 'available', vehicle, at: place };
      client?.sendText(JSON.stringify({ t: 'act', action: 1, deed, deviceMs: Date.now() }));
    } else if (message.t === 'subok') onReady();
    else if (message.t === 'plan' && message.view) {
      client?.sendText(JSON.stringify({ t: 'ack', view: message.view.version }));
      onReady();
    } else if (message.t === 'err' || message.t === 'invalid') throw new Error(text);
  }

  private takePositions(member: Member, bytes: Uint8Array): void {
    if (!this.isMeasuring || member.isPaused) return;
    const nowMs = performance.timeOrigin + performance.now();
    for (const { fixMs } of decodePos(bytes)) {
      this.received++;
      this.latencies.add(nowMs - fixMs);
    }
  }

  /** Member i of n is due at i ÷ n of each period, whether or not the ones before it were on time. */
  private async drive(order: Extract<SwarmOrder, { do: 'drive' }>): Promise<void> {
    const { members } = this;
    const startMs = performance.timeOrigin + performance.now();
    const frames = Math.round((order.seconds * 1_000 * members.length) / order.periodMs);
    const gapMs = order.periodMs / members.length;
    for (let n = 0; n < frames; ) {
      const nowMs = performance.timeOrigin + performance.now();
      for (; n < frames && startMs + n * gapMs <= nowMs; n++) {
        const member = members[n % members.length];
        if (member) this.report(member, startMs + n * gapMs, order);
      }
      await delay(1);
    }
  }

  private report(
    member: Member,
    intendedMs: number,
    order: Extract<SwarmOrder, { do: 'drive' }>,
  ): void {
    const stepMs = order.periodMs / order.points;
    const points: LocPoint[] = [];
    for (let i = order.points - 1; i >= 0; i--) {
      const stride = (METERS_PER_SECOND * stepMs) / 1_000;
      member.place = movedBy(member.place, member.number % 2 === 0 ? stride : -stride, 0);
      const latE7 = Math.round(member.place.lat * 1e7);
      const lonE7 = Math.round(member.place.lon * 1e7);
      const deviceMs = Math.round(intendedMs - i * stepMs);
      points.push({
        latE7,
        lonE7,
        deviceMs,
        accuracyMeters: 8,
        speedCmps: 600,
        headingDegrees: 90,
      });
    }
    const { session, seq } = member;
    member.seq += points.length;
    const sentMs = Math.round(intendedMs);
    member.client?.sendBinary(encodeLoc({ kind: 'live', session, seq, sentMs, points }));
    this.sent++;
    this.lags.add(performance.timeOrigin + performance.now() - intendedMs);
  }
}

function tokenOf(tokens: Tokens, kind: Kind, { number }: Member): Promise<string> {
  const account = `acc_${benchUuid(1)}` as const;
  if (kind !== 'driver') return tokens.signTracking(benchDelivery(number), account, TOKEN_MS);
  const { driver: id, vehicle, vehicleKind, capacity, skills } = benchProfile(number);
  const vehicles = [{ id: vehicle, kind: vehicleKind, capacity }];
  const driver = { id, skills, vehicles, approved: true };
  return tokens.signAccess({ sub: `usr_${benchUuid(number)}`, role: 'driver', account, driver });
}

const generator = new Generator();
process.on('message', (order: SwarmOrder) => {
  generator.obey(order).then(
    () => process.send?.(generator.answer(null)),
    (error: unknown) => process.send?.(generator.answer(String(error))),
  );
});
process.on('disconnect', () => process.exit(0));
