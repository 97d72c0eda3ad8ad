/**
 * What does a decision cost? Commands go through the mailbox, the step of the real core and the
 * fenced commit of one shard, on a Redis that writes its append-only file every second. First as many
 * as it takes, from a full mailbox; then at a steady rate, for how long each waits until its record
 * stands in the log. And what does a snapshot of 100,000 drivers cost the shard that takes it?
 */
import { type ChildProcess, fork } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ZoneCommand } from '../contracts/commands.ts';
import { copyShard, decodeShard, encodeCopy } from '../dispatch/core/index.ts';
import { placeOf } from '../dispatch/geometry.ts';
import { type Door, type LogPosition, openDoor } from '../dispatch/redis/door.ts';
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
import type { ShardFigures, ShardOrder } from './support/shard-process.ts';
import { shardOfDrivers } from './support/shard-of-drivers.ts';
import { pass, waitUntil } from './support/waiting.ts';

const DRIVERS = 5_000;
const DELIVERIES = 20_000;
const STEADY_PER_SECOND = 1_000;
const STEADY_SECONDS = 15;
const APPEND_AT_ONCE = 500;
const DRAIN_MS = 120_000;
const HOUR_MS = 3_600_000;
const SNAPSHOT_DRIVERS = 100_000;
const SNAPSHOT_COPIES = 30;

interface Rig {
  readonly door: Door;
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
    const door = await openDoor({ redisUrl: url, keyPrefix: '', shards: 1 });
    try {
      const config = cityZone();
      const { id, market, shard, version, currency, timeZone } = config;
      const entry = { id, market, shard, version, currency, timeZone };
      await door.putZone({ ...entry, name: 'bench', polygon: cityPolygon() });
      await door.append({ zone: id, command: { type: 'zone.open', config } });
      await ask(host, { do: 'start', redisUrl: url });
      await waitUntil(DRAIN_MS, 'the zone to open', async () => (await door.logEnd(0)).seq > 0);
      return await use({ door, host, redisPid: pid });
    } finally {
      host.kill('SIGKILL');
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
  const why = { code: 'changed_mind', fault: 'customer' } as const;
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

/** Follows the log; tells of each command's mailbox entry when its record is there. */
class LogFollower {
  private readonly door: Door;
  private after: LogPosition;
  commands = 0;
  records = 0;
  private readonly isOn = { value: true };

  constructor(door: Door, after: LogPosition) {
    this.door = door;
    this.after = after;
  }

  async run(onCommand: (correlation: string | undefined) => void): Promise<void> {
    while (this.isOn.value) {
      const options = { countMax: 64, blockMs: 200 };
      const found = await this.door.waitLogs(new Map([[0, this.after]]), options);
      for (const { position, record } of found.get(0) ?? []) {
        this.after = position;
        this.records++;
        for (const { entry, correlation } of record.inputs) {
          if (entry === undefined) continue;
          this.commands++;
          onCommand(correlation);
        }
      }
      if (found.size > 0) await this.door.setConsumer(0, 'bench', this.after);
    }
  }

  stop(): void {
    this.isOn.value = false;
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

/** Requests and their cancellations, as fast as the shard takes them from a mailbox that is never empty. */
async function flood(rig: Rig): Promise<{ usage: Usage; appendMicros: number }> {
  const { door, redisPid } = rig;
  const draw = cityPoints(5);
  const nowMs = door.clock.zoneMs();
  const requests = Array.from({ length: DELIVERIES }, (_, n) => request(n, draw(), draw(), nowMs));
  const commands = [...requests, ...requests.map((_, n) => cancel(n))];
  // Standing still while the mailbox fills, so that appending is not charged to deciding.
  rig.host.kill('SIGSTOP');
  const before = cpuMicros(redisPid);
  try {
    await appendAll(door, commands);
  } finally {
    rig.host.kill('SIGCONT');
  }
  const appendMicros = cpuMicros(redisPid) - before;
  const usage = await spent(rig, () =>
    waitUntil(DRAIN_MS, 'the mailbox to be empty', async () => {
      const { mailboxLength } = await lengths(rig);
      return mailboxLength === 0;
    }),
  );
  return { usage, appendMicros };
}
