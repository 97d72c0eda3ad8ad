/**
 * What does a decision cost? Commands go through the mailbox, the step of the real core and the
 * fenced commit of one shard, on a Redis that writes its append-only file every second. First as many
 * as it takes, from a full mailbox; then at a steady rate, for how long each waits until its record
 * stands in the log. And what does a snapshot of 100,000 drivers cost the shard that takes it?
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { ZoneCommand } from '../contracts/commands.ts';
import { copyShard, decodeShard, encodeCopy } from '../dispatch/core/index.ts';
import { placeOf } from '../dispatch/geometry.ts';
import { type Door, openDoor } from '../dispatch/redis/door.ts';
import { Keys } from '../dispatch/redis/keys.ts';
import { withBenchRedis } from './support/bench-redis.ts';
import {
  BENCH_ZONE,
  benchDelivery,
  benchProfile,
  benchUuid,
  cityPoints,
  cityPolygon,
  cityZone,
  type LatLon,
} from './support/city.ts';
import { cpuMicros, residentBytes } from './support/process-usage.ts';
import type { BenchResult, Fact } from './support/report.ts';
import { Samples } from './support/samples.ts';
import { shardOfDrivers } from './support/shard-of-drivers.ts';
import type { ShardFigures, ShardOrder } from './support/shard-process.ts';
import { pass, waitUntil } from './support/waiting.ts';

const DRIVERS = 5_000;
const DELIVERIES = 20_000;
const STEADY_PER_SECOND = 1_000;
const STEADY_SECONDS = 15;
const MAILBOX_MAX = 100_000;
const APPEND_AT_ONCE = 500;
const DRAIN_MS = 120_000;
const HOUR_MS = 3_600_000;
const SNAPSHOT_DRIVERS = 100_000;
const SNAPSHOT_COPIES = 30;

interface Rig {
  readonly door: Door;
  readonly redis: Redis;
  readonly host: ChildProcess;
  readonly redisPid: number;
}

interface Usage {
  readonly wallMs: number;
  readonly redis: number;
  readonly dispatch: number;
}

async function withRig<T>(use: (rig: Rig) => Promise<T>): Promise<T> {
  return withBenchRedis(true, async ({ url, pid }) => {
    const host = fork(join(import.meta.dirname, 'support', 'shard-process.ts'));
    const bounds = { mailboxMax: MAILBOX_MAX };
    const door = await openDoor({ redisUrl: url, keyPrefix: '', shards: 1, ...bounds });
    const redis = new Redis(url);
    try {
      const config = cityZone();
      const { id, market, shard, version, currency, timeZone } = config;
      const entry = { id, market, shard, version, currency, timeZone };
      await door.putZone({ ...entry, name: 'bench', polygon: cityPolygon() });
      await door.append({ zone: id, command: { type: 'zone.open', config } });
      await ask(host, { do: 'open', redisUrl: url });
      return await use({ door, redis, host, redisPid: pid });
    } finally {
      host.kill('SIGKILL');
      redis.disconnect();
      await door.close();
    }
  });
}

function ask(host: ChildProcess, order: ShardOrder): Promise<ShardFigures> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the shard host ended'));
    host.once('exit', onExit);
    host.once('message', (figures: ShardFigures) => {
      host.removeListener('exit', onExit);
      resolve(figures);
    });
    host.send(order);
  });
}

function goOnDuty(n: number, { lat, lon }: LatLon, atMs: number): ZoneCommand {
  const profile = benchProfile(n);
  const deed = { kind: 'duty', duty: 'available', profile, at: placeOf(lat, lon) } as const;
  return { type: 'driver.acted', driver: profile.driver, action: 1, deed, atMs };
}

/** Not due for an hour: what is measured is taking it in, not matching it. */
function request(n: number, from: LatLon, to: LatLon, nowMs: number): ZoneCommand {
  const laterMs = Math.round(nowMs) + HOUR_MS;
  return {
    type: 'delivery.request',
    number: 1,
    request: {
      id: benchDelivery(n),
      account: `acc_${benchUuid(1)}`,
      ...{ pickup: placeOf(from.lat, from.lon), dropoff: placeOf(to.lat, to.lon) },
      ...{ placedMs: Math.round(nowMs), readyMs: laterMs, notBeforeMs: laterMs },
      readySource: 'promised',
      load: { parcels: 1, volumeMl: 1_000, weightG: 500 },
      ifUndeliverable: 'return',
    },
  };
}

function cancel(n: number): ZoneCommand {
  const why = { code: 'cancelled_by_customer', fault: 'customer' } as const;
  return { type: 'delivery.cancel', number: 2, delivery: benchDelivery(n), ...why };
}

async function appendAll(door: Door, commands: readonly ZoneCommand[]): Promise<void> {
  for (let from = 0; from < commands.length; from += APPEND_AT_ONCE) {
    const outcomes = await Promise.all(
      commands
        .slice(from, from + APPEND_AT_ONCE)
        .map((command) => door.append({ zone: BENCH_ZONE, command })),
    );
    if (outcomes.includes('full')) throw new Error('the mailbox is full');
  }
}

/** Runs `work` and says what the servers spent meanwhile. */
async function spent({ host, redisPid }: Rig, work: () => Promise<void>): Promise<Usage> {
  const hostPid = host.pid ?? 0;
  const startMs = performance.now();
  const [redis, dispatch] = [cpuMicros(redisPid), cpuMicros(hostPid)];
  await work();
  return {
    wallMs: performance.now() - startMs,
    redis: cpuMicros(redisPid) - redis,
    dispatch: cpuMicros(hostPid) - dispatch,
  };
}

interface Flood {
  readonly usage: Usage;
  readonly commands: number;
  readonly appendMicros: number;
  readonly figures: ShardFigures;
}

/** As fast as the shard takes them: the mailbox is filled before the host runs. */
async function flood(rig: Rig): Promise<Flood> {
  const { door, redis, host, redisPid } = rig;
  const draw = cityPoints(5);
  const nowMs = door.clock.zoneMs();
  const numbers = Array.from({ length: DELIVERIES }, (_, n) => n);
  const commands = [
    ...numbers.slice(0, DRIVERS).map((n) => goOnDuty(n, draw(), Math.round(nowMs))),
    ...numbers.map((n) => request(n, draw(), draw(), nowMs)),
    ...numbers.map(cancel),
  ];
  const before = cpuMicros(redisPid);
  await appendAll(door, commands);
  const appendMicros = cpuMicros(redisPid) - before;
  const mailbox = new Keys('').mailbox(0);
  const usage = await spent(rig, async () => {
    await ask(host, { do: 'run' });
    const isEmpty = async (): Promise<boolean> => (await redis.xlen(mailbox)) === 0;
    await waitUntil(DRAIN_MS, 'the mailbox to be empty', isEmpty);
  });
  const figures = await ask(host, { do: 'figures' });
  return { usage, commands: commands.length, appendMicros, figures };
}

interface Steady {
  readonly usage: Usage;
  readonly commands: number;
  readonly commits: number;
  /** From the intended time of appending to the record's arrival at a reader of the log, ms. */
  readonly latencies: Samples;
}

/** Requests and cancellations at a steady rate, each at its intended time. */
async function steady(rig: Rig): Promise<Steady> {
  const { door, host } = rig;
  const latencies = new Samples();
  const intended = new Map<string, number>();
  const draw = cityPoints(6);
  const total = STEADY_PER_SECOND * STEADY_SECONDS;
  let after = await door.logEnd(0);
  await door.setConsumer(0, 'bench', after);
  let seen = 0;
  const follow = async (): Promise<void> => {
    while (seen < total) {
      const options = { countMax: 64, blockMs: 1_000 };
      const found = await door.waitLogs(new Map([[0, after]]), options);
      for (const { position, record } of found.get(0) ?? []) {
        after = position;
        const nowMs = performance.now();
        for (const { correlation } of record.inputs) {
          const atMs = intended.get(correlation ?? '');
          if (atMs === undefined) continue;
          latencies.add(nowMs - atMs);
          seen++;
        }
      }
    }
  };
  const before = await ask(host, { do: 'figures' });
  const usage = await spent(rig, async () => {
    const following = follow();
    const startMs = performance.now();
    for (let n = 0; n < total; ) {
      const sent: Promise<unknown>[] = [];
      for (; n < total && startMs + (n * 1_000) / STEADY_PER_SECOND <= performance.now(); n++) {
        const correlation = `steady-${n}`;
        intended.set(correlation, startMs + (n * 1_000) / STEADY_PER_SECOND);
        const delivery = DELIVERIES + (n >> 1);
        const isRequest = n % 2 === 0;
        const command = isRequest
          ? request(delivery, draw(), draw(), door.clock.zoneMs())
          : cancel(delivery);
        sent.push(door.append({ zone: BENCH_ZONE, command, correlation }));
      }
      await Promise.all([...sent, pass(1)]);
    }
    await following;
  });
  const figures = await ask(host, { do: 'figures' });
  await door.dropConsumer(0, 'bench');
  return { usage, commands: total, commits: figures.commits - before.commits, latencies };
}

function quick(values: Samples, name: string): Fact[] {
  return [
    { what: `${name} p50`, value: values.quantile(0.5), unit: 'ms' },
    { what: `${name}, longest`, value: values.quantile(1), unit: 'ms' },
  ];
}

/** A snapshot of many drivers: the copy that pauses the shard, then the slices in the background. */
function snapshots(): { readonly pauseMs: number; readonly facts: Fact[] } {
  const shard = shardOfDrivers(Array.from({ length: SNAPSHOT_DRIVERS }, cityPoints(2)), 1_000_000);
  const copies = new Samples();
  const copyCpuMs = new Samples();
  for (let n = 0; n < SNAPSHOT_COPIES; n++) {
    const startMs = performance.now();
    const before = process.cpuUsage();
    copyShard(shard);
    const { user, system } = process.cpuUsage(before);
    copies.add(performance.now() - startMs);
    copyCpuMs.add((user + system) / 1_000);
  }
  const copy = copyShard(shard);
  const slices = new Samples();
  const chunks: string[] = [];
  let encodeMs = 0;
  let startMs = performance.now();
  for (const chunk of encodeCopy(copy)) {
    const tookMs = performance.now() - startMs;
    slices.add(tookMs);
    encodeMs += tookMs;
    chunks.push(chunk);
    startMs = performance.now();
  }
  const bytes = chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0);
  startMs = performance.now();
  decodeShard(chunks);
  const facts: Fact[] = [
    ...quick(copies, 'snapshot: copy'),
    { what: 'snapshot: copy, longest by CPU', value: copyCpuMs.quantile(1), unit: 'ms CPU' },
    { what: 'snapshot: size', value: bytes / 2 ** 20, unit: 'MB' },
    { what: 'snapshot: bytes per driver', value: bytes / SNAPSHOT_DRIVERS, unit: 'bytes' },
    { what: 'snapshot: slices', value: chunks.length, unit: '' },
    { what: 'snapshot: encoding, all slices', value: encodeMs, unit: 'ms' },
    ...quick(slices, 'snapshot: slice'),
    { what: 'snapshot: decoding', value: performance.now() - startMs, unit: 'ms' },
  ];
  return { pauseMs: copies.quantile(1), facts };
}

function result(rig: Rig, full: Flood, even: Steady): BenchResult {
  const { usage, commands, appendMicros, figures } = full;
  const perSecond = (1_000 * commands) / usage.wallMs;
  const snapshot = snapshots();
  const cores = (micros: number): string => (micros / usage.wallMs / 1_000).toFixed(2);
  return {
    name: 'commit',
    question: `commands of one shard, with ${DRIVERS} drivers on duty, AOF everysec`,
    facts: [
      { what: 'full mailbox: commands', value: perSecond, unit: 'per second' },
      { what: 'full mailbox: commands per commit', value: commands / figures.commits, unit: '' },
      { what: 'full mailbox: dispatch', value: usage.dispatch / commands, unit: 'µs CPU' },
      { what: 'full mailbox: Redis', value: usage.redis / commands, unit: 'µs CPU' },
      { what: 'appending: Redis', value: appendMicros / commands, unit: 'µs CPU' },
      {
        what: 'steady: commands',
        value: (1_000 * even.commands) / even.usage.wallMs,
        unit: 'per second',
      },
      { what: 'steady: commands per commit', value: even.commands / even.commits, unit: '' },
      { what: 'steady: p50 to the log', value: even.latencies.quantile(0.5), unit: 'ms' },
      { what: 'steady: p99 to the log', value: even.latencies.quantile(0.99), unit: 'ms' },
      { what: 'steady: p99.9 to the log', value: even.latencies.quantile(0.999), unit: 'ms' },
      { what: 'steady: dispatch', value: even.usage.dispatch / even.commands, unit: 'µs CPU' },
      { what: 'steady: Redis', value: even.usage.redis / even.commands, unit: 'µs CPU' },
      { what: 'memory: dispatch', value: residentBytes(rig.host.pid ?? 0) / 2 ** 20, unit: 'MB' },
      { what: 'memory: Redis', value: residentBytes(rig.redisPid) / 2 ** 20, unit: 'MB' },
      { what: 'problems reported', value: figures.problems, unit: '' },
      ...snapshot.facts,
    ],
    targets: [
      {
        what: `snapshot of ${SNAPSHOT_DRIVERS} drivers, longest pause`,
        ...{ measured: snapshot.pauseMs, bound: 20, sense: 'most', unit: 'ms' },
      },
    ],
    bottleneck:
      `cores busy with a full mailbox: dispatch ${cores(usage.dispatch)}, Redis ` +
      `${cores(usage.redis)}. They take turns, one commit in flight; the rest of the time both ` +
      'waited, for each other or, on a shared machine, for a processor',
  };
}

/** Starts a Redis and one shard host; floods it, then feeds it evenly. */
export function benchCommit(): Promise<BenchResult> {
  return withRig(async (rig) => {
    const full = await flood(rig);
    const even = await steady(rig);
    return result(rig, full, even);
  });
}
